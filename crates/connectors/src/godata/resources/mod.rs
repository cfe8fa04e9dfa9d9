//! All resources, one a file: its fields, and what of the API differs from one to the next, as data.

mod cases;
mod clusters;
mod contacts;
mod contacts_of_contacts;
mod events;
mod follow_ups;
mod lab_results;
mod language_tokens;
mod locations;
mod outbreak_templates;
mod outbreaks;
mod people;
mod reference_data;
mod relationships;
mod teams;

use super::schema::Resource;

pub use reference_data::CHANGEABLE_OF_READ_ONLY;

/// All resources, in the order in which they are shown.
pub const RESOURCES: &[Resource] = &[
    cases::CASES,
    contacts::CONTACTS,
    contacts_of_contacts::CONTACTS_OF_CONTACTS,
    events::EVENTS,
    relationships::RELATIONSHIPS,
    follow_ups::FOLLOW_UPS,
    lab_results::LAB_RESULTS,
    clusters::CLUSTERS,
    teams::TEAMS,
    outbreaks::OUTBREAKS,
    outbreak_templates::OUTBREAK_TEMPLATES,
    locations::LOCATIONS,
    reference_data::REFERENCE,
    language_tokens::LANGUAGE_TOKENS,
];

/// Their names, for the declaration of the kind.
pub const NAMES: [&str; RESOURCES.len()] = {
    let mut names = [""; RESOURCES.len()];
    let mut position = 0;
    while position < names.len() {
        names[position] = RESOURCES[position].name;
        position += 1;
    }
    names
};

//! The projects that `init` can begin with. Each is a folder of `templates/`, compiled in.

use std::path::Path;

use jiff::tz::TimeZone;
use kivuko_core::error::nearest;

use crate::failure::Failure;

/// A project to begin with.
#[derive(Debug)]
pub struct Template {
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    pub parts: &'static [Part],
    /// What to type after `kivuko sim`, once for each system that is simulated, so that they fit the project.
    pub simulators: &'static [&'static str],
}

/// A file of it: where it goes, what is in it, and what it is for.
#[derive(Debug)]
pub struct Part {
    pub path: &'static str,
    pub text: &'static str,
    pub about: &'static str,
}

/// The name of the template that the demo uses.
pub const LINE_LIST: &str = "line-list";
/// The address of Go.Data in the templates: where `kivuko sim godata` listens.
pub const ADDRESS: &str = "http://127.0.0.1:8080";

macro_rules! part {
    ($template:literal, $path:literal, $file:literal, $about:literal) => {
        Part { path: $path, text: include_str!(concat!("../templates/", $template, "/", $file)), about: $about }
    };
    ($template:literal, $path:literal, $about:literal) => {
        part!($template, $path, $path, $about)
    };
}

static TEMPLATES: &[Template] = &[
    Template {
        name: "minimal",
        about: "five cases of a small CSV into Go.Data: the least that is a project",
        parts: &[
            part!("minimal", "kivuko.yaml", "the systems that are connected"),
            part!("minimal", "flows/cases.yaml", "one integration: what is read, what is written"),
            part!("minimal", "mappings/cases.csv", "which field becomes which: a sheet"),
            part!("minimal", "codes/sex.csv", "which value is which"),
            part!("minimal", "codes/classification.csv", ""),
            part!("minimal", "checks/cases.yaml", "samples with what must become of them"),
            part!("minimal", "data/cases.csv", "invented people, one of them to be rejected"),
            part!("minimal", ".env", "dot.env", "secrets of this machine; not in git"),
            part!("minimal", ".gitignore", "dot.gitignore", ""),
        ],
        simulators: &["godata"],
    },
    Template {
        name: LINE_LIST,
        about: "line lists in the form of WHO's into Go.Data: cases, contacts, events, relationships, visits and laboratory results, in any order, with the untidiness of real ones",
        parts: &[
            part!("line-list", "README.md", "where to begin"),
            part!("line-list", "kivuko.yaml", "the systems that are connected"),
            part!("line-list", "flows/cases.yaml", "one integration a file: what is read, what is written"),
            part!("line-list", "flows/contacts.yaml", ""),
            part!("line-list", "flows/events.yaml", ""),
            part!("line-list", "flows/relationships.yaml", "who was exposed to whom: it waits for both of them"),
            part!("line-list", "flows/follow-ups.yaml", ""),
            part!("line-list", "flows/lab-results.yaml", ""),
            part!("line-list", "mappings/cases.csv", "which column becomes which field: a sheet for each flow"),
            part!("line-list", "mappings/contacts.csv", ""),
            part!("line-list", "mappings/events.csv", ""),
            part!("line-list", "mappings/relationships.csv", ""),
            part!("line-list", "mappings/follow-ups.csv", ""),
            part!("line-list", "mappings/lab-results.csv", ""),
            part!("line-list", "codes/gender.csv", "which value is which"),
            part!("line-list", "codes/centres.csv", ""),
            part!("line-list", "codes/certainty.csv", "labels of relationships, and the ids that Go.Data has for them"),
            part!("line-list", "codes/context.csv", ""),
            part!("line-list", "codes/exposure-duration.csv", ""),
            part!("line-list", "codes/exposure-frequency.csv", ""),
            part!("line-list", "codes/exposure-type.csv", ""),
            part!("line-list", "codes/laboratories.csv", ""),
            part!("line-list", "codes/teams.csv", ""),
            part!("line-list", "codes/unknown.csv", "words that mean: not known"),
            part!("line-list", "checks/cases.yaml", "sample rows with what must become of them"),
            part!("line-list", "checks/contacts.yaml", ""),
            part!("line-list", "checks/events.yaml", ""),
            part!("line-list", "checks/relationships.yaml", ""),
            part!("line-list", "checks/follow-ups.yaml", ""),
            part!("line-list", "checks/lab-results.yaml", ""),
            part!("line-list", "samples/cases.csv", "invented people; of the seven cases two are to be rejected"),
            part!("line-list", "samples/contacts.csv", ""),
            part!("line-list", "samples/events.csv", ""),
            part!("line-list", "samples/relationships.csv", ""),
            part!("line-list", "samples/follow-ups.csv", ""),
            part!("line-list", "samples/lab-results.csv", ""),
            part!("line-list", "incoming/cases.csv", "samples/cases.csv", "where the line lists arrive; not in git"),
            part!("line-list", "incoming/contacts.csv", "samples/contacts.csv", ""),
            part!("line-list", "incoming/events.csv", "samples/events.csv", ""),
            part!("line-list", "incoming/relationships.csv", "samples/relationships.csv", ""),
            part!("line-list", "incoming/follow-ups.csv", "samples/follow-ups.csv", ""),
            part!("line-list", "incoming/lab-results.csv", "samples/lab-results.csv", ""),
            part!("line-list", "simulator/outbreaks.json", "what a simulated Go.Data holds"),
            part!("line-list", "simulator/locations.json", ""),
            part!("line-list", "simulator/teams.json", ""),
            part!("line-list", ".env", "dot.env.example", "secrets of this machine; not in git"),
            part!("line-list", ".env.example", "dot.env.example", "the same without the secrets; in git"),
            part!("line-list", ".gitignore", "dot.gitignore", ""),
        ],
        simulators: &["godata --data simulator"],
    },
    Template {
        name: "weekly-numbers",
        about: "Go.Data into DHIS2: cases, stays, deaths and laboratory results counted by week, district, sex and age, and corrected when a case changes",
        parts: &[
            part!("weekly-numbers", "README.md", "where to begin"),
            part!("weekly-numbers", "kivuko.yaml", "the systems that are connected"),
            part!("weekly-numbers", "flows/weekly-cases.yaml", "one integration a file: what is counted, where it goes"),
            part!("weekly-numbers", "flows/weekly-laboratory.yaml", ""),
            part!("weekly-numbers", "flows/daily-confirmed.yaml", ""),
            part!("weekly-numbers", "aggregates/weekly-cases.csv", "a row for each number: a sheet for each flow"),
            part!("weekly-numbers", "aggregates/weekly-laboratory.csv", ""),
            part!("weekly-numbers", "aggregates/daily-confirmed.csv", ""),
            part!("weekly-numbers", "codes/locations.csv", "which place is which org unit"),
            part!("weekly-numbers", "codes/sex.csv", "which value is which option"),
            part!("weekly-numbers", "codes/ages.csv", ""),
            part!("weekly-numbers", "checks/weekly-cases.yaml", "samples with the numbers that must come of them"),
            part!("weekly-numbers", "checks/weekly-laboratory.yaml", ""),
            part!("weekly-numbers", "checks/daily-confirmed.yaml", ""),
            part!("weekly-numbers", "samples/three-confirmed.json", "invented cases"),
            part!("weekly-numbers", "simulator/godata/outbreaks.json", "what a simulated Go.Data holds: invented people"),
            part!("weekly-numbers", "simulator/godata/locations.json", ""),
            part!("weekly-numbers", "simulator/godata/cases.json", ""),
            part!("weekly-numbers", "simulator/godata/lab-results.json", ""),
            part!("weekly-numbers", "simulator/dhis2/metadata.json", "what a simulated DHIS2 holds"),
            part!("weekly-numbers", "simulator/dhis2/users.json", ""),
            part!("weekly-numbers", ".env", "dot.env", "secrets of this machine; not in git"),
            part!("weekly-numbers", ".gitignore", "dot.gitignore", ""),
        ],
        simulators: &["godata --data simulator/godata", "dhis2 --port 8085 --data simulator/dhis2"],
    },
    Template {
        name: "godata-export",
        about: "Go.Data into tables for those who count: cases, contacts, exposures, visits and laboratory results without names, with labels in a language of choice",
        parts: &[
            part!("godata-export", "README.md", "where to begin"),
            part!("godata-export", "kivuko.yaml", "the systems that are connected"),
            part!("godata-export", "flows/cases.yaml", "one integration a file: what is read, what is written"),
            part!("godata-export", "flows/contacts.yaml", ""),
            part!("godata-export", "flows/relationships.yaml", ""),
            part!("godata-export", "flows/follow-ups.yaml", ""),
            part!("godata-export", "flows/lab-results.yaml", ""),
            part!("godata-export", "mappings/cases.csv", "which field becomes which column: a sheet for each flow"),
            part!("godata-export", "mappings/contacts.csv", ""),
            part!("godata-export", "mappings/relationships.csv", ""),
            part!("godata-export", "mappings/follow-ups.csv", ""),
            part!("godata-export", "mappings/lab-results.csv", ""),
            part!("godata-export", "checks/cases.yaml", "records with what must become of them"),
            part!("godata-export", "checks/relationships.yaml", ""),
            part!("godata-export", "simulator/outbreaks.json", "what a simulated Go.Data holds: invented people"),
            part!("godata-export", "simulator/locations.json", ""),
            part!("godata-export", "simulator/cases.json", ""),
            part!("godata-export", "simulator/contacts.json", ""),
            part!("godata-export", "simulator/relationships.json", ""),
            part!("godata-export", "simulator/follow-ups.json", ""),
            part!("godata-export", "simulator/lab-results.json", ""),
            part!("line-list", ".env", "dot.env.example", "secrets of this machine; not in git"),
            part!("line-list", ".env.example", "dot.env.example", "the same without the secrets; in git"),
            part!("godata-export", ".gitignore", "dot.gitignore", ""),
        ],
        simulators: &["godata --data simulator"],
    },
    Template {
        name: "facilities",
        about: "a public facility list, all its pages, into Go.Data: as locations, and as the list of centres",
        parts: &[
            part!("facilities", "README.md", "where to begin"),
            part!("facilities", "kivuko.yaml", "the systems that are connected"),
            part!("facilities", "flows/facilities.yaml", "one integration: what is read, what is written"),
            part!("facilities", "mappings/facilities.csv", "which field becomes which: a sheet"),
            part!("facilities", "codes/parents.csv", "which town lies in which area of Go.Data"),
            part!("facilities", "codes/names.csv", "names that people gave"),
            part!("facilities", "codes/status.csv", "which facilities are open"),
            part!("facilities", "checks/facilities.yaml", "facilities with what must become of them"),
            part!(
                "facilities",
                "incoming/facilities-1.json",
                "where the pages arrive, not in git: invented facilities, three to be rejected"
            ),
            part!("facilities", "incoming/facilities-2.json", ""),
            part!("line-list", "simulator/outbreaks.json", "what a simulated Go.Data holds"),
            part!("line-list", "simulator/locations.json", ""),
            part!("line-list", ".env", "dot.env.example", "secrets of this machine; not in git"),
            part!("line-list", ".env.example", "dot.env.example", "the same without the secrets; in git"),
            part!("line-list", ".gitignore", "dot.gitignore", ""),
        ],
        simulators: &["godata --data simulator"],
    },
    Template {
        name: "survey",
        about: "submissions of a survey tool (KoboToolbox, ODK, CommCare) into Go.Data: cases, their contacts, samples; one sheet for the three",
        parts: &[
            part!("survey", "README.md", "where to begin"),
            part!("survey", "kivuko.yaml", "the systems that are connected"),
            part!("survey", "flows/kobo.yaml", "one integration: what is read, what is written"),
            part!("survey", "flows/odk.yaml", "the same for ODK Central"),
            part!("survey", "flows/commcare.yaml", "the same for CommCare HQ"),
            part!("survey", "mappings/submissions.csv", "which question becomes which field: a sheet, the same for the three"),
            part!("survey", "codes/sex.csv", "which value is which"),
            part!("survey", "codes/classification.csv", ""),
            part!("survey", "codes/camps.csv", "which camp is which place of Go.Data"),
            part!("survey", "codes/symptoms.csv", "which choice is which answer of the questionnaire"),
            part!("survey", "codes/yesno.csv", ""),
            part!("survey", "codes/samples.csv", ""),
            part!("survey", "checks/kobo.yaml", "submissions with what must become of them"),
            part!("survey", "checks/odk.yaml", ""),
            part!("survey", "checks/commcare.yaml", ""),
            part!("survey", "incoming/kobo/page-1.json", "where submissions arrive, not in git: invented people, one to be rejected"),
            part!("survey", "incoming/odk/submissions.json", ""),
            part!("survey", "incoming/commcare/forms.json", ""),
            part!("survey", "simulator/outbreaks.json", "what a simulated Go.Data holds: an outbreak with a questionnaire"),
            part!("line-list", "simulator/locations.json", ""),
            part!("line-list", ".env", "dot.env.example", "secrets of this machine; not in git"),
            part!("line-list", ".env.example", "dot.env.example", "the same without the secrets; in git"),
            part!("line-list", ".gitignore", "dot.gitignore", ""),
        ],
        simulators: &["godata --data simulator"],
    },
    Template {
        name: "laboratory",
        about: "files of a laboratory into Go.Data: people and results from a flat list of samples; results matched to cases that are there; sequencing",
        parts: &[
            part!("laboratory", "README.md", "where to begin"),
            part!("laboratory", "kivuko.yaml", "the systems that are connected"),
            part!("laboratory", "flows/samples.yaml", "a flat list of samples: people and their results"),
            part!("laboratory", "flows/results.yaml", "results of cases that are there: matched by who they are"),
            part!("laboratory", "flows/sequencing.yaml", "what sequencing found, beside the result"),
            part!("laboratory", "mappings/samples.csv", "which column becomes which field: sheets"),
            part!("laboratory", "mappings/results.csv", ""),
            part!("laboratory", "mappings/sequencing.csv", ""),
            part!("laboratory", "codes/results.csv", "which value is which"),
            part!("laboratory", "codes/sample-types.csv", ""),
            part!("laboratory", "codes/test-types.csv", ""),
            part!("laboratory", "codes/test-status.csv", ""),
            part!("laboratory", "codes/laboratories.csv", ""),
            part!("laboratory", "codes/sequencing-laboratories.csv", ""),
            part!("laboratory", "codes/clades.csv", ""),
            part!("laboratory", "checks/samples.yaml", "rows with what must become of them"),
            part!("laboratory", "checks/results.yaml", ""),
            part!("laboratory", "checks/sequencing.yaml", ""),
            part!("laboratory", "incoming/samples.csv", "where files arrive, not in git; invented people"),
            part!("laboratory", "incoming/results.csv", ""),
            part!("laboratory", "incoming/sequencing.csv", ""),
            part!("laboratory", "simulator/outbreaks.json", "what a simulated Go.Data holds"),
            part!("laboratory", "simulator/cases.json", ""),
            part!("laboratory", "simulator/reference-data.json", ""),
            part!("line-list", ".env", "dot.env.example", "secrets of this machine; not in git"),
            part!("line-list", ".env.example", "dot.env.example", "the same without the secrets; in git"),
            part!("line-list", ".gitignore", "dot.gitignore", ""),
        ],
        simulators: &["godata --data simulator"],
    },
    Template {
        name: "dhis2-numbers",
        about: "numbers of one DHIS2 into another with code maps, deletions too; into CSV, ADX and NDJSON; an ADX document into DHIS2",
        parts: &[
            part!("dhis2-numbers", "README.md", "where to begin"),
            part!("dhis2-numbers", "kivuko.yaml", "the systems that are connected"),
            part!("dhis2-numbers", "flows/copy.yaml", "the numbers of one DHIS2 into another"),
            part!("dhis2-numbers", "flows/values-to-csv.yaml", "values as a table"),
            part!("dhis2-numbers", "flows/values-to-adx.yaml", "values as an ADX document"),
            part!("dhis2-numbers", "flows/analytics-to-ndjson.yaml", "sums of districts, a JSON object a line"),
            part!("dhis2-numbers", "flows/adx-to-dhis2.yaml", "an ADX document of a partner into DHIS2"),
            part!("dhis2-numbers", "mappings/copy.csv", "which field becomes which: a sheet for each flow"),
            part!("dhis2-numbers", "mappings/values-to-csv.csv", ""),
            part!("dhis2-numbers", "mappings/values-to-adx.csv", ""),
            part!("dhis2-numbers", "mappings/analytics-to-ndjson.csv", ""),
            part!("dhis2-numbers", "mappings/adx-to-dhis2.csv", ""),
            part!("dhis2-numbers", "codes/elements.csv", "what stands for what: a column for each system"),
            part!("dhis2-numbers", "codes/org-units.csv", ""),
            part!("dhis2-numbers", "codes/option-combos.csv", ""),
            part!("dhis2-numbers", "checks/copy.yaml", "values with what must become of them"),
            part!("dhis2-numbers", "checks/values-to-csv.yaml", ""),
            part!("dhis2-numbers", "checks/values-to-adx.yaml", ""),
            part!("dhis2-numbers", "checks/analytics-to-ndjson.yaml", ""),
            part!("dhis2-numbers", "checks/adx-to-dhis2.yaml", ""),
            part!(
                "dhis2-numbers",
                "exchange/supply.adx",
                "where files are left and fetched, not in git: a partner's document, one value to be rejected"
            ),
            part!("dhis2-numbers", "simulator/from/metadata.json", "what the simulated DHIS2 hold: invented places"),
            part!("dhis2-numbers", "simulator/from/users.json", ""),
            part!("dhis2-numbers", "simulator/into/metadata.json", ""),
            part!("dhis2-numbers", "simulator/into/users.json", ""),
            part!("dhis2-numbers", "simulator/from-values.json", "values for the one that is read"),
            part!("dhis2-numbers", ".env", "dot.env", "secrets of this machine; not in git"),
            part!("dhis2-numbers", ".gitignore", "dot.gitignore", ""),
        ],
        simulators: &["dhis2 --port 8085 --data simulator/from", "dhis2 --port 8086 --data simulator/into"],
    },
    Template {
        name: "org-units-to-godata",
        about: "org units of DHIS2 into Go.Data as locations, parents before children, and as the file that Go.Data imports",
        parts: &[
            part!("org-units-to-godata", "README.md", "where to begin"),
            part!("org-units-to-godata", "kivuko.yaml", "the systems that are connected"),
            part!("org-units-to-godata", "flows/org-units.yaml", "one integration a file: what is read, what is written"),
            part!("org-units-to-godata", "flows/import-file.yaml", ""),
            part!("org-units-to-godata", "mappings/org-units.csv", "which field becomes which: a sheet for each flow"),
            part!("org-units-to-godata", "mappings/import-file.csv", ""),
            part!("org-units-to-godata", "checks/org-units.yaml", "samples with what must become of them"),
            part!("org-units-to-godata", "simulator/dhis2/metadata.json", "what the simulated systems hold: an invented country"),
            part!("org-units-to-godata", "simulator/dhis2/users.json", ""),
            part!("org-units-to-godata", "simulator/godata/outbreaks.json", ""),
            part!("org-units-to-godata", ".env", "dot.env", "secrets of this machine; not in git"),
            part!("org-units-to-godata", ".gitignore", "dot.gitignore", ""),
        ],
        simulators: &["dhis2 --port 8085 --data simulator/dhis2", "godata --data simulator/godata"],
    },
    Template {
        name: "locations-to-dhis2",
        about: "locations of Go.Data into DHIS2 as org units, with parents, points and closing dates; nobody's programs or users are touched",
        parts: &[
            part!("locations-to-dhis2", "README.md", "where to begin"),
            part!("locations-to-dhis2", "kivuko.yaml", "the systems that are connected"),
            part!("locations-to-dhis2", "flows/locations.yaml", "one integration a file: what is read, what is written"),
            part!("locations-to-dhis2", "mappings/locations.csv", "which field becomes which: a sheet for each flow"),
            part!("locations-to-dhis2", "checks/locations.yaml", "samples with what must become of them"),
            part!("locations-to-dhis2", "simulator/godata/locations.json", "what the simulated systems hold: an invented country"),
            part!("locations-to-dhis2", "simulator/dhis2/metadata.json", ""),
            part!("locations-to-dhis2", "simulator/dhis2/users.json", ""),
            part!("locations-to-dhis2", "simulator/godata/outbreaks.json", ""),
            part!("locations-to-dhis2", ".env", "dot.env", "secrets of this machine; not in git"),
            part!("locations-to-dhis2", ".gitignore", "dot.gitignore", ""),
        ],
        simulators: &["godata --data simulator/godata", "dhis2 --port 8085 --data simulator/dhis2"],
    },
    Template {
        name: "option-sets",
        about: "lists both ways: option sets of DHIS2 as reference data of Go.Data, and a category of Go.Data as an option set",
        parts: &[
            part!("option-sets", "README.md", "where to begin"),
            part!("option-sets", "kivuko.yaml", "the systems that are connected"),
            part!("option-sets", "flows/options-to-godata.yaml", "one integration a file: what is read, what is written"),
            part!("option-sets", "flows/items-to-dhis2.yaml", ""),
            part!("option-sets", "mappings/options-to-godata.csv", "which field becomes which: a sheet for each flow"),
            part!("option-sets", "mappings/items-to-dhis2.csv", ""),
            part!("option-sets", "codes/lists.csv", "what stands for what"),
            part!("option-sets", "checks/options-to-godata.yaml", "samples with what must become of them"),
            part!("option-sets", "simulator/dhis2/metadata.json", "what the simulated systems hold: an invented country"),
            part!("option-sets", "simulator/dhis2/users.json", ""),
            part!("option-sets", "simulator/godata/outbreaks.json", ""),
            part!("option-sets", ".env", "dot.env", "secrets of this machine; not in git"),
            part!("option-sets", ".gitignore", "dot.gitignore", ""),
        ],
        simulators: &["dhis2 --port 8085 --data simulator/dhis2", "godata --data simulator/godata"],
    },
    Template {
        name: "outbreaks-from-places",
        about: "outbreaks of Go.Data made from the org units of DHIS2: one for each district with all that lies in it, or one for each unit of a level",
        parts: &[
            part!("outbreaks-from-places", "README.md", "where to begin"),
            part!("outbreaks-from-places", "kivuko.yaml", "the systems that are connected"),
            part!("outbreaks-from-places", "flows/org-units.yaml", "one integration a file: what is read, what is written"),
            part!("outbreaks-from-places", "flows/groups.yaml", ""),
            part!("outbreaks-from-places", "flows/outbreaks.yaml", ""),
            part!("outbreaks-from-places", "flows/outbreak-each.yaml", ""),
            part!("outbreaks-from-places", "mappings/org-units.csv", "which field becomes which: a sheet for each flow"),
            part!("outbreaks-from-places", "mappings/groups.csv", ""),
            part!("outbreaks-from-places", "mappings/outbreaks.csv", ""),
            part!("outbreaks-from-places", "mappings/outbreak-each.csv", ""),
            part!("outbreaks-from-places", "checks/groups.yaml", "samples with what must become of them"),
            part!("outbreaks-from-places", "simulator/godata/outbreaks.json", "what the simulated systems hold: an invented country"),
            part!("outbreaks-from-places", "simulator/dhis2/metadata.json", ""),
            part!("outbreaks-from-places", "simulator/dhis2/users.json", ""),
            part!("outbreaks-from-places", ".env", "dot.env", "secrets of this machine; not in git"),
            part!("outbreaks-from-places", ".gitignore", "dot.gitignore", ""),
        ],
        simulators: &["dhis2 --port 8085 --data simulator/dhis2", "godata --data simulator/godata"],
    },
    Template {
        name: "p-codes",
        about: "a table of administrative areas with P-codes (HDX) and their boundaries into Go.Data as locations, and into DHIS2 as org units",
        parts: &[
            part!("p-codes", "README.md", "where to begin"),
            part!("p-codes", "kivuko.yaml", "the systems that are connected"),
            part!("p-codes", "flows/countries.yaml", "one integration a file: what is read, what is written"),
            part!("p-codes", "flows/provinces.yaml", ""),
            part!("p-codes", "flows/districts.yaml", ""),
            part!("p-codes", "flows/boundaries.yaml", ""),
            part!("p-codes", "flows/districts-to-dhis2.yaml", ""),
            part!("p-codes", "mappings/countries.csv", "which field becomes which: a sheet for each flow"),
            part!("p-codes", "mappings/provinces.csv", ""),
            part!("p-codes", "mappings/districts.csv", ""),
            part!("p-codes", "mappings/boundaries.csv", ""),
            part!("p-codes", "mappings/districts-to-dhis2.csv", ""),
            part!("p-codes", "checks/districts.yaml", "samples with what must become of them"),
            part!("p-codes", "checks/boundaries.yaml", ""),
            part!("p-codes", "incoming/admin.csv", "where the table and the boundaries arrive, not in git: an invented country"),
            part!("p-codes", "incoming/districts.geojson", ""),
            part!("p-codes", "simulator/dhis2/metadata.json", "what the simulated systems hold: an invented country"),
            part!("p-codes", "simulator/dhis2/users.json", ""),
            part!("p-codes", "simulator/godata/outbreaks.json", ""),
            part!("p-codes", ".env", "dot.env", "secrets of this machine; not in git"),
            part!("p-codes", ".gitignore", "dot.gitignore", ""),
        ],
        simulators: &["godata --data simulator/godata", "dhis2 --port 8085 --data simulator/dhis2"],
    },
];

/// All of them.
pub fn all() -> &'static [Template] {
    TEMPLATES
}

/// The one of a name.
pub fn find(name: &str) -> Result<&'static Template, Failure> {
    TEMPLATES.iter().find(|template| template.name == name).ok_or_else(|| {
        let known: Vec<&str> = TEMPLATES.iter().map(|template| template.name).collect();
        let near = nearest(name, known.iter().copied())
            .map_or_else(|| format!("there is {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
        Failure::usage(format!("there is no template `{name}`; {near}"))
    })
}

impl Template {
    /// The flow to try first: flows of templates are named as their files are.
    pub fn first_flow(&self) -> &'static str {
        let flows = self.parts.iter().filter_map(|part| part.path.strip_prefix("flows/")?.strip_suffix(".yaml"));
        flows.into_iter().next().unwrap_or("FLOW")
    }

    /// Writes the project into a folder, which may be there but must not hold any of its files. `change` has the last word on each text.
    pub fn write(&self, dir: &Path, project: &str, change: impl Fn(&str, String) -> String) -> Result<(), Failure> {
        if let Some(there) = self.parts.iter().find(|part| dir.join(part.path).exists()) {
            let path = dir.join(there.path);
            return Err(Failure::usage(format!("`{}` is there already; a new project overwrites nothing", path.display())));
        }
        for part in self.parts {
            let text = match part.path {
                "kivuko.yaml" | "README.md" => part.text.replace("PROJECT", project).replace("TIMEZONE", &zone()),
                _ => part.text.to_owned(),
            };
            write(&dir.join(part.path), &change(part.path, text))?;
        }
        Ok(())
    }
}

/// The time zone of this machine, for that is where the dates of its files are meant.
fn zone() -> String {
    TimeZone::system().iana_name().unwrap_or("UTC").to_owned()
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Failure::file("making the folder", folder, &error))?;
    }
    std::fs::write(path, text).map_err(|error| Failure::file("writing", path, &error))
}

//! The code lists and places of an installation, read once before the first record.
//!
//! Go.Data stores any text in a coded field and any id in a place and never says a word, so what is not known is refused here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kivuko_core::catalogue::{godata, record};
use kivuko_core::connector::is_not_yet;
use kivuko_core::error::{Cause, Error, nearest};
use kivuko_core::numbers::Places;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Client, Met};
use super::errors::unreadable;
use super::schema::{ADDRESS_TYPE, Resource};
use crate::http::{Method, Safety};

/// How many places are read at a time.
pub(super) const PLACES: usize = 5000;

/// Short words that people write in paths for the types of an address.
const ADDRESS_WORDS: [(&str, &str); 2] = [("USUAL", "USUAL_PLACE_OF_RESIDENCE"), ("PREVIOUS", "PREVIOUS_USUAL_PLACE_OF_RESIDENCE")];

/// Whose ids end in the English name, whatever it is called today.
const BY_NAME: &str = "LNG_REFERENCE_DATA_CATEGORY_COUNTRY";
/// What the ids of categories begin with.
const CATEGORY: &str = "LNG_REFERENCE_DATA_";
/// The administrative levels of places.
const LEVEL: &str = "LNG_REFERENCE_DATA_CATEGORY_LOCATION_GEOGRAPHICAL_LEVEL";

/// What the installation knows.
#[derive(Debug, Default)]
pub struct Codes {
    items: HashMap<String, Item>,
    /// `None`: nothing of the flow needs them.
    places: Option<HashSet<String>>,
    /// The categories of reference data; `None`: nothing of the flow needs them.
    categories: Option<HashSet<String>>,
    /// The ids of short lists that the flow names, by the name of the list.
    lists: HashMap<&'static str, HashSet<String>>,
    met: Arc<Met>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    #[serde(default)]
    id: String,
    #[serde(default)]
    category_id: String,
    #[serde(default)]
    active: Option<bool>,
    #[serde(default)]
    read_only: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Place {
    id: String,
    #[serde(default, rename = "parentLocationId")]
    parent_location_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

impl Codes {
    /// Reads the code lists, and the places if they are needed.
    pub async fn load(client: &Client, places: bool) -> Result<Self, Error> {
        let filter = json!({ "fields": ["id", "categoryId", "active", "readOnly"], "order": ["id ASC"] });
        let items: Vec<Item> = ask(client, &["reference-data"], &filter).await?;
        let mut codes = Self {
            items: items.into_iter().map(|item| (item.id.clone(), item)).collect(),
            met: Arc::clone(&client.met),
            ..Self::default()
        };
        if places {
            codes.places = Some(load_places(client).await?);
        }
        Ok(codes)
    }

    /// The full id of a code: as it is written, or behind its category.
    ///
    /// # Errors
    /// It is not listed, or switched off.
    pub fn expand(&self, category: &str, written: &str) -> Result<String, Cause> {
        let short = match ADDRESS_WORDS.iter().find(|(word, _)| category == ADDRESS_TYPE && *word == written) {
            Some((_, suffix)) => Some(format!("{category}_{suffix}")),
            None if category == LEVEL => admin_level(written).map(|level| format!("{category}_ADMIN_LEVEL_{level}")),
            None if category == BY_NAME => Some(item_id(category, written)),
            None => None,
        };
        let full = format!("{category}_{written}");
        let known = |id: &str| self.items.get(id).filter(|item| item.category_id == category);
        let found = known(written).or_else(|| known(&full)).or_else(|| known(short.as_deref()?));
        let cause = match found {
            Some(item) if item.active != Some(false) => return Ok(item.id.clone()),
            Some(_) => Cause::new(record::UNLISTED_CODE, format!("the code `{written}` is switched off in {category}")),
            None if category == LEVEL => self.no_level(written),
            None => Cause::new(record::UNLISTED_CODE, format!("`{written}` is no code of {category}")),
        };
        Err(cause.unlisted(category, written))
    }

    /// The full id of a category of reference data: as it is written, or behind what all of them begin with.
    ///
    /// # Errors
    /// There is none.
    pub fn category(&self, written: &str) -> Result<String, Cause> {
        let Some(known) = &self.categories else { return Ok(written.to_owned()) };
        let forms = [written.to_owned(), format!("{CATEGORY}CATEGORY_{written}"), format!("{CATEGORY}{written}")];
        if let Some(full) = forms.into_iter().find(|form| known.contains(form)) {
            return Ok(full);
        }
        let short = known.iter().map(|id| id.trim_start_matches(CATEGORY).trim_start_matches("CATEGORY_"));
        let near = nearest(written, short).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Err(Cause::new(godata::NO_SUCH_CATEGORY, format!("Go.Data has no category `{written}` of reference data{near}")))
    }

    /// Reads the categories: some have no items.
    pub async fn read_categories(&mut self, client: &Client) -> Result<(), Error> {
        let categories: Vec<Place> = ask(client, &["reference-data", "available-categories"], &json!({})).await?;
        self.categories = Some(categories.into_iter().map(|category| category.id).collect());
        Ok(())
    }

    fn no_level(&self, written: &str) -> Cause {
        let of_levels = |item: &&Item| item.category_id == LEVEL && item.active != Some(false);
        let mut levels: Vec<&str> =
            self.items.values().filter(of_levels).filter_map(|item| item.id.strip_prefix(LEVEL)?.strip_prefix('_')).collect();
        levels.sort_unstable();
        let message = format!(
            "Go.Data has no geographical level `{written}`; it has {}. Add an item to the category of geographical levels in its reference data, or give the place one of these",
            levels.join(", ")
        );
        Cause::new(godata::NO_SUCH_LEVEL, message)
    }

    /// Whether a location of this id exists, or will when a plan is carried out. Places that were not read are all known.
    pub fn knows_place(&self, id: &str) -> bool {
        is_not_yet(id) || self.met.has(id) || self.places.as_ref().is_none_or(|places| places.contains(id))
    }

    /// Reads a list whose ids records may name: Go.Data stores any text there.
    pub async fn read_list(&mut self, client: &Client, outbreak: Option<&str>, list: &'static str) -> Result<(), Error> {
        let in_outbreak = Resource::find(list).is_some_and(|resource| resource.in_outbreak);
        let prefix: Vec<&str> = outbreak.filter(|_| in_outbreak).map(|outbreak| vec!["outbreaks", outbreak]).unwrap_or_default();
        let path: Vec<&str> = prefix.into_iter().chain([list]).collect();
        let records: Vec<Place> = ask(client, &path, &json!({ "fields": ["id"], "order": ["id ASC"] })).await?;
        self.lists.insert(list, records.into_iter().map(|record| record.id).collect());
        Ok(())
    }

    /// Whether a record of this id is in a list, or will be when a plan is carried out. A list that was not read has all.
    pub fn knows_id(&self, list: &str, id: &str) -> bool {
        is_not_yet(id) || self.met.has(id) || self.lists.get(list).is_none_or(|known| known.contains(id))
    }

    /// Whether an item of reference data belongs to Go.Data itself.
    pub fn is_read_only(&self, id: &str) -> bool {
        self.items.get(id).is_some_and(|item| item.read_only == Some(true))
    }

    #[cfg(test)]
    pub fn of(items: &[(&str, &str, bool)], places: &[&str]) -> Self {
        let item = |(category, suffix, active): &(&str, &str, bool)| {
            let id = format!("{category}_{suffix}");
            (id.clone(), Item { id, category_id: (*category).to_owned(), active: Some(*active), read_only: None })
        };
        Self {
            items: items.iter().map(item).collect(),
            places: Some(places.iter().map(|id| (*id).to_owned()).collect()),
            ..Self::default()
        }
    }
}

async fn load_places(client: &Client) -> Result<HashSet<String>, Error> {
    Ok(all_places(client, &["id"]).await?.into_iter().map(|place| place.id).collect())
}

/// The locations, and which lies in which.
pub async fn places(client: &Client) -> Result<Places, Error> {
    let mut places = Places::default();
    for place in all_places(client, &["id", "parentLocationId", "name"]).await? {
        places.insert(place.id, place.parent_location_id.as_deref(), place.name.unwrap_or_default());
    }
    Ok(places)
}

async fn all_places(client: &Client, fields: &[&str]) -> Result<Vec<Place>, Error> {
    let mut known = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut filter = json!({ "fields": fields, "order": ["id ASC"], "limit": PLACES });
        if let Some(last) = &after {
            filter["where"] = json!({ "id": { "gt": last } });
        }
        let page: Vec<Place> = ask(client, &["locations"], &filter).await?;
        after = page.last().map(|place| place.id.clone());
        let is_last = page.len() < PLACES;
        known.extend(page);
        if is_last {
            return Ok(known);
        }
    }
}

pub(super) async fn ask<T: serde::de::DeserializeOwned>(client: &Client, path: &[&str], filter: &Value) -> Result<T, Error> {
    let answer = client.send(client.request(Method::Get, path.iter().copied(), Safety::Safe).query("filter", &filter.to_string())).await?;
    if answer.is_success() { answer.read() } else { Err(unreadable(&answer)) }
}

/// The number of `ADMIN_3`, which is what several public tools write for `ADMIN_LEVEL_3`.
fn admin_level(written: &str) -> Option<u8> {
    written.strip_prefix("ADMIN_")?.parse().ok()
}

/// The id that Go.Data makes for an item of reference data: the category, and the label in upper snake case.
pub fn item_id(category: &str, label: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut kind = Kind::Other;
    let characters: Vec<char> = label.chars().filter(|character| !matches!(character, '\'' | '’')).collect();
    for (position, character) in characters.iter().enumerate() {
        let before = kind;
        kind = Kind::of(*character);
        if kind == Kind::Other {
            continue;
        }
        let next_is_lower = characters.get(position + 1).is_some_and(|next| Kind::of(*next) == Kind::Lower);
        let new_word = match (before, kind) {
            (Kind::Other, _)
            | (Kind::Digit, Kind::Lower | Kind::Upper)
            | (Kind::Lower | Kind::Upper, Kind::Digit)
            | (Kind::Lower, Kind::Upper) => true,
            // In `MERSCoV` the last capital begins the next word.
            (Kind::Upper, Kind::Upper) => next_is_lower,
            _ => false,
        };
        if new_word || words.is_empty() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(character.to_uppercase());
        }
    }
    format!("{category}_{}", words.join("_"))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Upper,
    Lower,
    Digit,
    Other,
}

impl Kind {
    fn of(character: char) -> Self {
        match character {
            _ if character.is_ascii_digit() => Self::Digit,
            _ if character.is_uppercase() => Self::Upper,
            _ if character.is_alphabetic() => Self::Lower,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENDER: &str = "LNG_REFERENCE_DATA_CATEGORY_GENDER";

    #[test]
    fn quirk_11_codes_are_expanded_and_checked_because_the_server_does_not() {
        let codes = Codes::of(&[(GENDER, "MALE", true), (GENDER, "OLD", false), (ADDRESS_TYPE, "USUAL_PLACE_OF_RESIDENCE", true)], &["L1"]);
        let check = |category: &str, written: &str, expected: Option<&str>| {
            assert_eq!(codes.expand(category, written).ok().as_deref(), expected, "{written}");
        };
        check(GENDER, "MALE", Some("LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE"));
        check(GENDER, "LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE", Some("LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE"));
        check(GENDER, "male", None);
        check(GENDER, "OLD", None);
        check(GENDER, "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE", None);
        check(ADDRESS_TYPE, "USUAL", Some("LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE"));
        let cause = codes.expand(GENDER, "M").expect_err("no code");
        assert_eq!(cause.unlisted.map(|unlisted| (unlisted.list, unlisted.value)), Some((GENDER.to_owned(), "M".to_owned())));
        assert!(codes.knows_place("L1") && !codes.knows_place("L2"));
    }

    #[test]
    fn levels_and_countries_are_understood_as_people_write_them() {
        let codes = Codes::of(
            &[
                (LEVEL, "ADMIN_LEVEL_3", true),
                (LEVEL, "ADMIN_LEVEL_9", true),
                (LEVEL, "CLINIC", true),
                (BY_NAME, "COTE_D_IVOIRE", true),
                (BY_NAME, "SIERRA_LEONE", true),
            ],
            &[],
        );
        let check = |category: &str, written: &str, expected: Option<&str>| {
            let full = expected.map(|suffix| format!("{category}_{suffix}"));
            assert_eq!(codes.expand(category, written).ok(), full, "{written}");
        };
        check(LEVEL, "ADMIN_3", Some("ADMIN_LEVEL_3"));
        check(LEVEL, "ADMIN_LEVEL_3", Some("ADMIN_LEVEL_3"));
        check(LEVEL, "CLINIC", Some("CLINIC"));
        check(LEVEL, "ADMIN_10", None);
        check(LEVEL, "3", None);
        check(BY_NAME, "Sierra Leone", Some("SIERRA_LEONE"));
        check(BY_NAME, "SIERRA_LEONE", Some("SIERRA_LEONE"));
        check(BY_NAME, "Sierra", None);
        let cause = codes.expand(LEVEL, "ADMIN_LEVEL_12").expect_err("too deep");
        assert_eq!(cause.code, godata::NO_SUCH_LEVEL);
        assert!(cause.message.contains("ADMIN_LEVEL_3, ADMIN_LEVEL_9, CLINIC"), "{}", cause.message);
    }

    #[test]
    fn ids_of_items_are_made_as_the_server_makes_them() {
        let check = |label: &str, expected: &str| assert_eq!(item_id("C", label), format!("C_{expected}"), "{label}");
        check("Health Care Worker", "HEALTH_CARE_WORKER");
        check("2019-nCoV", "2019_N_CO_V");
        check("MERS-CoV", "MERS_CO_V");
        check("RT-PCR", "RT_PCR");
        check("A&E visit", "A_E_VISIT");
        check("Traveller's lodge", "TRAVELLERS_LODGE");
        check("  other ", "OTHER");
        check("1. Low", "1_LOW");
    }
}

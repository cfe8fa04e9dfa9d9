//! What the codes of an installation are called: the translations of their tokens, and the names of places by their ids.
//!
//! Ids say what an item was called when it was made; the label of today is the translation (`EXPOSURE_TYPE_TOUCHED_BODY_FLUIDS` is "Indirect contact" now).
//! The words of the web interface are left out: nothing in a record is called by them.

use kivuko_core::catalogue::godata;
use kivuko_core::error::{Error, nearest};
use kivuko_core::labels::Labels;
use serde::Deserialize;
use serde_json::json;

use super::client::Client;
use super::codes::{PLACES, ask};
use super::tokens::Tokens;

/// Tokens of the interface, of error messages and of help pages.
const OF_THE_INTERFACE: [&str; 6] = ["LNG_PAGE_", "LNG_LAYOUT_", "LNG_COMMON_", "LNG_API_", "LNG_HELP_", "LNG_DIALOG_"];

#[derive(Deserialize)]
struct Language {
    id: String,
}

#[derive(Deserialize)]
struct Place {
    id: String,
    #[serde(default)]
    name: Option<String>,
}

/// The ids of the languages of an installation.
pub async fn languages(client: &Client) -> Result<Vec<String>, Error> {
    let languages: Vec<Language> = ask(client, &["languages"], &json!({ "fields": ["id"], "order": ["id ASC"] })).await?;
    Ok(languages.into_iter().map(|language| language.id).collect())
}

/// The labels in a language, of codes and of places.
pub async fn load(client: &Client, language: &str) -> Result<Labels, Error> {
    let mut labels = tokens(client, language).await?;
    labels.extend(places(client).await?);
    Ok(Labels::new(language, labels))
}

/// The labels of codes in a language, by their tokens.
pub async fn tokens(client: &Client, language: &str) -> Result<Vec<(String, String)>, Error> {
    // An unknown language has no tokens, and its list of them is empty or a 404, as the release has it: so the list of languages is asked first.
    let known = languages(client).await?;
    if !known.iter().any(|id| id == language) {
        let near = nearest(language, known.iter().map(String::as_str)).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let message = format!("Go.Data has no language `{language}`; it has {}{near}", known.join(", "));
        return Err(Error::configuration(godata::NO_SUCH_LANGUAGE, message));
    }
    let tokens = Tokens::read(client, language, None).await?;
    let of_codes = tokens.tokens.into_iter().filter(|token| !OF_THE_INTERFACE.iter().any(|prefix| token.token.starts_with(prefix)));
    Ok(of_codes.filter_map(|token| token.translation.map(|label| (token.token, label))).collect())
}

/// The names of the places, which have no translations.
async fn places(client: &Client) -> Result<Vec<(String, String)>, Error> {
    let mut named = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut filter = json!({ "fields": ["id", "name"], "order": ["id ASC"], "limit": PLACES });
        if let Some(last) = &after {
            filter["where"] = json!({ "id": { "gt": last } });
        }
        let page: Vec<Place> = ask(client, &["locations"], &filter).await?;
        after = page.last().map(|place| place.id.clone());
        let is_last = page.len() < PLACES;
        named.extend(page.into_iter().filter_map(|place| place.name.map(|name| (place.id, name))));
        if is_last {
            return Ok(named);
        }
    }
}

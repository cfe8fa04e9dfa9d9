//! Finds data values by their cells, many at a time, deleted ones included.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use kivuko_core::catalogue::network;
use kivuko_core::error::Error;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::client::Client;
use super::cell::Cell;
use crate::http::Request;

/// What servers and proxies take for an address, with room for the host.
const ADDRESS_LENGTH: usize = 6_000;
/// How many questions are under way at a time; the client's own limit holds besides.
const AT_A_TIME: usize = 4;

/// A value as DHIS2 holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    pub value: Option<String>,
    pub comment: Option<String>,
    pub followup: bool,
    pub last_updated: Option<String>,
    pub deleted: bool,
}

impl Held {
    /// As a record of the resource.
    pub fn body(&self, cell: &Cell) -> Value {
        let mut body = Map::new();
        let names = [
            ("dataElement", &cell.element),
            ("period", &cell.period),
            ("orgUnit", &cell.unit),
            ("categoryOptionCombo", &cell.option_combo),
            ("attributeOptionCombo", &cell.attribute_option_combo),
        ];
        for (name, id) in names {
            body.insert(name.to_owned(), Value::String(id.clone()));
        }
        if let Some(value) = &self.value {
            body.insert("value".to_owned(), Value::String(value.clone()));
        }
        if let Some(comment) = &self.comment {
            body.insert("comment".to_owned(), Value::String(comment.clone()));
        }
        body.insert("followup".to_owned(), Value::Bool(self.followup));
        Value::Object(body)
    }
}

/// A value in an answer; what all have in common may stand at the head instead.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Raw {
    data_element: Option<String>,
    period: Option<String>,
    org_unit: Option<String>,
    category_option_combo: Option<String>,
    attribute_option_combo: Option<String>,
    value: Option<String>,
    comment: Option<String>,
    followup: bool,
    last_updated: Option<String>,
    deleted: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    #[serde(flatten)]
    head: Raw,
    data_values: Vec<Raw>,
}

/// Asks for the values of a data set.
#[derive(Debug)]
pub struct Lookup {
    pub client: Arc<Client>,
    pub format_parameter: bool,
}

/// The lists of a question.
const LISTS: [&str; 3] = ["dataElement", "period", "orgUnit"];

/// One question: these elements, in these periods, at these org units.
#[derive(Debug, Default, Clone)]
struct Question<'a>([BTreeSet<&'a str>; 3]);

impl Question<'_> {
    /// Takes half of its longest list away, as a question of its own.
    fn halve(&mut self) -> Option<Self> {
        let longest = (0..LISTS.len()).max_by_key(|at| self.0[*at].len())?;
        let middle = self.0[longest].iter().nth(self.0[longest].len() / 2).copied().filter(|_| self.0[longest].len() > 1)?;
        let second = self.0[longest].split_off(middle);
        let mut other = self.clone();
        other.0[longest] = second;
        Some(other)
    }
}

impl Lookup {
    /// The values of these cells; those that never were are not among them.
    ///
    /// # Errors
    /// DHIS2 cannot be asked.
    pub async fn held(&self, cells: &[Cell]) -> Result<HashMap<Cell, Held>, Error> {
        let wanted: BTreeSet<&Cell> = cells.iter().collect();
        let mut requests = Vec::new();
        for question in questions(&wanted) {
            self.requests(question, &mut requests);
        }
        let answers: Vec<HashMap<Cell, Held>> =
            stream::iter(requests).map(|request| self.ask(request)).buffer_unordered(AT_A_TIME).try_collect().await?;
        Ok(answers.into_iter().flatten().filter(|(cell, _)| wanted.contains(cell)).collect())
    }

    /// A question in as many requests as the length of an address makes it.
    fn requests(&self, question: Question<'_>, out: &mut Vec<Request>) {
        let mut waiting = vec![question];
        while let Some(mut question) = waiting.pop() {
            let request = self.request(&question);
            if request.url_length() <= ADDRESS_LENGTH {
                out.push(request);
                continue;
            }
            match question.halve() {
                Some(other) => waiting.extend([other, question]),
                None => out.push(request),
            }
        }
    }

    fn request(&self, question: &Question<'_>) -> Request {
        let mut request = self.client.get(["dataValueSets"]).query("includeDeleted", "true");
        if self.format_parameter {
            request = request.query("format", "json");
        }
        for (name, ids) in LISTS.into_iter().zip(&question.0) {
            for id in ids {
                request = request.query(name, id);
            }
        }
        request
    }

    async fn ask(&self, request: Request) -> Result<HashMap<Cell, Held>, Error> {
        let answer: Answer = self.client.ask(request).await?;
        let head = answer.head;
        let mut found = HashMap::with_capacity(answer.data_values.len());
        for raw in answer.data_values {
            let or_head = |own: Option<String>, common: &Option<String>| own.or_else(|| common.clone());
            let cell = (|| {
                Some(Cell {
                    element: or_head(raw.data_element, &head.data_element)?,
                    period: or_head(raw.period, &head.period)?,
                    unit: or_head(raw.org_unit, &head.org_unit)?,
                    option_combo: or_head(raw.category_option_combo, &head.category_option_combo)?,
                    attribute_option_combo: or_head(raw.attribute_option_combo, &head.attribute_option_combo)?,
                })
            })();
            let Some(cell) = cell else {
                return Err(Error::stop(network::UNEXPECTED_ANSWER, "a data value of DHIS2 came without all of its dimensions"));
            };
            let held = Held {
                value: raw.value,
                comment: raw.comment.filter(|comment| !comment.is_empty()),
                followup: raw.followup,
                last_updated: raw.last_updated,
                deleted: raw.deleted,
            };
            found.insert(cell, held);
        }
        Ok(found)
    }
}

/// Cells in questions that ask for little else: by period or by org unit, whichever there are fewer of.
fn questions<'a>(cells: &BTreeSet<&'a Cell>) -> Vec<Question<'a>> {
    let periods: BTreeSet<&str> = cells.iter().map(|cell| cell.period.as_str()).collect();
    let units: BTreeSet<&str> = cells.iter().map(|cell| cell.unit.as_str()).collect();
    let by_period = periods.len() <= units.len();
    let mut grouped: BTreeMap<&str, Question<'a>> = BTreeMap::new();
    for cell in cells {
        let question = grouped.entry(if by_period { &cell.period } else { &cell.unit }).or_default();
        for (list, id) in question.0.iter_mut().zip([&cell.element, &cell.period, &cell.unit]) {
            list.insert(id);
        }
    }
    grouped.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(element: &str, period: &str, unit: &str) -> Cell {
        Cell {
            attribute_option_combo: "aoc".to_owned(),
            period: period.to_owned(),
            unit: unit.to_owned(),
            element: element.to_owned(),
            option_combo: "coc".to_owned(),
        }
    }

    #[test]
    fn cells_are_asked_for_with_little_else() {
        let cells = [cell("a", "202401", "u1"), cell("b", "202401", "u2"), cell("a", "202402", "u1"), cell("a", "202401", "u3")];
        let all: BTreeSet<&Cell> = cells.iter().collect();
        let found: Vec<(usize, usize, usize)> =
            questions(&all).iter().map(|question| (question.0[1].len(), question.0[2].len(), question.0[0].len())).collect();
        assert_eq!(found, [(1, 3, 2), (1, 1, 1)]);
        let cells = [cell("a", "202401", "u1"), cell("a", "202402", "u1"), cell("a", "202403", "u2")];
        let all: BTreeSet<&Cell> = cells.iter().collect();
        let found: Vec<(usize, usize)> = questions(&all).iter().map(|question| (question.0[1].len(), question.0[2].len())).collect();
        assert_eq!(found, [(2, 1), (1, 1)]);
    }

    #[test]
    fn a_long_question_is_halved_without_loss() {
        let mut question = Question([BTreeSet::from(["a"]), BTreeSet::from(["p", "q"]), BTreeSet::from(["u", "v", "w"])]);
        let other = question.halve().expect("it has two parts");
        assert_eq!((&question.0[2], &other.0[2]), (&BTreeSet::from(["u"]), &BTreeSet::from(["v", "w"])));
        assert_eq!((&question.0[1], &other.0[1]), (&other.0[1], &BTreeSet::from(["p", "q"])));
        assert!(Question([BTreeSet::from(["a"]), BTreeSet::from(["p"]), BTreeSet::from(["u"])]).halve().is_none());
    }
}

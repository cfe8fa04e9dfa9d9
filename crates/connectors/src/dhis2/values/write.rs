//! Writes values by key and says of each what became of it.
//!
//! Values travel as texts, sorted by attribute option combination, period and org unit, changes in one request and deletions in another. Two values for one
//! cell are never in one request. Where a release refuses a whole group, or the body is too large, the values are sent again in halves, until only those that
//! are refused by themselves are left; sending a good one twice does no harm.

use std::collections::HashMap;

use kivuko_core::catalogue::{dhis2, network, record, target};
use kivuko_core::connector::{Action, Write, Written};
use kivuko_core::error::{Cause, Error};
use serde_json::{Map, Value};

use super::super::config::Mode;
use super::super::frame::DataSet;
use super::super::version::Profile;
use super::cell::Cell;
use super::import::{Failure, Import, Importer};
use super::judge::{Fate, Sent, Verdict, judge};
use super::lookup::Held;
use super::value::is_zero;

/// From so many values on an import is a job, unless the flow says otherwise: a proxy seldom waits longer than a minute.
const LARGE: usize = 5_000;

/// One value to be sent.
#[derive(Debug, Clone)]
pub struct Item {
    pub position: usize,
    pub cell: Cell,
    pub held: Held,
    /// The release may drop it without counting it.
    pub may_vanish: bool,
}

/// What makes a document of values.
pub type Document<'a> = dyn Fn(&[&Item], bool) -> Result<(&'static str, Vec<u8>), Error> + Send + Sync + 'a;

/// Writes into one data set.
pub struct Writer<'a> {
    pub importer: &'a Importer,
    pub set: &'a DataSet,
    pub profile: Profile,
    pub mode: Mode,
    pub document: &'a Document<'a>,
    /// A document is refused whole for a fault in a part of it.
    pub refuses_documents: bool,
    pub more: Vec<(&'static str, String)>,
}

impl Writer<'_> {
    /// Writes values and deletes values; outcomes by the positions of a batch of such a size.
    pub async fn write(&self, items: Vec<Item>, deletes: Vec<Item>, outcomes: &mut [Option<Written>]) {
        for (mut items, are_deletes) in [(items, false), (deletes, true)] {
            items.sort_by(|a, b| a.cell.cmp(&b.cell));
            let mut waiting: Vec<Vec<Item>> = rounds(items, outcomes);
            waiting.reverse();
            while let Some(mut items) = waiting.pop() {
                if items.is_empty() {
                    continue;
                }
                match self.send(&items, are_deletes).await {
                    Answer::Each(fates) => {
                        for (item, fate) in items.iter().zip(fates) {
                            outcomes[item.position] = Some(self.written(item, fate));
                        }
                    }
                    Answer::Apart(cause) if items.len() == 1 => {
                        outcomes[items[0].position] = Some(self.written(&items[0], Fate::Refused(cause)));
                    }
                    Answer::Apart(_) => {
                        let second = items.split_off(items.len() / 2);
                        waiting.extend([second, items]);
                    }
                    Answer::All(error) => {
                        for item in &items {
                            outcomes[item.position] = Some(Written::Failed(error.clone()));
                        }
                        // What is wrong for all is wrong for the rest as well.
                        if !error.effect_unknown {
                            for item in waiting.drain(..).flatten() {
                                outcomes[item.position] = Some(Written::Failed(error.clone()));
                            }
                        }
                    }
                }
            }
        }
    }

    async fn send(&self, items: &[Item], deletes: bool) -> Answer {
        let all: Vec<&Item> = items.iter().collect();
        let (media_type, body) = match (self.document)(&all, deletes) {
            Ok(document) => document,
            Err(error) => return Answer::All(error),
        };
        let as_job = match self.mode {
            Mode::Always => true,
            Mode::Never => false,
            Mode::Auto => items.len() >= LARGE,
        };
        let import = Import { media_type, body, deletes, as_job, more: self.more.clone() };
        let summary = match self.importer.send(import).await {
            Ok(summary) => summary,
            Err(Failure::TooLarge) => return Answer::Apart(Cause::new(target::REFUSED, "the value is too large for the server (413)")),
            Err(Failure::Unread(cause)) => return Answer::Apart(cause),
            Err(Failure::Whole(error)) => return Answer::All(error),
        };
        let names: Vec<Vec<&str>> = items
            .iter()
            .map(|Item { cell, .. }| {
                [&cell.element, &cell.period, &cell.unit, &cell.option_combo, &cell.attribute_option_combo].map(String::as_str).to_vec()
            })
            .collect();
        let may_vanish: Vec<bool> = items.iter().map(|item| item.may_vanish).collect();
        let sent = Sent {
            names: &names,
            may_vanish: &may_vanish,
            deletes,
            refuses_groups: self.profile.refuses_groups,
            refuses_documents: self.refuses_documents,
        };
        match judge(&summary, sent) {
            Verdict::Each(fates) => Answer::Each(fates),
            Verdict::Apart(cause) => Answer::Apart(cause),
            Verdict::All(error) => Answer::All(error),
        }
    }

    fn written(&self, item: &Item, fate: Fate) -> Written {
        match fate {
            Fate::Done => Written::Done { id: item.cell.id(), version: None, returned: None },
            Fate::Refused(cause) => Written::Refused(cause.about(named(self.set, &item.cell))),
            Fate::Failed(error) => Written::Failed(error),
            Fate::Unknown => {
                let message = format!("the answer to an import does not tell what became of a value ({})", named(self.set, &item.cell));
                Written::Failed(Error::retry(dhis2::IMPORT_BROKE_OFF, message).with_unknown_effect().ended())
            }
        }
    }
}

/// Which cell it is, in the names of the metadata: they are nobody's data.
pub fn named(set: &DataSet, cell: &Cell) -> String {
    let element = set.element(&cell.element).map_or(cell.element.as_str(), |element| element.named.name.as_str());
    let unit = set.frame.units.get(&cell.unit).map_or(cell.unit.as_str(), |unit| unit.named.name.as_str());
    format!("element `{element}`, period {}, org unit `{unit}`", cell.period)
}

enum Answer {
    Each(Vec<Fate>),
    Apart(Cause),
    All(Error),
}

/// Sorted values in rounds, none of which has two of one cell. Two that say different things of one cell are both refused; of two that say the same, one is sent.
fn rounds(items: Vec<Item>, outcomes: &mut [Option<Written>]) -> Vec<Vec<Item>> {
    let mut seen: HashMap<Cell, (usize, bool)> = HashMap::with_capacity(items.len());
    let mut round: Vec<Item> = Vec::with_capacity(items.len());
    let mut twins = Vec::new();
    for item in items {
        match seen.get_mut(&item.cell) {
            None => {
                seen.insert(item.cell.clone(), (round.len(), false));
                round.push(item);
            }
            Some((first, differ)) => {
                let same = round[*first].held.value == item.held.value && round[*first].held.comment == item.held.comment;
                *differ |= !same;
                twins.push(item);
            }
        }
    }
    if twins.is_empty() {
        return vec![round];
    }
    let refused = || {
        let message = "several records of the batch lead to one value of DHIS2 and say different things of it";
        Written::Refused(Cause::new(record::DUPLICATE_KEY, message))
    };
    let mut again = Vec::new();
    for twin in twins {
        if seen[&twin.cell].1 { outcomes[twin.position] = Some(refused()) } else { again.push(twin) }
    }
    let (differing, round): (Vec<Item>, Vec<Item>) = round.into_iter().partition(|item| seen[&item.cell].1);
    for item in differing {
        outcomes[item.position] = Some(refused());
    }
    // What says the same is sent after it, in a request of its own, so that it has an answer of its own.
    let mut all = vec![round];
    for twin in again {
        all.push(vec![twin]);
    }
    all
}

/// The items of a batch: what is sent, what is deleted, and what cannot be sent. `present` are the values as they stand, for changes of a part.
pub fn items(
    batch: &[Write],
    set: &DataSet,
    profile: Profile,
    present: &HashMap<Cell, Held>,
    outcomes: &mut [Option<Written>],
) -> (Vec<Item>, Vec<Item>) {
    let (mut items, mut deletes) = (Vec::new(), Vec::new());
    for (position, write) in batch.iter().enumerate() {
        let Some(cell) = cell_of(write.id.as_deref(), &write.body) else {
            let message = "a data value came to be written without its dimensions";
            outcomes[position] = Some(Written::Failed(Error::bug(network::UNEXPECTED_ANSWER, message)));
            continue;
        };
        if write.action == Action::Delete {
            deletes.push(Item { position, cell, held: Held::default(), may_vanish: false });
            continue;
        }
        let mut held = match write.action {
            Action::Update => present.get(&cell).filter(|held| !held.deleted).cloned().unwrap_or_default(),
            _ => Held::default(),
        };
        if let Some(value) = write.body.get("value").and_then(Value::as_str) {
            held.value = Some(value.to_owned());
        }
        match write.body.get("comment") {
            Some(Value::String(comment)) => held.comment = Some(comment.clone()),
            Some(Value::Null) => held.comment = None,
            _ => {}
        }
        if let Some(flag) = write.body.get("followup").and_then(Value::as_bool) {
            held.followup = flag;
        }
        if held.value.is_none() && held.comment.is_none() {
            // Sent without a value it would be deleted.
            let cause = Cause::new(dhis2::BAD_PART, "there is nothing to send: the value is gone, and no new one is given").field("value");
            outcomes[position] = Some(Written::Refused(cause));
            continue;
        }
        let zero = held.value.as_deref().is_some_and(is_zero) && set.element(&cell.element).is_some_and(DataSet::zero_vanishes);
        items.push(Item { position, cell, held, may_vanish: zero && profile.drops_zeros });
    }
    (items, deletes)
}

/// The cell of a write: its id, or the dimensions of its body.
pub fn cell_of(id: Option<&str>, body: &Value) -> Option<Cell> {
    if let Some(id) = id {
        return Cell::parse(id);
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Cell {
        element: text("dataElement")?,
        period: text("period")?,
        unit: text("orgUnit")?,
        option_combo: text("categoryOptionCombo")?,
        attribute_option_combo: text("attributeOptionCombo")?,
    })
}

/// Values in DHIS2's own JSON, all with all of their dimensions and with texts as values.
pub fn json(data_set: &str, items: &[&Item], deletes: bool, both_spellings: bool) -> Vec<u8> {
    let one = |item: &&Item| {
        let mut body = Map::new();
        let names = [
            ("dataElement", &item.cell.element),
            ("period", &item.cell.period),
            ("orgUnit", &item.cell.unit),
            ("categoryOptionCombo", &item.cell.option_combo),
            ("attributeOptionCombo", &item.cell.attribute_option_combo),
        ];
        for (name, id) in names {
            body.insert(name.to_owned(), Value::String(id.clone()));
        }
        if deletes {
            return Value::Object(body);
        }
        if let Some(value) = &item.held.value {
            body.insert("value".to_owned(), Value::String(value.clone()));
        }
        if let Some(comment) = &item.held.comment {
            body.insert("comment".to_owned(), Value::String(comment.clone()));
        }
        body.insert("followup".to_owned(), Value::Bool(item.held.followup));
        if both_spellings {
            // From 2.43 on the flag is read under its other spelling.
            body.insert("followUp".to_owned(), Value::Bool(item.held.followup));
        }
        Value::Object(body)
    };
    let values: Vec<Value> = items.iter().map(one).collect();
    serde_json::json!({ "dataSet": data_set, "dataValues": values }).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(position: usize, element: &str, value: &str) -> Item {
        let cell = Cell {
            attribute_option_combo: "aoc".to_owned(),
            period: "202401".to_owned(),
            unit: "ou".to_owned(),
            element: element.to_owned(),
            option_combo: "coc".to_owned(),
        };
        Item { position, cell, held: Held { value: Some(value.to_owned()), ..Held::default() }, may_vanish: false }
    }

    #[test]
    fn quirk_10_two_values_of_one_cell_are_never_in_one_request() {
        let mut outcomes = vec![None; 5];
        let items = vec![item(0, "a", "1"), item(1, "a", "2"), item(2, "b", "3"), item(3, "b", "3"), item(4, "c", "4")];
        let rounds = rounds(items, &mut outcomes);
        let places: Vec<Vec<usize>> = rounds.iter().map(|round| round.iter().map(|item| item.position).collect()).collect();
        assert_eq!(places, [vec![2, 4], vec![3]]);
        assert!(matches!((&outcomes[0], &outcomes[1]), (Some(Written::Refused(_)), Some(Written::Refused(_)))));
    }

    #[test]
    fn quirk_08_and_46_values_are_texts_and_the_flag_has_both_spellings() {
        let one = item(0, "a", "1");
        let body: Value = serde_json::from_slice(&json("ds", &[&one], false, true)).expect("it is JSON");
        let value = &body["dataValues"][0];
        assert_eq!(
            (&value["value"], &value["followup"], &value["followUp"]),
            (&Value::from("1"), &Value::from(false), &Value::from(false))
        );
        let body: Value = serde_json::from_slice(&json("ds", &[&one], true, true)).expect("it is JSON");
        assert_eq!((body["dataValues"][0].get("value"), &body["dataSet"]), (None, &Value::from("ds")));
    }
}

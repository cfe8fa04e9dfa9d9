//! From what was sent to identifiers. With the scheme UID an identifier is not looked up here, only its form is judged.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::super::super::error::Error;
use super::super::super::model::{DataSet, Identified, Scheme, Table};
use super::super::super::time;
use super::super::super::uid::Uid;
use super::super::context::Context;
use super::super::id_scheme::Kind;
use super::super::options::ImportOptions;
use super::super::payload::{Combo, Deletion, Group, Sent};
use super::super::period::Period;
use super::super::summary::position;
use super::refusal::{Refusal, Stop};

/// One value, decoded. Its ids need not exist.
#[derive(Debug, Clone)]
pub struct Entry {
    pub index: i64,
    pub element: Uid,
    pub period: Period,
    pub unit: Uid,
    pub combo: Uid,
    pub attribute_combo: Uid,
    pub value: Option<String>,
    pub comment: Option<String>,
    pub followup: bool,
    pub deleted: bool,
}

/// What is to be deleted before anything is written.
#[derive(Debug, Clone)]
pub struct Scope {
    pub units: BTreeSet<Uid>,
    pub periods: BTreeSet<Period>,
    pub elements: Vec<(Uid, Option<Uid>, Option<Uid>)>,
}

/// A group, decoded.
#[derive(Debug, Clone, Default)]
pub struct Decoded<'a> {
    pub data_set: Option<&'a DataSet>,
    pub period: Option<Period>,
    pub unit: Option<Uid>,
    pub attribute_combo: Option<Uid>,
    pub complete: Option<Date>,
    pub deletion: Option<Scope>,
    pub entries: Vec<Entry>,
}

/// All groups of a request; neighbours that say the same of their values become one.
pub fn groups<'a>(context: &Context<'a>, groups: &[Group], options: &ImportOptions) -> Result<Vec<Decoded<'a>>, Stop> {
    let decoder = Decoder { context, options };
    let mut decoded: Vec<Decoded<'a>> = Vec::new();
    let mut index = 0;
    for group in groups {
        let next = decoder.group(group, &mut index)?;
        match decoded.last_mut() {
            Some(last) if last.continues_with(&next) => last.entries.extend(next.entries),
            _ => decoded.push(next),
        }
    }
    Ok(decoded)
}

impl Decoded<'_> {
    fn continues_with(&self, next: &Self) -> bool {
        let key =
            |group: &Self| (group.data_set.map(|set| set.identity.id), group.period, group.unit, group.attribute_combo, group.complete);
        self.data_set.is_some() && key(self) == key(next) && self.deletion.is_none() && next.deletion.is_none()
    }
}

struct Decoder<'c, 'a> {
    context: &'c Context<'a>,
    options: &'c ImportOptions,
}

impl<'a> Decoder<'_, 'a> {
    fn group(&self, group: &Group, index: &mut usize) -> Result<Decoded<'a>, Stop> {
        let model = self.context.model;
        let set_scheme = self.options.schemes.of(Kind::DataSet);
        let data_set = match group.data_set.as_deref() {
            None => None,
            Some(id) if set_scheme == Scheme::Uid && Uid::parse(id).is_none() => {
                return Err(Refusal::new("E8004", &[id], format!("Data set `{id}` is not a valid UID")).into());
            }
            Some(id) => Some(
                model
                    .data_sets
                    .find(&set_scheme, id)
                    .ok_or_else(|| Refusal::new("E8005", &[id], format!("Data set `{id}` does not exist")))?,
            ),
        };
        let period = group.period.as_deref().map(|text| self.period(text)).transpose()?;
        let unit = group.org_unit.as_deref().map(|id| self.unit(id)).transpose()?;
        let attribute_combo = group.attribute_option_combo.as_ref().map(|combo| self.attribute_combo(combo, data_set)).transpose()?;
        let complete = match group.complete_date.as_deref() {
            None => None,
            Some(text) => {
                let Some(day) = time::day(text) else {
                    return Err(Stop::Request(Error::coded(400, "E8008", format!("Completion date `{text}` is not a valid date"))));
                };
                if data_set.is_none() || period.is_none() || unit.is_none() {
                    let message = "To complete a data set its dataSet, orgUnit and period must be given for all values";
                    return Err(Refusal::new("E8009", &[text], message).into());
                }
                Some(day)
            }
        };
        let mut decoded = Decoded { data_set, period, unit, attribute_combo, complete, deletion: None, entries: Vec::new() };
        decoded.deletion = group.deletion.as_ref().map(|deletion| self.scope(deletion)).transpose()?;
        for sent in &group.values {
            let entry = self.entry(sent, *index, &decoded)?;
            decoded.entries.push(entry);
            *index += 1;
        }
        Ok(decoded)
    }

    fn entry(&self, sent: &Sent, index: usize, group: &Decoded<'a>) -> Result<Entry, Stop> {
        let number = index.to_string();
        let missing = |code, what: &str| Stop::from(Refusal::new(code, &[&number], format!("{what} is missing on value #{number}")));
        let element = sent.data_element.as_deref().ok_or_else(|| missing("E8102", "The data element"))?;
        let element = self.id(&self.context.model.data_elements, Kind::DataElement, element, ["E8103", "E8104"], "Data element")?;
        // What a value says of itself wins over its group.
        let period = match (sent.period.as_deref(), group.period) {
            (Some(text), _) => self.period(text)?,
            (None, Some(period)) => period,
            (None, None) => return Err(missing("E8100", "The period")),
        };
        let unit = match (sent.org_unit.as_deref(), group.unit) {
            (Some(id), _) => self.unit(id)?,
            (None, Some(unit)) => unit,
            (None, None) => return Err(missing("E8105", "The org unit")),
        };
        let default = self.context.model.default_option_combo;
        let combo = match &sent.category_option_combo {
            None => default,
            Some(Combo::Id(id) | Combo::Uid(id)) => self.combo(id, Kind::CategoryOptionCombo)?,
            Some(Combo::Options(pairs)) => {
                let set = group.data_set.ok_or_else(no_data_set)?;
                let of = self.context.model.data_elements.get(element).map(|element| self.context.model.combo_in(set, element));
                self.by_options(of.unwrap_or(self.context.model.default_combo), pairs)?
            }
        };
        let attribute_combo = match &sent.attribute_option_combo {
            Some(combo) => self.attribute_combo(combo, group.data_set)?,
            None => group.attribute_combo.unwrap_or(default),
        };
        Ok(Entry {
            index: position(index),
            element,
            period,
            unit,
            combo,
            attribute_combo,
            value: sent.value.clone(),
            comment: sent.comment.clone(),
            followup: sent.followup.unwrap_or(false),
            deleted: sent.deleted,
        })
    }

    fn id<T: Identified>(
        &self,
        table: &Table<T>,
        kind: Kind,
        id: &str,
        [unknown, malformed]: [&'static str; 2],
        what: &str,
    ) -> Result<Uid, Stop> {
        let scheme = self.options.schemes.of(kind);
        if scheme == Scheme::Uid {
            return Uid::parse(id).ok_or_else(|| Refusal::new(malformed, &[id], format!("{what} `{id}` is not a valid UID")).into());
        }
        let found = table.find(&scheme, id).map(|object| object.identity().id);
        found.ok_or_else(|| Refusal::new(unknown, &[id], format!("{what} `{id}` does not exist")).into())
    }

    fn unit(&self, id: &str) -> Result<Uid, Stop> {
        self.id(&self.context.model.org_units, Kind::OrgUnit, id, ["E8107", "E8106"], "Organisation unit")
    }

    fn combo(&self, id: &str, kind: Kind) -> Result<Uid, Stop> {
        let (codes, what) = match kind {
            Kind::AttributeOptionCombo => (["E8110", "E8111"], "Attribute option combo"),
            _ => (["E8108", "E8109"], "Category option combo"),
        };
        self.id(&self.context.model.option_combos, kind, id, codes, what)
    }

    fn attribute_combo(&self, combo: &Combo, set: Option<&DataSet>) -> Result<Uid, Stop> {
        match combo {
            Combo::Id(id) | Combo::Uid(id) => self.combo(id, Kind::AttributeOptionCombo),
            Combo::Options(pairs) => self.by_options(set.ok_or_else(no_data_set)?.combo, pairs),
        }
    }

    fn by_options(&self, combo: Uid, pairs: &[(String, String)]) -> Result<Uid, Stop> {
        let model = self.context.model;
        let schemes = (self.options.schemes.of(Kind::Category), self.options.schemes.of(Kind::CategoryOption));
        let known = model.category_combos.get(combo);
        let known = known.ok_or_else(|| Refusal::new("E8126", &[combo.as_str()], format!("Category combo `{combo}` does not exist")))?;
        let option = |(category, option): &(String, String)| {
            let category =
                model.categories.find(&schemes.0, category).filter(|category| known.categories.contains(&category.identity.id))?;
            let option = model.category_options.find(&schemes.1, option)?.identity.id;
            category.options.contains(&option).then_some(option)
        };
        let options: Option<BTreeSet<Uid>> = pairs.iter().map(option).collect();
        let found = options.and_then(|options| model.option_combo(combo, &options)).map(|found| found.identity.id);
        found.ok_or_else(|| {
            let named: Vec<String> = pairs.iter().map(|(category, option)| format!("{category}={option}")).collect();
            let named = named.join(",");
            Refusal::new("E8127", &[combo.as_str(), &named], format!("Category combo `{combo}` has no option combo for `{named}`")).into()
        })
    }

    fn period(&self, text: &str) -> Result<Period, Stop> {
        let found = Period::parse(text, self.context.release());
        found.ok_or_else(|| Stop::Request(Error::bad_request(format!("Invalid period: `{text}`"))))
    }

    fn scope(&self, deletion: &Deletion) -> Result<Scope, Stop> {
        let uid = |id: &String| {
            let malformed = || Refusal::new("E8035", &[id], format!("`{id}` in the deletion is not a valid UID"));
            Uid::parse(id).ok_or_else(malformed)
        };
        let known = |there: bool, id: Uid| {
            let refusal = || Refusal::new("E8034", &[id.as_str()], format!("`{id}` in the deletion does not exist"));
            there.then_some(id).ok_or_else(refusal)
        };
        let model = self.context.model;
        let combo = |id: &Option<String>| -> Result<Option<Uid>, Refusal> {
            id.as_ref().map(|id| uid(id).and_then(|id| known(model.option_combos.get(id).is_some(), id))).transpose()
        };
        let mut scope = Scope { units: BTreeSet::new(), periods: BTreeSet::new(), elements: Vec::new() };
        for id in &deletion.org_units {
            let id = uid(id)?;
            scope.units.insert(known(model.org_units.get(id).is_some(), id)?);
        }
        for text in &deletion.periods {
            scope.periods.insert(self.period(text)?);
        }
        for (element, category_combo, attribute_combo) in &deletion.elements {
            let element = uid(element)?;
            scope.elements.push((
                known(model.data_elements.get(element).is_some(), element)?,
                combo(category_combo)?,
                combo(attribute_combo)?,
            ));
        }
        Ok(scope)
    }
}

fn no_data_set() -> Refusal {
    Refusal::new("E8101", &[], "The data set must be given where option combos are named by their options")
}

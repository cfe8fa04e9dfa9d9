//! From a record of the source to the records of the target: `where`, the sheet, the key, the target's own form, the hashes.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use kivuko_core::catalogue::{record, run as codes, target as target_codes};
use kivuko_core::connector::{Action, Key, NOT_YET};
use kivuko_core::error::{Cause, stand_in};
use kivuko_core::expr::Scope;
use kivuko_core::flow::{Matching, Missing};
use kivuko_core::mapping::Mapped;
use kivuko_core::path::SourcePath;
use kivuko_core::store::{Intent, Link, Reference};
use kivuko_core::transform::Env;
use kivuko_core::value;
use serde_json::{Value, json};

use crate::duplicates::{Claim, unique_value};
use crate::known::{Known, KnownReferences};
use crate::run::Execution;
use crate::unit::{Decision, Early, Item, Unit, is_inactive};

/// Under this name the key of a record that is never made is put down with what was sent. No field is called so.
const ASKED: &str = "(key)";

impl Execution<'_> {
    /// Maps every item of this part of the page that is still on its way; or only those at these positions.
    pub(crate) fn map_all(
        &self,
        record: usize,
        (items, range): (&[Item], Range<usize>),
        parents: &[Unit],
        known: &Known,
        references: &KnownReferences,
        only: Option<&HashSet<usize>>,
    ) -> Vec<Unit> {
        let spec = &self.flow.to.records[record];
        let env = self.env(references);
        let mut units = Vec::with_capacity(range.len());
        for position in range {
            let item = &items[position];
            if item.early.is_some() || item.scope != self.scopes.current || only.is_some_and(|only| !only.contains(&position)) {
                continue;
            }
            let own: Vec<&Unit> = match &spec.of {
                None => Vec::new(),
                Some(of) => parents.iter().filter(|unit| unit.item == position && self.flow.to.records[unit.record].name == *of).collect(),
            };
            let pieces: Vec<Option<&Value>> = match &spec.each {
                None => vec![None],
                Some(each) => {
                    let mut found = Vec::new();
                    each.read(&item.value, &mut found);
                    found.into_iter().map(Some).collect()
                }
            };
            let make = |index: usize, by_whole_key: bool| {
                // Of a parent that is written for each item too, the one of the same item.
                let parent = own.iter().copied().find(|unit| unit.index.is_none_or(|of| of == index));
                // The parent was left out by its own `when`: so are its parts.
                if spec.of.is_some() && parent.is_none() {
                    return None;
                }
                let piece = pieces[index].map(|piece| Piece { index, value: piece, by_whole_key });
                let mut unit = Unit::new(position, record, &spec.name, Decision::Open);
                unit.index = piece.map(|piece| piece.index);
                let mut unit = self.map_one(unit, item, piece, parent, known, &env)?;
                self.hide_personal(&mut unit);
                Some(unit)
            };
            let begin = units.len();
            units.extend((0..pieces.len()).filter_map(|index| make(index, false)));
            let made: Vec<(&str, &Key)> =
                units[begin..].iter().map(|unit| (unit.part.as_str(), unit.asked.as_ref().unwrap_or(&unit.key))).collect();
            for at in shared_names(&made) {
                let unit = &mut units[begin + at];
                if let Some(again) = unit.index.and_then(|index| make(index, true)) {
                    *unit = again;
                }
            }
        }
        units
    }

    /// Maps one item (or one piece of it) to one unit; `None` when its `when` does not hold.
    fn map_one(
        &self,
        mut unit: Unit,
        item: &Item,
        piece: Option<Piece<'_>>,
        parent: Option<&Unit>,
        known: &Known,
        env: &Env<'_>,
    ) -> Option<Unit> {
        let spec = &self.flow.to.records[unit.record];
        let parent_value = match parent {
            None => Value::Null,
            Some(parent) => match self.parent_id(parent) {
                Ok(id) => {
                    unit.parent = Some(id.clone());
                    as_parent(parent, &id)
                }
                Err(decision) => {
                    unit.decision = decision;
                    return Some(unit);
                }
            },
        };
        let vars = [("parent", &parent_value)];
        let part_item = piece.map(|piece| piece.value);
        if let Some(when) = &spec.when {
            match when.truth(&Scope { record: &item.value, item: part_item, vars: &vars, env }) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(cause) => {
                    unit.decision = Decision::Rejected(vec![cause]);
                    return Some(unit);
                }
            }
        }
        if piece.is_none()
            && let Some(decided) = self.left_without_counterpart(unit.record, &item.id)
        {
            unit.decision = decided;
            return Some(unit);
        }
        let mapped = match self.flow.mapping.apply(&spec.name, &item.value, part_item, &vars, env) {
            Ok(mapped) => mapped,
            Err(causes) => {
                unit.decision = waiting_or_rejected(causes);
                return Some(unit);
            }
        };
        match self.key_of(unit.record, &mapped) {
            Ok(key) => {
                let made = spec.missing == Missing::Create;
                unit.asked = if made { None } else { asked(spec.matching.as_ref(), &key, &mapped.create) };
                unit.key = key;
            }
            Err(cause) => {
                unit.decision = Decision::Rejected(vec![cause]);
                return Some(unit);
            }
        }
        if let Some(piece) = piece {
            unit.part = self.part_of(unit.record, item, known, &unit.key, piece.index, piece.by_whole_key);
        }
        unit.link = known.link(&item.id, &unit.part).cloned();
        unit.sent = known.sent(&item.id, &unit.part).cloned();
        if let Some(decided) = self.heed_decisions(&mut unit, item, is_inactive(mapped.update())) {
            unit.decision = decided;
            return Some(unit);
        }
        if let Some(cause) = unit.link.as_ref().and_then(|link| self.leads_elsewhere(unit.record, link)) {
            unit.decision = Decision::Rejected(vec![cause]);
            return Some(unit);
        }
        if spec.missing != Missing::Create {
            unit.key = Key(Vec::new());
            self.let_go_of_another(&mut unit);
        }
        let remakes = self.again || self.was_removing(&item.id, &unit.part);
        if let Err(causes) = self.conform(&mut unit, mapped, remakes) {
            unit.decision = Decision::Rejected(causes);
            return Some(unit);
        }
        let as_sent = unit.sent.as_ref().is_some_and(|sent| sent.hash == unit.hash);
        if unit.link.is_some() && as_sent && !self.live {
            unit.decision = Decision::Unchanged { found: None };
        }
        Some(unit)
    }

    /// A value that no code list has may be anything, also a name in the wrong column. Where the sheet does not say `personal: no`, causes tell its length, and a
    /// keyed hash by which equal ones are counted.
    fn hide_personal(&self, unit: &mut Unit) {
        let name = &self.flow.to.records[unit.record].name;
        let rejected = if let Decision::Rejected(causes) = &mut unit.decision { causes.as_mut_slice() } else { &mut [] };
        for cause in rejected.iter_mut().chain(&mut unit.warnings) {
            // What is referred to is an identity.
            let Some(unlisted) = cause.unlisted.as_ref().filter(|_| cause.code != codes::WAITING) else { continue };
            if cause.field.as_ref().is_some_and(|field| self.flow.mapping.is_seen(name, field)) {
                continue;
            }
            let hidden = stand_in(&unlisted.value, &self.hash_key);
            cause.hide_unlisted(hidden);
        }
    }

    /// The names of the parts that the items of a record make, whether they are written or not; `None` when that cannot be told of one of them.
    pub(crate) fn parts(
        &self,
        record: usize,
        item: &Item,
        parents: &[&Unit],
        known: &Known,
        references: &KnownReferences,
    ) -> Option<HashSet<String>> {
        let spec = &self.flow.to.records[record];
        let env = self.env(references);
        let mut pieces = Vec::new();
        spec.each.as_ref()?.read(&item.value, &mut pieces);
        let mut keys = Vec::with_capacity(pieces.len());
        let mut told = true;
        for (index, piece) in pieces.into_iter().enumerate() {
            let parent = parents.iter().find(|unit| unit.index.is_none_or(|of| of == index));
            let parent = parent.and_then(|parent| Some(as_parent(parent, &self.parent_id(parent).ok()?))).unwrap_or_default();
            let mapped = self.flow.mapping.apply(&spec.name, &item.value, Some(piece), &[("parent", &parent)], &env);
            match mapped.ok().and_then(|mapped| self.key_of(record, &mapped).ok()) {
                Some(key) => keys.push((index, key)),
                // The others may ask for references all the same.
                None => told = false,
            }
        }
        let name = |(index, key): &(usize, Key), by_whole_key| self.part_of(record, item, known, key, *index, by_whole_key);
        let mut names: Vec<String> = keys.iter().map(|one| name(one, false)).collect();
        let made: Vec<(&str, &Key)> = names.iter().zip(&keys).map(|(part, (_, key))| (part.as_str(), key)).collect();
        for at in shared_names(&made) {
            names[at] = name(&keys[at], true);
        }
        told.then(|| names.into_iter().collect())
    }

    /// Items of one record are told apart by the last part of their key, which is their own in most flows; by the whole key where several items have that part in
    /// common (two people of one household, seen on one day); without a key by their position. An item that is known keeps the name that it has.
    fn part_of(&self, record: usize, item: &Item, known: &Known, key: &Key, index: usize, by_whole_key: bool) -> String {
        let name = &self.flow.to.records[record].name;
        let Some(last) = key.0.last() else { return format!("{name}#{index}") };
        let is_it = |link: &&Link| link.key == *key && self.record_named(&link.part, &link.target_resource) == Some(record);
        if let Some(link) = known.links_of(&item.id).iter().find(is_it) {
            return link.part.clone();
        }
        if by_whole_key { format!("{name}#{}", key.0.join("#")) } else { format!("{name}#{last}") }
    }

    /// The target's id of a parent, or what its lack means for its parts.
    fn parent_id(&self, parent: &Unit) -> Result<String, Decision> {
        if let Some(id) = parent.target_id() {
            return Ok(id.to_owned());
        }
        match &parent.decision {
            // Only in a plan: the run would have its id by now.
            Decision::Write(_) => Ok(NOT_YET.to_owned()),
            Decision::Waiting(reference) => Err(Decision::Waiting(reference.clone())),
            Decision::Skipped(causes) => Err(Decision::Skipped(causes.clone())),
            Decision::Failed { cause, .. } => Err(Decision::Failed { cause: cause.clone(), unsettled: false }),
            _ => Err(Decision::Rejected(vec![Cause::new(
                target_codes::PARENT_MISSING,
                format!("the record `{}` that this one is a part of did not get through", self.flow.to.records[parent.record].name),
            )])),
        }
    }

    fn key_of(&self, record: usize, mapped: &Mapped) -> Result<Key, Cause> {
        let mut parts = Vec::new();
        for path in &self.flow.to.records[record].key {
            let text = path.one(&mapped.create).or_else(|| path.one(mapped.update())).and_then(value::text);
            let Some(text) = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) else {
                let cause = Cause::new(record::EMPTY_KEY, "the key is empty; a record without it is never searched for and never written");
                return Err(cause.field(path.to_string()));
            };
            parts.push(text);
        }
        Ok(Key(parts))
    }

    /// A record that is found and never made: when its key, or without one what is known of the person, has changed in the source it is looked for anew, whatever it
    /// was linked to. Nothing of it is written, so otherwise nobody would notice that a sample was put down for somebody else.
    fn let_go_of_another(&self, unit: &mut Unit) {
        let Some(asked) = &unit.asked else { return };
        let hash = value::hash(&self.hash_key, &json!(asked.0));
        let same = unit.sent.as_ref().is_some_and(|sent| sent.fields.get(ASKED) == Some(&hash));
        if !same {
            unit.link = None;
            unit.sent = None;
        }
    }

    /// Whether a killed run, or revert, was removing what a record is linked to.
    fn was_removing(&self, source_id: &str, part: &str) -> bool {
        let is_it = |intent: &Intent| {
            // A linked number that was being made had been found lost.
            let is_away = matches!(intent.action, Action::Delete | Action::Deactivate) || self.sending.is_some();
            is_away && intent.flow == self.flow.name && intent.source.id == source_id && intent.part == part
        };
        self.intents.iter().any(|open| is_it(&open.intent))
    }

    /// Brings the mapped content into the target's form, and takes its hashes. `remakes`: it may be made again, though it is linked.
    fn conform(&self, unit: &mut Unit, mapped: Mapped, remakes: bool) -> Result<(), Vec<Cause>> {
        let target = &self.targets[unit.record].target;
        let (create, update) = match mapped.update {
            None => (None, mapped.create),
            Some(update) => (Some(mapped.create), update),
        };
        unit.update = target.conform(update)?.into();
        unit.create = match (&unit.link, create) {
            (Some(_), _) if !remakes => Arc::default(),
            (_, Some(create)) => target.conform(create)?.into(),
            (_, None) => Arc::clone(&unit.update),
        };
        unit.warnings = mapped.warnings;
        let fields = |update: &Value| update.as_object().map(|fields| value::hashes(&self.hash_key, fields)).unwrap_or_default();
        match (&unit.asked, &unit.sent) {
            (None, None) if unit.update.is_object() => {
                let (each, whole) = fields(&unit.update);
                (unit.fields, unit.hash) = (each.into(), whole);
            }
            (asked, sent) => {
                unit.hash = match asked {
                    None => value::hash(&self.hash_key, &unit.update),
                    // Another key is another record, also where nothing is written to it.
                    Some(asked) => value::hash(&self.hash_key, &json!([unit.update, asked.0])),
                };
                unit.fields = match sent {
                    // What was sent as a whole was sent field by field.
                    Some(sent) if sent.hash == unit.hash => Arc::clone(&sent.fields),
                    _ => fields(&unit.update).0.into(),
                };
            }
        }
        if let Some(asked) = &unit.asked {
            Arc::make_mut(&mut unit.fields).insert(ASKED.to_owned(), value::hash(&self.hash_key, &json!(asked.0)));
        }
        Ok(())
    }

    /// The `where` of the flow, and what else settles a record before it is mapped.
    pub(crate) fn early(&self, deleted: bool, value: &Value) -> Option<Early> {
        use kivuko_core::flow::{Detect, Leaves, Then};
        if deleted {
            let acted_on = self.flow.deletes.detect != Detect::None && self.flow.deletes.then != Then::Ignore;
            return Some(if acted_on { Early::Removed } else { Early::Skipped });
        }
        // What `where` says is of records; a cell was made of those for which it holds.
        let condition = self.flow.from.where_.as_ref().filter(|_| self.sending.is_none())?;
        let references = KnownReferences::default();
        let env = self.env(&references);
        match condition.truth(&Scope { record: value, item: None, vars: &[], env: &env }) {
            Ok(true) => None,
            Ok(false) if self.flow.from.leaves == Leaves::Delete => Some(Early::Removed),
            Ok(false) => Some(Early::Skipped),
            Err(cause) => Some(Early::Rejected(vec![cause])),
        }
    }

    pub(crate) fn env<'a>(&'a self, references: &'a KnownReferences) -> Env<'a> {
        Env {
            timezone: &self.engine.project.timezone,
            today: self.today,
            codes: &self.codes,
            sides: &self.flow.sides,
            references,
            labels: &self.labels,
            secret: &self.hash_key,
        }
    }

    /// What a record lays claim to, for the search for duplicates; nothing when it does not get that far.
    pub(crate) fn claims(&self, record: usize, value: &Value) -> Vec<Claim> {
        // Several records may belong to one that the flow finds and never makes.
        if self.flow.to.records[record].missing != Missing::Create {
            return Vec::new();
        }
        // What it refers to may come later in the same input; what it claims for itself is known now.
        let references = KnownReferences { all_stand_in: true, ..KnownReferences::default() };
        let env = self.env(&references);
        let Ok(mapped) = self.flow.mapping.apply(&self.flow.to.records[record].name, value, None, &[], &env) else { return Vec::new() };
        let Ok(key) = self.key_of(record, &mapped) else { return Vec::new() };
        let scope = match &self.flow.to.scope {
            None => None,
            Some(rule) => match rule.find(value, &env) {
                Ok(scope) => Some(scope),
                Err(_) => return Vec::new(),
            },
        };
        // Which values are unique in a part of the target is known when it is opened: there the target itself refuses the second.
        let unique = self.targets.get(record).map_or(&[][..], |opened| &opened.capabilities.unique[..]);
        let values = unique.iter().enumerate().filter_map(|(field, name)| {
            let value = unique_value(&mapped.create, name)?;
            Some(Claim::Value { record, field, value })
        });
        let mut claims: Vec<Claim> = values.collect();
        if !key.0.is_empty() {
            claims.push(Claim::Key { record, scope, key });
        }
        claims
    }
}

/// What sheets call `parent`: `parent.id`, and `parent.parent.id`, for an exposure belongs to a contact, which belongs to a case.
fn as_parent(parent: &Unit, id: &str) -> Value {
    json!({ "id": id, "parent": { "id": parent.parent } })
}

/// What a record that is never made is looked for by.
fn asked(matching: Option<&Matching>, key: &Key, mapped: &Value) -> Option<Key> {
    if !key.0.is_empty() {
        return Some(key.clone());
    }
    let text = |path: &SourcePath| {
        let mut found = Vec::new();
        path.read(mapped, &mut found);
        found.into_iter().filter_map(value::text).collect::<Vec<_>>().join(", ")
    };
    matching.map(|matching| Key(matching.fields.0.iter().map(|(_, path)| text(path)).collect()))
}

/// An item of a list that becomes a record of its own.
#[derive(Clone, Copy)]
struct Piece<'v> {
    index: usize,
    value: &'v Value,
    by_whole_key: bool,
}

/// The positions of those that have their name in common with one of another key.
fn shared_names(made: &[(&str, &Key)]) -> Vec<usize> {
    let mut first: HashMap<&str, &Key> = HashMap::new();
    let shared: HashSet<&str> =
        made.iter().filter(|(part, key)| *first.entry(part).or_insert(key) != *key).map(|(part, _)| *part).collect();
    (0..made.len()).filter(|&at| shared.contains(made[at].0)).collect()
}

fn waiting_or_rejected(causes: Vec<Cause>) -> Decision {
    let reference = causes.iter().find(|cause| cause.code == codes::WAITING).and_then(|cause| cause.unlisted.clone());
    let hopeless = causes.iter().any(|cause| cause.code != codes::WAITING);
    match reference {
        Some(missing) if !hopeless => Decision::Waiting(Reference { flow: missing.list, source_id: missing.value }),
        _ => Decision::Rejected(causes),
    }
}

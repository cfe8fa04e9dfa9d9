//! Records: what each counts for, what that changes, and the outcome that it comes to.

use std::collections::{BTreeSet, HashSet};

use kivuko_core::aggregate::{Contribution, Counted, Dimensions};
use kivuko_core::cells::{CellNumber, CountedPart, CountedRecord, KnownRecord, SeenRecord};
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::{Detect, Payload};
use kivuko_core::fold::Fold;
use kivuko_core::halves::{own_share, side_by_side};
use kivuko_core::outcome::Outcome;
use kivuko_core::record::{Cursor, Page, Partition, SourceRecord};
use kivuko_core::store::{OutcomeRow, PageCommit, Rejection};
use serde_json::Value;

use super::Numbers;
use super::refused::is_refused;
use crate::absence::hash_of;
use crate::known::KnownReferences;
use crate::run::{Execution, later_ones_count};
use crate::unit::{Early, Item, without_effect};

/// What becomes of one record.
struct Change {
    outcome: Outcome,
    causes: Vec<Cause>,
    /// What it counts for from now on; `None`: as before.
    record: Option<CountedRecord>,
}

/// Records with what each counts for, in the order of the source.
#[derive(Default)]
pub(super) struct LookedAt {
    pub items: Vec<Item>,
    counted: Vec<Counted>,
    /// Where the source goes on after them.
    pub next: Option<Cursor>,
}

impl Execution<'_> {
    /// What the records of a page count for. Nothing is asked of the store, and of a record no more is held than is put down of it.
    pub(super) fn look_at(&self, numbers: &Numbers<'_>, page: Page, looked_at: &mut LookedAt) {
        let mut records = page.records;
        let others = records.split_off(own_share(records.len()));
        let other = (!others.is_empty()).then_some(|| self.look_at_each(numbers, others));
        let (first, second) = side_by_side(|| self.look_at_each(numbers, records), other);
        for (item, counted) in first.into_iter().chain(second.into_iter().flatten()) {
            looked_at.items.push(item);
            looked_at.counted.push(counted);
        }
        looked_at.next = Some(page.next);
    }

    fn look_at_each(&self, numbers: &Numbers<'_>, records: Vec<SourceRecord>) -> Vec<(Item, Counted)> {
        let references = KnownReferences::default();
        let env = self.env(&references);
        let keeps_payload = self.flow.keep.payload != Payload::None;
        let look = |record: SourceRecord| {
            let mut item = self.item(record);
            let counted = match item.early {
                None => numbers.bound.count(&item.value, &env),
                Some(_) => Counted::default(),
            };
            item.value = Value::Null;
            let rejected = matches!(item.early, Some(Early::Rejected(_))) || !counted.causes.is_empty();
            item.raw = item.raw.filter(|_| rejected && keeps_payload);
            (item, counted)
        };
        records.into_iter().map(look).collect()
    }

    /// What is to be committed of records; nothing in a plan. `goes_on`: the next run goes on behind them, and what an overlap repeats is passed over.
    pub(super) async fn commit_of(
        &mut self,
        numbers: &mut Numbers<'_>,
        partition: &Partition,
        looked_at: LookedAt,
        goes_on: bool,
    ) -> Result<Option<PageCommit>, Error> {
        let LookedAt { items, mut counted, next } = looked_at;
        let items = later_ones_count(items);
        for (item, counted) in items.iter().zip(&mut counted) {
            self.wanted_came(&item.id);
            if item.early.is_some() {
                *counted = Counted::default();
            }
        }
        self.nameless |= items.iter().any(|item| item.nameless);
        if !self.writes && self.flow.deletes.detect == Detect::Absence {
            self.seen_in_plan.extend(items.iter().map(|item| hash_of(&item.id)));
        }
        if !numbers.own.drill {
            return self.fold(numbers, partition, items, counted);
        }
        self.name_cells(numbers, &counted).await?;
        self.name_refused(numbers, &counted).await?;
        let ids: Vec<String> = items.iter().map(|item| item.id.clone()).collect();
        let known = self.engine.store.counted(&self.flow.name, &ids).await?;
        let given_up = if goes_on { self.given_up_among(&items, &known).await? } else { HashSet::new() };
        let mut commit = self.empty_commit(partition, next.filter(|_| goes_on && self.writes));
        for (position, ((item, counted), known)) in items.into_iter().zip(counted).zip(&known).enumerate() {
            if goes_on && (self.is_repeated(&item, known.as_ref()) || given_up.contains(&position)) {
                self.repeated += 1;
                continue;
            }
            let parts = parts_of(numbers, &counted);
            let change = self.change(&item, counted, parts, known.as_ref());
            if !self.writes
                && let Some(record) = &change.record
            {
                self.made_in_plan += u64::from(known.is_none() && record.parts.is_some());
                let before = known.as_ref().map_or(&[][..], |known| &known.parts);
                numbers.changes.replace(before, record.parts.as_deref().unwrap_or_default());
            }
            self.put_change(item, change, known.as_ref(), &mut commit);
        }
        self.counts.merge(&commit.counts);
        Ok(self.writes.then_some(commit))
    }

    /// Sees to it that every cell of a page has its number.
    async fn name_cells(&self, numbers: &mut Numbers<'_>, counted: &[Counted]) -> Result<(), Error> {
        let cells = counted.iter().flat_map(|counted| &counted.parts).map(|part| part.cell);
        let new = cells.filter(|cell| !numbers.cells.contains_key(cell)).collect();
        self.name(numbers, new).await
    }

    pub(super) async fn name(&self, numbers: &mut Numbers<'_>, cells: BTreeSet<Dimensions>) -> Result<(), Error> {
        let new: Vec<Dimensions> = cells.into_iter().filter(|cell| !numbers.cells.contains_key(cell)).collect();
        let names: Vec<_> = new.iter().map(|cell| numbers.bound.cell(cell)).collect();
        let found = self.engine.numbers_of_cells(&self.flow.name, &names).await?;
        numbers.cells.extend(new.into_iter().zip(found));
        Ok(())
    }

    /// `drill: off`, after the reading: what was added up gets the numbers of its cells.
    pub(super) async fn number_folds(&self, numbers: &mut Numbers<'_>) -> Result<(), Error> {
        self.name(numbers, numbers.adding_up.keys().copied().collect()).await?;
        let numbered =
            std::mem::take(&mut numbers.adding_up).into_iter().filter_map(|(cell, fold)| Some((*numbers.cells.get(&cell)?, fold)));
        numbers.folds.extend(numbered);
        Ok(())
    }

    fn change(&self, item: &Item, counted: Counted, parts: Vec<CountedPart>, known: Option<&KnownRecord>) -> Change {
        let causes: Vec<Cause> = counted.causes.into_iter().map(|(_, cause)| cause).collect();
        let (outcome, causes, parts) = match &item.early {
            Some(Early::Left(causes)) => return Change { outcome: Outcome::Skipped, causes: causes.clone(), record: None },
            Some(Early::Rejected(causes)) => (Outcome::Rejected, causes.clone(), Some(Vec::new())),
            Some(Early::Skipped) => (Outcome::Skipped, counts_for_nothing(item), Some(Vec::new())),
            Some(Early::Removed) if known.is_some() => (Outcome::Deleted, Vec::new(), None),
            Some(Early::Removed) => (Outcome::Skipped, counts_for_nothing(item), None),
            None if !causes.is_empty() => (Outcome::Rejected, causes, Some(parts)),
            None => {
                let before: Vec<&CountedPart> = known.iter().flat_map(|known| &known.parts).filter(|part| !is_refused(part)).collect();
                let as_before = known.is_some() && before.iter().copied().eq(&parts);
                // Of a record that counts for nothing, and never did, there is no number to speak of.
                let nothing = parts.is_empty() && before.is_empty();
                let outcome = match (as_before, nothing) {
                    (_, true) => Outcome::Skipped,
                    (true, false) => Outcome::Unchanged,
                    (false, false) => Outcome::Counted,
                };
                (outcome, Vec::new(), Some(parts))
            }
        };
        // A record without identity cannot be taken back, and is never counted.
        let parts = if item.nameless { None } else { parts };
        // What was refused is looked at again whenever it comes by, until somebody gives it up.
        let version = self.version_of(item).map(|version| if outcome == Outcome::Rejected { refused(&version) } else { version });
        let record = CountedRecord { source_id: item.id.clone(), place: item.place.clone(), version, parts };
        Change { outcome, causes, record: Some(record) }
    }

    fn put_change(&mut self, item: Item, change: Change, known: Option<&KnownRecord>, commit: &mut PageCommit) {
        let Change { outcome, causes, record } = change;
        commit.counts.add(outcome);
        for cause in &causes {
            self.groups.add(outcome, cause, &item.place);
        }
        match (record, known) {
            (Some(record), Some(known)) if record.parts.as_ref() == Some(&known.parts) => {
                commit.cells.seen.push(SeenRecord { source_id: record.source_id, version: record.version });
            }
            (Some(CountedRecord { parts: None, .. }), None) | (None, _) => {}
            (Some(record), _) => commit.cells.counted.push(record),
        }
        if outcome == Outcome::Rejected {
            commit.rejections.push(Rejection {
                flow: self.flow.name.clone(),
                source_id: item.id.clone(),
                place: item.place.clone(),
                causes: causes.clone(),
                payload: item.raw.filter(|_| self.flow.keep.payload != Payload::None).map(|raw| raw.to_vec()),
                run: self.run,
                at: commit.at,
            });
        }
        // What counts is kept with the record itself, with the run that counted it.
        let told = !matches!(outcome, Outcome::Unchanged | Outcome::Counted) && (outcome != Outcome::Skipped || !causes.is_empty());
        if told {
            commit.outcomes.push(OutcomeRow {
                source_id: item.id.clone(),
                place: item.place,
                part: String::new(),
                outcome,
                target_resource: self.resource_of(0),
                target_id: None,
                fields: Vec::new(),
                causes,
            });
        }
        if outcome != Outcome::Rejected {
            commit.closed_rejections.push(item.id);
        }
    }

    /// The source's version of a record, and by what it was counted: the same record counts for something else when the sheet has changed.
    fn version_of(&self, item: &Item) -> Option<String> {
        item.version.as_ref().map(|version| format!("{version} {}", self.counted_by))
    }

    /// What the overlap of a reading repeats.
    fn is_repeated(&self, item: &Item, known: Option<&KnownRecord>) -> bool {
        let version = self.version_of(item);
        version.is_some() && item.early != Some(Early::Removed) && known.is_some_and(|known| known.version == version)
    }

    /// The positions of those of a page that were refused as they are and by what they are counted by now, and whose rejection a person discarded: an overlap that repeats
    /// them says nothing new. A later state of the same record, in the same page, does.
    async fn given_up_among(&self, items: &[Item], known: &[Option<KnownRecord>]) -> Result<HashSet<usize>, Error> {
        let was_refused = |(position, (item, known)): (usize, (&Item, &Option<KnownRecord>))| {
            let version = self.version_of(item).map(|version| refused(&version));
            let same = version.is_some() && known.as_ref().is_some_and(|known| known.version == version);
            (same && item.early != Some(Early::Removed)).then(|| (position, item.id.clone()))
        };
        let (positions, refused): (Vec<usize>, Vec<String>) = items.iter().zip(known).enumerate().filter_map(was_refused).unzip();
        if refused.is_empty() {
            return Ok(HashSet::new());
        }
        // Only a person closes a rejection without its record having changed.
        let open = self.engine.store.open_rejections(&self.flow.name, &refused).await?;
        let open: HashSet<String> = open.into_iter().map(|(id, _)| id).collect();
        Ok(positions.into_iter().zip(refused).filter(|(_, id)| !open.contains(id)).map(|(position, _)| position).collect())
    }

    /// `drill: off`: the page goes into the cells, and nothing of its records is kept but what was refused.
    fn fold(
        &mut self,
        numbers: &mut Numbers<'_>,
        partition: &Partition,
        items: Vec<Item>,
        counted: Vec<Counted>,
    ) -> Result<Option<PageCommit>, Error> {
        let mut commit = self.empty_commit(partition, None);
        commit.closed_rejections.reserve(items.len());
        for (item, counted) in items.into_iter().zip(counted) {
            numbers.refused.extend(counted.refused.iter().map(|belonging| (*belonging, CellNumber(-1))));
            let parts = if item.nameless { &[][..] } else { &counted.parts[..] };
            for Contribution { cell, part } in parts {
                let Some(kind) = kind_of(numbers, cell) else { continue };
                let fold = numbers.adding_up.entry(*cell).or_insert_with(|| Fold::new(kind));
                fold.add(*part).map_err(|error| Error::bug(kivuko_core::catalogue::run::ACCOUNT_WRONG, error.to_string()))?;
            }
            let (outcome, causes) = match &item.early {
                Some(Early::Left(causes)) => (Outcome::Skipped, causes.clone()),
                Some(Early::Rejected(causes)) => (Outcome::Rejected, causes.clone()),
                Some(Early::Skipped | Early::Removed) => (Outcome::Skipped, counts_for_nothing(&item)),
                None if !counted.causes.is_empty() => (Outcome::Rejected, counted.causes.into_iter().map(|(_, cause)| cause).collect()),
                None if counted.parts.is_empty() => (Outcome::Skipped, Vec::new()),
                None => (Outcome::Counted, Vec::new()),
            };
            self.put_change(item, Change { outcome, causes, record: None }, None, &mut commit);
        }
        self.counts.merge(&commit.counts);
        Ok(self.writes.then_some(commit))
    }
}

/// Why a record is skipped that the source has deleted.
fn counts_for_nothing(item: &Item) -> Vec<Cause> {
    if item.deleted { vec![without_effect("counts for nothing")] } else { Vec::new() }
}

/// The version of a record that was refused so. No source gives one like it.
fn refused(version: &str) -> String {
    format!("refused {version}")
}

fn parts_of(numbers: &Numbers<'_>, counted: &Counted) -> Vec<CountedPart> {
    let number = |cell: &Dimensions| numbers.cells.get(cell).copied().unwrap_or(CellNumber(-1));
    let mut parts: Vec<CountedPart> = counted.parts.iter().map(|one| CountedPart(number(&one.cell), one.part.text())).collect();
    parts.extend(numbers.parts_of_refused(&counted.refused));
    parts.sort();
    parts
}

fn kind_of(numbers: &Numbers<'_>, cell: &Dimensions) -> Option<kivuko_core::fold::Kind> {
    numbers.indicator(cell.indicator)?.value.kind()
}

//! What flows found out by themselves: which place of one system they linked to which of another.
//!
//! All links between two resources are in memory, some hundred bytes for each: places are thousands, and records ask for them by the million.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;

use super::{CodeMap, CodeRow, Decision, Direction, Translated, Verdict};
use crate::catalogue::sheet;
use crate::error::Cause;

/// The links between the columns of one crosswalk.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// By the two columns, in either order.
    tables: HashMap<(usize, usize), Linked>,
}

/// From an id to those that it is linked to, in their order.
type Linked = HashMap<Box<str>, Vec<Box<str>>>;

/// Two places that a flow linked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// The system of one, and its id there.
    pub one: (String, String),
    /// The system of the other, and its id there.
    pub other: (String, String),
}

/// Days, both ends included; `None` is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    pub from: Option<Date>,
    pub to: Option<Date>,
}

impl Links {
    fn put(&mut self, columns: (usize, usize), one: &str, other: &str) {
        let known = self.tables.entry(columns).or_default().entry(one.into()).or_default();
        if !known.iter().any(|there| **there == *other) {
            known.push(other.into());
            known.sort_unstable();
        }
    }

    fn of(&self, Direction { from, to }: Direction, id: &str) -> &[Box<str>] {
        self.tables.get(&(from, to)).and_then(|table| table.get(id)).map_or(&[], Vec::as_slice)
    }
}

impl CodeMap {
    /// The same crosswalk with the links of the store. Pairs of systems that it does not have are passed over.
    #[must_use]
    pub fn with_links(&self, pairs: &[Pair]) -> Self {
        let mut links = Links::default();
        for pair in pairs {
            let ((one, one_id), (other, other_id)) = (&pair.one, &pair.other);
            if let Some(Direction { from, to }) = self.between(one, other).filter(|_| self.crosswalk) {
                links.put((from, to), one_id, other_id);
                links.put((to, from), other_id, one_id);
            }
        }
        Self { links: Some(Arc::new(links)), ..self.clone() }
    }

    /// What people decided on a place, in the rows of a crosswalk that hold on a day; `None`: nothing.
    pub fn decided(&self, direction: Direction, id: &str, day: Date) -> Option<Translated> {
        self.decided_where(direction, id, day).map(|(decided, _)| decided)
    }

    /// The same, with the row that says so as a spreadsheet counts it.
    pub fn decided_where(&self, Direction { from, to }: Direction, id: &str, day: Date) -> Option<(Translated, usize)> {
        let rows = self.exact[from].get(id)?.iter().map(|row| &self.rows[*row]).filter(|row| row.holds_on(day));
        rows.into_iter().find_map(|row| {
            let decided = match row.verdict {
                Verdict::Accept => Translated::To(row.id(to)?.to_owned()),
                Verdict::None => Translated::Nothing,
                Verdict::Refuse => return None,
            };
            Some((decided, row.line))
        })
    }

    /// Whether people decided that two were the same until a day that is over, and nothing else of them since: the one over there is no other place's, neither by a row
    /// nor by a link.
    pub fn ended(&self, direction: Direction, id: &str, other: &str, day: Date) -> bool {
        let rows = |column: usize, id: &str| self.exact[column].get(id).into_iter().flatten().map(|row| &self.rows[*row]);
        let mut now = rows(direction.from, id).chain(rows(direction.to, other)).filter(|row| row.holds_on(day));
        let back = Direction { from: direction.to, to: direction.from };
        now.all(|row| row.verdict == Verdict::Refuse)
            && self.until(direction, id, other, day).is_some()
            && self.standing(back, other, day).iter().all(|linked| *linked == id)
    }

    /// The row by which two were the same until a day that is over, as a spreadsheet counts it.
    pub fn until(&self, direction: Direction, id: &str, other: &str, day: Date) -> Option<usize> {
        let mut rows = self.exact[direction.from].get(id)?.iter().map(|row| &self.rows[*row]);
        let joins = |row: &&CodeRow| row.verdict == Verdict::Accept && row.id(direction.to) == Some(other);
        rows.find(|row| joins(row) && row.to.is_some_and(|last| last < day)).map(|row| row.line)
    }

    /// What the links say of a place of which no row says anything on the day.
    pub fn linked(&self, direction: Direction, id: &str, day: Date) -> Option<Translated> {
        match self.standing(direction, id, day).as_slice() {
            [] => None,
            [only] => Some(Translated::To((*only).to_owned())),
            several => Some(Translated::Several(several.len())),
        }
    }

    /// Whether people decided that a place is not the one over there, in rows that hold on a day: the two are refused, one of them has no counterpart, or is another one's.
    pub fn parts(&self, direction: Direction, id: &str, other: &str, day: Date) -> bool {
        self.parted_by(direction, id, other, day).is_some()
    }

    /// The row that parts them; of several the one that refuses just this pair.
    pub fn parted_by(&self, direction: Direction, id: &str, other: &str, day: Date) -> Option<Decision<'_>> {
        let rows = self.exact[direction.from].get(id).into_iter().flatten().map(|row| &self.rows[*row]);
        let joins = |row: &CodeRow| row.verdict == Verdict::Accept && row.id(direction.to) == Some(other) && row.holds_on(day);
        if rows.into_iter().any(joins) {
            return None;
        }
        let against = self.against(direction, id, other).filter(|row| row.holds_on(day));
        against.min_by_key(|row| row.verdict != Verdict::Refuse).map(|row| Decision::of(self, row))
    }

    /// The places that a place is linked to and that no decision takes away from it on the day.
    fn standing(&self, direction: Direction, id: &str, day: Date) -> Vec<&str> {
        let Some(links) = &self.links else { return Vec::new() };
        let others = links.of(direction, id).iter().map(|other| &**other);
        others.filter(|other| !self.beaten(direction, id, other, day)).collect()
    }

    /// The decisions that stand against a link: one of its ends is decided otherwise, or the pair is refused.
    fn against<'m, 'i>(&'m self, Direction { from, to }: Direction, id: &'i str, other: &'i str) -> impl Iterator<Item = &'m CodeRow> {
        let rows = |column: usize, id: &str| self.exact[column].get(id).into_iter().flatten().map(|row| &self.rows[*row]);
        let here = rows(from, id).map(move |row| (row, to, other));
        let there = rows(to, other).map(move |row| (row, from, id));
        let against = here.chain(there).filter(|(row, across, own)| match row.verdict {
            Verdict::Accept => row.id(*across).is_some(),
            Verdict::None => true,
            Verdict::Refuse => row.id(*across) == Some(own),
        });
        against.map(|(row, ..)| row)
    }

    /// Whether a decision stands against a link on a day.
    fn beaten(&self, direction: Direction, id: &str, other: &str, day: Date) -> bool {
        self.against(direction, id, other).any(|row| row.holds_on(day))
    }

    /// The places that some place becomes by a link alone.
    pub(super) fn linked_results(&self, direction: Direction) -> BTreeSet<String> {
        let table = self.links.iter().filter_map(|links| links.tables.get(&(direction.from, direction.to))).flatten();
        let mut results = BTreeSet::new();
        for (one, others) in table {
            let mut standing = others.iter().filter(|other| !self.free(direction, one, other).is_empty());
            if let (Some(only), None) = (standing.next(), standing.next()) {
                results.insert(only.to_string());
            }
        }
        results
    }

    /// Why a place that is linked to several is not translated. The ids are those of places, which are no personal data.
    pub(crate) fn disagreement(&self, direction: Direction, id: &str, day: Date) -> Cause {
        const SHOWN: usize = 3;
        let others = self.standing(direction, id, day);
        let mut shown = others.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
        if others.len() > SHOWN {
            shown.push_str(", ...");
        }
        let name = &self.name;
        let message = format!(
            "flows have linked the place to {} of {} ({shown}), and nobody has decided which one it is; write it into codes/{name}.csv and retry",
            others.len(),
            self.columns[direction.to]
        );
        Cause::new(sheet::LINKS_DISAGREE, message).unlisted(name, id)
    }

    /// The links of a crosswalk in their order, each with the days on which it counts: those on which no decision stands against it. None of one that leads to several
    /// places, or from several: those are for a person ([`CodeMap::disagreeing`]).
    pub fn effective_links(&self) -> Vec<(Pair, Vec<Span>)> {
        let sure = self.all_links().into_iter().filter(|(columns, one, other)| self.is_sure(*columns, one, other));
        sure.map(|(columns, one, other)| (self.pair(columns, &one, &other), self.free(columns, &one, &other)))
            .filter(|(_, spans)| !spans.is_empty())
            .collect()
    }

    /// The links of places that lead to several others, or from several, and that no decision takes away for good: one direction or both is rejected until a person
    /// decides.
    pub fn disagreeing(&self) -> Vec<Pair> {
        let doubtful = self.all_links().into_iter().filter(|(columns, one, other)| !self.is_sure(*columns, one, other));
        doubtful
            .filter(|(columns, one, other)| !self.free(*columns, one, other).is_empty())
            .map(|(columns, one, other)| self.pair(columns, &one, &other))
            .collect()
    }

    /// How many links there are, with those that decisions stand against.
    pub fn count_links(&self) -> usize {
        self.all_links().len()
    }

    /// The links of places that people parted, with the row that holds on a day.
    pub fn parted_links(&self, day: Date) -> Vec<(Pair, Decision<'_>)> {
        let parted = |(columns, one, other): (Direction, String, String)| {
            let decision = self.parted_by(columns, &one, &other, day)?;
            Some((self.pair(columns, &one, &other), decision))
        };
        self.all_links().into_iter().filter_map(parted).collect()
    }

    /// What the links are, for telling whether they are still the same: equal links give equal text.
    pub fn links_in_order(&self) -> Vec<(&str, &str, String, String)> {
        let name = |at: usize| self.columns[at].as_str();
        self.all_links().into_iter().map(|(columns, one, other)| (name(columns.from), name(columns.to), one, other)).collect()
    }

    /// Each link once, the earlier column first.
    fn all_links(&self) -> BTreeSet<(Direction, String, String)> {
        let tables = self.links.iter().flat_map(|links| &links.tables).filter(|((from, to), _)| from < to);
        tables
            .flat_map(|((from, to), table)| {
                let direction = Direction { from: *from, to: *to };
                table.iter().flat_map(move |(one, others)| others.iter().map(move |other| (direction, one.to_string(), other.to_string())))
            })
            .collect()
    }

    fn pair(&self, Direction { from, to }: Direction, one: &str, other: &str) -> Pair {
        Pair { one: (self.columns[from].clone(), one.to_owned()), other: (self.columns[to].clone(), other.to_owned()) }
    }

    /// Whether neither end of a link is linked to another place, but for links that decisions stand against for good.
    fn is_sure(&self, direction: Direction, one: &str, other: &str) -> bool {
        let Some(links) = &self.links else { return false };
        let back = Direction { from: direction.to, to: direction.from };
        let rivals = |direction: Direction, id: &str, own: &str| {
            links.of(direction, id).iter().any(|rival| **rival != *own && !self.free(direction, id, rival).is_empty())
        };
        !rivals(direction, one, other) && !rivals(back, other, one)
    }

    /// The days on which no decision stands against a link.
    fn free(&self, direction: Direction, one: &str, other: &str) -> Vec<Span> {
        // What is decided changes only where a row begins or has ended.
        let rows = |column: usize, id: &str| self.exact[column].get(id).into_iter().flatten().map(|row| &self.rows[*row]);
        let near = || rows(direction.from, one).chain(rows(direction.to, other));
        let after = |day: Date| day.checked_add(1.day()).ok();
        let mut starts: Vec<Option<Date>> = vec![None];
        starts.extend(near().filter_map(|row| row.from).map(Some));
        starts.extend(near().filter_map(|row| row.to).filter_map(after).map(Some));
        starts.sort_unstable();
        starts.dedup();
        let mut spans: Vec<Span> = Vec::new();
        for (at, from) in starts.iter().enumerate() {
            let next = starts.get(at + 1).copied().flatten();
            let to = next.and_then(|next| next.checked_sub(1.day()).ok());
            let day = from.or(to).unwrap_or(Date::ZERO);
            if self.beaten(direction, one, other, day) {
                continue;
            }
            match spans.last_mut() {
                Some(last) if last.to.is_some() && last.to.and_then(after) == *from => last.to = to,
                _ => spans.push(Span { from: *from, to }),
            }
        }
        spans
    }
}

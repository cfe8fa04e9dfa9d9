//! Parts of the target (outbreaks) that a flow chooses for each record.
//!
//! The records of a page are dealt with part by part, under one lease on the account: the targets of one part at a time are those of the execution, and
//! the first write after a change of parts is told to the target again, which switches the active outbreak. What is remembered of a record (links, intents, what was kept)
//! names its part by id behind the resource, `cases@ID`, so that a key is looked for in its own part only, and a record that now belongs to another part is seen.
//! The part that the system's own option names is written plainly, so that flows with and without `scope` know of each other's records.

use std::collections::{BTreeSet, HashMap};

use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::Identity;
use kivuko_core::error::{Cause, Consequence, Error};
use kivuko_core::store::{Intent, Link};

use crate::decide::OpenTarget;
use crate::known::{Known, KnownReferences};
use crate::run::{Execution, target_spec};
use crate::unit::{Early, Item};

/// Between a resource and the id of a part of the target.
const AT: char = '@';

/// The parts of the target that records of this run belong to.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    opened: Vec<Scope>,
    /// By what the project calls them: the position, or why there is none.
    named: HashMap<String, Result<usize, Cause>>,
    /// The one whose targets the execution holds.
    pub current: Option<usize>,
    /// The targets of a flow that names no part, while it deals with records that are linked to one.
    usual: Vec<OpenTarget>,
    /// The id of the part that the system's own option names, once it was asked for.
    home: Option<String>,
    home_asked: bool,
}

/// A part of the target.
#[derive(Debug)]
struct Scope {
    identity: Option<Identity>,
    /// For each target record of the flow: the id of the part, where it belongs to one that is not the system's own.
    suffixes: Vec<Option<String>>,
    /// Away while it is the current one.
    targets: Vec<OpenTarget>,
}

/// A resource as it is remembered, taken apart: its name, and the id of the part of the target.
pub(crate) fn split(resource: &str) -> (&str, Option<&str>) {
    match resource.split_once(AT) {
        Some((name, id)) => (name, Some(id)),
        None => (resource, None),
    }
}

impl Execution<'_> {
    /// The name under which a target record is remembered, in the part of the target that is being dealt with.
    pub(crate) fn resource_of(&self, record: usize) -> String {
        self.resource_in(record, self.scopes.current)
    }

    /// The same in another part of the target.
    pub(crate) fn resource_in(&self, record: usize, scope: Option<usize>) -> String {
        let resource = &self.flow.to.records[record].resource;
        match scope.and_then(|scope| self.scopes.opened[scope].suffixes[record].as_ref()) {
            Some(id) => format!("{resource}{AT}{id}"),
            None => resource.clone(),
        }
    }

    /// Whether a link leads into another part of the target than the one that is being dealt with.
    pub(crate) fn leads_elsewhere(&self, record: usize, link: &Link) -> Option<Cause> {
        let (_, there) = split(&link.target_resource);
        let here = self.scopes.current.and_then(|scope| self.scopes.opened[scope].suffixes[record].as_deref());
        if there == here {
            return None;
        }
        let name = |id: Option<&str>| match id {
            None => "the one that the system's own option names".to_owned(),
            Some(id) => self
                .scopes
                .opened
                .iter()
                .filter_map(|scope| scope.identity.as_ref())
                .find(|identity| identity.id == id)
                .map_or_else(|| id.to_owned(), |identity| format!("{} ({id})", identity.label)),
        };
        let word = self.flow.to.scope.as_ref().map_or("part of the target", |scope| scope.word);
        Some(Cause::new(
            codes::OTHER_SCOPE,
            format!(
                "the record was written in another {word}, and cannot be moved: there it is {}, and now it belongs to {}",
                name(there),
                name(here)
            ),
        ))
    }

    /// Whether a record that is referred to lies in another part of the same target. Of what belongs to no part, or to the system's own, nothing is said.
    pub(crate) fn is_foreign(&self, link: &Link) -> bool {
        let (_, there) = split(&link.target_resource);
        let here = self.scopes.current.and_then(|scope| self.scopes.opened[scope].suffixes.iter().flatten().next());
        link.target_system == self.flow.to.system && there.is_some_and(|there| Some(there) != here.map(String::as_str))
    }

    /// Finds out for each record of a page where it belongs. Who belongs nowhere is rejected.
    pub(crate) async fn assign_scopes(&mut self, items: &mut [Item], known: &Known) -> Result<(), Error> {
        for item in items.iter_mut() {
            if item.early == Some(Early::Removed) {
                self.assign_by_links(item, known.links_of(&item.id)).await?;
                continue;
            }
            let (None, Some(rule)) = (&item.early, &self.flow.to.scope) else { continue };
            let found = {
                let references = KnownReferences::default();
                rule.find(&item.value, &self.env(&references))
            };
            let opened = match found {
                Ok(name) => {
                    let opened = self.scope_named(&name).await?;
                    item.scope_name = Some(name);
                    opened
                }
                Err(cause) => Err(cause),
            };
            match opened {
                Ok(scope) => item.scope = Some(scope),
                Err(cause) => item.early = Some(Early::Rejected(vec![cause])),
            }
        }
        Ok(())
    }

    /// A record that is removed is where its links are.
    pub(crate) async fn assign_by_links(&mut self, item: &mut Item, links: &[Link]) -> Result<(), Error> {
        // Records of several resources: what belongs to no part tells nothing.
        let link = links.iter().find(|link| split(&link.target_resource).1.is_some()).or_else(|| links.first());
        if let Some(link) = link {
            item.scope = self.scope_of(&link.target_resource).await?;
        }
        Ok(())
    }

    /// Where a remembered resource lies; opened if need be. `None` in a flow that knows no parts.
    pub(crate) async fn scope_of(&mut self, resource: &str) -> Result<Option<usize>, Error> {
        let id = match split(resource).1 {
            Some(id) => id.to_owned(),
            None if self.flow.to.scope.is_none() => return Ok(None),
            // Without a home nothing can have been written there; any part will do for what belongs to none.
            None => match (self.home().await?, self.scopes.opened.first()) {
                (Some(home), _) => home,
                (None, Some(_)) => return Ok(Some(0)),
                (None, None) => return Ok(None),
            },
        };
        match self.scope_named(&id).await? {
            Ok(scope) => Ok(Some(scope)),
            Err(cause) => {
                let mut error = Error::configuration(cause.code, cause.message.clone());
                error.cause = cause;
                Err(error)
            }
        }
    }

    /// The remembered target record of an intent or a link, and where it lies: made the current place. `None` when the flow does not have it any more.
    pub(crate) async fn enter_for(&mut self, intent: &Intent) -> Result<Option<usize>, Error> {
        let Some(record) = self.record_like(&intent.part, &intent.target_resource) else { return Ok(None) };
        let scope = self.scope_of(&intent.target_resource).await?;
        self.enter(scope);
        Ok(Some(record))
    }

    /// The flow's target record of this part and resource.
    pub(crate) fn record_named(&self, part: &str, resource: &str) -> Option<usize> {
        let (part, resource) = (part.split('#').next().unwrap_or_default(), split(resource).0);
        self.flow.to.records.iter().position(|record| record.name == part && record.resource == resource)
    }

    /// The same; the names of records may have changed since, and then their resource tells it.
    pub(crate) fn record_like(&self, part: &str, resource: &str) -> Option<usize> {
        let by_resource = || self.flow.to.records.iter().position(|record| record.resource == split(resource).0);
        self.record_named(part, resource).or_else(by_resource)
    }

    /// The id of the part that is written to by flows without `scope`.
    async fn home(&mut self) -> Result<Option<String>, Error> {
        if !self.scopes.home_asked {
            self.scopes.home = self.engine.system(&self.flow.to.system)?.identity().await?.map(|identity| identity.id);
            self.scopes.home_asked = true;
        }
        Ok(self.scopes.home.clone())
    }

    /// A part of the target by its name or id; a cause when the target does not have it or cannot be written there. An `Err` ends the run.
    async fn scope_named(&mut self, name: &str) -> Result<Result<usize, Cause>, Error> {
        if let Some(known) = self.scopes.named.get(name) {
            return Ok(known.clone());
        }
        let opened = match self.open_scope(name).await {
            Ok(opened) => opened,
            // What is wrong with this part of the target is no reason to leave the others alone.
            Err(error) if error.consequence == Consequence::FixConfiguration => Err(error.cause),
            Err(error) => return Err(error),
        };
        self.scopes.named.insert(name.to_owned(), opened.clone());
        Ok(opened)
    }

    async fn open_scope(&mut self, name: &str) -> Result<Result<usize, Cause>, Error> {
        let flow = std::sync::Arc::clone(&self.flow);
        let home = self.home().await?;
        let system = self.engine.system(&flow.to.system)?;
        let (mut targets, mut suffixes, mut identity) = (Vec::new(), Vec::new(), None);
        for record in &flow.to.records {
            let mut spec = target_spec(&flow, record);
            spec.scope = Some(name.to_owned());
            let target = system.target(&spec)?;
            if self.writes {
                self.hold(&*target).await?;
            }
            if let Some(wrong) = target.prepare().await?.into_iter().next() {
                return Ok(Err(wrong));
            }
            let found = target.scope().await?;
            suffixes.push(found.as_ref().map(|found| found.id.clone()).filter(|id| Some(id) != home.as_ref()));
            identity = identity.or(found);
            targets.push(OpenTarget::of(target).await?);
        }
        // One part may be written in two ways: by its name, and by its id.
        let same = self
            .scopes
            .opened
            .iter()
            .position(|scope| scope.identity.as_ref().map(|known| &known.id) == identity.as_ref().map(|found| &found.id));
        if let Some(same) = same {
            return Ok(Ok(same));
        }
        self.scopes.opened.push(Scope { identity, suffixes, targets });
        Ok(Ok(self.scopes.opened.len() - 1))
    }

    /// Turns to a part of the target.
    pub(crate) fn enter(&mut self, scope: Option<usize>) {
        if self.scopes.current == scope {
            return;
        }
        let held = std::mem::take(&mut self.targets);
        match self.scopes.current {
            Some(current) => self.scopes.opened[current].targets = held,
            None => self.scopes.usual = held,
        }
        self.targets = match scope {
            Some(next) => std::mem::take(&mut self.scopes.opened[next].targets),
            None => std::mem::take(&mut self.scopes.usual),
        };
        self.scopes.current = scope;
        self.writing_begins_anew();
    }

    /// The parts that the records of a page belong to, the current one first: so that the target need not be switched without need.
    pub(crate) fn scopes_of(&self, items: &[Item]) -> Vec<Option<usize>> {
        if self.is_in_one_part() {
            return vec![None];
        }
        // Without a part a record is dealt with only where the flow names none.
        let names_parts = self.flow.to.scope.is_some();
        let found: BTreeSet<Option<usize>> = items.iter().map(|item| item.scope).filter(|scope| scope.is_some() || !names_parts).collect();
        let current = Some(self.scopes.current).filter(|current| found.contains(current));
        current.into_iter().chain(found.into_iter().filter(|scope| Some(*scope) != current)).collect()
    }

    /// Whether all records, those that are linked too, are in what the flow's own targets are.
    pub(crate) fn is_in_one_part(&self) -> bool {
        self.flow.to.scope.is_none() && self.scopes.opened.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remembered_resource_is_taken_apart() {
        assert_eq!(split("cases"), ("cases", None));
        assert_eq!(split("cases@4f2c-11"), ("cases", Some("4f2c-11")));
        assert_eq!(split("reports/a.csv"), ("reports/a.csv", None));
    }
}

//! What flows of the project carried from one place of a pair to the other, names and closings: nobody is asked about that.
//!
//! Only what a flow carried from the other place of the pair counts: what a third system sends is news to that one. A name is a flow's doing while it is, in the target, what the flow last sent; then so
//! is that of the place from which it came, as long as that is called the same. A place was closed by a flow that sent that. What people write after that is another content, and theirs.

use std::collections::{BTreeSet, HashMap};

use kivuko_core::error::Error;
use kivuko_core::path::SourcePath;
use kivuko_core::places::{ByFlows, Place};
use kivuko_core::store::Sent;
use kivuko_core::value;
use serde_json::Value;

use super::view::PlaceView;
use crate::engine::Engine;
use crate::known::group_by;

impl Engine {
    /// Of the places of pairs that are called otherwise by now, or closed: those of which flows made that.
    pub(super) async fn made_by_flows(&self, view: &PlaceView<'_>) -> Result<ByFlows, Error> {
        let mut made = ByFlows::default();
        for side in [0, 1] {
            let changed = view.renamed_or_closed(side);
            let ids: Vec<String> = changed.keys().map(|id| (*id).to_owned()).collect();
            for ids in ids.chunks(self.pace.page_size) {
                self.add_made(view, side, &changed, ids, &mut made).await?;
            }
        }
        Ok(made)
    }

    async fn add_made(
        &self,
        view: &PlaceView<'_>,
        side: usize,
        changed: &HashMap<&str, &Place>,
        ids: &[String],
        made: &mut ByFlows,
    ) -> Result<(), Error> {
        let (here, there) = (view.sides[side], view.sides[1 - side]);
        let paths = self.paths_of(here)?;
        let mut links = self.store.links_by_target(&here.system, &here.resource, ids).await?;
        // What another system sent to the place says nothing of the one that makes the pair with it.
        links.retain(|link| link.source.system == there.system && link.source.resource == there.resource);
        for (flow, links) in group_by(links, |link| link.flow.clone()) {
            let from: BTreeSet<String> = links.iter().map(|link| link.source.id.clone()).collect();
            let sent = self.store.sent(&flow, &from.into_iter().collect::<Vec<_>>()).await?;
            let sent: HashMap<(&str, &str), &Sent> = sent.iter().map(|sent| ((&*sent.source_id, &*sent.part), sent)).collect();
            for link in &links {
                let (Some(place), Some(sent)) = (changed.get(link.target_id.as_str()), sent.get(&(&*link.source.id, &*link.part))) else {
                    continue;
                };
                let was_sent = |path: Option<&SourcePath>, content: Value| {
                    path.and_then(|path| sent.fields.get(path.text()))
                        .is_some_and(|hash| *hash == value::hash(&self.store.hash_key(), &content))
                };
                let pair =
                    || if side == 0 { [place.id.clone(), link.source.id.clone()] } else { [link.source.id.clone(), place.id.clone()] };
                if was_sent(Some(&paths.name), Value::String(place.name.clone())) {
                    made.renamed[side].insert(pair());
                    // It may be called otherwise by now, and no flow has carried that.
                    let source = view.by_id[1 - side].get(&link.source.id).map(|&at| &view.places[1 - side][at]);
                    if source.is_some_and(|source| source.name.trim() == place.name.trim()) {
                        made.renamed[1 - side].insert(pair());
                    }
                }
                let is_off = place.active == Some(false) && was_sent(paths.active.as_ref(), Value::Bool(false));
                let day = place.closed.map(|day| Value::String(day.to_string()));
                if is_off || day.is_some_and(|day| was_sent(paths.closed.as_ref(), day)) {
                    made.closed[side].insert(pair());
                }
            }
        }
        Ok(())
    }
}

impl PlaceView<'_> {
    /// The places of a side that make a pair, and are closed, or not called as they were when somebody decided on it.
    fn renamed_or_closed(&self, side: usize) -> HashMap<&str, &Place> {
        let of_pair = |pair: &'_ kivuko_core::places::Paired| {
            let id = if side == 0 { &pair.one } else { &pair.two };
            let place = &self.places[side][*self.by_id[side].get(id)?];
            let is_renamed = pair.names[side].as_ref().is_some_and(|name| name.trim() != place.name.trim());
            (is_renamed || place.is_closed(self.today)).then_some((place.id.as_str(), place))
        };
        self.known.pairs.iter().filter_map(of_pair).collect()
    }
}

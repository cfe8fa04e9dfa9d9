//! A data set as a target.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use kivuko_core::BoxFuture;
use kivuko_core::catalogue::{dhis2, network, target};
use kivuko_core::connector::{self, Action, Candidate, Capabilities, Identity, Key, Standing, TargetSpec, Write, Written};
use kivuko_core::error::{Cause, Error, nearest};
use kivuko_core::numbers::Frame;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::super::client::{ADD_VALUES, Client, EDIT_EXPIRED};
use super::super::config::{Format, Mode, TargetOptions};
use super::super::frame::{Attributes, DataSet, load, no_data_set, period_of};
use super::super::schema::known;
use super::super::version::Profile;
use super::adx::Adx;
use super::cell::Cell;
use super::conform::{self, Rules};
use super::import::Importer;
use super::lookup::{Held, Lookup};
use super::open::{Asking, closed, out_of_time, unassigned};
use super::resolve::{Names, Schemes};
use super::value::is_zero;
use super::write::{Item, Writer, cell_of, items, json, named};

/// The five paths of the key.
const KEY: [&str; 5] = ["dataElement", "period", "orgUnit", "categoryOptionCombo", "attributeOptionCombo"];
/// How many values one look-up takes.
const LOOKUP: usize = 1_000;
/// How many imports are under way at a time: more of them only wait for each other in the database.
const WRITERS: usize = 4;
/// How many values are remembered between a look and a write.
const REMEMBERED: usize = 50_000;

/// A data set that is written to.
#[derive(Debug)]
pub struct Target {
    client: Arc<Client>,
    spec: TargetSpec,
    options: TargetOptions,
    schemes: Schemes,
    ready: OnceCell<Ready>,
    /// What was seen of values, for changes that do not send the whole value.
    seen: Mutex<HashMap<Cell, Held>>,
}

/// What is known once the server has been asked.
#[derive(Debug)]
struct Ready {
    set: DataSet,
    profile: Profile,
    zone: TimeZone,
    offset: SignedDuration,
    capture: Vec<String>,
    edits_expired: bool,
    system: String,
    causes: Vec<Cause>,
}

impl Target {
    /// Opens the data set that the flow names.
    pub fn new(client: Arc<Client>, spec: &TargetSpec, options: TargetOptions) -> Self {
        let schemes = Schemes::of(&options);
        Self { client, spec: spec.clone(), options, schemes, ready: OnceCell::new(), seen: Mutex::default() }
    }

    async fn ready(&self) -> Result<&Ready, Error> {
        self.ready.get_or_try_init(|| self.get_ready()).await
    }

    async fn get_ready(&self) -> Result<Ready, Error> {
        let info = self.client.info().await?;
        let me = self.client.me().await?;
        let Some(written) = &self.options.data_set else { return Err(no_data_set(&self.client).await) };
        let combos = [&self.schemes.option_combos, &self.schemes.attribute_option_combos];
        let attributes = Attributes {
            elements: self.schemes.elements.as_ref(),
            units: self.schemes.units.as_ref(),
            option_combos: combos.into_iter().flatten().collect(),
        };
        let set = load(&self.client, written, &attributes).await?;
        let mut causes = Vec::new();
        if !me.may(ADD_VALUES) {
            causes.push(Cause::new(dhis2::NOT_ALLOWED, format!("the account lacks the authority {ADD_VALUES}, which every value needs")));
        }
        if me.organisation_units.is_empty() {
            causes.push(Cause::new(dhis2::OUTSIDE_CAPTURE, "the account has no org units to capture data at"));
        }
        if set.frame.elements.is_empty() {
            causes.push(Cause::new(dhis2::NOT_IN_DATA_SET, format!("the data set `{}` has no elements", set.frame.data_set.name)));
        }
        let fields = known("dataValueSets")?.fields;
        for path in &self.spec.paths {
            if !fields.iter().any(|field| field.0 == path) || ["storedBy", "created", "lastUpdated", "deleted"].contains(&path.as_str()) {
                let near = nearest(path, fields.iter().map(|field| field.0)).filter(|near| near != path);
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                causes.push(
                    Cause::new(target::UNKNOWN_FIELD, format!("a data value has no field `{path}` that can be written{near}")).field(path),
                );
            }
        }
        let key: BTreeSet<&str> = self.spec.key.iter().map(String::as_str).collect();
        if !self.spec.key.is_empty() && key != BTreeSet::from(KEY) {
            let message = format!("a data value is found by all of {}", KEY.join(", "));
            causes.push(Cause::new(target::KEY_NOT_SEARCHABLE, message).field(self.spec.key.join(", ")));
        }
        Ok(Ready {
            profile: info.profile,
            zone: info.zone.clone(),
            offset: info.offset,
            capture: me.organisation_units.iter().map(|unit| unit.id.clone()).collect(),
            edits_expired: me.may(EDIT_EXPIRED),
            system: info.system_id.clone().unwrap_or_else(|| self.client.http.shown()),
            set,
            causes,
        })
    }

    fn names<'a>(&'a self, ready: &'a Ready) -> Names<'a> {
        Names { set: &ready.set, schemes: &self.schemes }
    }

    /// The cell of a key; `None` where something in it is not known, so that there cannot be a value.
    fn cell(&self, ready: &Ready, key: &Key) -> Option<Cell> {
        let names = self.names(ready);
        let part = |name: &str| {
            let at = self.spec.key.iter().position(|path| path == name)?;
            key.0.get(at).map(String::as_str).filter(|text| !text.is_empty())
        };
        let element = names.element(part("dataElement")?).ok()?;
        Some(Cell {
            option_combo: names.option_combo(element, part("categoryOptionCombo")).ok()?,
            attribute_option_combo: names.attribute_option_combo(part("attributeOptionCombo")).ok()?,
            period: period_of(&ready.set, part("period")?).ok()?.id(),
            unit: names.unit(part("orgUnit")?, "orgUnit").ok()?.named.id.clone(),
            element: element.named.id.clone(),
        })
    }

    async fn held(&self, ready: &Ready, cells: &[Cell]) -> Result<HashMap<Cell, Held>, Error> {
        if cells.is_empty() {
            return Ok(HashMap::new());
        }
        let lookup = Lookup { client: Arc::clone(&self.client), format_parameter: ready.profile.format_parameter };
        let found = lookup.held(cells).await?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() + found.len() > REMEMBERED {
            seen.clear();
        }
        for cell in cells {
            match found.get(cell) {
                Some(held) => _ = seen.insert(cell.clone(), held.clone()),
                None => _ = seen.remove(cell),
            }
        }
        Ok(found)
    }

    /// A value as the engine sees it; `None` where there is none.
    fn candidate(&self, ready: &Ready, cell: &Cell, held: Option<&Held>, known: bool) -> Option<Candidate> {
        let zero_vanishes = ready.profile.drops_zeros && ready.set.element(&cell.element).is_some_and(DataSet::zero_vanishes);
        // A 0 that was given in the place of a value is kept as a deleted row that says 0. Any other deleted row was deleted by somebody.
        let is_zero = |held: &&Held| held.deleted && zero_vanishes && held.value.as_deref().is_some_and(is_zero);
        let row = held;
        let there = held.filter(|held| !is_zero(held));
        let Some(held) = there else {
            // Where a 0 is not kept, nothing is a 0: that is assumed. A row that says 0 is what somebody gave.
            let zero = Held { value: Some("0".to_owned()), ..Held::default() };
            return (zero_vanishes && known).then(|| Candidate {
                id: cell.id(),
                version: row.and_then(|row| row.last_updated.clone()),
                deleted: false,
                body: zero.body(cell),
                standing: if row.is_some() { Standing::Usual } else { Standing::Assumed },
            });
        };
        let restored = held.deleted && self.options.restore.unwrap_or(false);
        Some(Candidate {
            id: cell.id(),
            version: held.last_updated.clone(),
            deleted: held.deleted && !restored,
            // What is given again travels whole, also what the deleted row still says.
            body: if restored { Held::default().body(cell) } else { held.body(cell) },
            standing: if restored { Standing::Due } else { Standing::Usual },
        })
    }

    /// Whether a cell can be asked for: what the server does not know would empty the question.
    fn askable(ready: &Ready, cell: &Cell) -> bool {
        let element = ready.set.elements.contains_key(&cell.element) || ready.set.frame.other_elements.contains_key(&cell.element);
        element && ready.set.frame.units.get(&cell.unit).is_some()
    }

    async fn write_batch(&self, batch: &[Write]) -> Result<Vec<Written>, Error> {
        let ready = self.ready().await?;
        let mut present: HashMap<Cell, Held> = HashMap::new();
        let mut unseen = Vec::new();
        {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            for cell in
                batch.iter().filter(|write| write.action == Action::Update).filter_map(|write| cell_of(write.id.as_deref(), &write.body))
            {
                match seen.get(&cell) {
                    Some(held) => _ = present.insert(cell, held.clone()),
                    None => unseen.push(cell),
                }
            }
        }
        unseen.retain(|cell| Self::askable(ready, cell));
        present.extend(self.held(ready, &unseen).await?);
        let mut outcomes = vec![None; batch.len()];
        let (mut values, mut deletes) = items(batch, &ready.set, ready.profile, &present, &mut outcomes);
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            for item in values.iter().chain(&deletes) {
                seen.remove(&item.cell);
            }
        }
        let data_set = &ready.set.frame.data_set.id;
        let format = self.options.format.unwrap_or_default();
        let adx = Adx { set: &ready.set, profile: ready.profile, categories: self.options.category_id_scheme.as_ref() };
        if format == Format::Adx {
            for (items, are_deletes) in [(&mut values, false), (&mut deletes, true)] {
                items.retain(|item| match adx.misfit(item, are_deletes) {
                    None => true,
                    Some(cause) => {
                        outcomes[item.position] = Some(Written::Refused(cause));
                        false
                    }
                });
            }
        }
        let document = |items: &[&Item], deletes: bool| match format {
            Format::Json => Ok(("application/json", json(data_set, items, deletes, ready.profile.refuses_groups))),
            Format::Adx => adx.document(items, deletes),
        };
        let importer = Importer { client: Arc::clone(&self.client), resource: "dataValueSets", job: "DATAVALUE_IMPORT" };
        let writer = Writer {
            importer: &importer,
            set: &ready.set,
            profile: ready.profile,
            mode: self.options.r#async.unwrap_or(Mode::Auto),
            document: &document,
            // Before 2.43 a document of ADX is refused whole for a fault in its form, with one word for all of it.
            refuses_documents: format == Format::Adx,
            more: match format {
                Format::Json => vec![("idScheme", "UID".to_owned())],
                Format::Adx => adx.parameters(),
            },
        };
        writer.write(values, deletes, &mut outcomes).await;
        let forgotten = || Written::Failed(Error::bug(network::UNEXPECTED_ANSWER, "a value of a batch was not dealt with"));
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(forgotten)).collect())
    }
}

impl connector::Target for Target {
    fn capabilities(&self) -> Capabilities {
        let options = &self.client.options;
        Capabilities {
            batch_size: options.batch_size,
            concurrency: options.http.concurrency.min(WRITERS),
            lookup_size: LOOKUP,
            replaced_whole: Vec::new(),
            unique: Vec::new(),
            deletes: true,
            deactivates: false,
            remakes: false,
            deletes_for_good: false,
            former_goes: Vec::new(),
            only_added: Vec::new(),
            settle_secs: options.http.settle_secs,
            pages_at_once: 1,
        }
    }

    fn prepare(&self) -> BoxFuture<'_, Result<Vec<Cause>, Error>> {
        Box::pin(async move { Ok(self.ready().await?.causes.clone()) })
    }

    fn scope(&self) -> BoxFuture<'_, Result<Option<Identity>, Error>> {
        Box::pin(async { Ok(None) })
    }

    fn frame(&self) -> BoxFuture<'_, Result<Option<Arc<Frame>>, Error>> {
        Box::pin(async move { Ok(Some(Arc::clone(&self.ready().await?.set.frame))) })
    }

    fn exclusive(&self) -> BoxFuture<'_, Result<Option<String>, Error>> {
        Box::pin(async move {
            // Two imports of the same values can dead-lock in the database of DHIS2.
            let ready = self.ready().await?;
            Ok(Some(format!("dhis2 {} {}", ready.system, ready.set.frame.data_set.id)))
        })
    }

    fn begin(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn conform(&self, body: Value) -> Result<Value, Vec<Cause>> {
        let Some(ready) = self.ready.get() else {
            return Err(vec![Cause::new(network::UNEXPECTED_ANSWER, "a value was brought to DHIS2 before the target was prepared")]);
        };
        let rules = Rules { names: self.names(ready), capture: &ready.capture, longest_comment: ready.profile.longest_comment };
        conform::conform(rules, body)
    }

    fn closed(&self, action: Action, id: Option<&str>, body: &Value) -> Vec<Cause> {
        let Some(ready) = self.ready.get() else { return Vec::new() };
        let Some(cell) = cell_of(id, body) else { return Vec::new() };
        let Ok(period) = period_of(&ready.set, &cell.period) else { return Vec::new() };
        let mut causes = Vec::new();
        // What is taken away may lie where nothing can be given any more: most releases take that.
        if action != Action::Delete
            && let Some(unit) = ready.set.frame.units.get(&cell.unit)
        {
            causes.extend(unassigned(&ready.set, &cell.unit, "orgUnit"));
            causes.extend(out_of_time(&ready.set, unit, period, &cell.attribute_option_combo));
        }
        let now = self.client.http.context().clock.now();
        let asking = Asking { now: now.checked_add(ready.offset).unwrap_or(now), zone: &ready.zone, edits_expired: ready.edits_expired };
        causes.extend(closed(&ready.set, period, &cell.unit, asking));
        causes.into_iter().map(|cause| cause.about(named(&ready.set, &cell))).collect()
    }

    fn lookup<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Vec<Candidate>>, Error>> {
        Box::pin(async move {
            let ready = self.ready().await?;
            let cells: Vec<Option<Cell>> = keys.iter().map(|key| self.cell(ready, key)).collect();
            let asked: Vec<Cell> = cells.iter().flatten().cloned().collect();
            let held = self.held(ready, &asked).await?;
            let of = |cell: &Option<Cell>| {
                let candidate = cell.as_ref().and_then(|cell| self.candidate(ready, cell, held.get(cell), false));
                candidate.into_iter().collect()
            };
            Ok(cells.iter().map(of).collect())
        })
    }

    fn fetch<'a>(&'a self, ids: &'a [String]) -> BoxFuture<'a, Result<Vec<Option<Candidate>>, Error>> {
        Box::pin(async move {
            let ready = self.ready().await?;
            let cells: Vec<Option<Cell>> = ids.iter().map(|id| Cell::parse(id).filter(|cell| Self::askable(ready, cell))).collect();
            let asked: Vec<Cell> = cells.iter().flatten().cloned().collect();
            let held = self.held(ready, &asked).await?;
            Ok(cells.iter().map(|cell| cell.as_ref().and_then(|cell| self.candidate(ready, cell, held.get(cell), true))).collect())
        })
    }

    fn write<'a>(&'a self, batch: &'a [Write]) -> BoxFuture<'a, Result<Vec<Written>, Error>> {
        Box::pin(self.write_batch(batch))
    }
}

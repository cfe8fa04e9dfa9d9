//! Registrations as a target.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use kivuko_core::BoxFuture;
use kivuko_core::catalogue::{dhis2, network, target};
use kivuko_core::connector::{self, Action, Candidate, Capabilities, Key, Standing, TargetSpec, Write, Written};
use kivuko_core::error::{Cause, Error};
use kivuko_core::numbers::Frame;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use super::super::client::{Client, EDIT_EXPIRED};
use super::super::config::{Mode, TargetOptions};
use super::super::frame::{Attributes, DataSet, load, no_data_set, period_of};
use super::super::values::{Asking, Failure, Fate, Import, Importer, Names, Schemes, Sent, Verdict, closed, judge, named, unassigned};
use super::{ARRAY, DIMENSIONS};

/// How many registrations one look-up takes.
const LOOKUP: usize = 200;

/// Completeness of one data set.
#[derive(Debug)]
pub struct Target {
    client: Arc<Client>,
    spec: TargetSpec,
    options: TargetOptions,
    schemes: Schemes,
    ready: OnceCell<Ready>,
}

#[derive(Debug)]
struct Ready {
    set: DataSet,
    zone: TimeZone,
    offset: SignedDuration,
    edits_expired: bool,
    system: String,
    causes: Vec<Cause>,
}

/// A registration as DHIS2 tells it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registration {
    #[serde(flatten)]
    body: Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Registrations {
    complete_data_set_registrations: Vec<Registration>,
}

impl Registration {
    fn id(&self) -> Option<String> {
        let part = |name: &&str| self.body.get(*name).and_then(Value::as_str);
        Some(DIMENSIONS.iter().map(part).collect::<Option<Vec<_>>>()?.join("."))
    }

    fn candidate(&self, id: String) -> Candidate {
        let mut body = Map::new();
        for name in DIMENSIONS {
            body.insert(name.to_owned(), self.body.get(name).cloned().unwrap_or_default());
        }
        // Releases that do not say so list only what is complete.
        body.insert("completed".to_owned(), self.body.get("completed").cloned().unwrap_or(Value::Bool(true)));
        if let Some(day) = self.body.get("date").and_then(Value::as_str).and_then(|date| date.get(..10)) {
            body.insert("date".to_owned(), Value::String(day.to_owned()));
        }
        let version = self.body.get("lastUpdated").and_then(Value::as_str).map(str::to_owned);
        Candidate { id, version, deleted: false, body: Value::Object(body), standing: Standing::Usual }
    }
}

impl Target {
    /// Opens the data set that the flow names.
    pub fn new(client: Arc<Client>, spec: &TargetSpec, options: TargetOptions) -> Self {
        let schemes = Schemes::of(&options);
        Self { client, spec: spec.clone(), options, schemes, ready: OnceCell::new() }
    }

    async fn ready(&self) -> Result<&Ready, Error> {
        self.ready.get_or_try_init(|| self.get_ready()).await
    }

    async fn get_ready(&self) -> Result<Ready, Error> {
        let info = self.client.info().await?;
        let me = self.client.me().await?;
        let Some(written) = &self.options.data_set else { return Err(no_data_set(&self.client).await) };
        let attributes = Attributes {
            elements: None,
            units: self.schemes.units.as_ref(),
            option_combos: self.schemes.attribute_option_combos.iter().collect(),
        };
        let set = load(&self.client, written, &attributes).await?;
        let mut causes = Vec::new();
        for path in &self.spec.paths {
            if !DIMENSIONS.contains(&path.as_str()) && !["completed", "date"].contains(&path.as_str()) {
                causes.push(
                    Cause::new(target::UNKNOWN_FIELD, format!("a registration has no field `{path}` that can be written")).field(path),
                );
            }
        }
        let key: BTreeSet<&str> = self.spec.key.iter().map(String::as_str).collect();
        if !self.spec.key.is_empty() && key != BTreeSet::from(DIMENSIONS) {
            let message = format!("a registration is found by all of {}", DIMENSIONS.join(", "));
            causes.push(Cause::new(target::KEY_NOT_SEARCHABLE, message).field(self.spec.key.join(", ")));
        }
        Ok(Ready {
            zone: info.zone.clone(),
            offset: info.offset,
            edits_expired: me.may(EDIT_EXPIRED),
            system: info.system_id.clone().unwrap_or_else(|| self.client.http.shown()),
            set,
            causes,
        })
    }

    fn names<'a>(&'a self, ready: &'a Ready) -> Names<'a> {
        Names { set: &ready.set, schemes: &self.schemes }
    }

    /// The dimensions of a record or key, by ids, in the order of the identity.
    fn dimensions(&self, ready: &Ready, part: &dyn Fn(&str) -> Option<String>) -> Result<[String; 4], Vec<Cause>> {
        let names = self.names(ready);
        let own = &ready.set.frame.data_set;
        let mut causes = Vec::new();
        let missing = |field: &str| Cause::new(dhis2::BAD_PART, format!("`{field}` is missing")).field(field);
        if let Some(written) = part("dataSet")
            && ![Some(own.id.as_str()), own.code.as_deref(), Some(own.name.as_str())].contains(&Some(written.as_str()))
        {
            let message = format!("the flow writes to the data set `{}`, and the record is of another", own.name);
            causes.push(Cause::new(dhis2::NO_SUCH_OBJECT, message).field("dataSet"));
        }
        let period = part("period").ok_or_else(|| missing("period")).and_then(|written| period_of(&ready.set, &written));
        let unit = part("organisationUnit")
            .ok_or_else(|| missing("organisationUnit"))
            .and_then(|written| names.unit(&written, "organisationUnit"));
        let combo = names.attribute_option_combo(part("attributeOptionCombo").as_deref());
        match (period, unit, combo) {
            (Ok(period), Ok(unit), Ok(combo)) if causes.is_empty() => Ok([own.id.clone(), period.id(), unit.named.id.clone(), combo]),
            (period, unit, combo) => {
                causes.extend([period.err(), unit.err(), combo.err()].into_iter().flatten());
                Err(causes)
            }
        }
    }

    /// The registrations of these identities.
    async fn held(&self, ready: &Ready, ids: &[[String; 4]]) -> Result<HashMap<String, Candidate>, Error> {
        let mut found = HashMap::new();
        for group in ids.chunks(100) {
            let (periods, units): (BTreeSet<&String>, BTreeSet<&String>) = group.iter().map(|id| (&id[1], &id[2])).unzip();
            let mut request = self.client.get([ARRAY]).query("dataSet", &ready.set.frame.data_set.id);
            for period in periods {
                request = request.query("period", period);
            }
            for unit in units {
                request = request.query("orgUnit", unit);
            }
            let answer: Registrations = self.client.ask(request).await?;
            for registration in answer.complete_data_set_registrations {
                if let Some(id) = registration.id() {
                    found.insert(id.clone(), registration.candidate(id));
                }
            }
        }
        Ok(found)
    }

    async fn send(&self, batch: &[&Write], deletes: bool) -> Vec<Written> {
        let parts: Vec<Vec<String>> = batch.iter().map(|write| dimensions_of(write.id.as_deref(), &write.body)).collect();
        let registrations: Vec<Value> = batch.iter().zip(&parts).map(|(write, parts)| registration(write, parts, deletes)).collect();
        let importer = Importer { client: Arc::clone(&self.client), resource: ARRAY, job: "COMPLETE_DATA_SET_REGISTRATION_IMPORT" };
        let import = Import {
            media_type: "application/json",
            body: json!({ ARRAY: registrations }).to_string().into_bytes(),
            deletes,
            as_job: self.options.r#async == Some(Mode::Always),
            more: vec![("idScheme", "UID".to_owned())],
        };
        let error = match importer.send(import).await {
            Ok(summary) => {
                let names: Vec<Vec<&str>> = parts.iter().map(|parts| parts.iter().map(String::as_str).collect()).collect();
                let sent =
                    Sent { names: &names, may_vanish: &vec![false; batch.len()], deletes, refuses_groups: false, refuses_documents: false };
                match judge(&summary, sent) {
                    Verdict::Each(fates) => {
                        return fates.into_iter().zip(parts).map(|(fate, parts)| written(fate, &parts.join("."))).collect();
                    }
                    Verdict::Apart(cause) => return vec![Written::Refused(cause); batch.len()],
                    Verdict::All(error) => error,
                }
            }
            Err(Failure::Unread(cause)) => return vec![Written::Refused(cause); batch.len()],
            Err(Failure::TooLarge) => {
                Error::configuration(network::UNEXPECTED_ANSWER, "the server takes no body of this size (413); set `batch_size` lower")
            }
            Err(Failure::Whole(error)) => error,
        };
        vec![Written::Failed(error); batch.len()]
    }
}

fn written(fate: Fate, id: &str) -> Written {
    match fate {
        Fate::Done => Written::Done { id: id.to_owned(), version: None, returned: None },
        Fate::Refused(cause) => Written::Refused(cause),
        Fate::Failed(error) => Written::Failed(error),
        Fate::Unknown => {
            let message = "the answer to an import does not tell what became of a registration; it is looked for";
            Written::Failed(Error::retry(dhis2::IMPORT_BROKE_OFF, message).with_unknown_effect().ended())
        }
    }
}

/// The dimensions of a write: of its id, or of its body.
fn dimensions_of(id: Option<&str>, body: &Value) -> Vec<String> {
    match id {
        Some(id) => id.split('.').map(str::to_owned).collect(),
        None => DIMENSIONS.iter().map(|name| body.get(*name).and_then(Value::as_str).unwrap_or_default().to_owned()).collect(),
    }
}

fn registration(write: &Write, parts: &[String], deletes: bool) -> Value {
    let mut body: Map<String, Value> =
        DIMENSIONS.iter().zip(parts).map(|(name, id)| ((*name).to_owned(), Value::String(id.clone()))).collect();
    if !deletes {
        body.insert("completed".to_owned(), write.body.get("completed").cloned().unwrap_or(Value::Bool(true)));
        if let Some(date) = write.body.get("date").filter(|date| !date.is_null()) {
            body.insert("date".to_owned(), date.clone());
        }
    }
    Value::Object(body)
}

impl connector::Target for Target {
    fn capabilities(&self) -> Capabilities {
        let options = &self.client.options;
        Capabilities {
            batch_size: options.batch_size.min(1_000),
            concurrency: 1,
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

    fn frame(&self) -> BoxFuture<'_, Result<Option<Arc<Frame>>, Error>> {
        Box::pin(async move { Ok(Some(Arc::clone(&self.ready().await?.set.frame))) })
    }

    fn exclusive(&self) -> BoxFuture<'_, Result<Option<String>, Error>> {
        Box::pin(async move {
            let ready = self.ready().await?;
            Ok(Some(format!("dhis2 {} {} completeness", ready.system, ready.set.frame.data_set.id)))
        })
    }

    fn begin(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn conform(&self, body: Value) -> Result<Value, Vec<Cause>> {
        let Some(ready) = self.ready.get() else {
            return Err(vec![Cause::new(network::UNEXPECTED_ANSWER, "a registration was brought to DHIS2 before the target was prepared")]);
        };
        let Value::Object(body) = body else {
            return Err(vec![Cause::new(dhis2::BAD_PART, "a registration is an object with dataSet, period and organisationUnit")]);
        };
        let parts = self.dimensions(ready, &|name| named(&body, name).map(std::borrow::Cow::into_owned))?;
        let mut causes = Vec::new();
        let mut out: Map<String, Value> = DIMENSIONS.iter().zip(parts).map(|(name, id)| ((*name).to_owned(), Value::String(id))).collect();
        match body.get("completed") {
            None | Some(Value::Null) => _ = out.insert("completed".to_owned(), Value::Bool(true)),
            Some(Value::Bool(flag)) => _ = out.insert("completed".to_owned(), Value::Bool(*flag)),
            Some(Value::String(text)) if matches!(text.as_str(), "true" | "false") => {
                out.insert("completed".to_owned(), Value::Bool(text == "true"));
            }
            Some(_) => causes.push(Cause::new(dhis2::BAD_PART, "`completed` is true or false").field("completed")),
        }
        match body.get("date").and_then(Value::as_str).map(|date| date.get(..10).and_then(|day| day.parse::<jiff::civil::Date>().ok())) {
            None => {}
            // A day and no more: some releases refuse the whole import for a time.
            Some(Some(day)) => _ = out.insert("date".to_owned(), Value::String(day.to_string())),
            Some(None) => causes.push(Cause::new(dhis2::BAD_PART, "`date` is a day such as 2024-03-31").field("date")),
        }
        if causes.is_empty() { Ok(Value::Object(out)) } else { Err(causes) }
    }

    fn closed(&self, action: Action, id: Option<&str>, body: &Value) -> Vec<Cause> {
        let Some(ready) = self.ready.get() else { return Vec::new() };
        let parts = dimensions_of(id, body);
        let [_, period, unit, _] = parts.as_slice() else { return Vec::new() };
        let Ok(period) = period_of(&ready.set, period) else { return Vec::new() };
        let now = self.client.http.context().clock.now();
        let now = now.checked_add(ready.offset).unwrap_or(now);
        let asking = Asking { now, zone: &ready.zone, edits_expired: ready.edits_expired };
        let name = ready.set.frame.units.get(unit).map_or(unit.as_str(), |unit| unit.named.name.as_str());
        let not_there = unassigned(&ready.set, unit, "organisationUnit").filter(|_| action != Action::Delete);
        let causes = not_there.into_iter().chain(closed(&ready.set, period, unit, asking));
        causes.map(|cause| cause.about(format!("period {period}, org unit `{name}`"))).collect()
    }

    fn lookup<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Vec<Candidate>>, Error>> {
        Box::pin(async move {
            let ready = self.ready().await?;
            let of_key = |key: &Key| {
                let part = |name: &str| {
                    let at = self.spec.key.iter().position(|path| path == name)?;
                    key.0.get(at).filter(|text| !text.is_empty()).cloned()
                };
                self.dimensions(ready, &part).ok()
            };
            let ids: Vec<Option<[String; 4]>> = keys.iter().map(of_key).collect();
            let asked: Vec<[String; 4]> = ids.iter().flatten().cloned().collect();
            let held = self.held(ready, &asked).await?;
            let found = |id: &Option<[String; 4]>| id.as_ref().and_then(|id| held.get(&id.join("."))).cloned().into_iter().collect();
            Ok(ids.iter().map(found).collect())
        })
    }

    fn fetch<'a>(&'a self, ids: &'a [String]) -> BoxFuture<'a, Result<Vec<Option<Candidate>>, Error>> {
        Box::pin(async move {
            let ready = self.ready().await?;
            let parts = |id: &String| <[String; 4]>::try_from(id.split('.').map(str::to_owned).collect::<Vec<_>>()).ok();
            let known = |id: &[String; 4]| ready.set.frame.units.get(&id[2]).is_some();
            let asked: Vec<[String; 4]> = ids.iter().filter_map(parts).filter(known).collect();
            let held = self.held(ready, &asked).await?;
            Ok(ids.iter().map(|id| held.get(id).cloned()).collect())
        })
    }

    fn write<'a>(&'a self, batch: &'a [Write]) -> BoxFuture<'a, Result<Vec<Written>, Error>> {
        Box::pin(async move {
            self.ready().await?;
            let mut outcomes: Vec<Option<Written>> = vec![None; batch.len()];
            for deletes in [false, true] {
                let places: Vec<usize> = (0..batch.len()).filter(|at| (batch[*at].action == Action::Delete) == deletes).collect();
                if places.is_empty() {
                    continue;
                }
                let writes: Vec<&Write> = places.iter().map(|at| &batch[*at]).collect();
                for (place, written) in places.iter().zip(self.send(&writes, deletes).await) {
                    outcomes[*place] = Some(written);
                }
            }
            let forgotten = || Written::Failed(Error::bug(network::UNEXPECTED_ANSWER, "a registration of a batch was not dealt with"));
            Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(forgotten)).collect())
        })
    }
}

//! A resource as a target: what it can do, what it checks before the first record, and who may write at a time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use kivuko_core::BoxFuture;
use kivuko_core::catalogue::{godata, network, target};
use kivuko_core::connector::{self, Candidate, Capabilities, Identity, Inside, Key, Obstacle, ReplacedWhole, TargetSpec, Write, Written};
use kivuko_core::error::{Cause, Error, nearest};
use kivuko_core::path::{Path, Segment};
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use super::client::{Client, Outbreak};
use super::codes::Codes;
use super::config::target_options;
use super::conform::{self, Rules};
use super::elsewhere::{Allowed, Elsewhere, Lifts};
use super::import::{Importing, Unfinished};
use super::items::{self, Called, LABELLED};
use super::key::Search;
use super::labels;
use super::lookup::Place;
use super::mask::Mask;
use super::places::Foreseen;
use super::questionnaire::{ANSWERS, Questionnaire};
use super::read::known;
use super::schema::{Field, Imports, Kind, Resource, Role, find};
use super::write::Writer;

/// A resource that is written.
#[derive(Debug)]
pub struct Target {
    client: Arc<Client>,
    resource: &'static Resource,
    spec: TargetSpec,
    /// The key; why it cannot be searched is told in `prepare`.
    search: Result<Search, String>,
    ready: OnceCell<Ready>,
    /// Whether the outbreak is the active one of the account, as far as we know.
    active: AtomicBool,
    /// What the flow allows to be done to people who stand elsewhere.
    allowed: Allowed,
    /// Who has to be brought here before a change.
    lifts: Lifts,
    /// Whether the account may change several cases in one request. Learnt by a refusal.
    bulk_update: AtomicBool,
    /// Whether the server takes several new records in one request. Learnt by a refusal.
    arrays: AtomicBool,
    /// Whether the labels that are known may not be those that are stored.
    labels_in_doubt: AtomicBool,
    /// What was sent in files of which nobody knows what became; `None` where the flow does not import.
    imports: Option<Unfinished>,
    /// What a plan would have made of places by now.
    foreseen: Mutex<Foreseen>,
}

/// What is known once the installation has been asked.
#[derive(Debug)]
struct Ready {
    outbreak: Option<Outbreak>,
    rules: Rules,
    search: Option<Search>,
    /// What tokens of code lists are called in the language of the account, where the flow writes labels: they are what it is compared with.
    called: RwLock<Arc<Called>>,
    causes: Vec<Cause>,
}

impl Ready {
    fn called(&self) -> Arc<Called> {
        Arc::clone(&self.called.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How many records one call takes where they are imported: as many as a page has.
const ROWS: usize = 1000;

impl Target {
    /// Opens a resource.
    pub fn new(client: Arc<Client>, spec: &TargetSpec) -> Result<Self, Error> {
        let resource = known(&spec.resource)?;
        if !resource.writes {
            let message = format!("{} are read only: Kivuko does not write them", resource.name);
            return Err(Error::configuration(godata::ONLY_READ, message));
        }
        if resource.in_outbreak && client.options.outbreak.is_none() && spec.scope.is_none() {
            let message = format!("writing {} needs the option `outbreak` of the system", resource.name);
            return Err(Error::configuration(godata::NO_SUCH_OUTBREAK, message));
        }
        let search = Search::new(resource, &spec.key);
        let options = target_options(&spec.options)?;
        let allowed = options.allowed(resource)?;
        let imports = options.imports(resource)?.then(Unfinished::default);
        Ok(Self {
            client,
            resource,
            spec: spec.clone(),
            search,
            ready: OnceCell::new(),
            active: AtomicBool::new(false),
            allowed,
            lifts: Lifts::default(),
            bulk_update: AtomicBool::new(resource.changes_together),
            arrays: AtomicBool::new(resource.creates_together),
            labels_in_doubt: AtomicBool::new(false),
            imports,
            foreseen: Mutex::default(),
        })
    }

    /// Remembers what later records may name.
    fn meet<'a>(&self, ids: impl Iterator<Item = &'a String>) {
        if self.resource.is_named {
            ids.for_each(|id| self.client.met.add(id));
        }
    }

    async fn ready(&self) -> Result<&Ready, Error> {
        self.ready.get_or_try_init(|| self.get_ready()).await
    }

    async fn get_ready(&self) -> Result<Ready, Error> {
        let outbreak = match &self.spec.scope {
            _ if !self.resource.in_outbreak => None,
            Some(named) => Some(self.client.outbreak_named(named).await?),
            None => self.client.outbreak().await?,
        };
        if let Some(outbreak) = &outbreak {
            self.client.recall_imports(self.imports.is_some()).await?;
            let account = self.client.account().await?;
            self.active.store(account.active_outbreak_id.as_deref() == Some(&outbreak.id), Ordering::Relaxed);
        }
        let questions = |outbreak: &Outbreak| Questionnaire::of(self.resource.questionnaires.iter().map(|field| outbreak.questions(field)));
        let questionnaire = outbreak.as_ref().map(questions).unwrap_or_default();
        let mut causes = Vec::new();
        // Places are many; they are read only for a flow that writes some.
        let mut needs_places = self.spec.paths.is_empty();
        let mut lists = BTreeSet::new();
        for path in &self.spec.paths {
            match self.leads_to(path, &questionnaire) {
                Ok(Some(Kind::Id(list))) => _ = lists.insert(list),
                Ok(kind) => needs_places |= kind.is_some_and(has_places),
                Err(cause) => causes.push(cause.field(path)),
            }
        }
        let mut codes = Codes::load(&self.client, needs_places).await?;
        for list in lists {
            codes.read_list(&self.client, outbreak.as_ref().map(|outbreak| outbreak.id.as_str()), list).await?;
        }
        if self.resource.role == Role::Item {
            codes.read_categories(&self.client).await?;
        }
        let codes = Arc::new(codes);
        let rules = Rules {
            mask: outbreak.as_ref().zip(self.resource.person()).and_then(|(outbreak, kind)| outbreak.mask(kind)).map(Mask::parse),
            rewriting_accepted: self.spec.accept_duplicates,
            chooses_ids: self.chooses_ids(),
            questionnaire,
            codes,
        };
        let search = self.searchable(&rules, &mut causes);
        let called = if self.writes_labels() { self.called().await? } else { Called::new() };
        Ok(Ready { outbreak, rules, search, called: RwLock::new(Arc::new(called)), causes })
    }

    fn writes_labels(&self) -> bool {
        let named = |path: &String| LABELLED.contains(&path.as_str());
        self.resource.role == Role::Item && (self.spec.paths.is_empty() || self.spec.paths.iter().any(named))
    }

    async fn called(&self) -> Result<Called, Error> {
        let account = self.client.account().await?;
        let language = account.language_id.as_deref().unwrap_or("english_us");
        Ok(labels::tokens(&self.client, language).await?.into_iter().filter(|(_, label)| !label.trim().is_empty()).collect())
    }

    /// What tokens are called now: asked for again where nobody knows whether a label was written.
    async fn called_now(&self, ready: &Ready) -> Result<Arc<Called>, Error> {
        if self.labels_in_doubt.swap(false, Ordering::Relaxed) {
            let called = self.called().await.inspect_err(|_| self.labels_in_doubt.store(true, Ordering::Relaxed))?;
            *ready.called.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(called);
        }
        Ok(ready.called())
    }

    /// Keeps in mind what this batch calls otherwise.
    fn note_labels(&self, ready: &Ready, batch: &[Write], written: &[Written]) {
        if !self.writes_labels() {
            return;
        }
        let mut called = ready.called.write().unwrap_or_else(PoisonError::into_inner);
        for (write, written) in batch.iter().zip(written) {
            match written {
                Written::Done { id, .. } => items::note(Arc::make_mut(&mut called), id, &write.body),
                Written::Failed(error) if error.effect_unknown => self.labels_in_doubt.store(true, Ordering::Relaxed),
                _ => {}
            }
        }
    }

    /// A record as it would be written: with labels in the place of their tokens.
    fn as_written(called: &Called, mut found: Candidate) -> Candidate {
        items::as_called(called, &mut found.body);
        found
    }

    /// The key, if records can be found by it. A key that cannot be searched is accepted only when the flow accepts duplicates.
    fn searchable(&self, rules: &Rules, causes: &mut Vec<Cause>) -> Option<Search> {
        let key = self.spec.key.join(", ");
        let unusable = |why: String| Cause::new(target::KEY_NOT_SEARCHABLE, why).field(key.clone());
        // Found by who it is, and never made: nothing is asked for by key.
        if self.spec.key.is_empty() {
            return None;
        }
        let found = match &self.search {
            Err(why) => Err(unusable(why.clone())),
            Ok(search) => search.clone().with_codes(&rules.codes),
        };
        let found = found.and_then(|search| match &rules.mask {
            Some(mask) if mask.rewrites() && self.spec.key.iter().any(|path| path == "visualId") => Err(unusable(format!(
                "under the mask `{}` Go.Data replaces the digits of a visual id, so no record is found by it again; use documents[type=EXTERNAL_ID].number",
                mask.text()
            ))),
            _ => Ok(search),
        });
        match found {
            Ok(search) => Some(search),
            Err(_) if self.spec.accept_duplicates => None,
            Err(cause) => {
                causes.push(cause);
                None
            }
        }
    }

    /// What a path leads to; nothing is known of what lies inside answers and the like.
    fn leads_to(&self, text: &str, questionnaire: &Questionnaire) -> Result<Option<Kind>, Cause> {
        let path = Path::parse(text).map_err(|_| Cause::new(target::UNKNOWN_FIELD, "this is no path"))?;
        let mut fields = self.resource.fields;
        let mut reached = None;
        let mut names = path.segments().iter().filter_map(|segment| if let Segment::Field(name) = segment { Some(&**name) } else { None });
        while let Some(name) = names.next() {
            let Some(field) = find(fields, name) else {
                let near = nearest(name, fields.iter().map(|field| field.name)).map(|near| format!("; did you mean `{near}`?"));
                let message = format!("Go.Data has no field `{name}` here{}", near.unwrap_or_default());
                return Err(Cause::new(target::UNKNOWN_FIELD, message));
            };
            if field.read_only && !(name == "id" && self.chooses_ids()) {
                return Err(Cause::new(godata::READ_ONLY, format!("Go.Data sets `{name}` itself and drops what is sent")));
            }
            reached = Some(field.kind);
            fields = match field.kind {
                Kind::Object(nested) | Kind::List(nested) => nested,
                Kind::Answers if name == ANSWERS => {
                    return names.next().map_or(Ok(()), |variable| questionnaire.knows(variable)).map(|()| None);
                }
                Kind::Answers | Kind::Any | Kind::Point => return Ok(None),
                _ => &[],
            };
        }
        Ok(reached)
    }

    /// Only the file of a tree can say which id a new record has.
    fn chooses_ids(&self) -> bool {
        self.imports.is_some() && matches!(self.resource.imports, Imports::Tree)
    }

    fn place<'a>(&'a self, ready: &'a Ready) -> Place<'a> {
        Place { client: &self.client, resource: self.resource, outbreak: ready.outbreak.as_ref(), active: &self.active, lifts: &self.lifts }
    }

    fn writer<'a>(&'a self, ready: &'a Ready, called: &'a Called) -> Writer<'a> {
        Writer {
            place: self.place(ready),
            search: ready.search.as_ref(),
            codes: &ready.rules.codes,
            called,
            bulk_update: &self.bulk_update,
            arrays: &self.arrays,
            one_by_one: self.resource.one_by_one || self.numbers_race(),
            importing: self.imports.as_ref().map(|unfinished| Importing { unfinished, replaced_whole: self.replaced_whole() }),
        }
    }

    fn elsewhere<'a>(&'a self, place: &'a Place<'a>) -> Option<Elsewhere<'a>> {
        let here = self.resource.person()?;
        Some(Elsewhere { place, here, allowed: &self.allowed, lifts: &self.lifts })
    }

    /// What the resource replaces whole; of answers that have a day each, those of other days.
    fn replaced_whole(&self) -> Vec<ReplacedWhole> {
        let dated = self.ready.get().into_iter().flat_map(|ready| ready.rules.questionnaire.replaced_whole());
        self.resource.replaced_whole().into_iter().chain(dated).collect()
    }

    fn mask_rewrites(&self) -> bool {
        self.ready.get().is_some_and(|ready| ready.rules.mask.as_ref().is_some_and(Mask::rewrites))
    }

    /// A visual id that asks for the next number races with every other one that does.
    fn numbers_race(&self) -> bool {
        self.mask_rewrites() && (self.spec.paths.is_empty() || self.spec.paths.iter().any(|path| path == "visualId"))
    }
}

fn has_places(kind: Kind) -> bool {
    match kind {
        Kind::Place | Kind::Places => true,
        Kind::Object(fields) | Kind::List(fields) => fields.iter().any(|field: &Field| has_places(field.kind)),
        _ => false,
    }
}

impl connector::Target for Target {
    fn capabilities(&self) -> Capabilities {
        let one_by_one = self.resource.one_by_one || self.numbers_race();
        let concurrency = self.client.options.http.concurrency;
        Capabilities {
            // Places depend on one another: the more come together, the fewer have to wait.
            batch_size: if self.imports.is_some() || self.resource.role == Role::Place { ROWS } else { self.client.options.batch_size },
            concurrency: if one_by_one || self.resource.role == Role::Relationship { 1 } else { concurrency },
            lookup_size: 100,
            replaced_whole: self.replaced_whole(),
            // Under a mask with a sequence the value that is sent is not the one that is stored.
            unique: if self.mask_rewrites() { Vec::new() } else { self.resource.unique.iter().map(|field| (*field).to_owned()).collect() },
            deletes: self.resource.deletes,
            deactivates: self.resource.deactivates,
            remakes: false,
            // The id of an item follows from its label, and those of an imported tree from its keys; Go.Data keeps what is deleted.
            deletes_for_good: self.resource.role == Role::Item || self.chooses_ids(),
            former_goes: self.resource.former_goes.iter().map(|field| (*field).to_owned()).collect(),
            only_added: Vec::new(),
            settle_secs: self.client.options.http.settle_secs,
            pages_at_once: 1,
        }
    }

    fn prepare(&self) -> BoxFuture<'_, Result<Vec<Cause>, Error>> {
        Box::pin(async move { Ok(self.ready().await?.causes.clone()) })
    }

    fn scope(&self) -> BoxFuture<'_, Result<Option<Identity>, Error>> {
        Box::pin(async move {
            let outbreak = self.ready().await?.outbreak.as_ref();
            Ok(outbreak.map(|outbreak| Identity { id: outbreak.id.clone(), label: format!("outbreak {}", outbreak.name) }))
        })
    }

    fn exclusive(&self) -> BoxFuture<'_, Result<Option<String>, Error>> {
        Box::pin(async move {
            // The account has one active outbreak: two runs that write to two outbreaks with it would switch it under each other. What belongs to no
            // outbreak has no condition on creating either: two runs that both found a place missing would both make it.
            Ok(Some(self.client.account_key().to_owned()))
        })
    }

    fn begin(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            if let Some(outbreak) = &self.ready().await?.outbreak {
                self.client.await_imports().await?;
                self.client.activate(outbreak).await?;
                self.active.store(true, Ordering::Relaxed);
            }
            Ok(())
        })
    }

    fn conform(&self, body: Value) -> Result<Value, Vec<Cause>> {
        match self.ready.get() {
            Some(ready) => conform::conform(self.resource, &ready.rules, body),
            None => Err(vec![Cause::new(network::UNEXPECTED_ANSWER, "a record was brought to Go.Data before the target was prepared")]),
        }
    }

    fn lookup<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Vec<Candidate>>, Error>> {
        Box::pin(async move {
            let ready = self.ready().await?;
            // What is missing now may come out of an import that is under way.
            self.client.await_imports().await?;
            match &ready.search {
                Some(search) => {
                    let place = self.place(ready);
                    let mut found = place.by_keys(search, keys).await?;
                    let called = self.called_now(ready).await?;
                    let writer = self.writer(ready, &called);
                    if let Some(importing) = &writer.importing {
                        writer.finish(&mut found, importing).await?;
                    }
                    if let Some(elsewhere) = self.elsewhere(&place) {
                        elsewhere.complete_keys(search, keys, &mut found).await?;
                    }
                    if self.resource.role == Role::Item {
                        items::by_label(&place, search, keys, &called, &mut found).await?;
                    }
                    self.meet(found.iter().flatten().filter(|candidate| !candidate.deleted).map(|candidate| &candidate.id));
                    Ok(found.into_iter().map(|of_key| of_key.into_iter().map(|one| Self::as_written(&called, one)).collect()).collect())
                }
                // The flow accepts duplicates: its key finds nothing.
                None => Ok(vec![Vec::new(); keys.len()]),
            }
        })
    }

    fn fetch<'a>(&'a self, ids: &'a [String]) -> BoxFuture<'a, Result<Vec<Option<Candidate>>, Error>> {
        Box::pin(async move {
            let ready = self.ready().await?;
            self.client.await_imports().await?;
            let place = self.place(ready);
            let mut found = place.by_ids(ids).await?;
            if let Some(elsewhere) = self.elsewhere(&place) {
                elsewhere.complete_ids(ids, &mut found).await?;
            }
            let called = self.called_now(ready).await?;
            Ok(found.into_iter().map(|one| one.map(|one| Self::as_written(&called, one))).collect())
        })
    }

    fn inside<'a>(&'a self, ids: &'a [String]) -> BoxFuture<'a, Result<Vec<Vec<Inside>>, Error>> {
        Box::pin(async move {
            if self.resource.role != Role::Place {
                return Ok(vec![Vec::new(); ids.len()]);
            }
            let ready = self.ready().await?;
            let called = ready.called();
            self.writer(ready, &called).inside_places(ids).await
        })
    }

    fn foresee<'a>(&'a self, batch: &'a [Write]) -> BoxFuture<'a, Result<Vec<Option<Obstacle>>, Error>> {
        Box::pin(async move {
            if self.resource.role != Role::Place {
                return Ok(Vec::new());
            }
            let ready = self.ready().await?;
            let called = ready.called();
            self.writer(ready, &called).foresee_places(batch, &mut *self.foreseen.lock().await).await
        })
    }

    fn write<'a>(&'a self, batch: &'a [Write]) -> BoxFuture<'a, Result<Vec<Written>, Error>> {
        Box::pin(async move {
            let ready = self.ready().await?;
            self.client.await_imports().await?;
            let called = self.called_now(ready).await?;
            let written = self.writer(ready, &called).write(batch).await;
            self.note_labels(ready, batch, &written);
            self.meet(written.iter().filter_map(|one| if let Written::Done { id, .. } = one { Some(id) } else { None }));
            Ok(written)
        })
    }
}

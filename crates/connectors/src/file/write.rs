//! A file as a target: records by key, in CSV, JSON, NDJSON or ADX.
//!
//! A batch is one rewriting of the file, and takes effect whole or not at all; a batch that is written again changes nothing. What the batch does not name stays as it stands, to
//! the letter where no column is added. A record's id is its key. There is nothing that could hold a lease for us on the other side: that nobody else
//! writes the file meanwhile is checked by its look before it is replaced.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use encoding_rs::Encoding;
use kivuko_core::BoxFuture;
use kivuko_core::catalogue::{file as codes, record, target};
use kivuko_core::clock::Clock;
use kivuko_core::connector::{self, Action, Candidate, Capabilities, Key, Obstacle, Standing, TargetSpec, Write, Written};
use kivuko_core::error::{Cause, Error};
use kivuko_core::halves;
use kivuko_core::path;
use kivuko_core::value;
use serde_json::Value;

use super::adx;
use super::config::{self, Format, Writing};
use super::content::{self, Content, Output};
use super::flat;
use super::folder::{self, Found};
use super::read::{Look, blocking};
use super::replace;
use super::tree::{Forest, Tree, Wish};

/// A batch rewrites the file once, so large batches keep many records near one pass.
const BATCH: usize = 10_000;
/// A tree is written whole with each page: several pages go into it at once, but not so many that memory is full of them. 20,000 places take 2.3 s and 117 MB so, 2.4 s and 302 MB with 20 pages, 2.6 s and
/// 95 MB with two.
const PAGES_OF_A_TREE: usize = 4;

/// A file to write.
#[derive(Debug, Clone)]
pub struct Target {
    file: Found,
    format: Format,
    key: Vec<path::Path>,
    /// The columns that the flow writes, where they are known beforehand.
    columns: Vec<String>,
    options: Writing,
    clock: Arc<dyn Clock>,
    /// The nodes of a tree as they were last read or written, and what the file looked like then.
    forest: Arc<Mutex<Option<(Look, Forest)>>>,
    /// What a plan would have made of them by now.
    foreseen: Arc<Mutex<Option<Foreseen>>>,
}

impl Target {
    /// Checks what can be checked without the disk.
    pub fn new(base: &Path, spec: &TargetSpec, options: Writing, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let file = folder::one(base, &spec.resource);
        let format = config::format(options.format, &file.name)?;
        let parse = |role: &str, written: &String| {
            path::Path::parse(written).map_err(|error| config::unfit(format!("{role} `{written}` of the flow is no path: {error}")))
        };
        let key = spec.key.iter().map(|written| parse("the key", written)).collect::<Result<Vec<_>, _>>()?;
        if key.is_empty() {
            return Err(config::unfit(format!("{} needs a `key`: the field by which its records are found", file.name)));
        }
        if file.name.contains(['*', '?']) {
            return Err(config::unfit(format!("`{}` names several files; a target is one", file.name)));
        }
        let paths = spec.paths.iter().map(|written| parse("the target", written)).collect::<Result<Vec<_>, _>>()?;
        if format == Format::Xlsx {
            return Err(config::unfit(format!("{} is a workbook, which is read and not written; let the flow write a CSV", file.name)));
        }
        if options.tree.is_some() && format != Format::Json {
            return Err(config::unfit(format!("`tree` is for JSON, which {} is not", file.name)));
        }
        if format == Format::Adx {
            adx::check_target(key.iter().chain(&paths), &options)?;
        }
        let mut columns: Vec<String> = Vec::new();
        for column in key.iter().chain(&paths).filter_map(flat::column) {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        Ok(Self { file, format, key, columns, options, clock, forest: Arc::default(), foreseen: Arc::default() })
    }

    fn content(&self) -> Result<Content<'_>, Error> {
        Content::open(&self.file.path, &self.file.name, self.format, &self.key, &self.options)
    }

    /// The content, whose records can be found.
    fn searchable(&self) -> Result<Content<'_>, Error> {
        let content = self.content()?;
        match content.missing_key() {
            Some(column) => Err(Error { cause: self.key_missing(&column), ..config::unfit("") }),
            None => Ok(content),
        }
    }

    fn key_missing(&self, column: &str) -> Cause {
        let message = format!("{} has no column `{column}`, so that its records cannot be found by it", self.file.name);
        Cause::new(codes::COLUMN_MISSING, message).field(column)
    }

    fn candidate(&self, id: String, body: Value) -> Candidate {
        Candidate { id, version: Some(version(&body, self.format)), deleted: false, body, standing: Standing::Usual }
    }

    /// The id of the record with a key, which reads as the file holds it.
    fn id_of(&self, key: &Key) -> String {
        match self.format {
            Format::Adx => id(&self.key.iter().zip(&key.0).map(|(path, text)| crate::adx::key_text(path, text)).collect::<Vec<_>>()),
            _ => id(&key.0),
        }
    }

    /// The records with these ids, for each in its place.
    fn find(&self, ids: &[String]) -> Result<Vec<Vec<Candidate>>, Error> {
        let mut found = vec![Vec::new(); ids.len()];
        let content = self.searchable()?;
        if let Some(tree) = &self.options.tree {
            let forest = self.forest(&content, tree)?;
            for (id, found) in ids.iter().zip(&mut found) {
                found.extend(forest.places_of(id).map(|place| self.candidate(id.clone(), forest.record(forest.at(place)))));
            }
            self.keep(content.look, forest);
            return Ok(found);
        }
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, id) in ids.iter().enumerate() {
            places.entry(id).or_default().push(place);
        }
        content.visit(&mut |existing| {
            if let Some(places) = places.get(id(&existing.key).as_str()) {
                for place in places {
                    found[*place].push(self.candidate(id(&existing.key), existing.record()));
                }
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn write_batch(&self, batch: &[Write]) -> Result<Vec<Written>, Error> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let content = self.searchable()?;
        let forest = self.options.tree.as_ref().map(|tree| self.forest(&content, tree)).transpose()?;
        let (mut answers, changes) = self.settle(batch, &content, forest.as_ref())?;
        let written = match forest {
            Some(forest) => self.rewrite_tree(content, forest, &changes, &mut answers),
            None => self.rewrite(&content, &changes),
        };
        match written {
            Ok(()) => Ok(answers),
            Err(error) if error.effect_unknown => Ok(batch.iter().map(|_| Written::Failed(error.clone())).collect()),
            Err(error) => Err(error),
        }
    }

    /// What a batch makes of the records that it names, and the answers to it.
    fn settle(&self, batch: &[Write], content: &Content<'_>, forest: Option<&Forest>) -> Result<(Vec<Written>, Changes), Error> {
        let mut changes = Changes::default();
        for write in batch {
            let after = self.id_of(&write.key);
            let now = write.id.as_ref().map(|now| changes.name(now.clone()));
            let after = changes.name(after);
            changes.writes.push((now.unwrap_or(after), after));
        }
        let encoding = content.shape.encoding;
        match forest {
            Some(forest) => {
                for named in &mut changes.records {
                    let there: Vec<usize> = forest.places_of(&named.id).collect();
                    for place in there {
                        named.meet(forest.record(forest.at(place)));
                    }
                }
            }
            None => content.visit(&mut |existing| {
                if let Some(place) = changes.places.get(id(&existing.key).as_str()) {
                    changes.records[*place].meet(existing.record());
                }
                Ok(())
            })?,
        }
        let decide = |(write, named): (&Write, &Named)| self.decide(write, named, encoding).map(|record| self.versioned(record));
        // As if each were the only one of its record, which it nearly always is.
        let first = halves::each(batch.iter().zip(changes.writes.iter().map(|(now, _)| &changes.records[*now])).collect(), decide);
        let mut answers = Vec::with_capacity(batch.len());
        for (write, first) in batch.iter().zip(first) {
            let (now, after) = changes.writes[answers.len()];
            let taken = now != after && changes.records[after].record.is_some();
            let decided = match (taken, write.action) {
                (true, Action::Update) => Err(Cause::new(record::DUPLICATE_KEY, "another record of the file has this key already")),
                _ if changes.records[now].touched => decide((write, &changes.records[now])),
                _ => first,
            };
            let answer = match decided {
                Ok(becomes) => {
                    let named = &mut changes.records[now];
                    named.touched = true;
                    let (record, version) = becomes.unzip();
                    if record.is_some() && !named.was_there && !std::mem::replace(&mut named.is_new, true) {
                        changes.order.push(now);
                    }
                    named.record = record;
                    let id = if version.is_some() { after } else { now };
                    Written::Done { id: changes.records[id].id.clone(), version, returned: None }
                }
                Err(cause) => Written::Refused(cause),
            };
            answers.push(answer);
        }
        Ok((answers, changes))
    }

    /// A record with its version.
    fn versioned(&self, record: Option<Arc<Value>>) -> Option<(Arc<Value>, String)> {
        record.map(|record| {
            let version = version(&record, self.format);
            (record, version)
        })
    }

    /// What a batch would be refused for. Of a tree alone: in other files a record has its place whatever the others are.
    fn foresee_batch(&self, batch: &[Write]) -> Result<Vec<Option<Obstacle>>, Error> {
        let Some(tree) = self.options.tree.as_ref().filter(|_| !batch.is_empty()) else { return Ok(Vec::new()) };
        let content = self.searchable()?;
        let kept = self.foreseen.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Foreseen { mut forest, mut made } = match kept {
            Some(foreseen) => foreseen,
            None => Foreseen { forest: Forest::read(&content, tree, |record| id(&self.key_of(record)))?, made: HashMap::new() },
        };
        let text = |body: &Value, field: &str| path::Path::field(field).one(body).and_then(value::text);
        let mut writes = batch.to_vec();
        for write in &mut writes {
            if let Some(stand_in) = write.id.take_if(|id| connector::is_not_yet(id)) {
                made.extend(text(&write.body, &tree.id).map(|id| (stand_in, id)));
            }
        }
        for write in &mut writes {
            if let Some(parent) = text(&write.body, &tree.parent).and_then(|parent| made.get(&parent)) {
                Arc::make_mut(&mut write.body)[tree.parent.as_str()] = parent.as_str().into();
            }
        }
        let (mut answers, changes) = self.settle(&writes, &content, Some(&forest))?;
        changes.place(&mut forest, &mut answers);
        *self.foreseen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Foreseen { forest, made });
        let obstacle = |answer| if let Written::Refused(cause) = answer { Some(Obstacle::Refused(cause)) } else { None };
        Ok(answers.into_iter().map(obstacle).collect())
    }

    /// The nodes of the file. Read once while nobody else writes it.
    fn forest(&self, content: &Content<'_>, tree: &Tree) -> Result<Forest, Error> {
        let kept = self.forest.lock().unwrap_or_else(PoisonError::into_inner).take();
        match kept {
            Some((look, forest)) if content.look.as_ref() == Some(&look) => Ok(forest),
            _ => Forest::read(content, tree, |record| id(&self.key_of(record))),
        }
    }

    fn keep(&self, look: Option<Look>, forest: Forest) {
        *self.forest.lock().unwrap_or_else(PoisonError::into_inner) = look.map(|look| (look, forest));
    }

    fn key_of(&self, record: &Value) -> Vec<String> {
        self.key.iter().map(|path| path.one(record).and_then(value::text).unwrap_or_default()).collect()
    }

    /// What becomes of one record: its new content, `None` when it is to go, or why it is refused.
    fn decide(&self, write: &Write, named: &Named, encoding: &'static Encoding) -> Result<Option<Arc<Value>>, Cause> {
        let Named { id, times, record: present, .. } = named;
        let (times, present) = (*times, present.as_deref());
        if id.trim().is_empty() || write.key.0.iter().any(|part| part.trim().is_empty()) {
            return Err(Cause::new(record::EMPTY_KEY, "the key is empty"));
        }
        if times > 1 {
            return Err(Cause::new(
                target::SEVERAL_MATCHES,
                format!("{} holds {times} records with this key; correct it first", self.file.name),
            ));
        }
        let mut changed: Arc<Value> = match (write.action, present) {
            (Action::Delete, _) => return Ok(None),
            (Action::Deactivate, _) => return Err(Cause::new(target::REFUSED, "a record of a file cannot be deactivated, only deleted")),
            (Action::Update, None) => {
                return Err(Cause::new(target::TARGET_GONE, format!("{} no longer holds a record with this key", self.file.name)));
            }
            (Action::Create | Action::Update, Some(present)) => content::merged(present.clone(), &write.body).into(),
            (Action::Create, None) => Arc::clone(&write.body),
        };
        if self.format == Format::Adx {
            return adx::keyed(Arc::unwrap_or_clone(changed), self.key.iter().zip(&write.key.0)).map(|record| Some(record.into()));
        }
        if self.format == Format::Csv {
            changed = flat::texts(Arc::unwrap_or_clone(changed)).into();
        }
        for (path, part) in self.key.iter().zip(&write.key.0) {
            if path.one(&changed).and_then(value::text).as_deref() != Some(part) {
                path.set(Arc::make_mut(&mut changed), part.as_str().into())
                    .map_err(|error| Cause::new(record::WRONG_TYPE, error.to_string()).field(path.to_string()))?;
            }
        }
        if let Some(tree) = self.options.tree.as_ref().filter(|tree| changed.is_object() && changed.get(&tree.parent).is_none()) {
            Arc::make_mut(&mut changed)[tree.parent.as_str()] = Value::Null;
        }
        match content::misfits(&changed, self.format, encoding).into_iter().next() {
            Some(cause) => Err(cause),
            None => Ok(Some(changed)),
        }
    }

    fn rewrite(&self, content: &Content<'_>, changes: &Changes) -> Result<(), Error> {
        if !changes.records.iter().any(|named| named.touched) {
            return Ok(());
        }
        if self.format == Format::Adx {
            return self.rewrite_adx(content, changes);
        }
        let mut shape = content.shape.clone();
        if self.format == Format::Csv {
            let mut known: HashSet<String> = shape.columns.iter().map(|column| flat::canonical(column)).collect();
            let declared: Vec<String> = self.columns.iter().filter(|column| known.insert((*column).clone())).cloned().collect();
            let written =
                changes.records.iter().filter(|named| named.touched).filter_map(|named| named.record.as_deref()).flat_map(flat::cells);
            let mut extra: Vec<String> =
                written.filter(|(column, text)| !text.is_empty() && known.insert(column.clone())).map(|(column, _)| column).collect();
            extra.sort();
            shape.columns.extend(declared);
            shape.columns.extend(extra);
        }
        let as_it_stands = shape.columns.len() == content.shape.columns.len();
        replace::replace(&self.file.path, &self.file.name, content.look.as_ref(), |out| {
            let mut output = Output::begin(out, &shape, &self.file.name)?;
            content.visit(&mut |existing| {
                if let Some(named) = changes.touched(&id(&existing.key)) {
                    return named.record.as_deref().map_or(Ok(()), |record| output.record(record));
                }
                match existing.texts() {
                    Some(texts) if !as_it_stands => output.cells(texts),
                    _ => output.raw(existing.raw),
                }
            })?;
            for record in changes.made() {
                output.record(record)?;
            }
            output.end()
        })
        .map(drop)
    }
}

impl Target {
    /// Writes a tree. A record that finds no place in it is refused, and what rests on it.
    fn rewrite_tree(&self, content: Content<'_>, mut forest: Forest, changes: &Changes, answers: &mut [Written]) -> Result<(), Error> {
        if !changes.place(&mut forest, answers) {
            self.keep(content.look, forest);
            return Ok(());
        }
        let look = replace::replace(&self.file.path, &self.file.name, content.look.as_ref(), |out| {
            let mut output = Output::begin(out, &content.shape, &self.file.name)?;
            forest.write(&mut output)?;
            output.end()
        })?;
        // Under another key a record is found when the file is read again.
        if changes.writes.iter().all(|(now, after)| now == after) {
            self.keep(Some(look), forest);
        }
        Ok(())
    }

    fn rewrite_adx(&self, content: &Content<'_>, changes: &Changes) -> Result<(), Error> {
        replace::replace(&self.file.path, &self.file.name, content.look.as_ref(), |out| {
            let mut output = adx::Output::begin(out, &self.file.name, self.clock.now(), changes.made())?;
            content.visit(&mut |existing| {
                if let Some(named) = changes.touched(&id(&existing.key)) {
                    return named.record.as_deref().map_or(Ok(()), |record| output.record(record));
                }
                output.record(&existing.record())
            })?;
            output.end()
        })
        .map(drop)
    }
}

/// What a batch makes of the records that it names.
#[derive(Default)]
struct Changes {
    records: Vec<Named>,
    /// Where they stand in that list, by id.
    places: HashMap<String, usize>,
    /// Those that are new, as they came.
    order: Vec<usize>,
    /// For each write the record that it means, and which one that is afterwards: another one where the key itself changes.
    writes: Vec<(usize, usize)>,
}

/// A record that a batch names.
#[derive(Default)]
struct Named {
    id: String,
    /// How often it stands in the file.
    times: usize,
    was_there: bool,
    /// What it holds; one that is touched and holds nothing goes.
    record: Option<Arc<Value>>,
    touched: bool,
    is_new: bool,
}

impl Named {
    /// It stands in the file.
    fn meet(&mut self, record: Value) {
        self.times += 1;
        self.was_there = true;
        self.record = Some(record.into());
    }
}

impl Changes {
    /// Where the record of this id stands.
    fn name(&mut self, id: String) -> usize {
        if let Some(place) = self.places.get(&id) {
            return *place;
        }
        let place = self.records.len();
        self.records.push(Named { id: id.clone(), ..Named::default() });
        self.places.insert(id, place);
        place
    }

    /// The record of this id, if a write touches it.
    fn touched(&self, id: &str) -> Option<&Named> {
        self.places.get(id).map(|place| &self.records[*place]).filter(|named| named.touched)
    }

    /// The new ones, as they came.
    fn made(&self) -> impl Iterator<Item = &Value> {
        self.order.iter().filter_map(|place| self.records[*place].record.as_deref())
    }

    /// Puts what is touched into a tree; whether any of it found a place. What did not is answered with why.
    fn place(&self, forest: &mut Forest, answers: &mut [Written]) -> bool {
        // Those that are there in the order of the file, then the new ones as they came.
        let mut old: Vec<(usize, usize)> = Vec::new();
        for (at, named) in self.records.iter().enumerate().filter(|(_, named)| named.touched) {
            old.extend(forest.places_of(&named.id).map(|place| (place, at)));
        }
        old.sort_unstable();
        let wish = |at: usize| Wish { key: &self.records[at].id, record: self.records[at].record.as_deref() };
        let wishes: Vec<Wish<'_>> = old.into_iter().map(|(_, at)| at).chain(self.order.iter().copied()).map(wish).collect();
        let refused = forest.place(&wishes);
        for ((now, _), answer) in self.writes.iter().zip(answers) {
            if let Some(cause) = refused.get(&self.records[*now].id) {
                *answer = Written::Refused(cause.clone());
            }
        }
        !wishes.iter().all(|wish| refused.contains_key(wish.key))
    }
}

/// A tree as it would be after what was foreseen.
#[derive(Debug, Clone)]
struct Foreseen {
    forest: Forest,
    /// The ids in the tree of those that have only a stand-in elsewhere.
    made: HashMap<String, String>,
}

/// The id of a record: its key, in a form that tells the parts apart.
fn id(key: &[String]) -> String {
    match key {
        [only] => only.clone(),
        parts => Value::from(parts).to_string(),
    }
}

/// A version of a record: what it holds, whatever it looks like.
fn version(body: &Value, format: Format) -> String {
    let mut bytes = Vec::with_capacity(512);
    match format {
        Format::Csv => value::canonical(&flat::record_of_cells(body), &mut bytes),
        _ => value::canonical(body, &mut bytes),
    }
    blake3::hash(&bytes).to_hex()[..16].to_owned()
}

impl connector::Target for Target {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            batch_size: BATCH,
            concurrency: 1,
            lookup_size: BATCH,
            replaced_whole: Vec::new(),
            unique: Vec::new(),
            deletes: true,
            deactivates: false,
            remakes: false,
            deletes_for_good: false,
            former_goes: Vec::new(),
            only_added: Vec::new(),
            settle_secs: 0.0,
            pages_at_once: if self.options.tree.is_some() { PAGES_OF_A_TREE } else { 1 },
        }
    }

    fn prepare(&self) -> BoxFuture<'_, Result<Vec<Cause>, Error>> {
        let target = self.clone();
        Box::pin(blocking(move || {
            let mut causes = Vec::new();
            for path in &target.key {
                if flat::column(path).is_none() {
                    let message = format!("`{path}` selects an item of a list; the key of a file is a field of its own");
                    causes.push(Cause::new(target::KEY_NOT_SEARCHABLE, message).field(path.to_string()));
                }
            }
            let content = target.content()?;
            if target.format != Format::Csv {
                return Ok(causes);
            }
            if let Some(column) = content.missing_key() {
                causes.push(target.key_missing(&column));
            }
            for column in target.columns.iter().chain(&content.shape.columns) {
                if super::encoding::encode(content.shape.encoding, column, &mut Vec::new()).is_err() {
                    let encoding = super::encoding::name(content.shape.encoding);
                    causes.push(
                        Cause::new(codes::NOT_ENCODABLE, format!("the name of the column cannot be written in {encoding}")).field(column),
                    );
                }
            }
            Ok(causes)
        }))
    }

    fn exclusive(&self) -> BoxFuture<'_, Result<Option<String>, Error>> {
        let path = self.file.path.canonicalize().unwrap_or_else(|_| self.file.path.clone());
        Box::pin(async move { Ok(Some(format!("file {}", path.display()))) })
    }

    fn begin(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn conform(&self, body: Value) -> Result<Value, Vec<Cause>> {
        if !body.is_object() {
            return Err(vec![Cause::new(record::WRONG_TYPE, "a record of a file is an object")]);
        }
        if self.format == Format::Adx {
            return crate::adx::normal(&body);
        }
        let body = if self.format == Format::Csv { flat::texts(body) } else { body };
        let causes = content::misfits(&body, self.format, self.options.encoding.unwrap_or(encoding_rs::UTF_8));
        if causes.is_empty() { Ok(body) } else { Err(causes) }
    }

    fn lookup<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Vec<Candidate>>, Error>> {
        let target = self.clone();
        let ids: Vec<String> = keys.iter().map(|key| self.id_of(key)).collect();
        Box::pin(blocking(move || target.find(&ids)))
    }

    fn fetch<'a>(&'a self, ids: &'a [String]) -> BoxFuture<'a, Result<Vec<Option<Candidate>>, Error>> {
        let target = self.clone();
        let ids = ids.to_vec();
        Box::pin(blocking(move || Ok(target.find(&ids)?.into_iter().map(|found| found.into_iter().next()).collect())))
    }

    fn foresee<'a>(&'a self, batch: &'a [Write]) -> BoxFuture<'a, Result<Vec<Option<Obstacle>>, Error>> {
        let target = self.clone();
        let batch = batch.to_vec();
        Box::pin(blocking(move || target.foresee_batch(&batch)))
    }

    fn write<'a>(&'a self, batch: &'a [Write]) -> BoxFuture<'a, Result<Vec<Written>, Error>> {
        let target = self.clone();
        let batch = batch.to_vec();
        Box::pin(blocking(move || target.write_batch(&batch)))
    }
}

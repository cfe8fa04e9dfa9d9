//! What happens to one project over several days: a flow, what Go.Data holds before, and the files of each day. Told in YAML (`stories/`), or generated.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use kivuko_core::people::DecisionKind;
use kivuko_engine::By;
use kivuko_sims::godata::{Options, Outbreak, Pace};
use serde_json::Value;

use crate::Cut;
use crate::support::known_as::names;
use crate::support::work::Work;
use crate::support::{World, project, shuffle};

/// So long after its request an import takes effect.
const LATE_IMPORT: Duration = Duration::from_millis(600);

/// The texts of files, by their paths in the project.
type Files = Vec<(String, String)>;

/// What happens to one project over time.
#[derive(Debug, Clone, Default)]
pub struct Story {
    pub name: String,
    /// The flow that is run.
    pub flow: String,
    /// The files of the project that are not those of every test.
    files: Files,
    /// Names of outbreaks beside the usual one.
    outbreaks: Vec<String>,
    /// Cases that somebody entered in Go.Data before the first day.
    given: Vec<Value>,
    pub days: Vec<Day>,
    /// Records wait for others that come behind them, so that a day has a second run.
    pub twice: bool,
    /// New cases go in import files, which take effect late. What they create is not in the simulator's log.
    pub imports: bool,
}

/// What comes on one day.
#[derive(Debug, Clone, Default)]
pub struct Day {
    files: Files,
    /// What a person answers before the run: the record, and the name of a candidate, `new` or `discard`.
    decide: Vec<(String, String)>,
}

impl Story {
    /// The generated line list.
    pub fn of(work: &Work) -> Self {
        let flow = project::FLOW.replace("id: case_id", "id: row_id");
        let flow = format!("{flow}deletes: {{ detect: absence, then: delete, stop_above: 60% }}\n");
        let day = |text: &String| Day { files: vec![("incoming/cases.csv".to_owned(), text.clone())], ..Day::default() };
        Self {
            name: "a line list".to_owned(),
            flow: "cases".to_owned(),
            files: vec![("flows/cases.yaml".to_owned(), flow)],
            given: work.given.clone(),
            days: work.days.iter().map(day).collect(),
            ..Self::default()
        }
    }

    /// The same with import files.
    pub fn by_imports(self) -> Self {
        Self { name: format!("{} by import files", self.name), imports: true, ..self }
    }

    /// Writes into the flow how new cases are brought in.
    pub fn bring_in(&self, imports: bool, world: &World) {
        for (name, text) in self.files.iter().filter(|(name, _)| self.imports && name.starts_with("flows/")) {
            let via = if imports { "resource: cases, via: import," } else { "resource: cases," };
            world.write(name, &text.replace("resource: cases,", via));
        }
    }

    /// All stories that are written down.
    pub fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/stories");
        let entries = std::fs::read_dir(folder).expect("the folder of stories is there");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
        paths.sort();
        assert!(!paths.is_empty(), "there are no stories");
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Self {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let text = std::fs::read(path).expect("a story can be read");
        let mut wrong = Vec::new();
        let tree = kivuko_core::yaml::parse(&name, &text, &mut wrong);
        let story = tree.filter(|_| wrong.is_empty()).unwrap_or_else(|| panic!("{}", crate::support::problems(&wrong))).to_value();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let texts = |value: &Value| -> Files {
            let one = |(name, text): (&String, &Value)| (name.clone(), text.as_str().expect("a text").to_owned());
            value.as_object().into_iter().flatten().map(one).collect()
        };
        for key in story.as_object().expect("a story has keys").keys() {
            let known = ["story", "flow", "outbreaks", "given", "files", "twice", "days"];
            assert!(known.contains(&key.as_str()), "{name}: `{key}` is no word of a story");
        }
        Self {
            flow: story["flow"].as_str().expect("a story has a flow").to_owned(),
            files: texts(&story["files"]),
            outbreaks: list(&story["outbreaks"]).iter().filter_map(|name| name.as_str().map(str::to_owned)).collect(),
            given: list(&story["given"]),
            days: list(&story["days"]).iter().map(|day| Day { files: texts(&day["files"]), decide: texts(&day["decide"]) }).collect(),
            twice: story["twice"] == Value::Bool(true),
            imports: false,
            name,
        }
    }

    /// The same with the rows of each day in another order.
    pub fn shuffled(mut self, seed: u64) -> Self {
        for (name, text) in self.days.iter_mut().flat_map(|day| &mut day.files) {
            *text = shuffle::text(name, text, seed);
        }
        self
    }

    /// The world of its first day, with a project whose pages are written by several requests at a time.
    pub async fn world(&self, cut: Cut) -> World {
        let outbreak = |name: &String| Outbreak::new(&format!("outbreak-{}", name.to_lowercase().replace(' ', "-")), name);
        let options = self.outbreaks.iter().map(outbreak).fold(Options::for_tests(), Options::outbreak).mask("*");
        let mut world = World::new(options).await;
        world.pace.page_size = cut.page;
        // A busy machine may be slow; no history is about an answer that does not come in time.
        let kivuko = project::KIVUKO.replace("{url}", &world.sim.url()).replace("settle_secs: 0.4", "settle_secs: 0.25");
        let kivuko = kivuko.replace("timeout_secs: 2", "timeout_secs: 30");
        world.write("kivuko.yaml", &format!("{kivuko}    batch_size: {}\n    concurrency: 4\n", cut.batch));
        for (name, text) in &self.files {
            world.write(name, text);
        }
        if self.imports {
            // Whether somebody looks at it or not, and later than the settling of other writes takes.
            world.sim.set_pace(Pace { polls: 0, duration: LATE_IMPORT, late: true });
        }
        for case in &self.given {
            world.sim.insert_case(Options::OUTBREAK, case.clone());
        }
        world
    }

    /// What happens on a day before its first run.
    pub async fn begin(&self, day: usize, world: &World) {
        self.bring_in(true, world);
        for (name, text) in &self.days[day].files {
            world.write(name, text);
        }
        if self.days[day].decide.is_empty() {
            return;
        }
        let engine = world.engine().await;
        let names = names(&world.sim);
        for (record, is) in &self.days[day].decide {
            let rows = engine.store().reviews(None, 1000).await.expect("questions can be read");
            let row = rows.iter().find(|row| row.review.source.id == *record).unwrap_or_else(|| panic!("nobody is asked about {record}"));
            let by_name = || row.review.candidates.iter().map(|one| &one.target_id).find(|id| names.get(*id) == Some(is));
            let (kind, candidate) = match is.as_str() {
                "new" => (DecisionKind::New, None),
                "discard" => (DecisionKind::Discard, None),
                _ => (DecisionKind::Link, Some(by_name().unwrap_or_else(|| panic!("{is} is no candidate for {record}")).as_str())),
            };
            let by = By { name: "a data manager".to_owned(), reason: "a story".to_owned() };
            engine.answer(row.id, kind, candidate, by).await.expect("the answer is taken");
        }
    }

    /// Every text that could be the identity of a record of the source.
    pub fn cells(&self) -> Vec<String> {
        let texts = self.days.iter().flat_map(|day| &day.files).map(|(_, text)| text.as_str());
        let cells: BTreeSet<&str> = texts.flat_map(|text| text.split([',', '\n'])).filter(|cell| !cell.is_empty()).collect();
        cells.into_iter().map(str::to_owned).collect()
    }
}

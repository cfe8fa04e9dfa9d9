//! `demo`: the whole way once, from nothing. A simulated Go.Data and a simulated DHIS2, a line list as untidy as real ones, the project of the template
//! `line-list`, and eight runs: the first, the same again, the weekly numbers for DHIS2, the next day's list, the numbers that it corrects; and the places of DHIS2
//! into Go.Data, again, and after a night.
//!
//! It reads and writes nothing outside of its own folder and talks to nothing but its own simulators.

mod places;

use std::path::{Path, PathBuf};

use kivuko_core::connector::Cancel;
use kivuko_core::outcome::Status;
use kivuko_core::store::Store as _;
use kivuko_engine::{Pace, RunOptions, RunReport, Workspace};
use kivuko_sims::dhis2::Dhis2Sim;
use kivuko_sims::godata::{Options, Sim};
use serde_json::{Value, json};

use crate::app::App;
use crate::args::Demo;
use crate::demo::{self, Country, LineList, numbers};
use crate::failure::{Failure, exit};
use crate::print::account::Account;
use crate::print::figures::{count, counted};
use crate::print::progress::Progress;
use crate::print::style;
use crate::{signals, templates};

/// The flow of the template.
const FLOW: &str = "cases";
/// Not the variable of the template: a real password in the environment must not meet the simulator.
const PASSWORD: &str = "DEMO_GODATA_PASSWORD";
/// How many causes the first account shows; the others are of the same kinds.
const CAUSES: usize = 8;
/// Where the simulated DHIS2 is kept.
const DHIS2_DATA: &str = "simulator/dhis2";
/// Where the line list arrives.
const INCOMING: &str = "incoming/cases.csv";

pub async fn execute(app: &App, args: &Demo) -> Result<u8, Failure> {
    let stage = Stage::set(app, args).await?;
    let played = Box::pin(stage.play()).await;
    // Also what was played in part can be looked at.
    if args.keep.is_some() {
        stage.keep_systems()?;
    }
    let (runs, is_complete) = played?;
    if app.json {
        app.document(&json!({ "runs": runs }))?;
    }
    if !is_complete {
        return Ok(exit::SYSTEM);
    }
    if !args.once {
        stage.say_what_can_be_tried();
        signals::signal().await.map_err(|error| Failure::usage(format!("this machine gives us no signals: {error}")))?;
        if args.keep.is_some() {
            stage.keep_systems()?;
        }
    }
    Ok(exit::WELL)
}

/// Everything that the demo needs, put up.
struct Stage<'a> {
    app: &'a App,
    sim: Sim,
    dhis2: Dhis2Sim,
    country: Country,
    list: LineList,
    root: PathBuf,
    /// The folder stays when the demo has ended.
    keeps: bool,
    /// The demo ends after the last run.
    once: bool,
    /// The folder goes away with it.
    _temporary: Option<tempfile::TempDir>,
}

impl<'a> Stage<'a> {
    async fn set(app: &'a App, args: &Demo) -> Result<Self, Failure> {
        let (root, temporary) = if let Some(dir) = &args.keep {
            (std::path::absolute(dir).map_err(|error| Failure::file("looking for", dir, &error))?, None)
        } else {
            let folder = tempfile::Builder::new().prefix("kivuko-demo-").tempdir();
            let folder = folder.map_err(|error| Failure::file("making a folder in", &std::env::temp_dir(), &error))?;
            (folder.path().to_owned(), Some(folder))
        };
        let country = Country::new(args.seed);
        let list = LineList::new(args.seed, usize::try_from(args.cases).unwrap_or(usize::MAX), &country);
        let options = Options { locations: country.locations(), ..Options::for_tests() };
        let sim = Sim::start(options).await.map_err(|error| Failure::usage(format!("the simulated Go.Data did not start: {error}")))?;
        let dhis2 = Dhis2Sim::start(numbers::options(&country)).await;
        let dhis2 = dhis2.map_err(|error| Failure::usage(format!("the simulated DHIS2 did not start: {error}")))?;
        let stage = Self { app, sim, dhis2, country, list, root, keeps: args.keep.is_some(), once: args.once, _temporary: temporary };
        stage.write_project()?;
        stage.tell(&format!(
            "{}\n\n  {:<22}{}\n  {:<22}{}\n  {:<22}{}\n  {:<22}{}\n",
            app.out.bold("Cases, numbers and places, between a line list, Go.Data and DHIS2"),
            "the line list",
            format_args!("{} invented cases in the form of WHO's, as untidy as real ones", count(stage.list.len() as u64)),
            "a simulated Go.Data",
            format_args!("{}, with {} places of a country that does not exist", stage.sim.url(), count(stage.country.places.len() as u64)),
            "a simulated DHIS2",
            format_args!("{}, with the regions, their health facilities, and a weekly data set", stage.dhis2.url()),
            "the project",
            stage.root.display(),
        ))?;
        Ok(stage)
    }

    /// The template, with the simulator's address, the generated list and the generated places.
    fn write_project(&self) -> Result<(), Failure> {
        let template = templates::find(templates::LINE_LIST)?;
        template.write(&self.root, "demo", |path, text| match path {
            "kivuko.yaml" => text.replace(templates::ADDRESS, &self.sim.url()).replace("GODATA_PASSWORD", PASSWORD),
            ".env" | ".env.example" => text.replace("GODATA_PASSWORD", PASSWORD),
            "simulator/locations.json" => format!("{:#}\n", Value::Array(self.country.locations())),
            INCOMING => self.list.csv(),
            _ => text,
        })?;
        for (name, text) in numbers::files(&self.dhis2.url()).into_iter().chain(demo::places::files(&self.country)) {
            self.append(name, &text)?;
        }
        // The places go as the template for them says.
        let parts = templates::find(demo::places::TEMPLATE)?.parts.iter();
        for part in parts.filter(|part| part.path == "flows/org-units.yaml" || part.path == "mappings/org-units.csv") {
            self.append(part.path, part.text)?;
        }
        Ok(())
    }

    /// The runs; the accounts, and whether all of them came to their end.
    async fn play(&self) -> Result<(Vec<Value>, bool), Failure> {
        let mut runs = Vec::new();
        let mut list = self.list.clone();

        self.tell(&self.heading("1", "The first run", "run cases"))?;
        let first = self.run(&mut runs, CAUSES).await?;
        if first.status != Status::Complete {
            return Ok((runs, false));
        }
        let more = first.causes.len().saturating_sub(CAUSES);
        if more > 0 {
            self.tell(&format!("         {}\n", self.app.out.dim(&format!("and {}", counted(more as u64, "more cause", "more causes")))))?;
        }
        self.tell("\n  What is wrong in the list stays out, each record with its cause; everything else is in Go.Data.\n")?;

        self.tell(&self.heading("2", "The same list again", "run cases"))?;
        self.sim.log().clear();
        let second = self.run(&mut runs, 0).await?;
        if second.status != Status::Complete {
            return Ok((runs, false));
        }
        let (asked, wrote) = (self.sim.log().len() as u64, self.sim.log().writes().len() as u64);
        let wrote = if wrote == 0 { "none of them to write".to_owned() } else { format!("{} of them to write", count(wrote)) };
        self.tell(&format!(
            "\n  Nothing changed, so nothing is sent: Go.Data saw {}, {wrote}.\n  The same records are rejected for the same causes.\n",
            counted(asked, "request", "requests")
        ))?;

        self.tell(&self.heading("3", "The weekly numbers for DHIS2", &format!("run {}", numbers::FLOW)))?;
        let counted_once = self.run_flow(numbers::FLOW, &mut runs, CAUSES).await?;
        if counted_once.status != Status::Complete {
            return Ok((runs, false));
        }
        let table = numbers::table(&self.dhis2, &self.country, self.app.out);
        self.tell(&format!("\n  Confirmed cases of the last weeks by region, and all deaths, as DHIS2 has them now:\n\n{table}"))?;

        let next = list.next_day();
        self.write(INCOMING, &list.csv())?;
        self.tell(&self.heading("4", "The next day's list", "run cases"))?;
        self.tell(&format!(
            "  Over night the district corrected {}, learned more of {} and added {}.\n\n",
            counted(next.repaired as u64, "mistake", "mistakes"),
            counted(next.changed as u64, "case", "cases"),
            count(next.added as u64),
        ))?;
        let third = self.run(&mut runs, 0).await?;
        if third.status != Status::Complete {
            return Ok((runs, false));
        }
        self.tell(&self.heading("5", "The numbers that it corrects", &format!("run {}", numbers::FLOW)))?;
        self.dhis2.log().clear();
        let corrected = self.run_flow(numbers::FLOW, &mut runs, 0).await?;
        if corrected.status != Status::Complete {
            return Ok((runs, false));
        }
        let sent = corrected.counts.writes.created + corrected.counts.writes.updated + corrected.counts.writes.deleted;
        let sent = counted(sent, "number was", "numbers were");
        self.tell(&format!("\n  A case that was corrected leaves the number that it was in: {sent} sent, the others stay as they are.\n"))?;
        if !Box::pin(self.carry_places(&mut runs)).await? {
            return Ok((runs, false));
        }
        Box::pin(self.match_facilities()).await?;
        self.show_a_rejection().await?;
        Ok((runs, true))
    }

    /// One run by the engine, as `kivuko run` does it, with its account and so many of the causes.
    async fn run(&self, runs: &mut Vec<Value>, causes: usize) -> Result<RunReport, Failure> {
        self.run_flow(FLOW, runs, causes).await
    }

    async fn run_flow(&self, flow: &str, runs: &mut Vec<Value>, causes: usize) -> Result<RunReport, Failure> {
        let report = self.run_quietly(flow, runs).await?;
        let account = Account { causes: &report.causes[..causes.min(report.causes.len())], ..Account::of(&report) };
        self.tell(&account.render(self.app.out))?;
        Ok(report)
    }

    /// The same without its account.
    async fn run_quietly(&self, flow: &str, runs: &mut Vec<Value>) -> Result<RunReport, Failure> {
        let cancel = Cancel::default();
        let engine = self.workspace()?.open(cancel.clone(), Pace::default()).await?;
        let options = RunOptions::default();
        let report = {
            let progress = Progress::start(&format!("running {flow}"), self.app.err);
            let running = engine.run(flow, &options, &progress);
            tokio::pin!(running);
            tokio::select! {
                report = &mut running => report?,
                Ok(()) = signals::signal() => {
                    cancel.cancel();
                    running.await?
                }
            }
        };
        runs.push(report.to_json());
        Ok(report)
    }

    fn workspace(&self) -> Result<Workspace, Failure> {
        let workspace = Workspace::read(&self.root, "test")?;
        if workspace.is_sound() { Ok(workspace) } else { Err(Failure::Problems { problems: workspace.problems, files: workspace.files }) }
    }

    /// One rejected record, and what a data manager does with it.
    async fn show_a_rejection(&self) -> Result<(), Failure> {
        let store = self.workspace()?.open_store().await?;
        let open = store.rejections(Some(FLOW), usize::MAX >> 1).await?;
        // A wrong place says the most: it needs a person who knows the other list.
        let place = open.iter().find(|row| row.causes.iter().any(|cause| cause.code == kivuko_core::catalogue::record::UNKNOWN_PLACE));
        let Some((row, cause)) = place.or(open.first()).and_then(|row| Some((row, row.causes.first()?))) else { return Ok(()) };
        let out = self.app.out;
        let mut text = vec![
            self.heading("9", "What did not get through", &format!("rejects show {}", row.id)),
            format!("  {}  {}\n", row.source_id, out.dim(&row.place)),
            format!("  {}  {}\n", out.bad(&cause.code.to_string()), out.wrap(&cause.words(), 9)),
        ];
        if let Some(field) = &cause.field {
            text.push(format!("         {}\n", out.dim(&format!("field {field}"))));
        }
        let number = counted(open.len() as u64, "rejection is", "rejections are");
        text.push(format!("\n  {number} open. They are tried again with every list; what goes through is closed.\n\n"));
        text.push(steps(
            out,
            &[
                (self.typed("rejects list cases"), "all of them, by cause"),
                (format!("kivuko explain {}", cause.code), "what the code means, how to check, how to cure it"),
                (self.typed(&format!("rejects retry cases --code {}", cause.code)), "after the list is repaired: sends these again"),
            ],
        ));
        if self.once && !self.keeps {
            let gone = "The folder goes away now; `kivuko demo` keeps it and both systems up until Ctrl-C, `kivuko demo --keep DIR` keeps it for good.";
            text.push(format!("\n  {}\n", out.dim(gone)));
        }
        self.tell(&text.concat())
    }

    /// What can be done while the simulator is up.
    fn say_what_can_be_tried(&self) {
        let out = self.app.err;
        let here = "Both simulated systems stay up until Ctrl-C. In another terminal:";
        let systems =
            [("Go.Data", self.sim.url(), Options::EMAIL, Options::PASSWORD), ("DHIS2", self.dhis2.url(), numbers::USER, numbers::PASSWORD)];
        let logins = systems
            .map(|(name, url, user, password)| format!("  {name:<9}{url}  {}\n", out.dim(&format!("log in as {user} with {password:?}"))));
        let mut tries = vec![
            (format!("cd {}", self.root.display()), "the project: text files, made to be looked at"),
            ("kivuko check --online".to_owned(), "whether the project, Go.Data and DHIS2 fit"),
            ("kivuko plan cases".to_owned(), "change a row of incoming/cases.csv first: what a run would do"),
            ("kivuko run cases".to_owned(), "does it"),
            ("kivuko runs".to_owned(), "the history"),
            ("kivuko revert 4".to_owned(), "what taking back the fourth run would do"),
            (format!("kivuko match {}", demo::places::CROSSWALK), "the facilities of which nobody has said yet which is which"),
            (format!("kivuko runs cell {}", numbers::FLOW), "the numbers; with --indicator, --period, --org-unit the cases behind one"),
        ];
        if let Some(example) = self.list.example() {
            tries.push((format!("kivuko find {example}"), "everything that is known of one case"));
        }
        self.app.say(&format!("\n{}\n\n{}\n{}", out.bold(here), logins.concat(), steps(out, &tries)));
        if !self.keeps {
            self.app.say(&format!("\n  {}\n", out.dim("the folder goes away with the demo; `kivuko demo --keep DIR` keeps it")));
        }
    }

    /// What the simulators hold goes where `kivuko sim --data` finds it again. Numbers are no metadata: DHIS2 begins without them.
    fn keep_systems(&self) -> Result<(), Failure> {
        let living = |rows: Vec<Value>| Value::Array(rows.into_iter().filter(|row| row["deleted"] != json!(true)).collect());
        let cases = Value::Array(self.sim.state().cases(Options::OUTBREAK));
        std::fs::create_dir_all(self.root.join(DHIS2_DATA))
            .map_err(|error| Failure::file("making the folder", &self.root.join(DHIS2_DATA), &error))?;
        for (name, content) in [
            ("simulator/cases.json".to_owned(), cases),
            ("simulator/locations.json".to_owned(), living(self.sim.state().collection("location"))),
            (format!("{DHIS2_DATA}/metadata.json"), numbers::held(&self.dhis2)),
            (format!("{DHIS2_DATA}/users.json"), numbers::users()),
        ] {
            self.write(&name, &format!("{content:#}\n"))?;
        }
        let again = |kind: &str, url: &str, data: &str| {
            let port = url.rsplit(':').next().unwrap_or_default();
            format!("kivuko sim {kind} --port {port} --data {}", self.root.join(data).display())
        };
        if !self.app.json {
            self.app.say_next(&[
                (again("godata", &self.sim.url(), "simulator"), "the simulated Go.Data as it was, for the project that was kept"),
                (
                    again("dhis2", &self.dhis2.url(), DHIS2_DATA),
                    "the simulated DHIS2 with its places and its data set, and without numbers",
                ),
            ]);
        }
        Ok(())
    }

    /// Adds to a file of the project, which may be new.
    fn append(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.root.join(Path::new(name));
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| Failure::file("making the folder", folder, &error))?;
        }
        let before = if path.exists() { std::fs::read_to_string(&path) } else { Ok(String::new()) };
        let before = before.map_err(|error| Failure::file("reading", &path, &error))?;
        std::fs::write(&path, before + text).map_err(|error| Failure::file("writing", &path, &error))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path: PathBuf = self.root.join(Path::new(name));
        std::fs::write(&path, text).map_err(|error| Failure::file("writing", &path, &error))
    }

    /// Says something to whoever reads; with `--json` there is one document and nothing else.
    fn tell(&self, text: &str) -> Result<(), Failure> {
        if self.app.json { Ok(()) } else { self.app.data(text) }
    }

    fn heading(&self, number: &str, title: &str, command: &str) -> String {
        let out = self.app.out;
        format!("\n{} {}  {}\n\n", out.bold(&format!("{number}.")), out.bold(title), out.command(&format!("kivuko {command}")))
    }

    /// A command as it has to be typed while, or as long as, the folder is there.
    fn typed(&self, rest: &str) -> String {
        if self.once && !self.keeps { format!("kivuko {rest}") } else { format!("kivuko {rest} --project {}", self.root.display()) }
    }
}

/// Commands in one column, what they are for in the other.
fn steps(style: crate::print::Style, steps: &[(String, &str)]) -> String {
    style::next_steps(style, steps).lines().map(|line| ["  ", &line.replacen("next", "    ", 1), "\n"].concat()).collect()
}

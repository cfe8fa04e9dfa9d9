//! The command line. Every comment here is product text: it is what `--help` shows.

pub mod codes;
pub mod review;

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand};
use kivuko_core::error::Code;
use kivuko_core::outcome::Outcome;

use review::{Judge, Review};

/// Carries records between Go.Data and the other systems of a ministry, from integrations that people can read, check and change.
#[derive(Debug, Parser)]
#[command(name = "kivuko", version, max_term_width = 110, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The folder of the project [default: the current folder]
    #[arg(long, global = true, value_name = "DIR", env = "KIVUKO_PROJECT", hide_env_values = true)]
    pub project: Option<PathBuf>,
    /// The environment: other addresses and credentials for the same flows, with a memory of its own
    #[arg(long, global = true, value_name = "NAME", default_value = "test", env = "KIVUKO_ENV")]
    pub env: String,
    /// Print one JSON document in the place of tables
    #[arg(long, global = true)]
    pub json: bool,
    /// Tell on standard error what is being done; twice for more. KIVUKO_LOG says it in detail
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the whole way once, from nothing: a simulated Go.Data and DHIS2, a line list of invented cases, weekly numbers, places, a facility list. Its systems stay up until Ctrl-C (--once: it ends by itself)
    Demo(Demo),
    /// Make a new project that `check` accepts
    Init(Init),
    /// Find everything that is wrong with the project, all of it at once, without running anything
    Check(Check),
    /// Show what a run would do, field by field; writes nothing
    Plan(Plan),
    /// Run a flow once
    Run(Run),
    /// Take back what a run wrote, as far as nobody changed it since
    Revert(Revert),
    /// The history: runs, their accounts, and what became of every record
    Runs(Runs),
    /// Records that did not get through: by cause, one by one, send again, discard
    Rejects(Rejects),
    /// Code maps and crosswalks: what is in them, what they lack, add a row, write out everything that they say
    Codes(codes::Codes),
    /// What the matcher says of the records that have no link yet, as a table that takes decisions. Nothing is written to the target
    Match(Match),
    /// What waits for a person: who is this record, and what is to become of two places that have changed? Answer, and correct what was answered or linked before
    Review(Review),
    /// Everything that is known of one record: by its id in the source, its id in the target, or its key
    Find(Find),
    /// How far a flow has read its source
    Cursor(Cursor),
    /// What is connected and what could be
    Systems(Systems),
    /// The page of a code: what it means, how to check, how to cure it
    Explain(Explain),
    /// The transforms of mapping sheets, with examples
    Transforms(Transforms),
    /// Passwords and tokens, encrypted in the project's own memory
    Secrets(Secrets),
    /// Answer over HTTP, on this machine alone, how the runs went: for monitoring
    Serve(Serve),
    /// Start a simulated system on this machine
    Sim(Sim),
}

#[derive(Debug, Args)]
pub struct Demo {
    /// End after the last step, in the place of keeping the simulated systems up until Ctrl-C
    #[arg(long)]
    pub once: bool,
    /// How many cases the line list has
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub cases: u32,
    /// Another seed gives other cases, places and mistakes
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Keep the project in this new folder, with what the simulated systems start with again
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Init {
    /// The folder to make
    #[arg(required_unless_present = "list")]
    pub dir: Option<PathBuf>,
    /// The name of the project [default: the name of the folder]
    #[arg(long)]
    pub name: Option<String>,
    /// What to begin with
    #[arg(long, value_name = "NAME", default_value = "minimal")]
    pub template: String,
    /// Show the templates
    #[arg(long, conflicts_with_all = ["dir", "name"])]
    pub list: bool,
}

#[derive(Debug, Args)]
pub struct Check {
    /// Also ask the systems: whether they answer, and whether each flow can work with them
    #[arg(long)]
    pub online: bool,
}

#[derive(Debug, Args)]
pub struct Plan {
    /// The name of the flow
    pub flow: String,
    /// Only the records with these ids in the source
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub only: Vec<String>,
    /// At most so many records
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Compare with what the target holds now, not with what was last sent: what `run --force` would do
    #[arg(long)]
    pub live: bool,
    /// What `run --again` would do: read everything, and write again what the target does not have any more or has in an older state
    #[arg(long)]
    pub again: bool,
    /// Keep the plan for seven days; `run --plan ID` then sends exactly this
    #[arg(long)]
    pub save: bool,
    /// Show so many records in full
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub show: usize,
    /// Show people's values, which are masked otherwise
    #[arg(long)]
    pub show_values: bool,
}

#[derive(Debug, Args)]
pub struct Run {
    /// The name of the flow
    pub flow: String,
    /// Only records changed since: `2026-11-01`, `2026-11-01T08:00Z`, `3 days`. The cursor stays where it is
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only records changed before
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only the records with these ids in the source
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub only: Vec<String>,
    /// At most so many records
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Read this file in the place of the flow's source
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Of a flow that counts: send the numbers of these periods too, however late they changed: `2024W10,2024W11`
    #[arg(long, value_name = "PERIOD", value_delimiter = ',')]
    pub periods: Vec<String>,
    /// Compare with what the target holds now, not with what was last sent
    #[arg(long)]
    pub force: bool,
    /// Read everything, and write again what the target does not have any more or has in an older state: after it was emptied or put back. What others changed there stays; but a number that a flow counts is brought to what the records come to, and the run tells what was there (K0966)
    #[arg(long)]
    pub again: bool,
    /// Send exactly what this saved plan says, as far as both sides are still as they were
    #[arg(long, value_name = "ID", conflicts_with_all = ["since", "until", "only", "limit", "input", "force", "again"])]
    pub plan: Option<i64>,
}

#[derive(Debug, Args)]
pub struct Serve {
    /// The address; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    pub listen: std::net::SocketAddr,
}

#[derive(Debug, Args)]
pub struct Revert {
    /// The number of the run
    pub run: i64,
    /// Do it; otherwise it is only shown, and on a terminal asked for
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Runs {
    #[command(subcommand)]
    pub what: Option<RunsWhat>,
    #[command(flatten)]
    pub list: RunsList,
}

#[derive(Debug, Subcommand)]
pub enum RunsWhat {
    /// The newest runs (what `runs` alone does)
    List(RunsList),
    /// The account of one run
    Show {
        /// The number of the run
        run: i64,
    },
    /// What became of the records of a run; unchanged ones are only counted
    Records(RunsRecords),
    /// The numbers of a flow that counts; when one is meant, the records behind it
    Cell(RunsCell),
}

#[derive(Debug, Default, Args)]
pub struct RunsCell {
    /// The name of the flow
    pub flow: String,
    /// Only of this indicator of the sheet
    #[arg(long)]
    pub indicator: Option<String>,
    /// Only of this data element, by its id
    #[arg(long, value_name = "ID")]
    pub data_element: Option<String>,
    /// Only of this period: `2024W10`
    #[arg(long)]
    pub period: Option<String>,
    /// Only of this org unit, by its id
    #[arg(long, value_name = "ID")]
    pub org_unit: Option<String>,
    /// Only of this category option combo, by its id
    #[arg(long, value_name = "ID")]
    pub category_option_combo: Option<String>,
    /// Only of this attribute option combo, by its id
    #[arg(long, value_name = "ID")]
    pub attribute_option_combo: Option<String>,
    /// Only those that are to be sent yet
    #[arg(long)]
    pub due: bool,
    /// So many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = at_least_one())]
    pub limit: usize,
}

#[derive(Debug, Default, Args)]
pub struct RunsList {
    /// Only of this flow
    #[arg(long)]
    pub flow: Option<String>,
    /// So many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = at_least_one())]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct RunsRecords {
    /// The number of the run
    pub run: i64,
    /// Only those with this outcome: created, updated, deleted (what was switched off too), skipped, waiting, rejected, failed
    #[arg(long, value_parser = outcome)]
    pub outcome: Option<Outcome>,
    /// Go on after this row
    #[arg(long, value_name = "ROW", default_value_t = 0)]
    pub after: i64,
    /// So many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = at_least_one())]
    pub limit: usize,
}

fn at_least_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

fn outcome(word: &str) -> Result<Outcome, String> {
    Outcome::ALL.into_iter().find(|outcome| outcome.word() == word).ok_or_else(|| {
        let words: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.word()).collect();
        let near =
            kivuko_core::error::nearest(word, words.iter().copied()).map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        format!("{near}outcomes are {}", words.join(", "))
    })
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Rejects {
    #[command(subcommand)]
    pub what: Option<RejectsWhat>,
    #[command(flatten)]
    pub list: RejectsList,
}

#[derive(Debug, Subcommand)]
pub enum RejectsWhat {
    /// By cause, with counts; with --code or --each one by one
    List(RejectsList),
    /// One rejected record: its causes, and what was kept of it
    Show {
        /// The number of the rejection
        id: i64,
        /// Show people's values, which are masked otherwise
        #[arg(long)]
        show_values: bool,
    },
    /// Read rejected records afresh and send them again
    Retry(RejectsRetry),
    /// Close rejections that will never go through
    Discard(RejectsDiscard),
}

#[derive(Debug, Default, Args)]
pub struct RejectsList {
    /// Only of this flow
    pub flow: Option<String>,
    /// Only with this code, one by one
    #[arg(long, value_parser = code)]
    pub code: Option<Code>,
    /// One by one
    #[arg(long)]
    pub each: bool,
    /// So many, one by one
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = at_least_one())]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct RejectsRetry {
    /// The name of the flow
    pub flow: String,
    #[command(flatten)]
    pub which: Which,
}

#[derive(Debug, Args)]
pub struct RejectsDiscard {
    /// The name of the flow
    pub flow: String,
    #[command(flatten)]
    pub which: Which,
    /// Why; it is kept
    #[arg(long)]
    pub reason: String,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// The numbers of the rejections
    pub ids: Vec<i64>,
    /// All with this code
    #[arg(long, value_parser = code)]
    pub code: Option<Code>,
    /// All of the flow
    #[arg(long)]
    pub all: bool,
}

pub fn code(text: &str) -> Result<Code, String> {
    Code::try_from(text.to_owned())
}

#[derive(Debug, Args)]
pub struct Match {
    /// The name of a flow that looks for people, or of a crosswalk of places
    pub name: String,
    /// Only the records with these ids in the source
    #[arg(long, value_name = "ID", value_delimiter = ',', conflicts_with = "decide")]
    pub only: Vec<String>,
    /// At most so many records of the source
    #[arg(long, value_name = "N", conflicts_with = "decide")]
    pub limit: Option<u64>,
    /// Write the table into this CSV file, in the place of standard output
    #[arg(long, value_name = "FILE", conflicts_with = "decide")]
    pub out: Option<PathBuf>,
    /// Keep what a person wrote into the column `decision` of such a table: of people `accept`, `new` or `discard`; of places `accept`, `refuse` or `none`, and
    /// in rows that say `changed` `keep`, `refuse` or `end DAY`
    #[arg(long, value_name = "FILE")]
    pub decide: Option<PathBuf>,
    /// Accept all places that say `same`, into codes/NAME.csv
    #[arg(long, conflicts_with_all = ["decide", "out"])]
    pub accept_clear: bool,
    /// Of a crosswalk of more than two systems: between which two
    #[arg(long, value_name = "SYSTEM,SYSTEM", value_delimiter = ',')]
    pub between: Vec<String>,
    /// Add people's values of both sides to the table; without it there are none
    #[arg(long, conflicts_with = "decide")]
    pub show_values: bool,
    #[command(flatten)]
    pub by: Judge,
}

#[derive(Debug, Args)]
pub struct Find {
    /// An id or a key
    pub key: String,
}

#[derive(Debug, Args)]
pub struct Cursor {
    #[command(subcommand)]
    pub what: CursorWhat,
}

#[derive(Debug, Subcommand)]
pub enum CursorWhat {
    /// How far each part of the source has been read, and who moved it by hand
    Show {
        /// The name of the flow
        flow: String,
    },
    /// Set a cursor to a value that `cursor show` has shown
    Set {
        /// The name of the flow
        flow: String,
        /// The value
        value: String,
        #[command(flatten)]
        by: ByHand,
    },
    /// Forget a cursor: the next run reads from the beginning, and writes only what changed
    Rewind {
        /// The name of the flow
        flow: String,
        #[command(flatten)]
        by: ByHand,
    },
}

#[derive(Debug, Args)]
pub struct ByHand {
    /// The part of the source (an outbreak, a file); needed when there are several
    #[arg(long)]
    pub partition: Option<String>,
    /// Why; it is kept
    #[arg(long)]
    pub reason: String,
}

#[derive(Debug, Args)]
pub struct Systems {
    #[command(subcommand)]
    pub what: Option<SystemsWhat>,
}

#[derive(Debug, Subcommand)]
pub enum SystemsWhat {
    /// The systems of the project (what `systems` alone does)
    List,
    /// The kinds of system that Kivuko speaks to; with a kind its options
    Kinds {
        /// `dhis2`, `file`, `godata`
        kind: Option<String>,
    },
    /// Reach a system, log in, and say what was found
    Test {
        /// The name of the system [default: all of them]
        name: Option<String>,
    },
    /// The resources of a system; with a resource its fields
    Describe {
        /// The name of the system
        name: String,
        /// `cases`, a file ...
        resource: Option<String>,
    },
    /// Accept that another system is behind a name than before
    Adopt {
        /// The name of the system
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct Explain {
    /// A code such as K0306; without one all of them are listed
    #[arg(value_parser = code)]
    pub code: Option<Code>,
}

#[derive(Debug, Args)]
pub struct Transforms {
    /// The name of a transform; without one all of them are listed
    pub name: Option<String>,
}

#[derive(Debug, Args)]
pub struct Secrets {
    #[command(subcommand)]
    pub what: SecretsWhat,
}

#[derive(Debug, Subcommand)]
pub enum SecretsWhat {
    /// Store a secret; its value is read from standard input, or asked for on a terminal
    Set {
        /// The name, as in `${NAME}`
        name: String,
    },
    /// The names of the stored secrets; their values are never shown
    List,
}

#[derive(Debug, Args)]
pub struct Sim {
    /// The kind of system: `godata`, `dhis2`
    pub kind: String,
    /// The release that is simulated: for `dhis2` 2.38, 2.40, 2.41, 2.42 or 2.43
    #[arg(long = "version", value_name = "RELEASE")]
    pub release: Option<String>,
    /// The port on this machine; 0 takes any free one
    #[arg(long, value_name = "N", default_value_t = 8080)]
    pub port: u16,
    /// A folder with its data
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// A file of faults: what goes wrong, and when
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}

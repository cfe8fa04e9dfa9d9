//! The simulated Go.Data as a process of its own, so that its time and memory can be told from ours.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use kivuko_sims::godata::{Options, Sim};
use serde_json::{Value, json};

use crate::process::usage;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The word with which a program starts itself as the simulator.
pub const WORD: &str = "sim";

/// What that process does: it says where it is, then does what it is told on its standard input until that ends.
pub async fn simulate(options: Options) -> Outcome<()> {
    let sim = Sim::start(options).await?;
    println!("{}", sim.url());
    // Reading a line blocks its thread; the simulator serves on the others.
    let (said, mut heard) = tokio::sync::mpsc::channel::<String>(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if said.blocking_send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = heard.recv().await {
        if let Some(("delay", millis)) = line.split_once(' ') {
            sim.set_latency(Duration::from_millis(millis.parse()?));
            continue;
        }
        let entries = sim.log().entries();
        let writes: Vec<_> = entries.iter().filter(|entry| entry.write).collect();
        let records: usize = writes.iter().map(|entry| entry.records).sum();
        sim.log().clear();
        println!("{}", json!({ "requests": entries.len(), "writes": writes.len(), "records": records }));
    }
    Ok(())
}

/// The simulator as the measuring process sees it.
#[derive(Debug)]
pub struct Simulator {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    url: String,
}

impl Simulator {
    /// Starts this very program once more, with [`WORD`].
    pub fn start() -> Outcome<Self> {
        Self::start_with(&[])
    }

    /// The same, with more arguments.
    pub fn start_with(arguments: &[&str]) -> Outcome<Self> {
        let mut child =
            Command::new(std::env::current_exe()?).arg(WORD).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take().ok_or("the simulator has no standard input")?;
        let mut stdout = BufReader::new(child.stdout.take().ok_or("the simulator has no standard output")?);
        let mut url = String::new();
        stdout.read_line(&mut url)?;
        Ok(Self { child, stdin, stdout, url: url.trim().to_owned() })
    }

    /// Where it listens, as it said itself.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Adds so much to each request.
    pub fn delay(&mut self, millis: u64) -> Outcome<()> {
        self.tell(&format!("delay {millis}"))
    }

    /// Tells it to do something. What is told is done before what is asked for later.
    pub fn tell(&mut self, line: &str) -> Outcome<()> {
        Ok(writeln!(self.stdin, "{line}")?)
    }

    /// What it was asked since the last time that it was asked this: `requests`, `writes`, `records`.
    pub fn log(&mut self) -> Outcome<Value> {
        writeln!(self.stdin, "log")?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }

    /// Seconds of processor time that it has used.
    pub fn cpu(&self) -> Outcome<f64> {
        Ok(usage(&self.child.id().to_string())?.cpu)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It may have ended by itself; either way there is nothing left to do about it.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}

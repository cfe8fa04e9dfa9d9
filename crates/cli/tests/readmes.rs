//! The READMEs of the templates: their commands, as they stand there, with the simulated systems that `init` names; and the codes that a person meets on the way are explained there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};

use base64::Engine as _;
use kivuko_sims::dhis2::{self, Dhis2Sim};
use kivuko_sims::godata::{Options, Sim};
use serde_json::Value;

/// The ports on which the commands of a README start a simulated system when they say none.
const PORT: &str = "8080";

fn kivuko(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kivuko"));
    for name in ["KIVUKO_KEY", "KIVUKO_ENV", "KIVUKO_PROJECT", "GODATA_PASSWORD"] {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(folder).output().expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", text(&output.stdout), text(&output.stderr)))
}

/// The commands of a README for Kivuko and for what is simulated on this machine, without what is said of them.
fn commands(readme: &str) -> Vec<Vec<String>> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside && (line.starts_with("kivuko ") || line.starts_with("curl ") && line.contains("http://127.0.0.1:")) {
            found.push(words(line.split(" #").next().unwrap_or_default()));
        }
    }
    found
}

/// What `curl` would do: a POST of a file, or of nothing.
fn post(folder: &Path, command: &[String], started: &Started) {
    let after = |name: &str| command.iter().position(|word| word == name).and_then(|at| command.get(at + 1));
    let address = command.iter().find(|word| word.starts_with("http://")).expect("it has an address");
    let (port, path) = address.trim_start_matches("http://127.0.0.1:").split_once('/').expect("it has a path");
    let host = started.urls[port].trim_start_matches("http://").to_owned();
    let file = after("-d").and_then(|file| file.strip_prefix('@'));
    let body = file.map(|file| std::fs::read_to_string(folder.join(file)).expect("the file is there")).unwrap_or_default();
    let account = base64::engine::general_purpose::STANDARD.encode(after("-u").expect("it logs in"));
    let mut stream = TcpStream::connect(&host).expect("the system answers");
    write!(
        stream,
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {account}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .expect("it can be sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200"), "{command:?}: {answer}");
}

/// The words of a command, quoted ones whole.
fn words(command: &str) -> Vec<String> {
    let pieces = command.split('"').enumerate();
    let words = pieces.flat_map(|(at, piece)| match at % 2 {
        0 => piece.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
        _ => vec![piece.to_owned()],
    });
    words.collect()
}

/// The codes in a text.
fn codes(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let is_code = |word: &&str| word.len() == 5 && word.starts_with('K') && word[1..].chars().all(|letter| letter.is_ascii_digit());
    words.filter(is_code).map(str::to_owned).collect()
}

/// What is started stays up as long as this.
#[derive(Default)]
struct Started {
    godata: Vec<Sim>,
    dhis2: Vec<Dhis2Sim>,
    /// Where they answer, by the ports that the README has.
    urls: BTreeMap<String, String>,
}

impl Started {
    /// Starts what `kivuko sim` would start, on a free port, and tells the project.
    async fn start(&mut self, folder: &Path, simulator: &str) {
        let words: Vec<&str> = simulator.split_whitespace().collect();
        let option = |name: &str| words.iter().position(|word| *word == name).and_then(|at| words.get(at + 1)).copied();
        let data = option("--data").map(|data| folder.join(data)).expect("the data of a template are its own");
        let url = if words[0] == "godata" {
            let sim = Sim::start(Options::from_dir(&data).expect("its data")).await.expect("it starts");
            let url = sim.url();
            self.godata.push(sim);
            url
        } else {
            let sim = Dhis2Sim::start(dhis2::Options::from_dir(&data).expect("its data")).await.expect("it starts");
            let url = sim.url();
            self.dhis2.push(sim);
            url
        };
        let project = folder.join("kivuko.yaml");
        let before = std::fs::read_to_string(&project).expect("kivuko.yaml");
        let port = option("--port").unwrap_or(PORT);
        let address = format!("http://127.0.0.1:{port}");
        assert!(before.contains(&address), "{simulator}: kivuko.yaml has no system at {address}");
        std::fs::write(&project, before.replace(&address, &url)).expect("kivuko.yaml can be written");
        self.urls.insert(port.to_owned(), url);
    }
}

#[test]
fn the_commands_of_the_readmes_do_what_is_said() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let here = tempfile::tempdir().expect("a folder");
    let templates = document(&kivuko(here.path(), &["init", "--list", "--json"]));
    let mut wrong = Vec::new();
    for template in templates.as_array().expect("a list") {
        let name = template["name"].as_str().expect("a name");
        let made = document(&kivuko(here.path(), &["init", name, "--template", name, "--json"]));
        let folder = here.path().join(name);
        let Ok(readme) = std::fs::read_to_string(folder.join("README.md")) else { continue };
        let (simulated, asked): (Vec<_>, Vec<_>) = commands(&readme).into_iter().partition(|command| command[1] == "sim");
        let named: Vec<&str> = made["simulators"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        let simulated: Vec<String> = simulated.iter().map(|command| command[2..].join(" ")).collect();
        assert_eq!(simulated, named, "{name}: `init` and the README start the same");
        let mut started = Started::default();
        for simulator in named {
            runtime.block_on(started.start(&folder, simulator));
        }
        // In the order in which the template lists them, which is that of the README.
        let files = made["files"].as_array().expect("a list").iter().filter_map(Value::as_str);
        let mut flows: Vec<&str> = files.filter_map(|file| file.strip_prefix("flows/")?.strip_suffix(".yaml")).collect();
        let mut met = BTreeSet::new();
        let mut run = |command: &[&str]| {
            let ran = kivuko(&folder, command);
            // Some records of a sample may be rejected, and the README says so.
            let most = i32::from(matches!(command[0], "run" | "plan"));
            if ran.status.code().is_none_or(|code| code > most) {
                wrong.push(format!("{name}: {command:?} ends with {:?}: {}{}", ran.status, text(&ran.stdout), text(&ran.stderr)));
            }
            if command[0] == "run" {
                met.extend(codes(&text(&ran.stdout)));
            }
        };
        for command in &asked {
            if command[0] == "curl" {
                post(&folder, command, &started);
                continue;
            }
            let command: Vec<&str> = command.iter().skip(1).map(String::as_str).collect();
            run(&command);
            flows.retain(|flow| command[0] != "run" || command.get(1) != Some(flow));
        }
        for flow in &flows {
            run(&["run", flow]);
        }
        let told = codes(&readme);
        for code in met.difference(&told) {
            wrong.push(format!("{name}: a run tells of {code}, and the README does not"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

//! The project of a template of the binary, as `kivuko init` makes it, beside a simulator that holds what the template's `simulator` folder says.

use std::path::{Path, PathBuf};

use kivuko_sims::dhis2::{self, Dhis2Sim};
use kivuko_sims::godata::{Options, Sim};

use super::World;

/// The release of DHIS2 beside a Go.Data.
const RELEASE: &str = "2.41";

/// Where the templates lie.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/templates").join(name)
}

/// What the simulated Go.Data of a template begins with. What a template does not have of its own it shares with the line list.
pub fn options(name: &str) -> Options {
    let read = |name: &str| Options::from_dir(&folder(name).join("simulator")).expect("the simulator's folder can be read");
    let shared = read("line-list");
    if !folder(name).join("simulator").is_dir() {
        return shared;
    }
    if folder(name).join("simulator/godata").is_dir() {
        return Options::from_dir(&folder(name).join("simulator/godata")).expect("the simulator's folder can be read");
    }
    let own = read(name);
    if own.locations.is_empty() { Options { locations: shared.locations, ..own } } else { own }
}

/// The simulated DHIS2 of a template that has one beside Go.Data.
async fn dhis2_of(name: &str) -> Option<Dhis2Sim> {
    let folder = folder(name).join("simulator/dhis2");
    if !folder.is_dir() {
        return None;
    }
    let read = dhis2::Options::from_dir(&folder).expect("the simulator's folder can be read");
    let options = dhis2::Options { users: read.users, metadata: read.metadata, ..dhis2::Options::for_tests(RELEASE) };
    Some(Dhis2Sim::start(options).await.expect("the simulator starts"))
}

impl World {
    /// The project of a template with its samples as input. Only the address differs from what `init` writes, and the waiting is short.
    pub async fn of_template(name: &str, options: Options) -> Self {
        let sim = Sim::start(options).await.expect("the simulator starts");
        let world = Self::around(sim, dhis2_of(name).await);
        world.copy(&self::folder(name), "");
        world
    }

    fn copy(&self, from: &Path, inside: &str) {
        for entry in std::fs::read_dir(from).expect("a template is a folder") {
            let path = entry.expect("it can be read").path();
            let own = path.file_name().and_then(|name| name.to_str()).expect("names are plain").to_owned();
            let name = if inside.is_empty() { own.clone() } else { format!("{inside}/{own}") };
            if path.is_dir() {
                if own != "simulator" {
                    self.copy(&path, &name);
                }
                continue;
            }
            if own == "README.md" || own.starts_with("dot.") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a template is text");
            // `init` puts the samples where the input arrives.
            if inside == "samples" {
                self.write(&format!("incoming/{own}"), &text);
            }
            self.write(&name, &if own == "kivuko.yaml" { self.project(&text) } else { text });
        }
    }

    fn project(&self, text: &str) -> String {
        let address = |url: String| format!("{url}\n    settle_secs: 0.4\n    timeout_secs: 2");
        let text = match &self.dhis2 {
            Some(dhis2) => text.replace("http://127.0.0.1:8085", &address(dhis2.url())),
            None => text.to_owned(),
        };
        text.replace("PROJECT", "template")
            .replace("TIMEZONE", "UTC")
            .replace("http://127.0.0.1:8080", &address(self.sim.url()))
            .replace("${GODATA_PASSWORD}", Options::PASSWORD)
            .replace("${DHIS2_PASSWORD}", Options::PASSWORD)
    }
}

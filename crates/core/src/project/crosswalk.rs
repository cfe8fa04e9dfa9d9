//! Crosswalks: which place (facility, user ...) of one system is which of another.
//!
//! A crosswalk is a code map whose sides are records. What people decided stands in its file, `codes/NAME.csv`; what flows found out by themselves are the links of
//! the store between the resources of its sides.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::SystemSpec;
use super::spec::{SideKeys, SideSpec};
use crate::catalogue::{project, sheet};
use crate::connector::{Declaration, PlacePaths};
use crate::error::{Error, Place, Problem};
use crate::path::SourcePath;
use crate::store::Link;
use crate::yaml::{Data, Fit, Node, one_of, unknown_key};

/// A checked crosswalk.
#[derive(Debug, Clone)]
pub struct Crosswalk {
    /// Its name: that of its file in `codes/`.
    pub name: String,
    /// Its sides, two or more, in the order in which they were written; each of another system.
    pub sides: Vec<Side>,
    /// Where it is declared.
    pub place: Place,
}

/// One side of it.
#[derive(Debug, Clone)]
pub struct Side {
    /// The system.
    pub system: String,
    /// The resource whose records are its places.
    pub resource: String,
    /// The keys of the kind of system, as a flow's `from:` has them.
    pub options: Value,
    /// Where it is declared.
    pub place: Place,
    written: Written,
}

/// The paths that the project says.
#[derive(Debug, Clone, Default)]
struct Written {
    id: Option<SourcePath>,
    name: Option<SourcePath>,
    other_names: Option<Vec<SourcePath>>,
    codes: Option<Vec<SourcePath>>,
    parent: Option<SourcePath>,
    level: Option<SourcePath>,
    point: Option<SourcePath>,
    area: Option<SourcePath>,
    opened: Option<SourcePath>,
    closed: Option<SourcePath>,
    active: Option<SourcePath>,
}

impl Crosswalk {
    /// The file of its decisions.
    pub fn file(&self) -> String {
        format!("codes/{}.csv", self.name)
    }

    /// The side of a system.
    pub fn side(&self, system: &str) -> Option<&Side> {
        self.sides.iter().find(|side| side.system == system)
    }

    /// Whether a link is between two of its sides: the record of one system is itself that of the other, and no item of it.
    pub fn has_link(&self, link: &Link) -> bool {
        let is_side = |system: &str, resource: &str| self.side(system).is_some_and(|side| side.resource == resource);
        let (source, is_item) = (&link.source, link.part.contains('#'));
        !is_item && is_side(&source.system, &source.resource) && is_side(&link.target_system, &link.target_resource)
    }

    /// Each two of its sides once.
    pub fn pairs(&self) -> impl Iterator<Item = (&Side, &Side)> {
        self.sides.iter().enumerate().flat_map(|(at, one)| self.sides[at + 1..].iter().map(move |other| (one, other)))
    }
}

impl Side {
    /// Its paths: those that the project says, and for the rest those that its kind of system knows ([`crate::connector::System::place_paths`]).
    ///
    /// # Errors
    /// Neither says where the identity or the name stands.
    pub fn paths(&self, known: Option<PlacePaths>) -> Result<PlacePaths, Error> {
        let written = &self.written;
        if let Some(known) = known {
            return Ok(PlacePaths {
                id: written.id.clone().unwrap_or(known.id),
                name: written.name.clone().unwrap_or(known.name),
                other_names: written.other_names.clone().unwrap_or(known.other_names),
                codes: written.codes.clone().unwrap_or(known.codes),
                parent: written.parent.clone().or(known.parent),
                level: written.level.clone().or(known.level),
                point: written.point.clone().or(known.point),
                area: written.area.clone().or(known.area),
                opened: written.opened.clone().or(known.opened),
                closed: written.closed.clone().or(known.closed),
                active: written.active.clone().or(known.active),
            });
        }
        let missing = |key: &str| {
            let message = format!(
                "{}: nothing says where a record of `{}` of {} has its {key}; write `{key}:` there",
                self.place, self.resource, self.system
            );
            Error::configuration(project::PLACE_PATHS_MISSING, message)
        };
        Ok(PlacePaths {
            id: written.id.clone().ok_or_else(|| missing("id"))?,
            name: written.name.clone().ok_or_else(|| missing("name"))?,
            other_names: written.other_names.clone().unwrap_or_default(),
            codes: written.codes.clone().unwrap_or_default(),
            parent: written.parent.clone(),
            level: written.level.clone(),
            point: written.point.clone(),
            area: written.area.clone(),
            opened: written.opened.clone(),
            closed: written.closed.clone(),
            active: written.active.clone(),
        })
    }

    /// The path of the identity as the project says it, for a reading of its records.
    pub fn written_id(&self) -> Option<&str> {
        self.written.id.as_ref().map(SourcePath::text)
    }
}

/// The crosswalks of `kivuko.yaml`, checked; one of which something is wrong is a problem and left out.
pub(super) fn read(
    specs: &BTreeMap<String, BTreeMap<String, SideSpec>>,
    node: &Node,
    systems: &BTreeMap<String, SystemSpec>,
    declarations: &[Declaration],
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, Crosswalk> {
    let mut crosswalks = BTreeMap::new();
    for entry in node.get("crosswalks").map_or(&[][..], Node::entries) {
        let before = problems.len();
        let name = &entry.key;
        if !crate::flow::words::name(name) {
            let message = format!("`{name}` cannot be the name of a crosswalk");
            problems.push(Problem::error(project::BAD_VALUE, entry.at.place(), message).expected("small letters, digits and hyphens"));
        }
        let Some(specs) = specs.get(name) else { continue };
        let mut sides = Vec::new();
        for side in entry.value.entries() {
            let Some(spec) = specs.get(&side.key) else { continue };
            let reader = Reader { crosswalk: name, system: &side.key, node: &side.value, place: side.at.place(), problems: &mut *problems };
            sides.extend(reader.side(spec, systems, declarations));
        }
        if entry.value.entries().len() < 2 {
            let problem =
                Problem::error(project::CROSSWALK_SIDES, entry.at.place(), format!("the crosswalk `{name}` has fewer than two sides"));
            problems
                .push(problem.expected("the resource of each of its systems, such as `{ godata: locations, hmis: organisationUnits }`"));
        }
        if problems.len() == before {
            crosswalks.insert(name.clone(), Crosswalk { name: name.clone(), sides, place: entry.at.place() });
        }
    }
    crosswalks
}

struct Reader<'a, 'p> {
    crosswalk: &'a str,
    system: &'a str,
    node: &'a Node,
    place: Place,
    problems: &'p mut Vec<Problem>,
}

impl Reader<'_, '_> {
    fn side(mut self, spec: &SideSpec, systems: &BTreeMap<String, SystemSpec>, declarations: &[Declaration]) -> Option<Side> {
        let Some(system) = systems.get(self.system) else {
            let known: Vec<&str> = systems.keys().map(String::as_str).collect();
            let message = format!("the crosswalk `{}` names the system `{}`, which is not there", self.crosswalk, self.system);
            let expected = if known.is_empty() { "a system of `systems:`".to_owned() } else { one_of(&known) };
            let problem = Problem::error(project::UNKNOWN_SYSTEM, self.place, message);
            self.problems.push(problem.expected(expected).nearest(self.system, known.iter().copied()));
            return None;
        };
        // An unknown kind is a problem of the system.
        let declaration = declarations.iter().find(|declaration| declaration.kind == system.kind)?;
        let keys = match spec {
            SideSpec::Resource(resource) => &SideKeys { resource: resource.clone(), ..SideKeys::default() },
            SideSpec::Keys(keys) => keys.as_ref(),
        };
        self.resource(declaration, &keys.resource);
        if !declaration.reads {
            let message = format!("the records of `{}` cannot be read", declaration.kind);
            self.problems.push(Problem::error(project::WRONG_DIRECTION, self.place.clone(), message).expected("a system that can be read"));
        }
        if keys.id.is_none() && !declaration.knows_identity {
            let message = format!("`{}` does not know by itself what identifies a record", declaration.kind);
            let expected = format!("`{{ resource: {}, id: ..., name: ... }}`", keys.resource);
            self.problems.push(Problem::error(project::IDENTITY_MISSING, self.place.clone(), message).expected(expected));
        }
        let options = self.options(keys, declaration);
        let written = Written {
            id: self.path("id", keys.id.as_deref()),
            name: self.path("name", keys.name.as_deref()),
            other_names: keys.other_names.as_ref().map(|texts| self.paths("other_names", texts)),
            codes: keys.codes.as_ref().map(|texts| self.paths("codes", texts)),
            parent: self.path("parent", keys.parent.as_deref()),
            level: self.path("level", keys.level.as_deref()),
            point: self.path("point", keys.point.as_deref()),
            area: self.path("area", keys.area.as_deref()),
            opened: self.path("opened", keys.opened.as_deref()),
            closed: self.path("closed", keys.closed.as_deref()),
            active: self.path("active", keys.active.as_deref()),
        };
        Some(Side { system: self.system.to_owned(), resource: keys.resource.clone(), options, place: self.place, written })
    }

    fn resource(&mut self, declaration: &Declaration, resource: &str) {
        let known = declaration.resources;
        if known.is_empty() || known.contains(&resource) {
            return;
        }
        let place = self.node.get("resource").unwrap_or(self.node).at.place();
        let problem = Problem::error(project::UNKNOWN_RESOURCE, place, format!("`{}` has no resource `{resource}`", declaration.kind));
        self.problems.push(problem.expected(one_of(known)).nearest(resource, known.iter().copied()));
    }

    fn options(&mut self, keys: &SideKeys, declaration: &Declaration) -> Value {
        const OWN: [&str; 12] =
            ["resource", "id", "name", "other_names", "codes", "parent", "level", "point", "area", "opened", "closed", "active"];
        let properties = declaration.from_options.get("properties").and_then(Value::as_object);
        let known: Vec<&str> = OWN.into_iter().chain(properties.into_iter().flatten().map(|(key, _)| key.as_str())).collect();
        let mut wanted = Node::empty(self.node.at.clone());
        for entry in self.node.entries().iter().filter(|entry| keys.options.contains_key(&entry.key)) {
            if properties.is_some_and(|properties| properties.contains_key(&entry.key)) {
                if let Data::Map(entries) = &mut wanted.data {
                    entries.push(entry.clone());
                }
            } else {
                let inside = format!("crosswalks.{}.{}", self.crosswalk, self.system);
                self.problems.push(unknown_key(&entry.key, entry.at.place(), &inside, &known));
            }
        }
        if properties.is_some() {
            Fit::new(&declaration.from_options).check(&mut wanted, self.problems);
        }
        match wanted.to_value() {
            Value::Object(options) => Value::Object(options),
            _ => Value::Object(Map::new()),
        }
    }

    fn path(&mut self, key: &str, text: Option<&str>) -> Option<SourcePath> {
        let text = text?;
        self.parsed(text, self.node.get(key))
    }

    fn paths(&mut self, key: &str, texts: &[String]) -> Vec<SourcePath> {
        let items = match self.node.get(key).map(|node| &node.data) {
            Some(Data::List(items)) => items.as_slice(),
            _ => &[],
        };
        texts.iter().enumerate().filter_map(|(at, text)| self.parsed(text, items.get(at))).collect()
    }

    fn parsed(&mut self, text: &str, node: Option<&Node>) -> Option<SourcePath> {
        match SourcePath::parse(text) {
            Ok(path) => Some(path),
            Err(error) => {
                let place = node.map_or_else(|| self.place.clone(), |node| node.place_inside(error.column));
                self.problems.push(Problem::error(sheet::BAD_PATH, place, error.message).expected(error.expected));
                None
            }
        }
    }
}

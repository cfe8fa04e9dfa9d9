//! Reads the nodes of a tree as records, one at a time, each before the nodes below it.
//!
//! Where the children of a node stand before its record, the reader passes over them and comes back. Nothing is kept but the ids from the top down to where it stands. A node that is
//! none, or whose record cannot be read, is a bad record; what stands below it is read.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use kivuko_core::catalogue::file as codes;
use kivuko_core::error::{Cause, Error};
use serde_json::{Map, Value};

use super::super::csv::{Position, Raw};
use super::super::encoding::{Form, Text};
use super::super::errors;
use super::super::json::{Next, Walk};
use super::super::picks::{Misfit, Picks};
use super::Tree;

/// The nodes of one file.
#[derive(Debug)]
pub struct Reader {
    walk: Walk,
    path: PathBuf,
    form: Form,
    tree: Tree,
    /// What the flow reads of a record.
    picks: Picks,
    /// Id and parent.
    ties: Picks,
    /// From the top down to where the next node stands.
    levels: Vec<Level>,
    next: Option<Node>,
    /// What else stands in the nodes, each with the number of its node, where it is kept.
    pub beside: Option<Vec<(u64, String)>>,
}

/// An array of nodes.
#[derive(Debug)]
struct Level {
    above: Above,
    comma: bool,
    /// Where to go on when it ends, if not right behind it.
    after: Option<u64>,
}

/// The node that an array stands in.
#[derive(Debug, Clone)]
enum Above {
    Nothing,
    Node { number: u64, id: Option<String> },
}

/// A node as it stands.
#[derive(Debug)]
pub struct Node {
    /// Counted from 1 in the order of reading.
    pub number: u64,
    /// The number of the node above.
    pub above: Option<u64>,
    /// Its record.
    pub record: Result<Record, Cause>,
}

/// The record of a node.
#[derive(Debug)]
pub struct Record {
    /// As it stands in the file.
    pub text: String,
    /// With its parent, where it does not name it itself.
    pub filled: Option<String>,
    pub id: Option<String>,
}

impl Record {
    /// The record with its parent.
    pub fn whole(&self) -> &str {
        self.filled.as_deref().unwrap_or(&self.text)
    }
}

impl Reader {
    /// Opens a file at a position of an earlier reading, or at its first node. `at` is where the array of the top nodes is.
    pub fn open(
        path: &Path,
        file: &str,
        form: Form,
        tree: &Tree,
        at: Option<&str>,
        from: Option<Position>,
        picks: Picks,
    ) -> Result<Self, Error> {
        let text = text(path, file, form, 0)?;
        let mut walk = Walk { file: file.to_owned(), text, row: 0 };
        walk.enter(at, "array")?;
        walk.text.take(1);
        let mut reader = Self {
            walk,
            path: path.to_owned(),
            form,
            tree: tree.clone(),
            picks,
            ties: Picks::new(Some(&tree.id), Some(&tree.parent))?,
            levels: vec![Level { above: Above::Nothing, comma: false, after: None }],
            next: None,
            beside: None,
        };
        // A node is nothing without those above it, so a reading goes on by passing over what it has read.
        let passed = from.unwrap_or_default().row;
        while reader.walk.row < passed && reader.node()?.is_some() {}
        Ok(reader)
    }

    /// Where the next record stands.
    pub fn position(&self) -> Position {
        let ahead = u64::from(self.next.is_some());
        Position { offset: 0, row: self.walk.row - ahead, doubtful: 0 }
    }

    /// Whether there is another record.
    pub fn more(&mut self) -> Result<bool, Error> {
        if self.next.is_none() {
            self.next = self.advance()?;
        }
        Ok(self.next.is_some())
    }

    /// The next record; its element is appended to `out`.
    pub fn next(&mut self, out: &mut Vec<u8>) -> Result<Option<Raw>, Error> {
        let Some(node) = self.node()? else { return Ok(None) };
        let row = node.number;
        let bad = |id, cause| Raw { id, row, time: None, body: Err(cause) };
        let record = match node.record {
            Ok(record) => record,
            Err(cause) => return Ok(Some(bad(None, cause))),
        };
        Ok(Some(match self.picks.from(record.whole(), None) {
            Err(misfit) => bad(None, broken(&misfit)),
            Ok([id, time]) => {
                let start = out.len();
                out.extend_from_slice(record.whole().as_bytes());
                Raw { id, row, time, body: Ok(start..out.len()) }
            }
        }))
    }

    /// The next node.
    pub fn node(&mut self) -> Result<Option<Node>, Error> {
        match self.next.take() {
            Some(node) => Ok(Some(node)),
            None => self.advance(),
        }
    }

    fn advance(&mut self) -> Result<Option<Node>, Error> {
        while let Some(level) = self.levels.last_mut() {
            if !self.walk.at_end(b']', &mut level.comma)? {
                level.comma = true;
                let above = level.above.clone();
                return self.begin(&above).map(Some);
            }
            self.walk.text.take(1);
            let ended = self.levels.pop();
            match ended {
                Some(Level { after: Some(after), .. }) => self.walk.text = text(&self.path, &self.walk.file, self.form, after)?,
                Some(Level { above: Above::Node { number, .. }, .. }) => self.end(number)?,
                _ => {}
            }
        }
        Ok(None)
    }

    /// Reads a node up to the nodes below it.
    fn begin(&mut self, above: &Above) -> Result<Node, Error> {
        self.walk.row += 1;
        let number = self.walk.row;
        let above_number = match above {
            Above::Nothing => None,
            Above::Node { number, .. } => Some(*number),
        };
        let node = |record| Node { number, above: above_number, record };
        if self.walk.peek()? != Some(b'{') {
            self.walk.skip()?;
            return Ok(node(Err(Cause::new(codes::TREE_NODE, "something stands there that is no node"))));
        }
        self.walk.text.take(1);
        let (mut comma, mut record, mut passed) = (false, None, None);
        while !self.walk.at_end(b'}', &mut comma)? {
            let name = self.walk.member_name()?;
            comma = true;
            if name == self.tree.record && record.is_none() {
                record = Some(self.record(above)?);
            } else if name != self.tree.children {
                self.beside(number, &name)?;
            } else if self.walk.peek()? == Some(b'n') {
                self.walk.skip()?;
            } else if self.walk.peek()? != Some(b'[') || passed.is_some() {
                return Err(self.walk.broken(&format!("the `{name}` of a node are not one array")));
            } else if let Some(record) = record {
                self.walk.text.take(1);
                self.below(number, &record, None);
                return Ok(node(record));
            } else {
                passed = Some(self.walk.text.offset() + 1);
                self.walk.skip()?;
            }
        }
        self.walk.text.take(1);
        let missing = || Err(Cause::new(codes::TREE_NODE, format!("the node has no `{}`", self.tree.record)));
        let record = record.unwrap_or_else(missing);
        if let Some(children) = passed {
            let after = self.walk.text.offset();
            self.walk.text = text(&self.path, &self.walk.file, self.form, children)?;
            self.below(number, &record, Some(after));
        }
        Ok(node(record))
    }

    fn below(&mut self, number: u64, record: &Result<Record, Cause>, after: Option<u64>) {
        let id = record.as_ref().ok().and_then(|record| record.id.clone());
        self.levels.push(Level { above: Above::Node { number, id }, comma: false, after });
    }

    /// Goes from the end of the children of a node to its own.
    fn end(&mut self, number: u64) -> Result<(), Error> {
        let mut comma = true;
        while !self.walk.at_end(b'}', &mut comma)? {
            let name = self.walk.member_name()?;
            comma = true;
            if name == self.tree.record || name == self.tree.children {
                return Err(self.walk.broken(&format!("a node has `{name}` twice")));
            }
            self.beside(number, &name)?;
        }
        self.walk.text.take(1);
        Ok(())
    }

    /// Passes over a member of a node that is neither its record nor its children.
    fn beside(&mut self, number: u64, name: &str) -> Result<(), Error> {
        let Some(kept) = &mut self.beside else { return self.walk.skip() };
        let Next::Element { length } = self.walk.element()? else {
            return Err(self.walk.broken("a member of a node is longer than 8 MiB"));
        };
        match std::str::from_utf8(&self.walk.text.rest()[..length]) {
            Ok(text) => kept.push((number, format!(",{}:{}", Value::from(name), text.trim()))),
            Err(_) => return Err(self.walk.broken("a member of a node holds bytes that its encoding does not have")),
        }
        self.walk.text.take(length);
        Ok(())
    }

    fn record(&mut self, above: &Above) -> Result<Result<Record, Cause>, Error> {
        let Next::Element { length } = self.walk.element()? else {
            self.walk.skip()?;
            let message = "the record is longer than 8 MiB; look for an unclosed bracket or quote";
            return Ok(Err(Cause::new(codes::CELL_TOO_LONG, message)));
        };
        let text = std::str::from_utf8(&self.walk.text.rest()[..length]).map(|text| text.trim().to_owned());
        self.walk.text.take(length);
        let Ok(text) = text else {
            let message = "the record holds bytes that its encoding does not have; correct it or declare the right `encoding`";
            return Ok(Err(Cause::new(codes::ENCODING_BROKEN, message)));
        };
        Ok(self.tied(text, above))
    }

    /// The record with the parent that its place gives it.
    fn tied(&self, text: String, above: &Above) -> Result<Record, Cause> {
        let parent = &self.tree.parent;
        let [id, own] = self.ties.from(&text, None).map_err(|misfit| broken(&misfit))?;
        let filled = match (above, own) {
            (Above::Nothing, _) | (Above::Node { id: None, .. }, Some(_)) => None,
            (Above::Node { id: None, .. }, None) => {
                let message = format!("the record names no `{parent}`, and the node above it has no `{}`", self.tree.id);
                return Err(Cause::new(codes::TREE_NODE, message).field(parent));
            }
            (Above::Node { id: Some(above), .. }, Some(own)) if *above == own => None,
            (Above::Node { .. }, Some(_)) => {
                let message = format!("`{parent}` names another record than the one under which it stands");
                return Err(Cause::new(codes::TREE_PARENT_DIFFERS, message).field(parent));
            }
            (Above::Node { id: Some(above), .. }, None) => {
                let mut members: Map<String, Value> = serde_json::from_str(&text).map_err(|error| broken(&Misfit::Json(error)))?;
                members.insert(parent.clone(), above.as_str().into());
                Some(Value::Object(members).to_string())
            }
        };
        Ok(Record { text, filled, id })
    }
}

fn broken(misfit: &Misfit) -> Cause {
    let place = match misfit {
        Misfit::Json(error) if error.line() > 1 => format!(" (line {} of it, character {})", error.line(), error.column()),
        Misfit::Json(error) => format!(" (character {})", error.column()),
        Misfit::Named(_) => String::new(),
    };
    Cause::new(codes::ELEMENT_BROKEN, format!("the record is not a JSON object{place}"))
}

fn text(path: &Path, file: &str, form: Form, offset: u64) -> Result<Text, Error> {
    let broken = |error: io::Error| errors::unreadable(file, &error);
    Text::open(File::open(path).map_err(broken)?, form, offset).map_err(broken)
}

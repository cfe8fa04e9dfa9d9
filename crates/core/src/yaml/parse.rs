//! From text to a tree with places.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use saphyr::Scalar;
use saphyr_parser::{Event, Parser, Span, SpannedEventReceiver};
use serde_json::Value;

use super::{At, Data, Entry, Node};
use crate::catalogue::project;
use crate::error::{Place, Problem};

/// How many values the aliases of one file may stand for: a file of a few lines must not become a tree of millions.
const MOST_ALIASED: usize = 10_000;

/// Reads one YAML document. An empty one is an empty mapping. `None` when it is not YAML; keys written twice are problems, and the first one counts.
pub fn parse(file: &str, bytes: &[u8], problems: &mut Vec<Problem>) -> Option<Node> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}'),
        Err(error) => {
            let line = 1 + memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count();
            let place = Place { file: file.to_owned(), line: Some(line), ..Place::default() };
            problems.push(Problem::error(project::BAD_YAML, place, "the file is not UTF-8 text").expected("save it as UTF-8"));
            return None;
        }
    };
    let mut builder = Builder::new(file);
    let loaded = Parser::new_from_str(text).load(&mut builder, true);
    problems.append(&mut builder.problems);
    if let Err(error) = loaded {
        let at = At { file: builder.file.clone(), line: error.marker().line(), column: error.marker().col() + 1 };
        problems.push(Problem::error(project::BAD_YAML, at.place(), format!("this is not YAML: {}", error.info())));
        return None;
    }
    match builder.documents.len() {
        0 => Some(Node::empty(At::start(file))),
        1 => {
            let node = builder.documents.remove(0);
            Some(if node.data == Data::Null { Node::empty(node.at) } else { node })
        }
        _ => {
            let place = builder.documents[1].at.place();
            problems.push(
                Problem::error(project::BAD_YAML, place, "a second document begins here")
                    .expected("one document in a file, without `---` between"),
            );
            None
        }
    }
}

/// A collection that is not closed yet.
enum Open {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<(Option<String>, At)> },
}

struct Builder {
    file: Arc<str>,
    open: Vec<(At, usize, Open)>,
    anchors: HashMap<usize, Node>,
    aliased: usize,
    documents: Vec<Node>,
    problems: Vec<Problem>,
}

impl Builder {
    fn new(file: &str) -> Self {
        Self { file: file.into(), open: Vec::new(), anchors: HashMap::new(), aliased: 0, documents: Vec::new(), problems: Vec::new() }
    }

    fn at(&self, span: Span) -> At {
        At { file: self.file.clone(), line: span.start.line(), column: span.start.col() + 1 }
    }

    fn add(&mut self, node: Node, anchor: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.documents.push(node),
            Some((_, _, Open::List(items))) => items.push(node),
            Some((_, _, Open::Map { entries, key })) => match key.take() {
                None => {
                    let name = node.text().map(str::to_owned);
                    if name.is_none() {
                        let problem = Problem::error(project::WRONG_KIND, node.at.place(), "a key must be a plain text");
                        self.problems.push(problem.expected("`key: value`; a text with `{` or `[` in front needs quotation marks"));
                    }
                    *key = Some((name, node.at));
                }
                // The value of a key that is none: the problem is there already.
                Some((None, _)) => {}
                Some((Some(name), at)) => {
                    if let Some(first) = entries.iter().find(|entry| entry.key == name) {
                        let message = format!("the key `{name}` is written twice; the first one is in line {}", first.at.line);
                        self.problems.push(Problem::error(project::DUPLICATE_KEY, at.place(), message).expected("each key once"));
                    } else {
                        entries.push(Entry { at, key: name, value: node });
                    }
                }
            },
        }
    }

    fn alias(&mut self, id: usize, at: At) {
        let Some(node) = self.anchors.get(&id).cloned() else {
            self.problems.push(Problem::error(project::BAD_YAML, at.place(), "an alias inside of what it stands for"));
            self.add(Node { at, inside: None, data: Data::Null }, 0);
            return;
        };
        self.aliased += size(&node);
        if self.aliased > MOST_ALIASED {
            let message = format!("the aliases of this file stand for more than {MOST_ALIASED} values");
            self.problems.push(Problem::error(project::BAD_YAML, at.place(), message));
            self.aliased = 0;
            self.anchors.clear();
            self.add(Node { at, inside: None, data: Data::Null }, 0);
            return;
        }
        self.add(node, 0);
    }
}

impl<'input> SpannedEventReceiver<'input> for Builder {
    fn on_event(&mut self, event: Event<'input>, span: Span) {
        let at = self.at(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let written = text.to_string();
                let inside = match style {
                    saphyr_parser::ScalarStyle::Plain => Some(0),
                    saphyr_parser::ScalarStyle::SingleQuoted | saphyr_parser::ScalarStyle::DoubleQuoted => Some(1),
                    saphyr_parser::ScalarStyle::Literal | saphyr_parser::ScalarStyle::Folded => None,
                };
                let inside = if span.start.line() == span.end.line() { inside } else { None };
                let data = match Scalar::parse_from_cow_and_metadata(Cow::Borrowed(&text), style, tag.as_ref()) {
                    Some(Scalar::Null) => Data::Null,
                    Some(Scalar::Boolean(value)) => Data::Plain { value: Value::Bool(value), written },
                    Some(Scalar::Integer(value)) => Data::Plain { value: value.into(), written },
                    Some(Scalar::FloatingPoint(value)) => match serde_json::Number::from_f64(value.into_inner()) {
                        Some(number) => Data::Plain { value: Value::Number(number), written },
                        None => Data::Text(written),
                    },
                    Some(Scalar::String(_)) | None => Data::Text(written),
                };
                self.add(Node { at, inside, data }, anchor);
            }
            Event::SequenceStart(anchor, _) => self.open.push((at, anchor, Open::List(Vec::new()))),
            Event::MappingStart(anchor, _) => self.open.push((at, anchor, Open::Map { entries: Vec::new(), key: None })),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((at, anchor, open)) = self.open.pop() {
                    let data = match open {
                        Open::List(items) => Data::List(items),
                        Open::Map { entries, .. } => Data::Map(entries),
                    };
                    self.add(Node { at, inside: None, data }, anchor);
                }
            }
            Event::Alias(id) => self.alias(id, at),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {}
        }
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.data {
        Data::List(items) => items.iter().map(size).sum(),
        Data::Map(entries) => entries.iter().map(|entry| size(&entry.value)).sum(),
        _ => 0,
    }
}

//! Takes out of a raw element only the fields that a flow reads.
//!
//! Reading a path in what was projected gives the same as reading it in the whole element. The whole element is still checked to be JSON, but
//! of what no path names nothing is built.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::catalogue::record;
use crate::error::Cause;
use crate::path::{Segment, SourcePath};

/// The fields that a flow reads, as a tree.
#[derive(Debug, Clone)]
pub struct Projection {
    root: Node,
}

impl Projection {
    /// What these paths read. Without paths, or with a JSONPath among them, it is everything.
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a SourcePath>) -> Self {
        let mut root = Growing::default();
        let mut named = false;
        for path in paths {
            if path.reads_everything() {
                return Self::everything();
            }
            named = true;
            // The cell may be the exact name of a member, whatever it looks like.
            root.member(path.text()).whole = true;
            if let Some(path) = path.path() {
                root.grow(path.segments());
            }
        }
        if named { Self { root: root.done() } } else { Self::everything() }
    }

    /// Everything.
    pub fn everything() -> Self {
        Self { root: Node { whole: true, ..Node::default() } }
    }

    /// Reads one element. An error says where it cannot be read, never what stands there.
    pub fn project(&self, raw: &[u8]) -> Result<Value, Cause> {
        // Looking for bytes that are not UTF-8 once is far cheaper than in each of a hundred texts.
        let text = std::str::from_utf8(raw).map_err(|error| {
            let before = &raw[..error.valid_up_to()];
            let (line, line_start) = memchr::memchr_iter(b'\n', before).fold((1, 0), |(line, _), at| (line + 1, at + 1));
            unreadable("it is not UTF-8", line, before.len() - line_start + 1)
        })?;
        self.read(text).map_err(|error| {
            let what = if error.is_eof() { "it ends too early" } else { "it is not JSON" };
            unreadable(what, error.line(), error.column())
        })
    }

    fn read(&self, text: &str) -> Result<Value, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = self.root.deserialize(&mut reader)?;
        reader.end()?;
        Ok(value)
    }
}

fn unreadable(what: &str, line: usize, column: usize) -> Cause {
    Cause::new(record::UNREADABLE, format!("the record cannot be read: {what} at its line {line}, column {column}"))
}

/// The tree while paths are being added.
#[derive(Default)]
struct Growing {
    whole: bool,
    members: Vec<(Box<str>, Growing)>,
    items: Option<Box<Growing>>,
}

impl Growing {
    fn member(&mut self, name: &str) -> &mut Growing {
        let position = self.members.iter().position(|(known, _)| **known == *name).unwrap_or_else(|| {
            self.members.push((name.into(), Growing::default()));
            self.members.len() - 1
        });
        &mut self.members[position].1
    }

    fn item(&mut self) -> &mut Growing {
        self.items.get_or_insert_default()
    }

    fn grow(&mut self, segments: &[Segment]) {
        let Some((segment, rest)) = segments.split_first() else {
            self.whole = true;
            return;
        };
        match segment {
            Segment::Field(name) | Segment::Item { field: None, value: name } => self.member(name).grow(rest),
            Segment::Index(_) | Segment::Each => self.item().grow(rest),
            Segment::Item { field: Some(field), .. } => {
                self.item().member(field).whole = true;
                self.item().grow(rest);
            }
        }
    }

    fn done(self) -> Node {
        let mut members: Vec<(Box<str>, Node)> = self.members.into_iter().map(|(name, node)| (name, node.done())).collect();
        members.sort_by_key(|(name, _)| name.len());
        let longest = members.last().map_or(0, |(name, _)| name.len());
        let starts = (0..=longest + 1).map(|length| members.partition_point(|(name, _)| name.len() < length)).collect();
        Node { whole: self.whole, members, starts, items: self.items.map(|items| Box::new(items.done())) }
    }
}

/// What is read of one value.
#[derive(Debug, Clone, Default)]
struct Node {
    /// All of it.
    whole: bool,
    /// Of an object: these members, by the length of their names.
    members: Vec<(Box<str>, Node)>,
    /// Where the names of each length begin in `members`: most names of a record are refused by their length alone.
    starts: Vec<usize>,
    /// Of an array: this of each item. The items that a path does not name stay as empty ones, so that places do not move.
    items: Option<Box<Node>>,
}

impl Node {
    fn find(&self, name: &str) -> Option<&(Box<str>, Node)> {
        let (from, to) = (*self.starts.get(name.len())?, *self.starts.get(name.len() + 1)?);
        // The first byte tells most of them apart, and costs no call.
        let first = name.as_bytes().first();
        self.members[from..to].iter().find(|(known, _)| known.as_bytes().first() == first && **known == *name)
    }
}

impl<'de> DeserializeSeed<'de> for &Node {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.whole { serde::Deserialize::deserialize(deserializer) } else { deserializer.deserialize_any(Parts(self)) }
    }
}

/// Reads those parts of a value that a node names. What has no parts, a text say, is read as null: no path selects it.
struct Parts<'n>(&'n Node);

impl<'de> Visitor<'de> for Parts<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        // An object in the place of a list is its only item. Where paths take it for both, all of it is read.
        match self.0.items.as_deref() {
            Some(item) if self.0.members.is_empty() && !item.whole => return Parts(item).visit_map(access),
            Some(_) => return serde::Deserialize::deserialize(MapAccessDeserializer::new(access)),
            None => {}
        }
        let mut members = Map::new();
        while let Some(known) = access.next_key_seed(Name(self.0))? {
            match known {
                Some((name, node)) => {
                    // Of members with the same name the last one counts, as in everything that reads JSON.
                    let member = access.next_value_seed(node)?;
                    members.insert(String::from(&**name), member);
                }
                None => {
                    access.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let Some(node) = self.0.items.as_deref() else {
            while access.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Value::Null);
        };
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(node)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E>(self, _: &str) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// Reads the name of a member and finds what is read of it.
struct Name<'n>(&'n Node);

impl<'de, 'n> DeserializeSeed<'de> for Name<'n> {
    type Value = Option<&'n (Box<str>, Node)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for Name<'n> {
    type Value = Option<&'n (Box<str>, Node)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.find(name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn paths(cells: &[&str]) -> Vec<SourcePath> {
        cells.iter().map(|cell| SourcePath::parse(cell).expect(cell)).collect()
    }

    #[test]
    fn only_what_is_named_is_built() {
        let raw = json!({
            "id": "c1", "firstName": "x", "age": {"years": 4, "months": 1}, "a.b": 1, "a": {"b": 2},
            "addresses": [{"typeId": "USUAL", "city": "Bo", "phone": "1"}, "odd", {"typeId": "OTHER", "city": "Koidu", "phone": "2"}],
            "answers": {"q1": [{"value": "yes", "date": null}], "q2": [{"value": "no"}]},
        })
        .to_string();
        let check = |cells: &[&str], expected: Value| {
            assert_eq!(Projection::new(&paths(cells)).project(raw.as_bytes()), Ok(expected), "{cells:?}");
        };
        check(&["id", "missing"], json!({"id": "c1"}));
        check(&["age.years"], json!({"age": {"years": 4}}));
        check(&["age", "age.years"], json!({"age": {"years": 4, "months": 1}}));
        check(&["id.more", "addresses.city"], json!({"id": null, "addresses": null}));
        check(&["a.b"], json!({"a.b": 1, "a": {"b": 2}}));
        check(
            &["addresses[1]"],
            json!({"addresses": [{"typeId": "USUAL", "city": "Bo", "phone": "1"}, "odd", {"typeId": "OTHER", "city": "Koidu", "phone": "2"}]}),
        );
        check(
            &["addresses[typeId=USUAL].city"],
            json!({"addresses": [{"typeId": "USUAL", "city": "Bo"}, null, {"typeId": "OTHER", "city": "Koidu"}]}),
        );
        check(&["answers.q1[0].value"], json!({"answers": {"q1": [{"value": "yes"}]}}));
        let whole: Value = serde_json::from_str(&raw).expect("it is JSON");
        check(&[], whole.clone());
        check(&["id", "$.age"], whole);
    }

    #[test]
    fn what_cannot_be_read_says_where_and_not_what() {
        let projection = Projection::new(&paths(&["id"]));
        let check = |raw: &[u8], expected: &str| {
            let cause = projection.project(raw).expect_err(expected);
            assert_eq!((cause.code, cause.message.as_str()), (record::UNREADABLE, expected));
        };
        check(b"{\"id\": \"Aminata", "the record cannot be read: it ends too early at its line 1, column 15");
        check(b"{\"id\":\n Aminata}", "the record cannot be read: it is not JSON at its line 2, column 2");
        check(b"{\"other\": [1, 2}", "the record cannot be read: it is not JSON at its line 1, column 16");
        check(b"{\"id\": 1} 2", "the record cannot be read: it is not JSON at its line 1, column 11");
        check(b"", "the record cannot be read: it ends too early at its line 1, column 0");
        check(b"{\"id\":\n \"a\xff\"}", "the record cannot be read: it is not UTF-8 at its line 2, column 4");
        check("[".repeat(1000).as_bytes(), "the record cannot be read: it ends too early at its line 1, column 1000");
    }

    /// A path that often meets something in a value of [`crate::diff::tests::any_value`].
    fn likely_cell() -> impl Strategy<Value = String> {
        let step = prop_oneof![
            Just(".a"),
            Just(".b"),
            Just(".c"),
            Just("[]"),
            Just("[0]"),
            Just("[1]"),
            Just("[a=1]"),
            Just("[b='']"),
            Just("[c]")
        ];
        prop::collection::vec(step, 1..4).prop_map(|steps| {
            let joined = steps.concat();
            joined.strip_prefix('.').map(str::to_owned).unwrap_or(joined)
        })
    }

    proptest! {
        #[test]
        fn reading_the_projection_is_reading_the_whole(
            value in crate::diff::tests::any_value(),
            cells in prop::collection::vec(likely_cell(), 1..5),
        ) {
            let raw = value.to_string();
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            let read = paths(&cells);
            let projected = Projection::new(&read).project(raw.as_bytes()).expect("it is JSON");
            let whole: Value = serde_json::from_str(&raw).expect("it is JSON");
            for path in &read {
                let (mut from_projected, mut from_whole) = (Vec::new(), Vec::new());
                path.read(&projected, &mut from_projected);
                path.read(&whole, &mut from_whole);
                prop_assert_eq!(from_projected, from_whole, "{} in {}", path, raw);
            }
        }

        #[test]
        fn of_members_with_one_name_the_last_counts(first in crate::diff::tests::any_value(), last in crate::diff::tests::any_value(), cell in likely_cell()) {
            let raw = format!("{{\"a\": {first}, \"b\": 1, \"a\": {last}}}");
            let path = SourcePath::parse(&cell).expect("a path");
            let projected = Projection::new([&path]).project(raw.as_bytes()).expect("it is JSON");
            let whole: Value = serde_json::from_str(&raw).expect("it is JSON");
            prop_assert_eq!(path.one(&projected), path.one(&whole));
        }
    }
}

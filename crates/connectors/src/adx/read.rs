//! Reads a document value by value.
//!
//! Document types, entities of one's own and anything else that would let a document stand for more than it holds are refused.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;

use kivuko_core::catalogue::file as codes;
use kivuko_core::error::Cause;
use kivuko_core::period::Period;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};

use super::input::{Counted, Endless};
use super::{DataValue, Dimensions, Group, NAMESPACE, identity};

/// No element stands deeper in one that is passed over.
const DEEPEST: usize = 64;

/// How a period is taken whose day is not its first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Periods {
    /// It is refused: nobody knows what was counted.
    #[default]
    Exact,
    /// As DHIS2 takes it: the period in which the day lies.
    AsDhis2,
}

/// The document cannot be read on. What was read before it holds.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Broken {
    pub line: u64,
    /// What is wrong; nothing of the document is repeated.
    pub what: String,
    /// The bytes could not be had at all.
    #[source]
    pub io: Option<std::io::Error>,
}

/// One value of a document, or why it is none.
#[derive(Debug)]
pub struct Item {
    /// Where it begins, from 1.
    pub line: u64,
    /// Its dimensions joined, also of a bad value where they can be told.
    pub id: Option<String>,
    pub content: Result<(Arc<Group>, DataValue), Cause>,
}

/// The values of a document.
#[derive(Debug)]
pub struct Reader<R: BufRead> {
    xml: NsReader<Counted<R>>,
    buffer: Vec<u8>,
    periods: Periods,
    place: Place,
    outer: Outer,
    foreign: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    BeforeRoot,
    InRoot,
    InGroup,
    AfterRoot,
}

/// A group as it is written.
#[derive(Debug)]
struct Outer {
    data_set: String,
    org_unit: String,
    /// The identifier, or what is written where it is no period.
    period: String,
    combo: String,
    attributes: Dimensions,
    group: Result<Arc<Group>, Cause>,
}

type Attributes = Result<Vec<(String, String)>, Cause>;

enum Token {
    /// A start tag: whether it is one of ADX, its name, its attributes without those of other namespaces.
    Start(bool, String, Attributes),
    End,
    Text(String),
    /// An entity that is not one of XML's own.
    Unknown,
    EndOfDocument,
}

impl<R: BufRead> Reader<R> {
    /// A document in UTF-8.
    pub fn new(document: R, periods: Periods) -> Self {
        let mut xml = NsReader::from_reader(Counted::new(document));
        xml.config_mut().expand_empty_elements = true;
        let outer = Outer {
            data_set: String::new(),
            org_unit: String::new(),
            period: String::new(),
            combo: String::new(),
            attributes: BTreeMap::new(),
            group: Err(Cause::new(codes::ADX_VALUE, "the value stands outside of a group")),
        };
        Self { xml, buffer: Vec::new(), periods, place: Place::BeforeRoot, outer, foreign: None }
    }

    /// The line of the first thing so far that is passed over and would be missing in a copy: an element of another namespace or one that DHIS2 ignores, an attribute
    /// with a prefix, text between elements.
    pub fn passed_over(&self) -> Option<u64> {
        self.foreign
    }

    /// The next value; `None` at the end of the document.
    ///
    /// # Errors
    /// A document that breaks off or is not ADX.
    pub fn read(&mut self) -> Result<Option<Item>, Broken> {
        loop {
            let (line, token) = self.token()?;
            match (self.place, token) {
                (Place::BeforeRoot, Token::Start(true, name, _)) if name == "adx" => self.place = Place::InRoot,
                (Place::BeforeRoot, Token::Start(..)) => {
                    return Err(broken(line, format!("the document is no ADX: its root is not `adx` of the namespace {NAMESPACE}")));
                }
                (Place::BeforeRoot, Token::EndOfDocument) => return Err(broken(line, "the document is empty")),
                (Place::InRoot, Token::Start(true, name, attributes)) if name == "group" => {
                    self.outer = self.group(attributes);
                    self.place = Place::InGroup;
                }
                (Place::InGroup, Token::Start(true, name, attributes)) if name == "dataValue" => {
                    return self.data_value(line, attributes).map(Some);
                }
                (Place::InRoot | Place::InGroup, Token::Start(ours, ..)) => {
                    self.skip(line)?;
                    if ours {
                        let wanted = if self.place == Place::InRoot { "group" } else { "dataValue" };
                        let cause = Cause::new(
                            codes::ADX_VALUE,
                            format!("an element stands where only `{wanted}` can stand; correct its name or its place"),
                        );
                        return Ok(Some(Item { line, id: None, content: Err(cause) }));
                    }
                    self.foreign.get_or_insert(line);
                }
                (Place::InRoot, Token::End) => self.place = Place::AfterRoot,
                (Place::InGroup, Token::End) => self.place = Place::InRoot,
                (Place::InRoot | Place::InGroup, Token::EndOfDocument) => return Err(broken(line, "the document breaks off")),
                (Place::InRoot | Place::InGroup, Token::Text(text)) if text.trim().is_empty() => {}
                (Place::InRoot | Place::InGroup, Token::Text(_) | Token::Unknown) => {
                    self.foreign.get_or_insert(line);
                }
                (Place::AfterRoot, Token::EndOfDocument) => return Ok(None),
                (Place::BeforeRoot | Place::AfterRoot, Token::Text(text)) if text.trim().is_empty() => {}
                (Place::BeforeRoot | Place::AfterRoot, _) => return Err(broken(line, "something stands outside of the root element")),
            }
        }
    }

    /// Reads a value to its end.
    fn data_value(&mut self, line: u64, attributes: Attributes) -> Result<Item, Broken> {
        let mut annotation: Option<String> = None;
        let mut problem = None;
        // How deep the reading is in the value, and whether that is in its annotation.
        let (mut depth, mut inside) = (0usize, false);
        loop {
            let (at, token) = self.token()?;
            match token {
                Token::Start(true, name, _) if depth == 0 && name == "annotation" => {
                    if annotation.replace(String::new()).is_some() {
                        problem = Some(Cause::new(codes::ADX_VALUE, "the value has two annotations; one is allowed").field("annotation"));
                    }
                    inside = true;
                    depth += 1;
                }
                Token::Start(..) => {
                    self.foreign.get_or_insert(at);
                    depth += 1;
                    if depth > DEEPEST {
                        return Err(too_deep(at));
                    }
                }
                Token::End if depth == 0 => break,
                Token::End => {
                    depth -= 1;
                    inside &= depth > 0;
                }
                Token::Text(text) if inside && text.contains('\0') => {
                    let message = "the annotation holds bytes that the encoding of the document does not have";
                    problem = Some(Cause::new(codes::ENCODING_BROKEN, message).field("annotation"));
                }
                Token::Text(text) if inside && depth == 1 => annotation.get_or_insert_default().push_str(&text),
                Token::Text(text) => {
                    if !text.trim().is_empty() {
                        self.foreign.get_or_insert(at);
                    }
                }
                Token::Unknown => {
                    problem = Some(Cause::new(codes::ADX_VALUE, "an entity is used that XML does not have; write the character itself"));
                }
                Token::EndOfDocument => return Err(broken(at, "the document breaks off inside a value")),
            }
        }
        let mut id = None;
        let content = attributes.and_then(|attributes| self.value_of(attributes, annotation, &mut id));
        Ok(Item { line, id, content: problem.map_or(content, Err) })
    }

    fn value_of(
        &self,
        attributes: Vec<(String, String)>,
        annotation: Option<String>,
        id: &mut Option<String>,
    ) -> Result<(Arc<Group>, DataValue), Cause> {
        let mut value = DataValue { annotation: annotation.filter(|text| !text.trim().is_empty()), ..DataValue::default() };
        let mut amount = None;
        for (name, text) in attributes {
            let slot = match name.as_str() {
                "dataElement" => {
                    value.data_element = text;
                    continue;
                }
                "value" => {
                    amount = Some(text);
                    continue;
                }
                "categoryOptionCombo" => &mut value.category_option_combo,
                "comment" => &mut value.comment,
                "followup" | "followUp" => &mut value.followup,
                "storedBy" => &mut value.stored_by,
                "deleted" => &mut value.deleted,
                "created" => &mut value.created,
                "lastUpdated" => &mut value.last_updated,
                _ => {
                    if !text.is_empty() {
                        value.categories.insert(name, text);
                    }
                    continue;
                }
            };
            *slot = Some(text).filter(|text| !text.is_empty());
        }
        if value.data_element.is_empty() {
            return Err(lacks("dataValue", "dataElement"));
        }
        let outer = &self.outer;
        let combo = value.category_option_combo.as_deref().unwrap_or_default();
        let (inner, attributes) = ((combo, &value.categories), (outer.combo.as_str(), &outer.attributes));
        *id = Some(identity(&outer.data_set, &value.data_element, &outer.period, &outer.org_unit, inner, attributes));
        value.value = amount.ok_or_else(|| lacks("dataValue", "value"))?;
        if value.value.is_empty() && value.annotation.is_none() {
            return Err(lacks("dataValue", "value"));
        }
        Ok((outer.group.clone()?, value))
    }

    fn group(&self, attributes: Attributes) -> Outer {
        let mut outer = Outer {
            data_set: String::new(),
            org_unit: String::new(),
            period: String::new(),
            combo: String::new(),
            attributes: BTreeMap::new(),
            group: Err(Cause::new(codes::ADX_VALUE, "the group has no content")),
        };
        let mut complete_date = String::new();
        match attributes {
            Ok(attributes) => {
                for (name, text) in attributes {
                    match name.as_str() {
                        "dataSet" => outer.data_set = text,
                        "orgUnit" => outer.org_unit = text,
                        "period" => outer.period = text,
                        "completeDate" => complete_date = text,
                        "attributeOptionCombo" => outer.combo = text,
                        _ if text.is_empty() => {}
                        _ => drop(outer.attributes.insert(name, text)),
                    }
                }
            }
            Err(cause) => {
                outer.group = Err(cause);
                return outer;
            }
        }
        let period = match self.periods {
            Periods::Exact => Period::from_adx_exactly(&outer.period),
            Periods::AsDhis2 => Period::from_adx(&outer.period),
        };
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let lacks_period = outer.period.is_empty();
        if let Ok(period) = &period {
            outer.period = period.id();
        }
        outer.group = match period {
            _ if outer.org_unit.is_empty() => Err(lacks("group", "orgUnit")),
            _ if lacks_period => Err(lacks("group", "period")),
            Err(error) => Err(error.cause().field("period")),
            Ok(period) => Ok(Arc::new(Group {
                data_set: given(&outer.data_set),
                org_unit: outer.org_unit.clone(),
                period,
                complete_date: given(&complete_date),
                attribute_option_combo: given(&outer.combo),
                attributes: outer.attributes.clone(),
            })),
        };
        outer
    }

    /// Goes to the end of the element that has begun.
    fn skip(&mut self, line: u64) -> Result<(), Broken> {
        let mut depth = 0usize;
        loop {
            let (at, token) = self.token()?;
            match token {
                Token::Start(..) if depth == DEEPEST => return Err(too_deep(at)),
                Token::Start(..) => depth += 1,
                Token::End if depth == 0 => return Ok(()),
                Token::End => depth -= 1,
                Token::EndOfDocument => return Err(broken(line, "the document breaks off inside an element")),
                Token::Text(_) | Token::Unknown => {}
            }
        }
    }

    /// The next piece of the document that means something, and the line where it begins.
    fn token(&mut self) -> Result<(u64, Token), Broken> {
        loop {
            self.buffer.clear();
            let line = self.xml.get_ref().line();
            self.xml.get_mut().begin();
            let (namespace, event) = match self.xml.read_resolved_event_into(&mut self.buffer) {
                Ok(found) => found,
                Err(error) => return Err(misread(self.xml.get_ref().line(), error)),
            };
            let token = match event {
                Event::Start(start) | Event::Empty(start) => {
                    let ours = matches!(namespace, ResolveResult::Bound(namespace) if namespace.0 == NAMESPACE);
                    let name = start.local_name().into_inner().to_owned();
                    let mut prefixed = false;
                    let attributes = attributes(&start, &mut prefixed);
                    // What is said of the document as a whole is not carried over by values.
                    if prefixed && self.place != Place::BeforeRoot {
                        self.foreign.get_or_insert(line);
                    }
                    Token::Start(ours, name, attributes)
                }
                Event::End(_) => Token::End,
                Event::Text(text) => Token::Text(text.xml10_content().into_owned()),
                Event::CData(text) => Token::Text(text.xml10_content().into_owned()),
                Event::GeneralRef(reference) => {
                    let character = match reference.resolve_char_ref() {
                        Ok(Some(character)) => Some(character.to_string()),
                        Ok(None) => quick_xml::escape::resolve_predefined_entity(&reference.xml10_content()).map(str::to_owned),
                        Err(_) => None,
                    };
                    character.map_or(Token::Unknown, Token::Text)
                }
                Event::DocType(_) => return Err(broken(line, "the document declares a document type, which is not read; take it out")),
                Event::Eof => Token::EndOfDocument,
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) => continue,
            };
            return Ok((line, token));
        }
    }
}

/// The attributes of a tag that stand in no namespace.
fn attributes(start: &BytesStart<'_>, prefixed: &mut bool) -> Attributes {
    let mut list = Vec::new();
    for attribute in start.attributes() {
        let unfit = |what: &str| Cause::new(codes::ADX_VALUE, what.to_owned());
        let attribute = attribute.map_err(|_| unfit("an attribute stands twice in one tag, or is not written as name=\"text\""))?;
        let name = attribute.key.into_inner();
        if name == "xmlns" || name.starts_with("xmlns:") {
            continue;
        }
        if name.contains(':') {
            *prefixed = true;
            continue;
        }
        let text = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|_| unfit("an attribute holds a `&` that begins no entity of XML; write `&amp;`").field(name))?;
        if text.contains('\0') {
            let message = "an attribute holds bytes that the encoding of the document does not have";
            return Err(Cause::new(codes::ENCODING_BROKEN, message).field(name));
        }
        list.push((name.to_owned(), text.trim().to_owned()));
    }
    Ok(list)
}

fn lacks(element: &str, attribute: &str) -> Cause {
    Cause::new(codes::ADX_VALUE, format!("the `{element}` lacks its `{attribute}`")).field(attribute)
}

fn broken(line: u64, what: impl Into<String>) -> Broken {
    Broken { line, what: what.into(), io: None }
}

fn too_deep(line: u64) -> Broken {
    broken(line, format!("elements stand in each other more than {DEEPEST} deep"))
}

/// An error of the library in our words: its own may repeat what stands in the document.
fn misread(line: u64, error: quick_xml::Error) -> Broken {
    use quick_xml::errors::Error;
    let what = match error {
        Error::Io(error) if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Endless>) => Endless.to_string(),
        Error::Io(error) => {
            let io = std::io::Error::new(error.kind(), error.to_string());
            return Broken { line, what: "the document could not be read".to_owned(), io: Some(io) };
        }
        Error::Encoding(_) => "the document holds bytes that are not UTF-8".to_owned(),
        Error::Syntax(_) => "a tag, a comment or the like does not end".to_owned(),
        Error::IllFormed(_) => "a start tag and an end tag do not fit each other".to_owned(),
        Error::Namespace(_) => "a prefix is used that belongs to no namespace".to_owned(),
        Error::InvalidAttr(_) | Error::Escape(_) => "an attribute or an entity is not written as XML wants it".to_owned(),
    };
    broken(line, what)
}

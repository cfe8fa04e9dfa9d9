//! XML as the numbers need it: a document as a tree of elements, and elements as text.

use std::borrow::Cow;

use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer, XmlVersion};

/// An element without its namespace.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Element {
    /// Local name.
    pub name: String,
    /// Attributes in their order, without declarations of namespaces.
    pub attributes: Vec<(String, String)>,
    /// Text directly inside, all pieces together.
    pub text: String,
    /// Elements inside.
    pub children: Vec<Element>,
}

impl Element {
    /// An element without content.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.attributes.push((name.to_owned(), value.into()));
        self
    }

    /// Adds an element that holds a text.
    #[must_use]
    pub fn child_text(mut self, name: &str, text: impl Into<String>) -> Self {
        self.children.push(Self { text: text.into(), ..Self::new(name) });
        self
    }

    /// An attribute's text.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first element inside with this name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The document with this element as its root.
    pub fn document(&self) -> String {
        let mut writer = Writer::new(Vec::new());
        self.write(&mut writer);
        let body = String::from_utf8(writer.into_inner()).expect("only texts were written");
        format!("<?xml version='1.0' encoding='UTF-8'?>{body}")
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) {
        let mut start = BytesStart::new(self.name.as_str());
        for (name, value) in &self.attributes {
            start.push_attribute((name.as_str(), value.as_str()));
        }
        let mut event = |event: Event<'_>| writer.write_event(event).expect("writing into a Vec cannot fail");
        if self.text.is_empty() && self.children.is_empty() {
            return event(Event::Empty(start));
        }
        event(Event::Start(start));
        if !self.text.is_empty() {
            event(Event::Text(BytesText::new(&self.text)));
        }
        for child in &self.children {
            child.write(writer);
        }
        writer.write_event(Event::End(BytesEnd::new(self.name.as_str()))).expect("writing into a Vec cannot fail");
    }
}

/// The root of a document. The error says where it is no XML.
pub fn parse(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let at = reader.buffer_position();
        let event = reader.read_event().map_err(|error| format!("{error} at byte {at}"))?;
        match event {
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => close(element(&start)?, &mut open, &mut root),
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    close(element, &mut open, &mut root);
                }
            }
            Event::Text(piece) => append(&mut open, &piece.xml10_content()),
            Event::CData(piece) => append(&mut open, &piece.xml10_content()),
            Event::GeneralRef(reference) => {
                let letter = reference.resolve_char_ref().map_err(|error| format!("{error} at byte {at}"))?;
                let name = reference.xml10_content();
                let resolved = match letter {
                    Some(letter) => Cow::Owned(letter.to_string()),
                    None => quick_xml::escape::resolve_xml_entity(&name)
                        .map(Cow::Borrowed)
                        .ok_or_else(|| format!("entity {name} is not declared, at byte {at}"))?,
                };
                append(&mut open, &resolved);
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    match root {
        Some(root) if open.is_empty() => Ok(root),
        Some(_) | None => Err("the document ends before its root element is closed".to_owned()),
    }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut element = Element::new(start.local_name().as_ref());
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| format!("element {}: {error}", element.name))?;
        let name: &str = attribute.key.as_ref();
        if name == "xmlns" || name.starts_with("xmlns:") {
            continue;
        }
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| format!("attribute {name}: {error}"))?;
        element.attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
    }
    Ok(element)
}

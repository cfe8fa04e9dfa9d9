//! Writes a document value by value: values that follow each other and have everything of a group in common stand in one group.

use std::io::{self, Write};

use kivuko_core::catalogue::file as codes;
use kivuko_core::error::Cause;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::{DataValue, Group, NAMESPACE};

/// Names of attributes that are no dimensions.
const RESERVED: [&str; 17] = [
    "dataSet",
    "orgUnit",
    "period",
    "completeDate",
    "attributeOptionCombo",
    "dataElement",
    "categoryOptionCombo",
    "value",
    "comment",
    "followup",
    "followUp",
    "storedBy",
    "deleted",
    "created",
    "lastUpdated",
    "annotation",
    "xmlns",
];

/// A document that is being written.
pub struct Writer<W: Write> {
    xml: quick_xml::Writer<W>,
    open: Option<Group>,
}

impl<W: Write> std::fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl<W: Write> Writer<W> {
    /// Begins a document in UTF-8. `exported` is the moment of writing in ISO 8601, which the profile wants.
    pub fn begin(out: W, exported: Option<&str>) -> io::Result<Self> {
        let mut xml = quick_xml::Writer::new_with_indent(out, b' ', 2);
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let mut root = BytesStart::new("adx");
        root.push_attribute(("xmlns", NAMESPACE));
        if let Some(exported) = exported {
            root.push_attribute(("exported", exported));
        }
        xml.write_event(Event::Start(root))?;
        Ok(Self { xml, open: None })
    }

    /// Writes a value into its group, which is begun where the last value stood in another one.
    ///
    /// # Errors
    /// Of the one that is written to; a value of which [`misfits`] says something (`InvalidInput`).
    pub fn value(&mut self, group: &Group, value: &DataValue) -> io::Result<()> {
        if let Some(cause) = misfits(group, value).into_iter().next() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, cause.to_string()));
        }
        if self.open.as_ref() != Some(group) {
            self.close()?;
            self.xml.write_event(Event::Start(group_tag(group)))?;
            self.open = Some(group.clone());
        }
        let tag = value_tag(value);
        match &value.annotation {
            None => self.xml.write_event(Event::Empty(tag)),
            Some(annotation) => {
                self.xml.write_event(Event::Start(tag))?;
                self.xml.create_element("annotation").write_text_content(BytesText::new(annotation))?;
                self.xml.write_event(Event::End(BytesEnd::new("dataValue")))
            }
        }
    }

    /// Ends the document.
    pub fn end(mut self) -> io::Result<W> {
        self.close()?;
        self.xml.write_event(Event::End(BytesEnd::new("adx")))?;
        let mut out = self.xml.into_inner();
        out.write_all(b"\n")?;
        Ok(out)
    }

    fn close(&mut self) -> io::Result<()> {
        match self.open.take() {
            Some(_) => self.xml.write_event(Event::End(BytesEnd::new("group"))),
            None => Ok(()),
        }
    }
}

fn group_tag(group: &Group) -> BytesStart<'static> {
    let mut tag = BytesStart::new("group");
    optional(&mut tag, "dataSet", group.data_set.as_ref());
    tag.push_attribute(("orgUnit", group.org_unit.as_str()));
    tag.push_attribute(("period", group.period.adx().as_str()));
    optional(&mut tag, "completeDate", group.complete_date.as_ref());
    optional(&mut tag, "attributeOptionCombo", group.attribute_option_combo.as_ref());
    for (category, option) in &group.attributes {
        tag.push_attribute((category.as_str(), option.as_str()));
    }
    tag
}

fn value_tag(value: &DataValue) -> BytesStart<'static> {
    let mut tag = BytesStart::new("dataValue");
    tag.push_attribute(("dataElement", value.data_element.as_str()));
    optional(&mut tag, "categoryOptionCombo", value.category_option_combo.as_ref());
    for (category, option) in &value.categories {
        tag.push_attribute((category.as_str(), option.as_str()));
    }
    tag.push_attribute(("value", value.value.as_str()));
    let others = [
        ("comment", &value.comment),
        ("followup", &value.followup),
        ("storedBy", &value.stored_by),
        ("deleted", &value.deleted),
        ("created", &value.created),
        ("lastUpdated", &value.last_updated),
    ];
    for (name, text) in others {
        optional(&mut tag, name, text.as_ref());
    }
    tag
}

fn optional(tag: &mut BytesStart<'static>, name: &str, text: Option<&String>) {
    if let Some(text) = text {
        tag.push_attribute((name, text.as_str()));
    }
}

/// Whether a text is a number as the standard has it: a decimal, without exponent.
pub(super) fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
}

/// Everything that keeps a value out of a document.
pub fn misfits(group: &Group, value: &DataValue) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut not_writable = |field: String, message: &str| causes.push(Cause::new(codes::ADX_NOT_WRITABLE, message).field(field));
    for (whose, dimensions) in [("attributes", &group.attributes), ("categories", &value.categories)] {
        for (category, option) in dimensions {
            let field = format!("{whose}.{category}");
            if let Some(message) = dimension_misfit(category) {
                not_writable(field, message);
            } else if option.trim().is_empty() {
                not_writable(field, "the category has no option; leave it out");
            }
        }
    }
    if !is_decimal(&value.value) {
        not_writable("value".to_owned(), "the value is no decimal number; a text is written as `0` with the text as `annotation`");
    }
    for (field, text) in [("orgUnit", &group.org_unit), ("dataElement", &value.data_element)] {
        if text.trim().is_empty() {
            not_writable(field.to_owned(), "the field is empty");
        }
    }
    let optional = [
        ("dataSet", group.data_set.as_ref()),
        ("orgUnit", Some(&group.org_unit)),
        ("completeDate", group.complete_date.as_ref()),
        ("attributeOptionCombo", group.attribute_option_combo.as_ref()),
        ("dataElement", Some(&value.data_element)),
        ("categoryOptionCombo", value.category_option_combo.as_ref()),
        ("annotation", value.annotation.as_ref()),
        ("comment", value.comment.as_ref()),
        ("followup", value.followup.as_ref()),
        ("storedBy", value.stored_by.as_ref()),
        ("deleted", value.deleted.as_ref()),
        ("created", value.created.as_ref()),
        ("lastUpdated", value.last_updated.as_ref()),
    ];
    let named = optional.into_iter().filter_map(|(field, text)| Some((field.to_owned(), text?)));
    let attributes = group.attributes.iter().map(|(category, option)| (format!("attributes.{category}"), option));
    let categories = value.categories.iter().map(|(category, option)| (format!("categories.{category}"), option));
    for (field, text) in named.chain(attributes).chain(categories) {
        if let Some(message) = text_misfit(text) {
            not_writable(field, message);
        }
    }
    causes
}

/// What keeps a category from being a dimension.
pub(super) fn dimension_misfit(category: &str) -> Option<&'static str> {
    if RESERVED.contains(&category) {
        return Some("the category has the name of an attribute that means something else in ADX; give it another code, or send its uid");
    }
    let message = "the code of the category is no name of XML (a letter first, then letters, digits, `.`, `-`, `_`); give it another code, or send its uid";
    (!is_xml_name(category)).then_some(message)
}

/// What keeps a text out of a document.
pub(super) fn text_misfit(text: &str) -> Option<&'static str> {
    (!text.chars().all(is_xml_character)).then_some("the text holds a control character, which XML cannot hold; take it out")
}

fn is_xml_name(name: &str) -> bool {
    let mut characters = name.chars();
    let first = characters.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    first
        && characters.all(|next| next.is_alphanumeric() || matches!(next, '.' | '-' | '_'))
        && !name.to_ascii_lowercase().starts_with("xml")
}

/// The characters of XML 1.0.
fn is_xml_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

//! `GET dataValueSets`: the values in JSON, XML, CSV or ADX, in the shapes of the releases.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::error::{Error, Result};
use super::super::model::{Identified, Model, Scheme, Table};
use super::super::routes::Call;
use super::super::uid::Uid;
use super::context::Context;
use super::id_scheme::{Kind, Schemes, stated};
use super::period::Period;
use super::select::Selection;
use super::store::{Key, Store, Stored};
use super::xml::Element;
use super::{adx, adx_export, body, csv, dxf_xml};
use crate::server::Reply;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Xml,
    Csv,
    Adx,
}

impl Form {
    /// By the suffix of the path, `format=` and `Accept`, as the release looks at them.
    fn of(call: &Call<'_>) -> Result<Self> {
        let profile = call.server.profile;
        let named = |name: &str| match name {
            "json" => Ok(Self::Json),
            "xml" => Ok(Self::Xml),
            "csv" => Ok(Self::Csv),
            "adx" | "adx+xml" => Ok(Self::Adx),
            other => Err(Error::new(406, format!("{other} is not a format of data values"))),
        };
        if let Some(suffix) = call.suffix {
            return named(suffix.split('.').next().unwrap_or_default());
        }
        if let Some(format) = call.argument("format").filter(|format| profile.export_format_argument && !format.is_empty()) {
            // A `+` in a query is a space when it was not escaped.
            return named(&format.replace(' ', "+"));
        }
        let accept = call.request.header("accept").filter(|_| profile.export_reads_accept).unwrap_or_default();
        let wants = |kind: &str| accept.split(',').any(|one| one.split(';').next().unwrap_or_default().trim() == kind);
        Ok(if wants("application/adx+xml") {
            Self::Adx
        } else if wants("application/xml") {
            Self::Xml
        } else if wants("application/csv") || wants("text/csv") {
            Self::Csv
        } else {
            Self::Json
        })
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json;charset=UTF-8",
            Self::Xml => "application/xml;charset=UTF-8",
            Self::Csv => "application/csv;charset=UTF-8",
            Self::Adx => "application/adx+xml;charset=UTF-8",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Xml | Self::Adx => "xml",
        }
    }
}

/// What things are called in the answer.
pub struct Names<'a> {
    model: &'a Model,
    schemes: &'a Schemes,
    /// From 2.43 what has no name in its scheme refuses the export.
    strict: bool,
}

impl Names<'_> {
    fn of<T: Identified>(&self, table: &Table<T>, id: Uid, kind: Kind, code: &str) -> Result<Option<String>> {
        let name = table.get(id).and_then(|object| object.identity().named(&self.schemes.of(kind)));
        if name.is_none() && self.strict {
            let scheme = stated(&self.schemes.of(kind));
            return Err(Error::conflict(code, format!("The ID scheme `{scheme}` is not defined for: `{id}`")));
        }
        Ok(name.map(str::to_owned))
    }

    pub fn data_set(&self, id: Uid) -> Result<Option<String>> {
        self.of(&self.model.data_sets, id, Kind::DataSet, "E8200")
    }

    pub fn element(&self, id: Uid) -> Result<Option<String>> {
        self.of(&self.model.data_elements, id, Kind::DataElement, "E8201")
    }

    pub fn unit(&self, id: Uid) -> Result<Option<String>> {
        self.of(&self.model.org_units, id, Kind::OrgUnit, "E8202")
    }

    pub fn combo(&self, id: Uid, kind: Kind) -> Result<Option<String>> {
        self.of(&self.model.option_combos, id, kind, "E8203")
    }

    pub fn category(&self, id: Uid) -> Result<Option<String>> {
        self.of(&self.model.categories, id, Kind::Category, "E8204")
    }

    pub fn option(&self, id: Uid) -> Result<Option<String>> {
        self.of(&self.model.category_options, id, Kind::CategoryOption, "E8204")
    }
}

/// A row with the names of what it is about.
struct Row<'s> {
    key: &'s Key,
    stored: &'s Stored,
    element: Option<String>,
    unit: Option<String>,
    combo: Option<String>,
    attribute_combo: Option<String>,
}

/// Answers the request.
pub fn answer(call: &Call<'_>, context: &Context<'_>, store: &Store) -> Result<Reply> {
    refuse_what_is_not_simulated(call)?;
    let form = Form::of(call)?;
    let mut schemes = Schemes::read(|name| call.argument(name).map(str::to_owned)).map_err(Error::bad_request)?;
    if form == Form::Adx {
        schemes = schemes.or_general(Scheme::Code);
    }
    let selection = Selection::read(call, context, form == Form::Adx)?;
    let names = Names { model: context.model, schemes: &schemes, strict: context.release() >= 43 };
    let document = if form == Form::Adx {
        let groups = adx_export::groups(context, store, &selection, &names)?;
        adx::write(&groups, &context.zone.stamp_with_offset(context.now)).into_bytes()
    } else {
        let rows: Vec<Row<'_>> = selection
            .rows(context, store)
            .into_iter()
            .map(|(key, stored)| {
                Ok(Row {
                    key,
                    stored,
                    element: names.element(key.data_element)?,
                    unit: names.unit(key.org_unit)?,
                    combo: names.combo(key.category_option_combo, Kind::CategoryOptionCombo)?,
                    attribute_combo: names.combo(key.attribute_option_combo, attribute_kind(context))?,
                })
            })
            .collect::<Result<_>>()?;
        let head = Head::of(context, store, &selection, &rows, &names)?;
        match form {
            Form::Csv => csv::write(rows.iter().map(|row| csv_row(context, row))),
            Form::Xml => xml(context, &head, &rows),
            Form::Json | Form::Adx => json_set(context, &head, &rows, &schemes).to_string(),
        }
        .into_bytes()
    };
    Ok(packed(call, form, document))
}

/// Before 2.43 the scheme of attribute option combos is that of the others.
fn attribute_kind(context: &Context<'_>) -> Kind {
    if context.release() >= 43 { Kind::AttributeOptionCombo } else { Kind::CategoryOptionCombo }
}

fn refuse_what_is_not_simulated(call: &Call<'_>) -> Result<()> {
    let other =
        ["order", "level", "categoryOptionCombo", "unfoldOptionCombos", "excludeDefaultCoc", "excludeDefaultAoc", "inputUseCodeFallback"];
    match other.iter().find(|name| call.server.profile.number >= 43 && call.argument(name).is_some()) {
        Some(name) => Err(Error::not_simulated(&format!("{name} of GET dataValueSets"))),
        None => Ok(()),
    }
}

/// What stands once at the top.
struct Head {
    data_set: Option<String>,
    complete_date: Option<String>,
    period: Option<Period>,
    unit: Option<String>,
    attribute_combo: Option<String>,
}

impl Head {
    /// Up to 2.42 what was asked for, when that is one data set, period and org unit; from 2.43 what all rows have in common.
    fn of(context: &Context<'_>, store: &Store, selection: &Selection<'_>, rows: &[Row<'_>], names: &Names<'_>) -> Result<Self> {
        let one_set = match selection.data_sets.as_slice() {
            [set] => Some(set.identity.id),
            _ => None,
        };
        if context.profile.export_repeats {
            let one_period = (selection.periods.len() == 1).then(|| selection.periods.first().copied()).flatten();
            let one_unit = match selection.named_units.as_slice() {
                [unit] if selection.units.len() == 1 => Some(unit.identity.id),
                _ => None,
            };
            let (Some(set), Some(period), Some(unit)) = (one_set, one_period, one_unit) else {
                return Ok(Self { data_set: None, complete_date: None, period: None, unit: None, attribute_combo: None });
            };
            let complete_date = store
                .registrations
                .iter()
                .find(|(key, registered)| (key.data_set, key.period, key.org_unit) == (set, period, unit) && registered.completed)
                .map(|(_, registered)| context.zone.today(registered.date).to_string());
            let (data_set, unit) = (names.data_set(set)?, names.unit(unit)?);
            return Ok(Self { data_set, complete_date, period: Some(period), unit, attribute_combo: None });
        }
        let data_set = one_set.map(|set| names.data_set(set)).transpose()?.flatten();
        let mut head = Self { data_set, complete_date: None, period: None, unit: None, attribute_combo: None };
        if let Some(first) = rows.first() {
            let common = |same: &dyn Fn(&Row<'_>) -> bool| rows.iter().all(same);
            head.period = common(&|row| row.key.period == first.key.period).then_some(first.key.period);
            head.unit = first.unit.clone().filter(|_| common(&|row| row.key.org_unit == first.key.org_unit));
            head.attribute_combo =
                first.attribute_combo.clone().filter(|_| common(&|row| row.key.attribute_option_combo == first.key.attribute_option_combo));
        }
        Ok(head)
    }
}

/// The members of a value, in the order of the documents; what stands at the top is left out from 2.43 on.
fn members(context: &Context<'_>, head: &Head, row: &Row<'_>) -> Vec<(&'static str, String)> {
    let lifted = !context.profile.export_repeats;
    let mut members = Vec::new();
    let mut add = |name: &'static str, text: Option<String>| members.extend(text.map(|text| (name, text)));
    add("dataElement", row.element.clone());
    add("period", (!(lifted && head.period.is_some())).then(|| row.key.period.id()));
    add("orgUnit", row.unit.clone().filter(|_| !(lifted && head.unit.is_some())));
    add("categoryOptionCombo", row.combo.clone());
    add("attributeOptionCombo", row.attribute_combo.clone().filter(|_| !(lifted && head.attribute_combo.is_some())));
    add("value", Some(row.stored.value.clone()));
    add("storedBy", Some(row.stored.stored_by.clone()));
    add("created", Some(context.zone.stamp_with_offset(row.stored.created)));
    add("lastUpdated", Some(context.zone.stamp_with_offset(row.stored.last_updated)));
    add("comment", row.stored.comment.clone());
    members
}

fn json_set(context: &Context<'_>, head: &Head, rows: &[Row<'_>], schemes: &Schemes) -> Value {
    let mut set = Map::new();
    let mut add = |name: &str, text: Option<String>| {
        if let Some(text) = text {
            set.insert(name.to_owned(), json!(text));
        }
    };
    add("dataSet", head.data_set.clone());
    add("completeDate", head.complete_date.clone());
    add("period", head.period.map(|period| period.id()));
    add("orgUnit", head.unit.clone());
    add("attributeOptionCombo", head.attribute_combo.clone());
    if !context.profile.export_repeats {
        for (name, scheme) in stated_schemes(schemes) {
            add(name, Some(scheme));
        }
        if rows.is_empty() {
            return Value::Object(set);
        }
    }
    let values = rows.iter().map(|row| {
        let mut value: Map<String, Value> =
            members(context, head, row).into_iter().map(|(name, text)| (name.to_owned(), json!(text))).collect();
        value.insert("followup".to_owned(), json!(row.stored.followup));
        if row.stored.deleted {
            value.insert("deleted".to_owned(), json!(true));
        }
        Value::Object(value)
    });
    set.insert("dataValues".to_owned(), values.collect());
    Value::Object(set)
}

fn stated_schemes(schemes: &Schemes) -> BTreeMap<&'static str, String> {
    [
        ("dataElementIdScheme", Kind::DataElement),
        ("orgUnitIdScheme", Kind::OrgUnit),
        ("dataSetIdScheme", Kind::DataSet),
        ("categoryOptionComboIdScheme", Kind::CategoryOptionCombo),
        ("attributeOptionComboIdScheme", Kind::AttributeOptionCombo),
    ]
    .into_iter()
    .map(|(name, kind)| (name, stated(&schemes.of(kind))))
    .collect()
}

fn xml(context: &Context<'_>, head: &Head, rows: &[Row<'_>]) -> String {
    let mut root = Element::new("dataValueSet").with("xmlns", dxf_xml::NAMESPACE);
    let lifted = !context.profile.export_repeats;
    // From 2.43 this one place has the period as ADX writes it.
    let period = head.period.map(|period| if lifted { period.adx() } else { period.id() });
    let stated = [
        ("dataSet", &head.data_set),
        ("completeDate", &head.complete_date),
        ("period", &period),
        ("orgUnit", &head.unit),
        ("attributeOptionCombo", &head.attribute_combo),
    ];
    root.attributes.extend(stated.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?))));
    for row in rows {
        let mut value = Element::new("dataValue");
        value.attributes.extend(members(context, head, row).into_iter().map(|(name, text)| (name.to_owned(), text)));
        value = value.with("followUp", row.stored.followup.to_string());
        root.children.push(if row.stored.deleted { value.with("deleted", "true") } else { value });
    }
    root.document()
}

fn csv_row(context: &Context<'_>, row: &Row<'_>) -> [String; 11] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        text(&row.element),
        row.key.period.id(),
        text(&row.unit),
        text(&row.combo),
        text(&row.attribute_combo),
        row.stored.value.clone(),
        row.stored.stored_by.clone(),
        context.zone.stamp_with_offset(row.stored.last_updated),
        text(&row.stored.comment),
        row.stored.followup.to_string(),
        if row.stored.deleted { "true".to_owned() } else { String::new() },
    ]
}

/// The document as it is, or packed for a download.
fn packed(call: &Call<'_>, form: Form, document: Vec<u8>) -> Reply {
    let suffix = call.suffix.and_then(|suffix| suffix.split_once('.')).map(|(_, packing)| packing);
    let compression = suffix.or_else(|| call.argument("compression")).unwrap_or_default().to_ascii_lowercase();
    let file = call.argument("attachment").map_or_else(|| format!("dataValues.{}", form.ending()), str::to_owned);
    let always = call.server.profile.number >= 43 || call.argument("attachment").is_some();
    let (document, kind, file, download) = match compression.as_str() {
        "gz" | "gzip" => (body::gzip(&document), "application/gzip", format!("{file}.gz"), true),
        "zip" => (body::zipped(&document, &file), "application/zip", format!("{file}.zip"), true),
        _ => (document, form.content_type(), file, always),
    };
    let mut reply = Reply::whole(200, kind, document);
    if download {
        reply.headers.push(("content-disposition", format!("attachment; filename={file}")));
    }
    reply
}

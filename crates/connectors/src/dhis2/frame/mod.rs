//! What a data set is: read once, before the first value.

mod raw;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;
use kivuko_core::catalogue::{dhis2, network};
use kivuko_core::error::Error;
use kivuko_core::numbers::{Category, Combo, Element, Frame, OptionCombo, Unit, Units};
use kivuko_core::period::{Period, PeriodType};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::client::{Client, time_in};
use super::scheme::Scheme;
use crate::http::Request;

/// A data set, with what decides whether a value may be written now.
#[derive(Debug)]
pub struct DataSet {
    pub frame: Arc<Frame>,
    /// Where each element stands in the frame, by its id.
    pub elements: HashMap<String, usize>,
    pub expiry_days: f64,
    pub open_future_periods: i64,
    /// The windows in which periods are open; none: all periods that are not in the future and have not expired.
    pub input_periods: Vec<Window>,
    /// Org unit and period of those who may write late; `None` where the account may not ask.
    pub exceptions: Option<HashSet<(String, String)>>,
    /// When and where category options may be used, by their ids; only those with limits.
    pub limits: HashMap<String, Limits>,
    /// Elements whose category combination in this data set is not their own.
    pub overridden: HashSet<String>,
    /// What unique attributes name, for the schemes that need them.
    pub by_attribute: HashMap<String, HashMap<String, String>>,
}

/// A period, and from when to when it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub period: String,
    pub opens: Option<jiff::Timestamp>,
    pub closes: Option<jiff::Timestamp>,
}

/// When and where a category option may be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    pub name: String,
    pub start: Option<Date>,
    pub end: Option<Date>,
    pub units: BTreeSet<String>,
}

/// The day of a date or of a date with a time.
fn day(text: Option<&str>) -> Option<Date> {
    text?.get(..10)?.parse().ok()
}

/// Which attributes name objects, by the kind of object.
#[derive(Debug, Clone, Default)]
pub struct Attributes<'a> {
    pub elements: Option<&'a Scheme>,
    pub units: Option<&'a Scheme>,
    pub option_combos: Vec<&'a Scheme>,
}

/// Reads a data set; `written` is its id, code or name.
///
/// # Errors
/// There is none, or it cannot be read.
pub async fn load(client: &Client, written: &str, attributes: &Attributes<'_>) -> Result<DataSet, Error> {
    let id = client.ids_of("dataSets", &[written.to_owned()]).await?.remove(0);
    let zone = client.info().await?.zone.clone();
    let fields = "id,code,name,periodType,expiryDays,openFuturePeriods,categoryCombo[id],dataInputPeriods[period[id],openingDate,closingDate],\
         organisationUnits[id],dataSetElements[categoryCombo[id],dataElement[id,code,name,valueType,zeroIsSignificant,aggregationType,categoryCombo[id],\
         optionSet[id],attributeValues[value,attribute[id]]]]";
    let set: raw::Set = client.ask(client.get(["dataSets", &id]).query("fields", fields)).await?;
    let period_type: PeriodType = PeriodType::parse(&set.period_type).map_err(|error| {
        Error::stop(
            network::UNEXPECTED_ANSWER,
            format!("the data set `{}` has a period type that is not known here: {error}", set.named.name),
        )
    })?;

    let mut overridden = HashSet::new();
    let mut elements = Vec::new();
    let mut by_attribute: HashMap<String, HashMap<String, String>> = HashMap::new();
    let mut combo_ids: BTreeSet<String> = set.category_combo.iter().map(|combo| combo.id.clone()).collect();
    let mut option_sets: BTreeSet<String> = BTreeSet::new();
    let mut sets_of: HashMap<String, String> = HashMap::new();
    for member in &set.data_set_elements {
        let element = &member.data_element;
        let own = element.category_combo.as_ref().map(|combo| combo.id.clone()).unwrap_or_default();
        let combo = match &member.category_combo {
            Some(other) if other.id != own => {
                overridden.insert(element.named.id.clone());
                other.id.clone()
            }
            _ => own,
        };
        combo_ids.insert(combo.clone());
        if let Some(option_set) = &element.option_set {
            option_sets.insert(option_set.id.clone());
            sets_of.insert(element.named.id.clone(), option_set.id.clone());
        }
        remember(&mut by_attribute, attributes.elements, &element.named);
        elements.push(Element {
            named: element.named.named(),
            value_type: element.value_type.clone(),
            zero_is_significant: element.zero_is_significant,
            aggregation: element.aggregation_type.clone(),
            combo,
            option_codes: None,
        });
    }
    elements.sort_by(|a, b| a.named.id.cmp(&b.named.id));

    let codes = option_codes(client, &option_sets).await?;
    for element in &mut elements {
        element.option_codes = sets_of.get(&element.named.id).and_then(|set| codes.get(set)).cloned();
    }
    let mut limits = HashMap::new();
    let combos = combos(client, &combo_ids, attributes, &mut by_attribute, &mut limits).await?;
    let units = units(client, attributes, &mut by_attribute).await?;
    let other_elements = other_elements(client, &elements).await?;
    let input_periods = set.data_input_periods.into_iter().map(|window| Window {
        period: window.period.id(),
        opens: window.opening_date.as_deref().and_then(|text| moment(text, &zone)),
        closes: window.closing_date.as_deref().and_then(|text| moment(text, &zone)),
    });
    let exceptions = if set.expiry_days > 0.0 { exceptions(client, &id).await? } else { Some(HashSet::new()) };
    let frame = Frame {
        data_set: set.named.named(),
        period_type,
        attribute_combo: set.category_combo.map(|combo| combo.id).unwrap_or_default(),
        combos,
        units,
        assigned: set.organisation_units.into_iter().map(|unit| unit.id).collect(),
        other_elements,
        elements,
    };
    Ok(DataSet {
        elements: frame.elements.iter().enumerate().map(|(position, element)| (element.named.id.clone(), position)).collect(),
        expiry_days: set.expiry_days,
        open_future_periods: set.open_future_periods,
        input_periods: input_periods.collect(),
        exceptions,
        limits,
        overridden,
        by_attribute,
        frame: Arc::new(frame),
    })
}

/// A moment: a day alone begins at midnight of the server.
fn moment(text: &str, zone: &jiff::tz::TimeZone) -> Option<jiff::Timestamp> {
    time_in(text, zone).or_else(|| day(Some(text))?.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp()))
}

fn remember(by_attribute: &mut HashMap<String, HashMap<String, String>>, scheme: Option<&Scheme>, named: &raw::Named) {
    let Some(Scheme::Attribute(id)) = scheme else { return };
    let value = named.attribute_values.iter().find(|value| value.attribute.id == *id).map(|value| value.value.clone());
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        by_attribute.entry(id.clone()).or_default().insert(value, named.id.clone());
    }
}

/// A whole list.
async fn list<T: DeserializeOwned>(client: &Client, name: &str, request: Request) -> Result<Vec<T>, Error> {
    let mut answer: Map<String, Value> = client.ask(request.query("paging", "false")).await?;
    let objects = answer.remove(name).unwrap_or_else(|| Value::Array(Vec::new()));
    serde_json::from_value(objects).map_err(|error| {
        Error::stop(network::UNEXPECTED_ANSWER, format!("the list of {name} has not the expected form: {}", shape(&error)))
    })
}

/// What is wrong with a form, without what was in it.
fn shape(error: &serde_json::Error) -> String {
    match error.to_string().split_once("missing field") {
        Some((_, field)) => format!("missing field{field}"),
        None => "a field is of another type".to_owned(),
    }
}

async fn option_codes(client: &Client, ids: &BTreeSet<String>) -> Result<HashMap<String, Vec<String>>, Error> {
    let mut codes = HashMap::new();
    for group in ids.iter().collect::<Vec<_>>().chunks(100) {
        let filter = format!("id:in:[{}]", group.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(","));
        let request = client.get(["optionSets"]).query("fields", "id,options[id,code,name]").query("filter", &filter);
        for set in list::<raw::OptionSet>(client, "optionSets", request).await? {
            codes.insert(set.id, set.options.into_iter().filter_map(|option| option.code).collect());
        }
    }
    Ok(codes)
}

async fn combos(
    client: &Client,
    ids: &BTreeSet<String>,
    attributes: &Attributes<'_>,
    by_attribute: &mut HashMap<String, HashMap<String, String>>,
    limits: &mut HashMap<String, Limits>,
) -> Result<BTreeMap<String, Combo>, Error> {
    let fields = "id,code,name,categories[id,code,name,categoryOptions[id,code,name,startDate,endDate,organisationUnits[id]]],\
         categoryOptionCombos[id,code,name,categoryOptions[id],attributeValues[value,attribute[id]]]";
    let ids: Vec<&str> = ids.iter().map(String::as_str).filter(|id| !id.is_empty()).collect();
    let mut filters: Vec<String> = ids.chunks(100).map(|group| format!("id:in:[{}]", group.join(","))).collect();
    // Its id differs between installations, its name does not.
    filters.push("name:eq:default".to_owned());
    let mut found = BTreeMap::new();
    for filter in filters {
        let request = client.get(["categoryCombos"]).query("fields", fields).query("filter", &filter);
        for raw in list::<raw::Combo>(client, "categoryCombos", request).await? {
            for option in raw.categories.iter().flat_map(|category| &category.category_options) {
                let limit = Limits {
                    name: option.named.name.clone(),
                    start: day(option.start_date.as_deref()),
                    end: day(option.end_date.as_deref()),
                    units: option.organisation_units.iter().map(|unit| unit.id.clone()).collect(),
                };
                if limit.start.is_some() || limit.end.is_some() || !limit.units.is_empty() {
                    limits.insert(option.named.id.clone(), limit);
                }
            }
            for combo in &raw.category_option_combos {
                for scheme in &attributes.option_combos {
                    remember(by_attribute, Some(scheme), &combo.named);
                }
            }
            found.insert(raw.named.id.clone(), combo(raw));
        }
    }
    Ok(found)
}

fn combo(raw: raw::Combo) -> Combo {
    let category = |raw: raw::Category| Category {
        named: raw.named.named(),
        options: raw.category_options.iter().map(|option| option.named.named()).collect(),
    };
    let option_combo = |raw: raw::OptionCombo| OptionCombo {
        named: raw.named.named(),
        options: raw.category_options.into_iter().map(|option| option.id).collect(),
    };
    Combo {
        default: raw.named.name == "default",
        named: raw.named.named(),
        categories: raw.categories.into_iter().map(category).collect(),
        option_combos: raw.category_option_combos.into_iter().map(option_combo).collect(),
    }
}

async fn units(
    client: &Client,
    attributes: &Attributes<'_>,
    by_attribute: &mut HashMap<String, HashMap<String, String>>,
) -> Result<Units, Error> {
    let mut fields = "id,code,name,path,openingDate,closedDate".to_owned();
    if matches!(attributes.units, Some(Scheme::Attribute(_))) {
        fields.push_str(",attributeValues[value,attribute[id]]");
    }
    let mut all = Vec::new();
    for raw in list::<raw::Unit>(client, "organisationUnits", client.get(["organisationUnits"]).query("fields", &fields)).await? {
        remember(by_attribute, attributes.units, &raw.named);
        all.push(Unit {
            named: raw.named.named(),
            path: raw.path,
            opening: day(raw.opening_date.as_deref()),
            closed: day(raw.closed_date.as_deref()),
        });
    }
    Ok(Units::new(all))
}

async fn other_elements(client: &Client, elements: &[Element]) -> Result<BTreeMap<String, String>, Error> {
    let own: HashSet<&str> = elements.iter().map(|element| element.named.id.as_str()).collect();
    let request = client.get(["dataElements"]).query("fields", "id,code,name").query("filter", "domainType:eq:AGGREGATE");
    let mut others = BTreeMap::new();
    for raw in list::<raw::Named>(client, "dataElements", request).await?.into_iter().filter(|raw| !own.contains(raw.id.as_str())) {
        others.insert(raw.id, raw.name.clone());
        if let Some(code) = raw.code {
            others.insert(code, raw.name.clone());
        }
        others.insert(raw.name.clone(), raw.name);
    }
    Ok(others)
}

/// Who may write late. Not every account may ask, and not every release tells.
async fn exceptions(client: &Client, data_set: &str) -> Result<Option<HashSet<(String, String)>>, Error> {
    let request = client
        .get(["lockExceptions"])
        .query("fields", "organisationUnit[id],period[id],dataSet[id]")
        .query("filter", &format!("dataSet.id:eq:{data_set}"))
        .query("paging", "false");
    let answer = client.send(request).await?;
    if !answer.is_success() {
        return Ok(None);
    }
    let mut answer: Map<String, Value> = answer.read()?;
    let listed = answer.remove("lockExceptions").unwrap_or_else(|| Value::Array(Vec::new()));
    let Ok(all) = serde_json::from_value::<Vec<raw::Exception>>(listed) else { return Ok(None) };
    let of_this = |one: &raw::Exception| one.data_set.as_ref().is_none_or(|set| set.id == data_set);
    let pair = |one: raw::Exception| Some((one.organisation_unit?.id, one.period?.id()));
    Ok(Some(all.into_iter().filter(of_this).filter_map(pair).collect()))
}

impl DataSet {
    /// An element by its id.
    pub fn element(&self, id: &str) -> Option<&Element> {
        self.elements.get(id).and_then(|position| self.frame.elements.get(*position))
    }

    /// The category combination of an element in this data set.
    pub fn combo_of(&self, element: &Element) -> Option<&Combo> {
        self.frame.combos.get(&element.combo)
    }

    /// The category combination of the data set itself.
    pub fn attribute_combo(&self) -> Option<&Combo> {
        self.frame.combos.get(&self.frame.attribute_combo)
    }

    /// Whether a 0 of an element is not kept by a release that drops zeros.
    pub fn zero_vanishes(element: &Element) -> bool {
        !element.zero_is_significant && !matches!(element.aggregation.as_str(), "AVERAGE" | "AVERAGE_SUM_ORG_UNIT") && element.is_numeric()
    }
}

/// What an option of a flow names when it names no data set.
///
/// # Errors
/// Always: the names that there are.
pub async fn no_data_set(client: &Client) -> Error {
    let names = match list::<raw::Named>(client, "dataSets", client.get(["dataSets"]).query("fields", "id,name")).await {
        Ok(sets) => sets.into_iter().map(|set| set.name).take(20).collect::<Vec<_>>().join(", "),
        Err(error) => return error,
    };
    Error::configuration(
        dhis2::NO_SUCH_OBJECT,
        format!("`to:` needs `data_set`: the data set that is written to. The account sees: {names}"),
    )
}

/// Which period a text names, of the data set's type.
pub fn period_of(data_set: &DataSet, text: &str) -> Result<Period, kivuko_core::error::Cause> {
    Period::parse_as(data_set.frame.period_type, text).map_err(|error| error.cause().field("period"))
}

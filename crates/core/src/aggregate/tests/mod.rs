//! A small invented data set, a project around it, and what records count for.

mod bind;
mod check;
mod checks;
mod count;
mod formulas;
mod properties;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::*;
use crate::connector::{Declaration, Status};
use crate::flow::Flow;
use crate::labels::Labels;
use crate::numbers::{Category, Combo, Element, Named, OptionCombo, Unit, Units};
use crate::project::tests::{declarations, files, shown};
use crate::project::{Loaded, Project, load};
use crate::transform::{Env, NoReferences};

pub(super) const KIVUKO: &str = "=== kivuko.yaml
project: harbour
timezone: Africa/Nairobi
systems:
  godata: { kind: outbreak, url: https://godata.example }
  hmis: { kind: numbers }
  other: { kind: numbers }
";

pub(super) const FLOW: &str = "=== flows/weekly.yaml
flow: weekly-cases
from: { system: godata, resource: cases, where: \"{ deleted != true }\" }
aggregate:
  sheet: weekly.csv
  period: { type: Weekly, date: reported, restate: 4 }
  org_unit: { path: place, crosswalk: places, level: 2 }
  zeros: report
to: { system: hmis, resource: dataValueSets, data_set: weekly }
";

pub(super) const PLACES: &str = "=== codes/places.csv
godata,hmis
L-NORTH,OU_NORTH
L-SOUTH,South District
L-CLINIC,Clinic One
L-CAPITAL,ou_root
L-GONE,
";

pub(super) const SEX: &str = "=== codes/sex.csv
godata,hmis
GENDER_FEMALE,F
GENDER_MALE,M
";

/// A kind of system that takes numbers.
fn numbers() -> Declaration {
    Declaration {
        kind: "numbers",
        about: "Takes numbers.",
        category: "hmis",
        status: Status::Stable,
        reads: false,
        writes: true,
        options: json!({ "type": "object" }),
        from_options: Value::Null,
        to_options: json!({
            "type": "object",
            "properties": { "data_set": { "type": "string" }, "complete": { "type": "boolean" } },
        }),
        secrets: &[],
        resources: &["dataValueSets", "events"],
        knows_identity: true,
        reads_whole: false,
        scope: None,
    }
}

pub(super) fn load_text(text: &str) -> Loaded {
    let mut declared = declarations();
    declared.push(numbers());
    load(&files(text), "test", &declared, "0")
}

fn combo(id: &str, name: &str, categories: Vec<Category>) -> Combo {
    let mut all: Vec<Vec<Named>> = vec![Vec::new()];
    for category in &categories {
        all = all
            .iter()
            .flat_map(|begun| category.options.iter().map(move |option| [begun.as_slice(), std::slice::from_ref(option)].concat()))
            .collect();
    }
    let option_combos = all.into_iter().map(|options| {
        let names: Vec<&str> = options.iter().map(|option| option.name.as_str()).collect();
        let ids: Vec<String> = options.iter().map(|option| option.id.clone()).collect();
        OptionCombo { named: Named::new(format!("coc-{}", ids.join("-")), None, names.join(", ")), options: ids }
    });
    Combo { named: Named::new(id, None, name), option_combos: option_combos.collect(), categories, default: id == "combo-default" }
}

fn category(id: &str, name: &str, options: &[(&str, &str, &str)]) -> Category {
    let options = options.iter().map(|(id, code, name)| Named::new(*id, Some(code), *name)).collect();
    Category { named: Named::new(id, Some(&id.to_uppercase()), name), options }
}

/// A weekly data set of an invented country: two districts, three clinics.
pub(super) fn frame() -> Frame {
    let sex = category("cat-sex", "Sex", &[("f", "F", "Female"), ("m", "M", "Male"), ("u", "U", "Unknown")]);
    let age = category("cat-age", "Age", &[("a0", "0-4", "Under five"), ("a5", "5-14", "5 to 14"), ("a15", "15+", "15 and above")]);
    let default = category("cat-default", "default", &[("default", "default", "default")]);
    let partner = category("cat-partner", "Partner", &[("p1", "P1", "First"), ("p2", "P2", "Second")]);
    let element = |id: &str, name: &str, combo: &str, zero: bool, kind: &str| Element {
        named: Named::new(id, Some(&format!("{}_CODE", id.to_uppercase())), name),
        value_type: kind.to_owned(),
        zero_is_significant: zero,
        aggregation: "SUM".to_owned(),
        combo: combo.to_owned(),
        option_codes: None,
    };
    let unit = |path: &str, code: Option<&str>, name: &str| Unit {
        named: Named::new(path.rsplit('/').next().unwrap_or_default(), code, name),
        path: path.to_owned(),
        opening: Some(date(2000, 1, 1)),
        closed: None,
    };
    let mut combos = vec![
        combo("combo-default", "default", vec![default]),
        combo("combo-sex-age", "Sex and age", vec![sex.clone(), age]),
        combo("combo-sex", "Sex", vec![sex]),
        combo("combo-partner", "Partner", vec![partner]),
    ];
    // One that DHIS2 has not made yet.
    combos[1].option_combos.retain(|known| known.named.id != "coc-u-a15");
    Frame {
        data_set: Named::new("weekly-set", Some("weekly"), "Weekly summary"),
        period_type: PeriodType::Weekly,
        elements: vec![
            element("cases", "Cases", "combo-sex-age", true, "INTEGER_ZERO_OR_POSITIVE"),
            element("deaths", "Deaths", "combo-default", true, "INTEGER"),
            element("tests", "Tests", "combo-default", false, "INTEGER"),
            element("doses", "Doses", "combo-sex", true, "NUMBER"),
            element("rate", "Rate", "combo-default", false, "NUMBER"),
            element("rate-sex", "Rate by sex", "combo-sex", false, "NUMBER"),
            element("comment", "Closed", "combo-default", false, "BOOLEAN"),
            element("twice1", "Twice", "combo-default", false, "NUMBER"),
            element("twice2", "Twice", "combo-default", false, "NUMBER"),
        ],
        attribute_combo: "combo-default".to_owned(),
        combos: combos.into_iter().map(|combo| (combo.named.id.clone(), combo)).collect(),
        units: Units::new(vec![
            unit("/ou_root", None, "Country"),
            unit("/ou_root/ou_north", Some("OU_NORTH"), "North District"),
            unit("/ou_root/ou_south", None, "South District"),
            unit("/ou_root/ou_west", None, "West District"),
            unit("/ou_root/ou_north/clinic1", None, "Clinic One"),
            unit("/ou_root/ou_north/clinic2", None, "Clinic"),
            unit("/ou_root/ou_south/clinic3", None, "Clinic"),
        ]),
        assigned: ["ou_north", "ou_south", "clinic1"].map(str::to_owned).into(),
        other_elements: BTreeMap::from([("Beds".to_owned(), "Beds".to_owned())]),
    }
}

/// The places of the source: villages in districts.
pub(super) fn places() -> Places {
    let mut places = Places::default();
    for (id, parent) in [
        ("L-CAPITAL", None),
        ("L-NORTH", Some("L-CAPITAL")),
        ("L-SOUTH", Some("L-CAPITAL")),
        ("L-CLINIC", Some("L-NORTH")),
        ("L-VILLAGE", Some("L-SOUTH")),
        ("L-GONE", Some("L-NORTH")),
        ("L-ABROAD", None),
    ] {
        places.insert(id, parent, format!("Place {id}"));
    }
    places
}

/// A flow that is right, with everything that it is bound with.
pub(super) struct Bench {
    pub project: Project,
    pub frame: Frame,
    pub places: Option<Places>,
}

impl Bench {
    /// The flow of this module with another sheet.
    pub fn new(sheet: &str) -> Self {
        Self::of(&format!("{KIVUKO}{FLOW}=== aggregates/weekly.csv\n{sheet}{PLACES}{SEX}"))
    }

    pub fn of(text: &str) -> Self {
        let loaded = load_text(text);
        let project = loaded.project.unwrap_or_else(|| panic!("{text}\n{}", shown(&loaded.problems)));
        Self { project, frame: frame(), places: Some(places()) }
    }

    pub fn flow(&self) -> &Arc<Flow> {
        &self.project.flows["weekly-cases"]
    }

    pub fn own(&self) -> &Aggregate {
        self.flow().aggregate.as_ref().expect("the flow counts")
    }

    pub fn bind(&self) -> Result<Bound<'_>, Vec<Cause>> {
        self.own().bind(&self.frame, &self.project.codes, self.places.as_ref())
    }

    pub fn bound(&self) -> Bound<'_> {
        self.bind().unwrap_or_else(|causes| panic!("{causes:#?}"))
    }

    /// What a record counts for, through its bytes.
    pub fn count(&self, record: &Value) -> Counted {
        self.count_bound(&self.bound(), record)
    }

    pub fn count_bound(&self, bound: &Bound<'_>, record: &Value) -> Counted {
        let projected = self.flow().projection().project(record.to_string().as_bytes()).expect("it is JSON");
        let labels = Labels::default();
        let env = Env {
            timezone: &TimeZone::get("Africa/Nairobi").expect("a zone"),
            today: date(2024, 3, 20),
            codes: &self.project.codes,
            sides: &self.flow().sides,
            references: &NoReferences,
            labels: &labels,
            secret: &[7; 32],
        };
        bound.count(&projected, &env)
    }

    /// The same in words: `cases 2024W10 ou_north coc-f-a0 1`, and `cases K1131`.
    pub fn words(&self, record: &Value) -> (Vec<String>, Vec<String>) {
        let bound = self.bound();
        let counted = self.count_bound(&bound, record);
        let parts = counted.parts.iter().map(|contribution| {
            let cell = bound.cell(&contribution.cell);
            assert_eq!(bound.dimensions(&cell), Some(contribution.cell), "a cell goes into ids and back");
            let text = if matches!(contribution.part, Part::Key(_)) { "*".to_owned() } else { contribution.part.text() };
            [cell.indicator.as_str(), &cell.period, &cell.org_unit, &cell.option_combo, &text].join(" ")
        });
        let causes = counted.causes.iter().map(|(position, cause)| {
            let name = self.own().indicators[usize::try_from(*position).expect("it is small")].name.clone();
            assert_eq!(cause.field.as_ref(), Some(&name));
            format!("{name} {}", cause.code)
        });
        (parts.collect(), causes.collect())
    }
}

/// What a record counts for, in words, and the codes of what is wrong with it.
pub(super) fn check(sheet: &str, record: &Value, parts: &[&str], causes: &[&str]) {
    let (found_parts, found_causes) = Bench::new(sheet).words(record);
    let texts = |found: &[String]| found.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let wanted = |words: &[&str]| words.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    assert_eq!((texts(&found_parts), texts(&found_causes)), (wanted(parts), wanted(causes)), "{sheet}\n{record}");
    assert_eq!(found_parts.len(), parts.len(), "{found_parts:?}");
}

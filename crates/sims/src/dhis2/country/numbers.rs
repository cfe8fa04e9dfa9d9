//! Categories, data elements and data sets.

use serde_json::{Value, json};

use super::places::Places;
use super::{AGE, AGE_SEX, MONTHLY, PARTNER, PARTNERS, WEEKLY, default_combo, reference, references};
use crate::dhis2::uid::Maker;

/// Identifier, name, code.
type Named = (&'static str, &'static str, &'static str);

const AGES: [Named; 4] = [
    ("OptAge00004", "0-4 years", "AGE_0_4"),
    ("OptAge00514", "5-14 years", "AGE_5_14"),
    ("OptAge01549", "15-49 years", "AGE_15_49"),
    ("OptAge050up", "50 years and older", "AGE_50_PLUS"),
];
const SEXES: [Named; 2] = [("OptFemale01", "Female", "F"), ("OptMale0001", "Male", "M")];
const PARTNER_OPTIONS: [Named; 2] = [("OptPartnerA", "River Trust", "RIVER"), ("OptPartnerB", "Hill Fund", "HILL")];
const STOCK: [Named; 3] = [("OptionStck1", "In stock", "IN"), ("OptionStck2", "Low", "LOW"), ("OptionStck3", "Out of stock", "OUT")];
const DISEASES: [(&str, &str); 5] = [
    ("Cholera", "CHOLERA"),
    ("Measles", "MEASLES"),
    ("Meningitis", "MENINGITIS"),
    ("Yellow fever", "YELLOW_FEVER"),
    ("Haemorrhagic fever", "VHF"),
];

fn named(list: &[Named]) -> Vec<Value> {
    list.iter().map(|(id, name, code)| json!({"id": id, "name": name, "shortName": name, "code": code})).collect()
}

fn category(id: &str, name: &str, code: &str, dimension: &str, options: &[Named]) -> Value {
    json!({
        "id": id, "name": name, "shortName": name, "code": code, "dataDimensionType": dimension, "dataDimension": true,
        "categoryOptions": options.iter().map(|option| reference(option.0)).collect::<Value>(),
    })
}

fn combo(id: &str, name: &str, code: &str, dimension: &str, categories: &[&str]) -> Value {
    json!({
        "id": id, "name": name, "code": code, "dataDimensionType": dimension, "skipTotal": false,
        "categories": categories.iter().map(reference).collect::<Value>(),
    })
}

/// The elements of a data set while it is put together.
struct Elements<'m> {
    maker: &'m mut Maker,
    all: Vec<Value>,
    ids: Vec<String>,
}

impl Elements<'_> {
    fn add(&mut self, name: &str, code: &str, value_type: &str, combo: Value, zero: bool) -> &mut Value {
        let uid = self.maker.uid();
        let aggregation = if matches!(value_type, "TEXT" | "LONG_TEXT" | "BOOLEAN") { "NONE" } else { "SUM" };
        self.ids.push(uid.to_string());
        self.all.push(json!({
            "id": uid.as_str(), "name": name, "shortName": name, "code": code, "valueType": value_type, "domainType": "AGGREGATE",
            "aggregationType": aggregation, "zeroIsSignificant": zero, "categoryCombo": combo,
        }));
        self.all.last_mut().expect("one was just added")
    }

    /// Those added since the last data set.
    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.ids)
    }
}

fn data_set(id: &str, name: &str, code: &str, period_type: &str, elements: &[String]) -> Value {
    json!({
        "id": id, "name": name, "shortName": name, "code": code, "periodType": period_type, "categoryCombo": default_combo(), "expiryDays": 0,
        "openFuturePeriods": 0, "timelyDays": 7, "dataInputPeriods": [], "formType": "DEFAULT", "version": 1,
        "dataSetElements": elements.iter().map(|element| json!({"dataSet": reference(id), "dataElement": reference(element)})).collect::<Value>(),
    })
}

/// Makes them, for the facilities of the country.
pub fn make(maker: &mut Maker, places: &Places) -> Value {
    let mut elements = Elements { maker, all: Vec::new(), ids: Vec::new() };
    for (name, code) in DISEASES {
        elements.add(&format!("{name}: cases"), &format!("{code}_CASES"), "INTEGER_ZERO_OR_POSITIVE", reference(AGE_SEX), true);
        elements.add(&format!("{name}: confirmed"), &format!("{code}_CONFIRMED"), "INTEGER_ZERO_OR_POSITIVE", reference(AGE_SEX), true);
        elements.add(&format!("{name}: deaths"), &format!("{code}_DEATHS"), "INTEGER_ZERO_OR_POSITIVE", reference(AGE_SEX), true);
    }
    elements.add("Outbreak suspected", "OUTBREAK_SUSPECTED", "BOOLEAN", default_combo(), false);
    let diseases = elements.take();
    let mut weekly = data_set(WEEKLY, "Diseases by week", "WEEKLY", "Weekly", &diseases);
    weekly["openFuturePeriods"] = json!(1);

    elements.add("Outpatient visits", "OPD_VISITS", "INTEGER_ZERO_OR_POSITIVE", reference(AGE_SEX), false);
    elements.add("Malaria: tested", "MALARIA_TESTED", "INTEGER_ZERO_OR_POSITIVE", reference(AGE), false);
    elements.add("Malaria: positive", "MALARIA_POSITIVE", "INTEGER_ZERO_OR_POSITIVE", reference(AGE), true);
    elements.add("Deliveries", "DELIVERIES", "INTEGER_ZERO_OR_POSITIVE", default_combo(), false);
    elements.add("Measles vaccine: doses given", "MCV_DOSES", "INTEGER_ZERO_OR_POSITIVE", default_combo(), false);
    elements.add("Beds occupied", "BED_OCCUPANCY", "PERCENTAGE", default_combo(), false)["aggregationType"] = json!("AVERAGE");
    elements.add("Rehydration salts: stock", "ORS_STOCK", "TEXT", default_combo(), false)["optionSet"] = reference("StockLevels");
    elements.add("Remarks", "REMARKS", "LONG_TEXT", default_combo(), false);
    let services = elements.take();
    let mut monthly = data_set(MONTHLY, "Services by month", "MONTHLY", "Monthly", &services);
    monthly["expiryDays"] = json!(60);

    elements.add("Nets handed out", "NETS", "INTEGER_ZERO_OR_POSITIVE", default_combo(), false);
    let handed_out = elements.take();
    let mut partner = data_set(PARTNER, "Supplies by partner", "PARTNER", "Quarterly", &handed_out);
    partner["categoryCombo"] = reference(PARTNERS);

    weekly["organisationUnits"] = references(&places.facilities);
    monthly["organisationUnits"] = references(&places.facilities);
    partner["organisationUnits"] = references(&places.hospitals);

    let mut options = [named(&AGES), named(&SEXES), named(&PARTNER_OPTIONS)].concat();
    if let Some(river) = options.iter_mut().find(|option| option["code"] == "RIVER") {
        river["startDate"] = json!("2024-01-01T00:00:00.000");
        river["endDate"] = json!("2025-12-31T00:00:00.000");
    }
    if let Some(hill) = options.iter_mut().find(|option| option["code"] == "HILL") {
        hill["organisationUnits"] = json!([reference(places.first_region.as_str())]);
    }
    json!({
        "options": named(&STOCK).into_iter().map(|mut option| { option.as_object_mut().map(|one| one.remove("shortName")); option }).collect::<Value>(),
        "optionSets": [{"id": "StockLevels", "name": "Stock", "code": "STOCK", "valueType": "TEXT", "options": STOCK.iter().map(|one| reference(one.0)).collect::<Value>()}],
        "categoryOptions": options,
        "categories": [
            category("CategoryAge", "Age", "AGE", "DISAGGREGATION", &AGES), category("CategorySex", "Sex", "SEX", "DISAGGREGATION", &SEXES),
            category("CategoryPar", "Partner", "PARTNER", "ATTRIBUTE", &PARTNER_OPTIONS),
        ],
        "categoryCombos": [
            combo(AGE_SEX, "Age and sex", "AGE_SEX", "DISAGGREGATION", &["CategoryAge", "CategorySex"]), combo(AGE, "Age", "AGE", "DISAGGREGATION", &["CategoryAge"]),
            combo(PARTNERS, "Partner", "PARTNER", "ATTRIBUTE", &["CategoryPar"]),
        ],
        "dataElements": elements.all,
        "dataElementGroups": [{"id": "GroupDiseas", "name": "Notifiable diseases", "shortName": "Notifiable diseases", "code": "DISEASES", "dataElements": diseases.iter().map(reference).collect::<Value>()}],
        "dataSets": [weekly, monthly, partner],
    })
}

//! The built-in reference data: categories, the suffixes of their items, and the labels that do not follow from the id.
//!
//! Labels are shortened here; ids are the backend's. Countries are left out: a test that needs some adds them.

/// Starts the id of most categories.
pub const PREFIX: &str = "LNG_REFERENCE_DATA_CATEGORY_";

/// One category.
#[derive(Debug)]
pub struct Category {
    /// Id without the prefix; with `LNG_` in front it is the whole id.
    pub name: &'static str,
    /// Suffixes of its items; `!` in front marks those that cannot be edited.
    pub items: &'static [&'static str],
}

impl Category {
    /// The whole id.
    pub fn id(&self) -> String {
        if self.name.starts_with("LNG_") { self.name.to_owned() } else { format!("{PREFIX}{}", self.name) }
    }
}

const fn category(name: &'static str, items: &'static [&'static str]) -> Category {
    Category { name, items }
}

/// The 38 categories.
pub const CATEGORIES: [Category; 38] = [
    category("CASE_CLASSIFICATION", &["!CONFIRMED", "!PROBABLE", "!SUSPECT", "!NOT_A_CASE_DISCARDED"]),
    category("GENDER", &["MALE", "FEMALE"]),
    category(
        "OCCUPATION",
        &[
            "BUTCHER",
            "CHILD",
            "CIVIL_SERVANT",
            "FARMER",
            "FORESTRY",
            "HEALTH_CARE_WORKER",
            "HEALTH_LABORATORY_WORKER",
            "HUNTER",
            "MINING",
            "OTHER",
            "RELIGIOUS_LEADER",
            "STUDENT",
            "TAXI_DRIVER",
            "TEACHER",
            "TRADITIONAL_HEALER",
            "UNKNOWN",
            "WORKING_WITH_ANIMALS",
        ],
    ),
    category("LAB_NAME", &[]),
    category(
        "TYPE_OF_SAMPLE",
        &[
            "BLOOD",
            "SERUM",
            "SPUTUM",
            "URINE",
            "FAECES",
            "CSF",
            "NASAL_SWAB",
            "THROAT_SWAB",
            "NASOPHARYNGEAL_SWAB",
            "ENDOTRACHEAL_ASPIRATE",
            "PLEURAL_FLUID",
            "SKIN_BIOPSY",
            "OTHER_SPECIFY_IN_NOTES_FIELD",
        ],
    ),
    category(
        "TYPE_OF_LAB_TEST",
        &[
            "PCR",
            "RT_PCR",
            "IG_C_OR_IG_M",
            "PARTIAL_GENOME_SEQUENCING",
            "WHOLE_GENOME_SEQUENCING",
            "ANTIGEN_DETECTED",
            "HISTOPATHOLOGY",
            "VIRUS_CULTURE",
            "OTHER_SPECIFY_IN_NOTES_FIELD",
        ],
    ),
    category("LAB_TEST_RESULT", &["POSITIVE", "NEGATIVE", "INCONCLUSIVE", "POSITIVE_FOR_OTHER_PATHOGENS_SPECIFY_IN_NOTES_FIELD"]),
    category("LAB_TEST_RESULT_STATUS", &["!COMPLETED", "!IN_PROGRESS"]),
    category("LAB_SEQUENCE_LABORATORY", &[]),
    category("LAB_SEQUENCE_RESULT", &[]),
    category("DOCUMENT_TYPE", &["NATIONAL_ID_CARD", "PASSPORT", "EXTERNAL_ID", "VACCINATION_CARD", "ARCHIVED_ID", "OTHER"]),
    category(
        "DISEASE",
        &[
            "2019_N_CO_V",
            "ACUTE_RESPIRATORY_DISEASE",
            "CHOLERA",
            "EBOLA_VIRUS_DISEASE",
            "INFLUENZA",
            "LEPTOSPIROSIS",
            "MARBURG_VIRUS_DISEASE",
            "MEASLES",
            "MIDDLE_EASI_RESPIRATORY_SYNDROME_CORONAVIRUS_MERS_CO_V",
            "MPOX",
            "PLAGUE_PNEUMONIC",
            "YELLOW_FEVER",
        ],
    ),
    category(
        "EXPOSURE_TYPE",
        &[
            "SLEPT_ATE_OR_SPEND_TIME_IN_SAME_HOUSEHOLD",
            "DIRECT_PHYSICAL_CONTACT",
            "TOUCHED_BODY_FLUIDS",
            "ATE_DRANK_CONTAMINATED_MATERIAL",
            "SEXUAL_EXPOSURE",
            "INTRAVENOUS_EXPOSURE",
            "OTHER_PLEASE_SPECIFY_IN_COMMENT_FIELD",
        ],
    ),
    category("EXPOSURE_FREQUENCY", &["1_5_TIMES", "6_10_TIMES", "11_20_TIMES", "OVER_21_TIMES", "UNKNOWN"]),
    category("EXPOSURE_DURATION", &["VERY_SHORT_SECONDS", "SHORT_MINUTES", "MEDIUM_HOURS", "LONG_DAYS"]),
    category("CERTAINTY_LEVEL", &["1_LOW", "2_MEDIUM", "3_HIGH"]),
    category("RISK_LEVEL", &["1_LOW", "2_MEDIUM", "3_HIGH"]),
    category(
        "CONTEXT_OF_TRANSMISSION",
        &["FAMILY", "NOSOCOMIAL_TRANSMISSION", "CO_WORKERS", "FRIENDS", "TRAVEL_TO_OUTBREAK_AREA", "UNKNOWN"],
    ),
    category(
        "QUESTION_ANSWER_TYPE",
        &["!FREE_TEXT", "!NUMERIC", "!DATE_TIME", "!SINGLE_ANSWER", "!MULTIPLE_ANSWERS", "!FILE_UPLOAD", "!MARKUP"],
    ),
    category("QUESTION_CATEGORY", &["CLINICAL"]),
    category("INVESTIGATION_STATUS", &["COMPLETE", "IN_PROGRESS", "NOT_REACHED", "REACHED"]),
    category("EVENT_CATEGORY", &[]),
    category("OUTCOME", &["!ALIVE", "!DECEASED", "!RECOVERED"]),
    category(
        "PERSON_DATE_TYPE",
        &[
            "!HOSPITALIZATION",
            "!ISOLATION",
            "!ICU_ADMISSION",
            "HOSPITALIZATION_FOR_OTHER_MEDICAL_CONDITIONS",
            "PRIMARY_HEALTH_CARE_PHC_GP_ETC_VISIT",
            "A_E_VISIT",
            "OUTPATIENT_VISIT",
            "OTHER",
        ],
    ),
    category("PERSON_TYPE", &["!CASE", "!CONTACT", "!CONTACT_OF_CONTACT", "!EVENT"]),
    category("ADDRESS_TYPE", &["!USUAL_PLACE_OF_RESIDENCE", "!PREVIOUS_USUAL_PLACE_OF_RESIDENCE", "OTHER"]),
    category("COUNTRY", &[]),
    category(
        "LOCATION_GEOGRAPHICAL_LEVEL",
        &[
            "ADMIN_LEVEL_0",
            "ADMIN_LEVEL_1",
            "ADMIN_LEVEL_2",
            "ADMIN_LEVEL_3",
            "ADMIN_LEVEL_4",
            "ADMIN_LEVEL_5",
            "ADMIN_LEVEL_6",
            "ADMIN_LEVEL_7",
            "ADMIN_LEVEL_8",
            "ADMIN_LEVEL_9",
        ],
    ),
    category(
        "LNG_REFERENCE_DATA_CONTACT_DAILY_FOLLOW_UP_STATUS_TYPE",
        &["!NOT_PERFORMED", "!SEEN_OK", "!SEEN_NOT_OK", "!MISSED", "!NOT_ATTEMPTED"],
    ),
    category(
        "LNG_REFERENCE_DATA_CONTACT_FINAL_FOLLOW_UP_STATUS_TYPE",
        &["!UNDER_FOLLOW_UP", "!FOLLOW_UP_COMPLETED", "!LOST_TO_FOLLOW_UP", "DIED"],
    ),
    category("VACCINE", &[]),
    category("VACCINE_STATUS", &["VACCINATED", "NOT_VACCINATED"]),
    category(
        "PREGNANCY_STATUS",
        &["NONE", "NOT_PREGNANT", "YES_FIRST_TRIMESTER", "YES_SECOND_TRIMESTER", "YES_THIRD_TRIMESTER", "YES_TRIMESTER_UNKNOWN"],
    ),
    category("INSTITUTION_NAME", &["GENERIC"]),
    category("CENTRE_NAME", &[]),
    category("FOLLOWUP_GENERATION_TEAM_ASSIGNMENT_ALGORITHM", &["!ROUND_ROBIN_ALL_TEAMS", "!ROUND_ROBIN_NEAREST_FIT"]),
    category("LNG_REFERENCE_DATA_OUTBREAK_MAP_SERVER_TYPE", &["!TILE_XYZ", "!TILE_TILE_ARC_GIS_REST", "!VECTOR_TILE_VECTOR_TILE_LAYER"]),
    category("SECURITY_QUESTIONS_QUESTION", &[]),
];

/// Labels that say something else than their id. All others are the suffix in words.
const LABELS: &[(&str, &str)] = &[
    ("EXPOSURE_TYPE_SLEPT_ATE_OR_SPEND_TIME_IN_SAME_HOUSEHOLD", "Direct physical contact"),
    ("EXPOSURE_TYPE_DIRECT_PHYSICAL_CONTACT", "Direct non-physical contact (within 1 meter)"),
    ("EXPOSURE_TYPE_TOUCHED_BODY_FLUIDS", "Indirect contact (contaminated surface, fomites)"),
    ("CONTEXT_OF_TRANSMISSION_FRIENDS", "Tour group"),
    ("CONTEXT_OF_TRANSMISSION_TRAVEL_TO_OUTBREAK_AREA", "Other"),
    ("CONTEXT_OF_TRANSMISSION_FAMILY", "Home/household"),
    ("CONTEXT_OF_TRANSMISSION_CO_WORKERS", "Workplace"),
    ("CONTEXT_OF_TRANSMISSION_NOSOCOMIAL_TRANSMISSION", "Hospital/healthcare"),
    ("TYPE_OF_LAB_TEST_PCR", "PCR"),
    ("TYPE_OF_LAB_TEST_RT_PCR", "RT-PCR"),
    ("TYPE_OF_LAB_TEST_IG_C_OR_IG_M", "Serology (IgG, IgM, etc.)"),
    ("TYPE_OF_SAMPLE_CSF", "CSF"),
    ("DISEASE_MIDDLE_EASI_RESPIRATORY_SYNDROME_CORONAVIRUS_MERS_CO_V", "MERS-CoV"),
    ("DISEASE_2019_N_CO_V", "COVID-19"),
    ("DOCUMENT_TYPE_EXTERNAL_ID", "External case ID"),
    ("ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE", "Current address"),
    ("ADDRESS_TYPE_PREVIOUS_USUAL_PLACE_OF_RESIDENCE", "Previous address"),
    ("PREGNANCY_STATUS_NOT_PREGNANT", "No - not pregnant"),
    ("CASE_CLASSIFICATION_NOT_A_CASE_DISCARDED", "Not a case (discarded)"),
    ("PERSON_DATE_TYPE_ICU_ADMISSION", "ICU admission"),
];

/// The label of a built-in item in English.
pub fn label(category: &Category, suffix: &str) -> String {
    let key = format!("{}_{suffix}", category.name);
    if let Some((_, label)) = LABELS.iter().find(|(id, _)| *id == key) {
        return (*label).to_owned();
    }
    let numbered = suffix.split_once('_').filter(|(number, _)| category.name.ends_with("_LEVEL") && number.parse::<u8>().is_ok());
    let words = numbered.map_or(suffix, |(_, words)| words).replace('_', " ").to_lowercase();
    let mut characters = words.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    let sentence: String = first.into_iter().chain(characters).collect();
    numbered.map_or(sentence.clone(), |(number, _)| format!("{number}. {sentence}"))
}

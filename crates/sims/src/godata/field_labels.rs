//! Labels of fields: what stands at the head of an export, as tokens like all labels. English ones are the words of the
//! name; French ones are there for the fields that line lists show.

use super::follow_ups::FOLLOW_UP;
use super::lab_results::LAB_RESULT;
use super::languages::{DEFAULT, Languages};
use super::reference_data::snake;
use super::schema::{CASE, CONTACT, CONTACT_OF_CONTACT, EVENT, Kind, Model, RELATIONSHIP, Schema};

/// The token of a field's label.
pub fn token(model: &str, field: &str) -> String {
    format!("LNG_{}_FIELD_LABEL_{}", snake(model).to_uppercase(), snake(field).to_uppercase())
}

/// Sets the labels of all fields of the models that are exported.
pub fn seed(languages: &mut Languages, now: i64) {
    for model in [&CASE, &CONTACT, &CONTACT_OF_CONTACT, &EVENT, &RELATIONSHIP, &FOLLOW_UP, &LAB_RESULT] {
        let stamps = ["id", "createdAt", "createdBy", "updatedAt", "updatedBy", "dbUpdatedAt", "deleted", "deletedAt", "createdOn"];
        for field in stamps {
            set(languages, model, field, now);
        }
        seed_schema(languages, model, model.schema, now);
    }
}

fn seed_schema(languages: &mut Languages, model: &Model, schema: Schema, now: i64) {
    for (field, kind) in schema {
        set(languages, model, field, now);
        if let Kind::Object(nested) | Kind::List(nested) = kind {
            // The joined person has labels of its own model.
            if !matches!(*field, "person" | "contact") {
                seed_schema(languages, model, nested, now);
            }
        }
    }
}

fn set(languages: &mut Languages, model: &Model, field: &str, now: i64) {
    let token = token(model.name, field);
    if let Some((_, french)) = FRENCH.iter().find(|(name, _)| *name == field) {
        languages.set("french_fr", &token, french, now);
    }
    languages.set(DEFAULT, &token, &english(model.name, field), now);
}

fn english(model: &str, field: &str) -> String {
    match field {
        "id" => return "ID".to_owned(),
        "visualId" => return format!("{} ID", words(model)),
        "dob" => return "Date of birth".to_owned(),
        _ => {}
    }
    words(field)
}

/// The words of a name as a sentence: `dateOfOnset` is `Date of onset`.
fn words(name: &str) -> String {
    let text = snake(name).replace('_', " ");
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

const FRENCH: &[(&str, &str)] = &[
    ("id", "Identifiant"),
    ("visualId", "Identifiant visible"),
    ("firstName", "Prénom"),
    ("middleName", "Deuxième prénom"),
    ("lastName", "Nom"),
    ("name", "Nom"),
    ("gender", "Sexe"),
    ("dob", "Date de naissance"),
    ("age", "Âge"),
    ("years", "Années"),
    ("months", "Mois"),
    ("occupation", "Profession"),
    ("classification", "Classification"),
    ("outcomeId", "Issue"),
    ("dateOfOutcome", "Date de l'issue"),
    ("dateOfOnset", "Date de début des symptômes"),
    ("dateOfReporting", "Date de notification"),
    ("dateOfInfection", "Date d'infection"),
    ("dateOfLastContact", "Date du dernier contact"),
    ("riskLevel", "Niveau de risque"),
    ("riskReason", "Raison du risque"),
    ("pregnancyStatus", "Grossesse"),
    ("documents", "Documents"),
    ("type", "Type"),
    ("number", "Numéro"),
    ("addresses", "Adresses"),
    ("address", "Adresse"),
    ("typeId", "Type"),
    ("country", "Pays"),
    ("city", "Ville"),
    ("addressLine1", "Adresse"),
    ("postalCode", "Code postal"),
    ("locationId", "Lieu"),
    ("phoneNumber", "Téléphone"),
    ("date", "Date"),
    ("statusId", "Statut"),
    ("status", "Statut"),
    ("index", "Jour"),
    ("labName", "Laboratoire"),
    ("sampleIdentifier", "Numéro de l'échantillon"),
    ("sampleType", "Type d'échantillon"),
    ("testType", "Type de test"),
    ("result", "Résultat"),
    ("dateSampleTaken", "Date du prélèvement"),
    ("dateOfResult", "Date du résultat"),
    ("contactDate", "Date du dernier contact"),
    ("questionnaireAnswers", "Réponses"),
    ("createdAt", "Créé le"),
    ("updatedAt", "Modifié le"),
];

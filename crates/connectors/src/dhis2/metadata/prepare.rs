//! What a target has to know before the first record, and what is wrong with a flow that no record can show.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;

use kivuko_core::catalogue::{dhis2, network, target};
use kivuko_core::error::{Cause, Consequence, Error, nearest};
use kivuko_core::path::{Path, Segment};
use serde::Deserialize;

use super::super::config::{Assign, Names, Users, listed};
use super::assign::Own;
use super::index::{By, Index};
use super::key::{KeyPaths, attribute_of};
use super::shape::{Holds, Shape};
use super::target::{Ready, Target};

/// An attribute of an installation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attribute {
    id: String,
    #[serde(default)]
    unique: bool,
    #[serde(default, rename = "organisationUnitAttribute")]
    of_units: bool,
    #[serde(default, rename = "optionAttribute")]
    of_options: bool,
    #[serde(default, rename = "optionSetAttribute")]
    of_sets: bool,
    #[serde(default)]
    object_types: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attributes {
    attributes: Vec<Attribute>,
}

impl Attribute {
    fn is_for(&self, shape: &Shape) -> bool {
        let (flag, kind) = match shape.resource {
            "organisationUnits" => (self.of_units, "ORGANISATION_UNIT"),
            "options" => (self.of_options, "OPTION"),
            _ => (self.of_sets, "OPTION_SET"),
        };
        flag || self.object_types.iter().any(|one| one == kind)
    }
}

/// Who else is in the way of an error that a person wrote: a cause for them, anything else ends it.
fn cause_or_error(error: Error) -> Result<Cause, Error> {
    if error.consequence == Consequence::FixConfiguration { Ok(error.cause) } else { Err(error) }
}

impl Target {
    /// Asks for everything that has to be known before the first record.
    ///
    /// # Errors
    /// The server could not be asked. What is wrong with the flow is in the causes.
    pub(super) async fn get_ready(&self) -> Result<Ready, Error> {
        let info = self.client.info().await?;
        let me = self.client.me().await?;
        let shape = self.shape;
        let mut causes: Vec<Cause> = Vec::new();
        let lacking = shape.lacking(me);
        if !lacking.is_empty() {
            let message = format!("the account lacks authorities to write {}: {}", shape.resource, lacking.join(", "));
            causes.push(Cause::new(dhis2::METADATA_NOT_ALLOWED, message));
        }
        causes.extend(self.misplaced_options());
        let paths: Vec<Path> = self.spec.paths.iter().filter_map(|path| Path::parse(path).ok()).collect();
        causes.extend(self.spec.paths.iter().filter_map(|path| self.misfit(path)));
        causes.extend(self.two_ways(&paths));
        let key = match KeyPaths::read(shape, &self.spec.key) {
            Ok(key) => {
                if !key.is_unique(shape) && !self.spec.accept_duplicates {
                    causes.push(self.ambiguous_key());
                }
                Some(key)
            }
            Err(cause) => {
                causes.push(cause);
                None
            }
        };
        let attributes: BTreeSet<String> = paths.iter().filter_map(attribute_of).map(str::to_owned).collect();
        causes.extend(self.check_attributes(&attributes, key.as_ref().and_then(KeyPaths::attribute)).await?);
        let assign = self.options.assign.clone().unwrap_or_default();
        let assigned = self.assigned(&assign, &mut causes).await?;
        let joins_own = assign.users == Some(Users::Me);
        let by_name = |path: &Path| matches!(path.segments(), [Segment::Field(name), Segment::Field(by)] if Some(&**name) == shape.container && matches!(&**by, "code" | "name"));
        let names_containers = paths.iter().any(by_name) || key.as_ref().is_some_and(KeyPaths::names_containers);
        let containers = match shape.container_resource().filter(|_| names_containers) {
            Some(resource) => Index::load(&self.client, resource).await?,
            None => Index::default(),
        };
        let mut fields = ":owner".to_owned();
        if shape.is_tree() {
            fields.push_str(",path");
        }
        for (name, _) in shape.memberships() {
            if assigned.contains_key(name) || paths.iter().any(|path| path.top() == Some(name)) {
                fields.extend([",", name, "[id]"]);
            }
        }
        Ok(Ready {
            system: info.system_id.clone().unwrap_or_else(|| self.client.http.shown()),
            zone: info.zone.clone(),
            offset: info.offset,
            key,
            containers: Mutex::new(containers),
            attributes,
            assigned,
            own: Own::new(me),
            joins_own,
            may_delete: me.may(shape.deleting),
            fields,
            causes,
        })
    }

    /// Options of `to:` that are for other resources.
    fn misplaced_options(&self) -> Vec<Cause> {
        let options = &self.options;
        let given = [
            ("data_set", options.data_set.is_some()),
            ("format", options.format.is_some()),
            ("async", options.r#async.is_some()),
            ("id_scheme", options.id_scheme.is_some()),
            ("data_element_id_scheme", options.data_element_id_scheme.is_some()),
            ("org_unit_id_scheme", options.org_unit_id_scheme.is_some()),
            ("category_option_combo_id_scheme", options.category_option_combo_id_scheme.is_some()),
            ("attribute_option_combo_id_scheme", options.attribute_option_combo_id_scheme.is_some()),
            ("category_id_scheme", options.category_id_scheme.is_some()),
            ("restore", options.restore.is_some()),
            ("complete", options.complete.is_some()),
            ("assign", options.assign.is_some() && self.shape.resource != "organisationUnits"),
        ];
        let resource = self.shape.resource;
        let cause = |name: &str| {
            Cause::new(
                network::BAD_OPTIONS,
                format!("`to`: `{name}` has no meaning for {resource}; the paths of the sheet say how things are named"),
            )
            .field(name)
        };
        given.into_iter().filter(|(_, given)| *given).map(|(name, _)| cause(name)).collect()
    }

    /// What is wrong with a path of the sheet.
    fn misfit(&self, text: &str) -> Option<Cause> {
        let shape = self.shape;
        let path = Path::parse(text).ok();
        let segments = path.as_ref().map(Path::segments).unwrap_or_default();
        let field = path.as_ref().and_then(|path| shape.field(path.top()?));
        let good = match (field.map(|field| field.holds), segments) {
            (Some(Holds::Reference(_)), [_, Segment::Field(by)]) => By::parse(by).is_some(),
            (
                Some(Holds::Members(_)),
                [_, Segment::Each | Segment::Index(_), Segment::Field(by)] | [_, Segment::Item { field: Some(by), .. }],
            ) => &**by == "id",
            (Some(Holds::AttributeValues), _) => path.as_ref().and_then(attribute_of).is_some(),
            (Some(Holds::Geometry), [_, ..]) | (Some(_), [_]) => true,
            _ => false,
        };
        if good && !matches!(field.map(|field| field.holds), Some(Holds::Reference(_) | Holds::Members(_)) if segments.len() == 1) {
            return None;
        }
        let paths = shape.paths();
        let near = nearest(text, paths.iter().map(String::as_str)).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let message = format!("{} has no field `{text}` that can be written{near}", shape.named);
        Some(Cause::new(target::UNKNOWN_FIELD, message).field(text))
    }

    /// A parent that the sheet names in two ways.
    fn two_ways(&self, paths: &[Path]) -> Option<Cause> {
        let container = self.shape.container?;
        let ways: BTreeSet<String> = paths.iter().filter(|path| path.top() == Some(container)).map(ToString::to_string).collect();
        (ways.len() > 1).then(|| {
            let ways: Vec<String> = ways.into_iter().collect();
            Cause::new(target::UNKNOWN_FIELD, format!("`{container}` is named in several ways: {}; keep one", ways.join(", ")))
                .field(container)
        })
    }

    fn ambiguous_key(&self) -> Cause {
        let keys: Vec<String> = self.shape.keys.iter().map(|key| key.join(" + ")).collect();
        let message = format!(
            "several of {} can have the same {}; {} is one of: {}, or a unique attribute",
            self.shape.resource,
            self.spec.key.join(" + "),
            "a key",
            keys.join("; ")
        );
        Cause::new(target::KEY_NOT_SEARCHABLE, message).field(self.spec.key.join(", "))
    }

    async fn check_attributes(&self, written: &BTreeSet<String>, key: Option<&str>) -> Result<Vec<Cause>, Error> {
        let asked: BTreeSet<&str> = written.iter().map(String::as_str).chain(key).collect();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let request = self.client.get(["attributes"]).query("paging", "false").query("fields", ":owner");
        let known: Attributes = self.client.ask(request).await?;
        let known: HashMap<&str, &Attribute> = known.attributes.iter().map(|attribute| (attribute.id.as_str(), attribute)).collect();
        let wrong = |id: &str| {
            let path = format!("attributeValues[attribute.id={id}].value");
            match known.get(id) {
                None => {
                    Some(Cause::new(dhis2::NO_SUCH_OBJECT, format!("DHIS2 has no attribute {id} that the account may see")).field(path))
                }
                Some(attribute) if !attribute.is_for(self.shape) => Some(
                    Cause::new(target::UNKNOWN_FIELD, format!("the attribute {id} is not assigned to {}", self.shape.resource)).field(path),
                ),
                Some(attribute) if key == Some(id) && !attribute.unique => {
                    let message = format!("the attribute {id} is not marked as unique in DHIS2, so it cannot be a key");
                    Some(Cause::new(target::KEY_NOT_SEARCHABLE, message).field(path))
                }
                Some(_) => None,
            }
        };
        Ok(asked.into_iter().filter_map(wrong).collect())
    }

    async fn assigned(&self, assign: &Assign, causes: &mut Vec<Cause>) -> Result<BTreeMap<&'static str, Vec<String>>, Error> {
        let mut assigned = BTreeMap::new();
        let lists: [(&'static str, &Option<Names>); 3] =
            [("organisationUnitGroups", &assign.groups), ("dataSets", &assign.data_sets), ("programs", &assign.programs)];
        for (resource, names) in lists {
            let names = listed(names.as_ref());
            if names.is_empty() {
                continue;
            }
            match self.client.ids_of(resource, &names).await {
                Ok(ids) => _ = assigned.insert(resource, ids),
                Err(error) => causes.push(cause_or_error(error)?),
            }
        }
        Ok(assigned)
    }
}

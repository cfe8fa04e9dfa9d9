//! One DHIS2: its health, its identity, what it holds.

use std::sync::Arc;

use kivuko_core::BoxFuture;
use kivuko_core::catalogue::dhis2;
use kivuko_core::connector::{self, Health, Identity, PlacePaths, ResourceDescription, SourceSpec, TargetSpec, Warning};
use kivuko_core::error::Error;
use kivuko_core::numbers::Places;
use kivuko_core::places::Known;
use serde::Deserialize;

use super::analytics;
use super::client::{ADD_VALUES, Client, EDIT_EXPIRED};
use super::completeness;
use super::config::{self, FromOptions, TargetOptions};
use super::metadata;
use super::read::Source;
use super::schema::{RESOURCES, Role, known};
use super::values;
use super::version::NEWEST;

/// A clock that is wrong by more than this is worth a word.
const OFFSET_SECS: i64 = 60;

const VALUES: &str = "dataValueSets";
/// What is written only at and below the org units where an account captures data.
const CAPTURED: [&str; 2] = [VALUES, "completeDataSetRegistrations"];

/// One DHIS2.
#[derive(Debug)]
pub struct System {
    pub(super) client: Arc<Client>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Unit {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    path: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UnitList {
    #[serde(default)]
    organisation_units: Vec<Unit>,
}

impl System {
    async fn look(&self) -> Result<Health, Error> {
        let mut health = Health::default();
        let (info, me) = (self.client.info().await?, self.client.me().await?);
        health.version = Some(info.version.clone());
        let account = me.username.clone().unwrap_or_else(|| me.id.clone());
        let named = info.system_name.as_deref().map(|name| format!(" `{name}`")).unwrap_or_default();
        health.findings.push(format!(
            "{} answers: DHIS2{named}, release {}; the account is {account}",
            self.client.http.shown(),
            info.version
        ));
        if info.profile.release > NEWEST {
            health
                .warnings
                .push(format!("DHIS2 2.{} is newer than those that Kivuko was tried with (up to 2.{NEWEST})", info.profile.release).into());
        }
        let capture: Vec<&str> = me.organisation_units.iter().map(|unit| unit.id.as_str()).collect();
        if capture.is_empty() {
            let text = "the account has no org units to capture data at: it cannot write values";
            health.warnings.push(Warning::of(text, &[], &CAPTURED));
        } else {
            health.findings.push(format!("captures data at and below {} org units: {}", capture.len(), shortened(&capture)));
            let roots = self.units("level:eq:1").await?;
            let missing: Vec<&str> =
                roots.iter().filter(|root| !capture.contains(&root.id.as_str())).map(|root| root.name.as_str()).collect();
            if !missing.is_empty() {
                let text = format!("the account does not capture data in the whole hierarchy: {} is above it", shortened(&missing));
                health.warnings.push(Warning::of(text, &[], &CAPTURED));
            }
        }
        if me.may(ADD_VALUES) {
            health.findings.push("may add data values".to_owned());
        } else {
            let text = format!("the account lacks the authority {ADD_VALUES}: it cannot write values");
            health.warnings.push(Warning::of(text, &[], &[VALUES]));
        }
        if me.may(EDIT_EXPIRED) {
            health.findings.push("may write to expired periods".to_owned());
        }
        let seconds = info.offset.as_secs();
        if seconds.abs() > OFFSET_SECS {
            let how = if seconds > 0 { "ahead of" } else { "behind" };
            health
                .warnings
                .push(format!("the clock of the server is {} seconds {how} ours; readings go by the server's", seconds.abs()).into());
        }
        if let Some(time) = &info.analytics {
            health.findings.push(format!("analytics tables were last built at {time} (server time)"));
        } else {
            let text = "the server does not say that the analytics tables were ever built; until they are, `analytics` gives nothing";
            health.warnings.push(Warning::of(text, &["analytics"], &[]));
        }
        if info.read_only {
            health.warnings.push("the server is in read-only mode".to_owned().into());
        }
        Ok(health)
    }

    async fn units(&self, filter: &str) -> Result<Vec<Unit>, Error> {
        let mut request = self.client.get(["organisationUnits"]).query("paging", "false").query("fields", "id,name,path");
        if !filter.is_empty() {
            request = request.query("filter", filter);
        }
        Ok(self.client.ask::<UnitList>(request).await?.organisation_units)
    }
}

/// The first few of a list.
fn shortened(names: &[&str]) -> String {
    let more = names.len().saturating_sub(5);
    let first = names.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}

impl connector::System for System {
    fn test(&self) -> BoxFuture<'_, Result<Health, Error>> {
        Box::pin(self.look())
    }

    fn identity(&self) -> BoxFuture<'_, Result<Option<Identity>, Error>> {
        Box::pin(async move {
            let info = self.client.info().await?;
            let label = info.system_name.clone().unwrap_or_else(|| "a DHIS2 without a name".to_owned());
            Ok(info.system_id.clone().map(|id| Identity { id, label: format!("DHIS2 {label}") }))
        })
    }

    fn describe(&self) -> BoxFuture<'_, Result<Vec<ResourceDescription>, Error>> {
        Box::pin(async { Ok(RESOURCES.iter().map(super::schema::Resource::describe).collect()) })
    }

    fn places(&self) -> BoxFuture<'_, Result<Option<Places>, Error>> {
        Box::pin(async move {
            let mut places = Places::default();
            for unit in self.units("").await? {
                let parent = unit.path.as_deref().and_then(|path| path.split('/').rev().nth(1)).map(str::to_owned);
                places.insert(unit.id, parent.as_deref(), unit.name);
            }
            Ok(Some(places))
        })
    }

    fn place_paths(&self, resource: &str) -> Option<PlacePaths> {
        let known = Known {
            id: "id",
            name: "name",
            other_names: &["shortName"],
            codes: &["code", "attributeValues[].value"],
            parent: "parent.id",
            level: "level",
            // A point or an area: GeoJSON says itself which.
            point: "geometry",
            area: "geometry",
            opened: "openingDate",
            closed: "closedDate",
            ..Known::default()
        };
        (resource == "organisationUnits").then(|| PlacePaths::of(&known))
    }

    fn source(&self, spec: &SourceSpec) -> Result<Box<dyn connector::Source>, Error> {
        let client = Arc::clone(&self.client);
        let resource = known(&spec.resource)?;
        let options: FromOptions = config::read(&spec.options, "from")?;
        match resource.role {
            Role::Metadata => Ok(Box::new(Source::new(client, resource, options.whole.unwrap_or_default()))),
            Role::Values => Ok(Box::new(values::Source::new(client, options)?)),
            Role::Completeness => Ok(Box::new(completeness::Source::new(client, options)?)),
            Role::Analytics => Ok(Box::new(analytics::Source::new(client, options)?)),
        }
    }

    fn target(&self, spec: &TargetSpec) -> Result<Box<dyn connector::Target>, Error> {
        let client = Arc::clone(&self.client);
        let resource = known(&spec.resource)?;
        let options: TargetOptions = config::read(&spec.options, "to")?;
        match resource.role {
            Role::Values => Ok(Box::new(values::Target::new(client, spec, options))),
            Role::Completeness => Ok(Box::new(completeness::Target::new(client, spec, options))),
            Role::Metadata | Role::Analytics => {
                if let Some(shape) = metadata::shape(resource.name) {
                    return Ok(Box::new(metadata::Target::new(client, shape, spec, options)));
                }
                let message = format!("{} are read only: Kivuko does not write them", resource.name);
                Err(Error::configuration(dhis2::ONLY_READ, message))
            }
        }
    }
}

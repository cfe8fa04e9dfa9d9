//! One Go.Data: its health, its identity, what it holds.

use std::sync::Arc;

use kivuko_core::BoxFuture;
use kivuko_core::connector::{self, Health, Identity, PlacePaths, ResourceDescription, SourceSpec, TargetSpec, Warning};
use kivuko_core::error::Error;
use kivuko_core::labels::Labels;
use kivuko_core::numbers::Places;
use kivuko_core::places::Known;
use serde_json::Value;

use super::client::{Client, Outbreak};
use super::codes;
use super::labels;
use super::mask::Mask;
use super::persons::PersonKind;
use super::questionnaire::Questionnaire;
use super::read::{Source, known};
use super::resources::RESOURCES;
use super::schema::Role;
use super::target::Target;
use super::tokens::TokenSource;
use crate::http::{Method, Safety};

/// One Go.Data.
#[derive(Debug)]
pub struct System {
    pub(super) client: Arc<Client>,
}

impl System {
    /// What the release can be told by, since its version is not for everyone to see.
    async fn release(&self) -> Result<Option<String>, Error> {
        let request = self.client.request(Method::Get, ["outbreaks"], Safety::Safe).query("filter", r#"{"limit":1}"#);
        let answer = self.client.send(request).await?;
        if !answer.is_success() {
            return Ok(None);
        }
        let outbreaks: Vec<Value> = answer.read()?;
        let Some(outbreak) = outbreaks.first() else { return Ok(None) };
        let marks = [
            ("allowCasesFollowUp", "2.49 or later"),
            ("visibleAndMandatoryFields", "2.48"),
            ("allowedRefDataItems", "2.47"),
            ("eventIdMask", "2.46"),
        ];
        let found = marks.iter().find(|(field, _)| outbreak.get(field).is_some()).map_or("before 2.46", |(_, release)| release);
        Ok(Some(format!("{found}, by the fields that it has")))
    }

    async fn look(&self) -> Result<Health, Error> {
        let mut health = Health::default();
        let account = self.client.account().await?;
        let (url, email) = (self.client.http.shown(), &self.client.options.email);
        health.findings.push(if self.client.tried_password() {
            format!("{url} answers, and the account {email} can log in")
        } else {
            // Go.Data has no way to try a password but to log in, and that ends the session of whoever uses the account now.
            format!(
                "{url} answers to the session of {email} that is stored; the password was not tried, since a log-in would end that session"
            )
        });
        health.version = self.release().await?;
        let of_outbreaks: Vec<&str> = RESOURCES.iter().filter(|resource| resource.in_outbreak).map(|resource| resource.name).collect();
        let outbreaks = self.client.outbreaks(false).await?;
        for outbreak in &outbreaks {
            let mask = |kind: PersonKind| format!("{} `{}`", kind.resource(), outbreak.mask(kind).unwrap_or("none"));
            let masks: Vec<String> = PersonKind::ALL.into_iter().map(mask).collect();
            health.findings.push(format!("outbreak `{}` ({}), masks of visual ids: {}", outbreak.name, outbreak.id, masks.join(", ")));
        }
        if outbreaks.is_empty() {
            health.warnings.push(Warning::of("the account sees no outbreak", &of_outbreaks, &of_outbreaks));
        }
        let Some(outbreak) = self.client.outbreak().await? else {
            let text = "no `outbreak` is named: all of them are read, and cases cannot be written";
            health.warnings.push(Warning::of(text, &of_outbreaks, &of_outbreaks));
            return Ok(health);
        };
        if account.active_outbreak_id.as_deref() != Some(&outbreak.id) {
            let what = if self.client.options.switch_outbreak {
                "a run that writes will switch it"
            } else {
                "and `switch_outbreak` is off, so nothing can be written"
            };
            let text = format!("the active outbreak of the account is not `{}`: {what}", outbreak.name);
            health.warnings.push(Warning::of(text, &[], &of_outbreaks));
        }
        if account.outbreak_ids.as_ref().is_some_and(|allowed| !allowed.is_empty() && !allowed.contains(&outbreak.id)) {
            let text = format!("the outbreak `{}` is not in the list of the account", outbreak.name);
            health.warnings.push(Warning::of(text, &of_outbreaks, &of_outbreaks));
        }
        let numbered = |kind: &PersonKind| outbreak.mask(*kind).is_some_and(|mask| Mask::parse(mask).rewrites());
        let numbered: Vec<&str> = PersonKind::ALL.into_iter().filter(numbered).map(PersonKind::resource).collect();
        if !numbered.is_empty() {
            let text = format!("Go.Data numbers the {} of this outbreak itself: `visualId` is no key there", numbered.join(", "));
            health.warnings.push(Warning::of(text, &[], &numbered));
        }
        Ok(health)
    }

    /// The named outbreak; without one, the first that was ever made here. A deleted outbreak counts, so that deleting one makes no other system of it.
    async fn who(&self) -> Result<Option<Identity>, Error> {
        if let Some(outbreak) = self.client.outbreak().await? {
            return Ok(Some(Identity { id: outbreak.id, label: format!("outbreak {}", outbreak.name) }));
        }
        let outbreaks = self.client.outbreaks(true).await?;
        let age = |outbreak: &&Outbreak| (outbreak.created_at.clone(), outbreak.id.clone());
        let first = outbreaks.iter().min_by_key(age);
        Ok(first
            .map(|outbreak| Identity { id: outbreak.id.clone(), label: format!("the Go.Data whose first outbreak is {}", outbreak.name) }))
    }
}

impl connector::System for System {
    fn test(&self) -> BoxFuture<'_, Result<Health, Error>> {
        Box::pin(self.look())
    }

    fn identity(&self) -> BoxFuture<'_, Result<Option<Identity>, Error>> {
        Box::pin(self.who())
    }

    fn describe(&self) -> BoxFuture<'_, Result<Vec<ResourceDescription>, Error>> {
        Box::pin(async move {
            let outbreak = self.client.outbreak().await?;
            let describe = |resource: &super::schema::Resource| {
                let questions = resource.questionnaires.iter().filter_map(|field| Some(outbreak.as_ref()?.questions(field)));
                let mut fields = resource.describe();
                fields.extend(Questionnaire::of(questions).describe());
                ResourceDescription {
                    name: resource.name.to_owned(),
                    about: resource.about.to_owned(),
                    reads: true,
                    writes: resource.writes,
                    fields,
                }
            };
            Ok(RESOURCES.iter().map(describe).collect())
        })
    }

    fn labels<'a>(&'a self, language: &'a str) -> BoxFuture<'a, Result<Option<Labels>, Error>> {
        Box::pin(async move { labels::load(&self.client, language).await.map(Some) })
    }

    fn places(&self) -> BoxFuture<'_, Result<Option<Places>, Error>> {
        Box::pin(async move { codes::places(&self.client).await.map(Some) })
    }

    fn place_paths(&self, resource: &str) -> Option<PlacePaths> {
        let known = Known {
            id: "id",
            name: "name",
            other_names: &["synonyms[]"],
            codes: &["identifiers[].code"],
            parent: "parentLocationId",
            level: "geographicalLevelId",
            point: "geoLocation",
            active: "active",
            ..Known::default()
        };
        (resource == "locations").then(|| PlacePaths::of(&known))
    }

    fn source(&self, spec: &SourceSpec) -> Result<Box<dyn connector::Source>, Error> {
        let client = Arc::clone(&self.client);
        match known(&spec.resource)?.role {
            Role::Token => Ok(Box::new(TokenSource::new(client, spec)?)),
            _ => Ok(Box::new(Source::new(client, spec)?)),
        }
    }

    fn target(&self, spec: &TargetSpec) -> Result<Box<dyn connector::Target>, Error> {
        Ok(Box::new(Target::new(Arc::clone(&self.client), spec)?))
    }
}

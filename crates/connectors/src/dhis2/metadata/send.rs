//! Sends documents and reads what became of each object, in halves where a document is refused whole.

use kivuko_core::catalogue::{dhis2, network};
use kivuko_core::connector::Written;
use kivuko_core::error::{Cause, Error};
use serde_json::json;

use super::super::errors::WebMessage;
use super::held::Object;
use super::item::Item;
use super::report::{Fate, Report, Verdict, judge};
use super::write::{Outcomes, Writer};
use crate::http::{Method, Safety};

/// What an answer to a document is.
enum Answer {
    Each(Vec<Fate>),
    /// Refused whole; nobody knows for whose sake.
    Apart(Cause),
    /// Refused whole for the sake of those with a fate.
    Without(Vec<Option<Fate>>),
    All(Error),
}

impl Writer<'_> {
    /// Sends items, in halves where the whole is refused. An item that is there already keeps no outcome.
    pub(super) async fn send_all(&self, items: &[&Item], is_new: bool, outcomes: &mut Outcomes, stopped: &mut Option<Error>) {
        let mut waiting: Vec<Vec<&Item>> = vec![items.to_vec()];
        while let Some(mut items) = waiting.pop() {
            if items.is_empty() {
                continue;
            }
            if let Some(error) = &stopped {
                for item in items {
                    outcomes[item.position] = Some(Written::Failed(error.clone()));
                }
                continue;
            }
            match self.send(&items, is_new).await {
                Answer::Each(fates) => {
                    for (item, fate) in items.iter().zip(fates) {
                        if let Fate::Failed(error) = &fate {
                            stopped.get_or_insert_with(|| error.clone());
                        }
                        outcomes[item.position] = self.written(item, fate);
                    }
                }
                Answer::Apart(cause) if items.len() == 1 => outcomes[items[0].position] = Some(Written::Refused(cause)),
                Answer::Apart(_) => {
                    let second = items.split_off(items.len() / 2);
                    waiting.extend([second, items]);
                }
                Answer::Without(fates) => {
                    // The guilty ones have their cause; the others are sent without them.
                    let mut others = Vec::new();
                    for (item, fate) in items.into_iter().zip(fates) {
                        match fate {
                            Some(fate) => outcomes[item.position] = self.written(item, fate),
                            None => others.push(item),
                        }
                    }
                    waiting.push(others);
                }
                Answer::All(error) => {
                    for item in &items {
                        outcomes[item.position] = Some(Written::Failed(error.clone()));
                    }
                    // What may have taken effect is looked for first; the others come after it.
                    *stopped = Some(if error.effect_unknown {
                        Error::retry(error.cause.code, format!("not sent after this: {}", error.cause.message))
                    } else {
                        error
                    });
                }
            }
        }
    }

    fn written(&self, item: &Item, fate: Fate) -> Option<Written> {
        Some(match fate {
            Fate::Done => Written::Done { id: item.id.clone(), version: None, returned: None },
            Fate::Refused(cause) => Written::Refused(cause),
            Fate::NotYet(cause) => Written::NotYet(cause),
            Fate::Failed(error) => Written::Failed(error),
            Fate::Exists if item.is_new => return None,
            Fate::Exists | Fate::Unknown => {
                let message = format!("the answer to an import does not tell what became of {} ({})", self.shape.named, item.id);
                Written::Failed(Error::retry(dhis2::IMPORT_BROKE_OFF, message).with_unknown_effect().ended())
            }
        })
    }

    async fn send(&self, items: &[&Item], is_new: bool) -> Answer {
        let objects: Vec<&Object> = items.iter().map(|item| &item.object).collect();
        let body = json!({ self.shape.resource: objects }).to_string().into_bytes();
        let request = self
            .client
            .request(Method::Post, ["metadata"], Safety::Write)
            .query("importStrategy", if is_new { "CREATE" } else { "UPDATE" })
            .query("atomicMode", "NONE")
            .query("importMode", "COMMIT")
            .query("importReportMode", "FULL")
            .query("identifier", "UID")
            .query("async", "false")
            .json(body);
        let answer = match self.client.send(request).await {
            Ok(answer) => answer,
            Err(error) => return Answer::All(error),
        };
        let report = Report::read(&answer.body);
        let code = WebMessage::read(&answer.body).as_ref().and_then(WebMessage::code).map(|code| format!(" ({code})")).unwrap_or_default();
        let what = format!("{}: answered with {}{code}", answer.request(), answer.status);
        match (answer.status, report) {
            (200..300 | 409, Some(report)) => {
                let ids: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
                match judge(&report, &ids, self.shape) {
                    Verdict::Each(fates) => Answer::Each(fates),
                    Verdict::Apart(fates) if fates.iter().all(Option::is_none) => Answer::Apart(Cause::new(
                        dhis2::OBJECT_REFUSED,
                        format!("DHIS2 did not write {} and does not say why", self.shape.named),
                    )),
                    Verdict::Apart(fates) => Answer::Without(fates),
                }
            }
            (413, _) => Answer::Apart(Cause::new(dhis2::OBJECT_REFUSED, format!("{} is too large for the server (413)", self.shape.named))),
            (403, _) => {
                let message = format!("{what}: the account may not import metadata; it needs the authority F_METADATA_IMPORT");
                Answer::All(Error::configuration(dhis2::METADATA_NOT_ALLOWED, message))
            }
            (400 | 422, _) => Answer::Apart(Cause::new(dhis2::OBJECT_REFUSED, format!("{what}: DHIS2 cannot read what was sent"))),
            // 409 is also what errors of the database look like: what came before one may be stored.
            (409 | 200..300, None) => {
                let message = format!("{what} and without a report; what is stored is looked for");
                Answer::All(Error::retry(dhis2::IMPORT_BROKE_OFF, message).with_unknown_effect().ended())
            }
            _ => Answer::All(Error::stop(network::UNEXPECTED_ANSWER, what)),
        }
    }
}

//! Sends an import and reads its summary, whichever way DHIS2 gives it.

use std::sync::Arc;

use kivuko_core::catalogue::{dhis2, network, target};
use kivuko_core::error::{Cause, Error};

use super::super::client::Client;
use super::super::errors::WebMessage;
use super::jobs;
use super::summary::{Reply, Summary};
use crate::http::{Method, Safety};

/// One import.
#[derive(Debug)]
pub struct Import {
    pub media_type: &'static str,
    pub body: Vec<u8>,
    /// The values are deletions.
    pub deletes: bool,
    /// DHIS2 is to take it as a job.
    pub as_job: bool,
    /// Names of parameters with their values.
    pub more: Vec<(&'static str, String)>,
}

/// Why there is no summary.
#[derive(Debug)]
pub enum Failure {
    /// The body is too large for the server.
    TooLarge,
    /// The body cannot be read by the server for the sake of something in it.
    Unread(Cause),
    /// Something else.
    Whole(Error),
}

/// Sends imports to one address.
#[derive(Debug, Clone)]
pub struct Importer {
    pub client: Arc<Client>,
    /// `dataValueSets`
    pub resource: &'static str,
    /// What its jobs are called.
    pub job: &'static str,
}

impl Importer {
    /// Sends.
    ///
    /// # Errors
    /// There is no summary.
    pub async fn send(&self, import: Import) -> Result<Summary, Failure> {
        let strategy = if import.deletes { "DELETE" } else { "CREATE_AND_UPDATE" };
        let mut request = self.client.request(Method::Post, [self.resource], Safety::Write).query("importStrategy", strategy);
        for (name, value) in &import.more {
            request = request.query(name, value);
        }
        if import.as_job {
            request = request.query("async", "true");
        }
        let answer = self.client.send(request.content(import.media_type, import.body)).await.map_err(Failure::Whole)?;
        match (answer.status, Reply::read(&answer.body)) {
            (_, Reply::Summary(summary)) => Ok(summary),
            (_, Reply::Job(id)) => jobs::report(&self.client, self.job, &id).await.map_err(Failure::Whole),
            (413, _) => Err(Failure::TooLarge),
            (403, _) => {
                let message =
                    format!("{}: the account may not write data values (403); it needs the authority F_DATAVALUE_ADD", answer.request());
                Err(Failure::Whole(Error::configuration(dhis2::NOT_ALLOWED, message)))
            }
            (status, Reply::Other) => {
                let message = WebMessage::read(&answer.body);
                let code = message.as_ref().and_then(WebMessage::code).map(|code| format!(" ({code})")).unwrap_or_default();
                let what = format!("{}: answered with {status}{code}", answer.request());
                Err(match (status, message) {
                    // 409 is also what errors of the database look like: what came before one may be stored.
                    (409, Some(_)) => {
                        let error =
                            Error::retry(dhis2::IMPORT_BROKE_OFF, format!("{what} and without a summary; what is stored is looked for"));
                        Failure::Whole(error.with_unknown_effect().ended())
                    }
                    (400 | 422, Some(_)) => {
                        Failure::Unread(Cause::new(target::REFUSED, format!("{what}: DHIS2 cannot read what was sent")))
                    }
                    (_, Some(_)) => Failure::Whole(Error::stop(network::UNEXPECTED_ANSWER, what)),
                    (_, None) if status < 400 => {
                        let error = Error::retry(network::NOT_JSON, format!("{what} and without a summary; what is stored is looked for"));
                        Failure::Whole(error.with_unknown_effect().ended())
                    }
                    (_, None) => {
                        let message = format!("{what} and not in the form of DHIS2; is `url` right, or does a proxy answer?");
                        Failure::Whole(Error::configuration(network::NOT_JSON, message))
                    }
                })
            }
        }
    }
}

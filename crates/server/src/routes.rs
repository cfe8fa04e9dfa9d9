//! The routes: one function each.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use kivuko_core::error::Error;
use kivuko_core::store::{RunId, Store};
use serde::Deserialize;
use serde_json::{Value, json};

/// How many runs are listed when nothing is asked for, and at most.
const FEW: usize = 50;
const MOST: usize = 1000;

pub(crate) fn router(store: Arc<dyn Store>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/api/runs", get(runs))
        .route("/api/runs/{run}", get(run))
        .route("/api/rejections", get(rejections))
        .with_state(store)
}

#[derive(Debug, Deserialize)]
struct Which {
    flow: Option<String>,
    limit: Option<usize>,
}

impl Which {
    fn limit(&self) -> usize {
        self.limit.unwrap_or(FEW).min(MOST)
    }
}

/// Alive, and the store answers.
async fn health(State(store): State<Arc<dyn Store>>) -> Response {
    match store.runs(None, 1).await {
        Ok(runs) => answer(StatusCode::OK, &json!({ "status": "ok", "last_run": runs.first().map(|run| run.id) })),
        Err(error) => failed(&error),
    }
}

/// The newest runs with their accounts.
async fn runs(State(store): State<Arc<dyn Store>>, Query(which): Query<Which>) -> Response {
    match store.runs(which.flow.as_deref(), which.limit()).await {
        Ok(runs) => answer(StatusCode::OK, &json!({ "runs": runs })),
        Err(error) => failed(&error),
    }
}

/// One run.
async fn run(State(store): State<Arc<dyn Store>>, Path(run): Path<i64>) -> Response {
    match store.run(RunId(run)).await {
        Ok(Some(run)) => answer(StatusCode::OK, &json!(run)),
        Ok(None) => answer(StatusCode::NOT_FOUND, &json!({ "error": { "message": format!("there is no run {run}") } })),
        Err(error) => failed(&error),
    }
}

/// The open rejections: which record, why, since when. Never what is in it.
async fn rejections(State(store): State<Arc<dyn Store>>, Query(which): Query<Which>) -> Response {
    match store.rejections(which.flow.as_deref(), which.limit()).await {
        Ok(rejections) => answer(StatusCode::OK, &json!({ "rejections": rejections })),
        Err(error) => failed(&error),
    }
}

fn failed(error: &Error) -> Response {
    answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": { "code": error.cause.code, "message": error.cause.message } }))
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], body.to_string()).into_response()
}

//! Owns the routes of WHIP (RFC 9725): a workstation, or any standard client, publishes a feed.

use super::signalling::{self, HasLive, Live, Owner, Problem};
use axum::body::Body;
use axum::extract::{FromRef, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{patch, post};
use axum::{Extension, Router};

const PATH: &str = "/api/whip";

/// The routes. An [`Owner`] extension must have been set by whatever let the request in.
pub fn routes<S: HasLive>() -> Router<S>
where
    Live: FromRef<S>,
{
    let endpoint = post(publish)
        .options(signalling::endpoint_options)
        .fallback(signalling::endpoint_other);
    let resource = patch(change)
        .delete(end)
        .options(signalling::resource_options)
        .fallback(signalling::resource_other);
    Router::new()
        .route(&format!("{PATH}/{{feed}}"), endpoint)
        .route(&format!("{PATH}/{{feed}}/{{resource}}"), resource)
}

async fn publish(
    State(live): State<Live>,
    Extension(owner): Extension<Owner>,
    Path(feed): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let source = live.feed(&feed)?;
    let offer = signalling::offer(&headers, body).await?;
    let created = live.peers.publish(source, owner.0, &offer).await?;
    Ok(signalling::created(&created, PATH, &feed))
}

async fn change(
    State(live): State<Live>,
    Extension(owner): Extension<Owner>,
    Path((feed, resource)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    live.patch(&owner, &feed, &resource, &headers, body).await
}

async fn end(
    State(live): State<Live>,
    Extension(owner): Extension<Owner>,
    Path((feed, resource)): Path<(String, String)>,
) -> Result<Response, Problem> {
    live.delete(&owner, &feed, &resource).await
}

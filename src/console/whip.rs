//! Owns the routes of WHIP (RFC 9725): a workstation, or any standard client, publishes a feed.

use super::signalling::{self, Live, Owner, Problem};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::Extension;

const PATH: &str = "/api/whip";

pub(super) async fn publish(
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

pub(super) async fn change(
    State(live): State<Live>,
    Extension(owner): Extension<Owner>,
    Path((feed, resource)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    live.patch(&owner, &feed, &resource, &headers, body).await
}

pub(super) async fn end(
    State(live): State<Live>,
    Extension(owner): Extension<Owner>,
    Path((feed, resource)): Path<(String, String)>,
) -> Result<Response, Problem> {
    live.delete(&owner, &feed, &resource).await
}

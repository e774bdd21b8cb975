//! Owns the routes of WHIP (RFC 9725): a workstation, or any standard client, publishes a feed.

use super::signalling::{self, Live, Owner, Refused};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

const PATH: &str = "/api/whip";

pub(super) use super::signalling::{endpoint_options as options, resource_options};

pub(super) async fn publish(
    State(live): State<Live>,
    owner: Owner,
    Path(feed): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let source = live.feed(&feed)?;
    let offer = signalling::offer(&headers, body).await?;
    let created = live.peers.publish(source, owner.0, &offer).await?;
    Ok(signalling::created(&created, PATH, &feed))
}

pub(super) async fn patch(
    State(live): State<Live>,
    owner: Owner,
    Path((feed, resource)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    live.patch(&owner, &feed, &resource, &headers, body).await
}

pub(super) async fn delete(
    State(live): State<Live>,
    owner: Owner,
    Path((feed, resource)): Path<(String, String)>,
) -> Result<Response, Refused> {
    live.delete(&owner, &feed, &resource).await
}

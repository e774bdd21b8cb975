//! Owns the routes of WHEP: a browser, another room, or any standard client watches a feed. `?layer=small` asks for the small picture.

use super::signalling::{self, Live, Owner, Refused};
use crate::media::feed::Layer;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

const PATH: &str = "/api/whep";

pub(super) use super::signalling::{endpoint_options as options, resource_options};

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    layer: Size,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Size {
    #[default]
    Main,
    Small,
}

pub(super) async fn watch(
    State(live): State<Live>,
    owner: Owner,
    Path(feed): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let source = live.feed(&feed)?;
    let offer = signalling::offer(&headers, body).await?;
    let layer = match wanted.layer {
        Size::Main => Layer::Main,
        Size::Small => Layer::Small,
    };
    let created = live.peers.watch(source, layer, owner.0, &offer).await?;
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

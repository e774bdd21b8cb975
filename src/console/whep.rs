//! Owns the routes of WHEP: a browser, another room, or any standard client watches a feed. `?layer=small` asks for the small picture.

use super::signalling::{self, HasLive, Live, Owner, Problem};
use crate::media::feed::Layer;
use axum::body::Body;
use axum::extract::{FromRef, Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{patch, post};
use axum::{Extension, Router};
use serde::Deserialize;

const PATH: &str = "/api/whep";

/// The routes. An [`Owner`] extension must have been set by whatever let the request in.
pub fn routes<S: HasLive>() -> Router<S>
where
    Live: FromRef<S>,
{
    let endpoint = post(watch)
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

#[derive(Debug, Deserialize)]
struct Wanted {
    #[serde(default)]
    layer: Size,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Size {
    #[default]
    Main,
    Small,
}

async fn watch(
    State(live): State<Live>,
    Extension(owner): Extension<Owner>,
    Path(feed): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let source = live.feed(&feed)?;
    let offer = signalling::offer(&headers, body).await?;
    let layer = match wanted.layer {
        Size::Main => Layer::Main,
        Size::Small => Layer::Small,
    };
    let created = live.peers.watch(source, layer, owner.0, &offer).await?;
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

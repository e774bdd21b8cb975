//! Owns the pages: built by the scripts, embedded here, sent with a strict policy of what they may load.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "src/console/ui/dist"]
struct Pages;

/// Nothing from elsewhere, nothing inline. Media come as blobs (live) and by byte ranges (recordings).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
     img-src 'self' data: blob:; media-src 'self' blob: mediastream:; connect-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Whatever is no route: a page or one of its files.
pub(super) async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let accepts = encodings(request.headers());
    if let Some(response) = file(path, request.headers(), &accepts) {
        return response;
    }
    if path.starts_with("api/") || path.contains('.') {
        return super::problem::No::not_found("route").into_response();
    }
    // the pages' own paths are all one document
    file("index.html", request.headers(), &accepts)
        .unwrap_or_else(|| super::problem::No::not_found("page").into_response())
}

fn encodings(headers: &HeaderMap) -> String {
    let accepted = headers.get(header::ACCEPT_ENCODING);
    accepted
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

fn file(path: &str, headers: &HeaderMap, accepts: &str) -> Option<Response> {
    let plain = Pages::get(path)?;
    let (found, encoding) = match Pages::get(&format!("{path}.br")) {
        Some(packed) if accepts.contains("br") => (packed, Some("br")),
        _ => (plain, None),
    };
    let etag = format!(
        "\"{}{}\"",
        hex::encode(&found.metadata.sha256_hash()[..16]),
        encoding.unwrap_or("")
    );
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == etag.as_bytes());
    Some(if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        send(path, found, encoding, &etag)
    })
}

fn send(path: &str, found: EmbeddedFile, encoding: Option<&'static str>, etag: &str) -> Response {
    let mut response = Response::new(Body::from(found.data));
    let headers = response.headers_mut();
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let text = |value: &str| HeaderValue::from_str(value).expect("plain ASCII");
    let utf8 = mime.type_() == "text" || mime.subtype() == "javascript";
    let kind = if utf8 {
        format!("{mime}; charset=utf-8")
    } else {
        mime.to_string()
    };
    headers.insert(header::CONTENT_TYPE, text(&kind));
    headers.insert(header::ETAG, text(etag));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    // built names change with their content
    let caching = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

/// Headers that every answer bears.
pub(super) fn harden(headers: &mut HeaderMap) {
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("strict-transport-security", "max-age=31536000"),
        (
            "permissions-policy",
            "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

//! Owns what of an HTTP request proves who it comes from, and how the cookies are written.

use crate::keys::Secret;
use crate::room::Span;
use std::net::IpAddr;

/// Cookie of a person's sign-in.
pub const SIGN_IN_COOKIE: &str = "__Host-bidroom";
/// Cookie of an enrolled workstation.
pub const WORKSTATION_COOKIE: &str = "__Host-workstation";

/// What a request carries.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The bearer token; where there is one, cookies do not count.
    pub bearer: Option<Secret>,
    /// The sign-in cookie.
    pub sign_in: Option<Secret>,
    /// The workstation cookie.
    pub workstation: Option<Secret>,
    /// From which network address.
    pub address: Option<IpAddr>,
    /// Whether a person acted. Streams, polls and reconnects that a page makes by itself are not,
    /// and must not keep a sign-in from locking.
    pub by_person: bool,
}

impl Request {
    /// Reads the `Cookie` and `Authorization` headers.
    pub fn from_headers<'a>(
        cookies: impl IntoIterator<Item = &'a str>,
        authorization: Option<&str>,
        address: Option<IpAddr>,
        by_person: bool,
    ) -> Self {
        let mut request = Self {
            address,
            by_person,
            ..Self::default()
        };
        // an authorization of another kind is a failed one, not none
        request.bearer = authorization.map(|header| {
            let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
            Secret::new(if scheme.eq_ignore_ascii_case("bearer") {
                token.trim()
            } else {
                ""
            })
        });
        let pairs = cookies.into_iter().flat_map(|header| header.split(';'));
        for (name, value) in pairs.filter_map(|pair| pair.trim().split_once('=')) {
            let slot = match name {
                SIGN_IN_COOKIE => &mut request.sign_in,
                WORKSTATION_COOKIE => &mut request.workstation,
                _ => continue,
            };
            let value = Secret::new(value);
            // twice and different: somebody planted one, and neither can be believed
            *slot = match slot.take() {
                Some(other) if other != value => Some(Secret::new("")),
                Some(_) | None => Some(value),
            };
        }
        request
    }
}

/// The `Set-Cookie` header for one of the two cookies. Without `lasting` it ends with the browser.
pub fn set_cookie(name: &str, value: &Secret, lasting: Option<Span>) -> String {
    let age = lasting
        .map(|span| format!("; Max-Age={}", span.0 / 1000))
        .unwrap_or_default();
    format!(
        "{name}={}; Path=/; Secure; HttpOnly; SameSite=Strict{age}",
        value.expose()
    )
}

/// The `Set-Cookie` header that takes a cookie away.
pub fn clear_cookie(name: &str) -> String {
    format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
}

//! Owns the check of live relays: the token and the CA of each place are there. The server is not asked: the daemon does when
//! the city wants a feed, and tells of it as a fault of the room. No evaluation hangs on a relay, so all is a warning.

use super::finding::{Finding, Level};
use super::run::Premises;
use crate::config::{Profile, RelayPlace, Text};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::Path;

pub(super) fn check(profile: &Profile, premises: &Premises) -> Vec<Finding> {
    let places = profile.hub.iter().flat_map(|hub| &hub.relays);
    places.map(|place| of_place(place, premises)).collect()
}

fn of_place(place: &RelayPlace, premises: &Premises) -> Finding {
    let (name, host) = (&place.spec.id, &place.spec.host);
    let id = format!("relay-{name}");
    let subject = text!("外送 {name}", "Live relay {name}");
    let wrong = |result, cause, remedy| {
        Finding::bad(Level::Warning, &id, subject.clone(), result, cause, remedy)
    };
    if let Some(Err(error)) = place
        .token
        .as_ref()
        .map(|token| token.read(premises.credentials.as_deref()))
    {
        return wrong(
            text!("令牌无法读取", "its token cannot be read"),
            text!("{error}", "{error}"),
            text!(
                "放好令牌文件，或改正 [[hub.relays]]",
                "put the token there, or correct [[hub.relays]]"
            ),
        );
    }
    if let Some(cause) = place.ca.as_deref().and_then(unusable) {
        return wrong(
            text!("证书颁发机构无法读取", "its CA cannot be read"),
            cause,
            text!(
                "放好 PEM 格式的证书，或改正 [[hub.relays]] 的 ca",
                "put the certificate there as PEM, or correct ca in [[hub.relays]]"
            ),
        );
    }
    Finding::ok(
        &id,
        subject.clone(),
        text!(
            "{host}；连通性在外送时检查",
            "{host}; whether it answers shows when something is sent"
        ),
    )
}

/// Why no server can be trusted by that file.
fn unusable(ca: &Path) -> Option<Text> {
    let path = ca.display();
    match trusted(ca) {
        Ok(0) => Some(text!(
            "{path} 中没有证书",
            "there is no certificate in {path}"
        )),
        Ok(_) => None,
        Err(error) => Some(text!("{path}：{error}", "{path}: {error}")),
    }
}

/// How many certificates of the file can be trusted.
fn trusted(ca: &Path) -> Result<usize, Box<dyn std::error::Error>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca)? {
        roots.add(certificate?)?;
    }
    Ok(roots.len())
}

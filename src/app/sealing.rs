//! Owns the look at what sealing needs beside the box's own keys: the audit certificate, the SM2 key, and the
//! time-stamping authority.

use super::tsa;
use crate::archive::container::Recipient;
use crate::archive::sm2::Sm2Signer;
use crate::config::Profile;
use crate::config::check::{PoolSeen, SealingSeen};

/// Reads the certificate, and asks the authority a question.
pub(super) async fn look(profile: &Profile) -> SealingSeen {
    let storage = &profile.storage;
    let audit = storage.audit_certificate.as_deref();
    let tsa = async {
        let tsa = storage.tsa.as_ref()?;
        let asked = tsa::stamp(tsa, b"preflight").await;
        let answered = asked.map(drop).map_err(|error| format!("{error:#}"));
        Some((tsa.uri().to_string(), answered))
    };
    let sm2 = storage.sm2.as_deref();
    SealingSeen {
        sm2: sm2.map(|path| match Sm2Signer::read(path) {
            Ok(signer) => Ok(signer.ends()),
            Err(fault) => Err(fault.to_string()),
        }),
        audit: audit.map(|path| match Recipient::read(path) {
            Ok(recipient) => Ok(recipient.ends()),
            Err(fault) => Err(fault.to_string()),
        }),
        pool: match &profile.hub {
            None => PoolSeen::NoHub,
            Some(hub) => match hub.pool_certificate.as_deref().map(Recipient::read) {
                None => PoolSeen::NotSet,
                Some(Ok(recipient)) => PoolSeen::Until(recipient.ends()),
                Some(Err(fault)) => PoolSeen::Unfit(fault.to_string()),
            },
        },
        tsa: tsa.await,
    }
}

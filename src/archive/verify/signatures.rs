//! Owns the check of whose an archive is: signature, time stamp, and the container's hash.

use super::files::Found;
use super::verdict::{FaultKind, Trust, Verdict};
use super::{Order, tag_file};
use crate::archive::detection::{DETECTION, DETECTION_SIGNATURE};
use crate::archive::seal::{CALLS, CALLS_LIST, PERSONAL, PERSONAL_TAG, SIGNATURE, SIGNED, TOKEN};
use crate::archive::signature::Signed;
use crate::archive::sm2::{SM2_CERTIFICATES, SM2_SIGNATURE};
use crate::archive::{signature, sm2, token};
use crate::room::Utc;
use sha2::{Digest, Sha256};

/// Checks what vouches for the manifests, and the detection report.
pub(super) fn vouchers(order: &Order, verdict: &mut Verdict) {
    let signed = tag_file(&order.bag, SIGNED).unwrap_or_default();
    let stamped = tag_file(&order.bag, TOKEN)
        .and_then(|answer| check_token(order, &answer, &signed, verdict));
    if let Some(der) = tag_file(&order.bag, SIGNATURE) {
        match signature::check(&der, Some(&signed)) {
            Err(why) => verdict.fault(FaultKind::Signature, SIGNATURE, why),
            Ok(by) => {
                verdict.signed_at = by.at;
                match whose(&by, order, stamped.or(by.at).unwrap_or(Utc(0))) {
                    Ok(trust) => verdict.trust = trust,
                    Err(why) => verdict.fault(FaultKind::Signature, SIGNATURE, why),
                }
            }
        }
    }
    sm2(order, &signed, stamped, verdict);
    detection(order, &signed, verdict);
}

pub(super) fn check(order: &Order, found: &Found, verdict: &mut Verdict) {
    vouchers(order, verdict);
    let info = tag_file(&order.bag, "bag-info.txt").unwrap_or_default();
    let info = String::from_utf8_lossy(&info);
    let tag = |label: &str| {
        let mut lines = info.lines();
        lines.find_map(|line| Some(line.strip_prefix(label)?.strip_prefix(": ")?.to_owned()))
    };
    let payload = || {
        found
            .bytes
            .iter()
            .filter(|(path, _)| path.starts_with("data/"))
    };
    let oxum = format!(
        "{}.{}",
        payload().map(|(_, n)| n).sum::<u64>(),
        payload().count()
    );
    let is_clip = !found.left_out.is_empty();
    if !is_clip && tag("Payload-Oxum").is_some_and(|stated| stated != oxum) {
        let why = format!("Payload-Oxum is not {oxum}");
        verdict.fault(FaultKind::Structure, "bag-info.txt", why);
    }
    if tag("Session-Kind").is_some_and(|stated| stated != verdict.session_kind) {
        let why = "says another kind of session than the journal";
        verdict.fault(FaultKind::Structure, "bag-info.txt", why);
    }
    let list = tag_file(&order.bag, CALLS_LIST).unwrap_or_default();
    for line in String::from_utf8_lossy(&list).lines() {
        // a recording that was erased is no fault
        if let Some((sha256, path)) = line.split_once("  ")
            && path
                .strip_prefix(CALLS)
                .is_some_and(|name| !name.contains(".."))
            && let Some(call) = tag_file(&order.bag, path)
            && sha256 != hex::encode(Sha256::digest(&call))
        {
            verdict.fault(FaultKind::Altered, path, "is not the one that was sealed");
        }
    }
    if let Some(personal) = tag_file(&order.bag, PERSONAL) {
        verdict.personal = true;
        if tag(PERSONAL_TAG) != Some(hex::encode(Sha256::digest(&personal))) {
            verdict.fault(
                FaultKind::Altered,
                PERSONAL,
                "is not the one that was sealed",
            );
        }
    }
}

/// The signature under the national algorithms, where there is one, is over the same.
fn sm2(order: &Order, signed: &[u8], stamped: Option<Utc>, verdict: &mut Verdict) {
    let Some(der) = tag_file(&order.bag, SM2_SIGNATURE) else {
        if tag_file(&order.bag, SM2_CERTIFICATES).is_some() {
            verdict.fault(FaultKind::Missing, SM2_SIGNATURE, "is not there");
        }
        return;
    };
    let checked = tag_file(&order.bag, SM2_CERTIFICATES)
        .ok_or_else(|| format!("{SM2_CERTIFICATES} is not there"))
        .and_then(|pem| sm2::check(&der, &pem, signed))
        .and_then(|by| {
            // the signature names no moment of its own
            let at = stamped.or(verdict.signed_at).unwrap_or(Utc(0));
            whose(&by, order, at)
        });
    match checked {
        Ok(trust) => verdict.sm2 = Some(trust),
        Err(why) => verdict.fault(FaultKind::Signature, SM2_SIGNATURE, why),
    }
}

fn whose(by: &Signed, order: &Order, at: Utc) -> Result<Trust, String> {
    let signer = signature::subject(&by.signer);
    Ok(match signature::chain(by, &order.trusted, at)? {
        true => Trust::Trusted { signer },
        false => Trust::NotTrusted { signer },
    })
}

/// The detection report, where there is one, is about this very archive, and signed by whoever the archive's signer is.
fn detection(order: &Order, signed: &[u8], verdict: &mut Verdict) {
    let Some(report) = tag_file(&order.bag, DETECTION) else {
        return;
    };
    let seal = hex::encode(Sha256::digest(signed));
    if !String::from_utf8_lossy(&report).contains(&seal) {
        verdict.fault(FaultKind::Altered, DETECTION, "is about another archive");
    }
    let checked = tag_file(&order.bag, DETECTION_SIGNATURE)
        .ok_or_else(|| "is not there".to_owned())
        .and_then(|der| signature::check(&der, Some(&report)))
        .and_then(|by| whose(&by, order, by.at.unwrap_or(Utc(0))));
    match checked {
        Ok(trust) if trust == verdict.trust => {}
        Ok(_) => {
            let why = "is by somebody else than the archive's";
            verdict.fault(FaultKind::Signature, DETECTION_SIGNATURE, why);
        }
        Err(why) => verdict.fault(FaultKind::Signature, DETECTION_SIGNATURE, why),
    }
}

fn check_token(order: &Order, answer: &[u8], signed: &[u8], verdict: &mut Verdict) -> Option<Utc> {
    let checked = token::check(answer, signed).and_then(|(at, by)| {
        let trusted = signature::chain(&by, &order.trusted, at)?;
        Ok((at, trusted))
    });
    match checked {
        Ok(stamp) => {
            verdict.timestamp = Some(stamp);
            Some(stamp.0)
        }
        Err(why) => {
            verdict.fault(FaultKind::Timestamp, TOKEN, why);
            None
        }
    }
}

//! Owns the check of whose an archive is: signature, time stamp, and the container's hash.

use super::files::Found;
use super::verdict::{FaultKind, Trust, Verdict};
use super::{Order, tag_file};
use crate::archive::detection::{DETECTION, DETECTION_SIGNATURE};
use crate::archive::seal::{CALLS, CALLS_LIST, PERSONAL, PERSONAL_TAG, SIGNATURE, SIGNED, TOKEN};
use crate::archive::{signature, token};
use crate::room::Utc;
use sha2::{Digest, Sha256};

pub(super) fn check(order: &Order, found: &Found, verdict: &mut Verdict) {
    let signed = tag_file(&order.bag, SIGNED).unwrap_or_default();
    let stamped = tag_file(&order.bag, TOKEN)
        .and_then(|answer| check_token(order, &answer, &signed, verdict));
    if let Some(der) = tag_file(&order.bag, SIGNATURE) {
        match signature::check(&der, Some(&signed)) {
            Err(why) => verdict.fault(FaultKind::Signature, SIGNATURE, why),
            Ok(by) => {
                let signer = signature::subject(&by.signer);
                let at = stamped.or(by.at).unwrap_or(Utc(0));
                match signature::chain(&by, &order.trusted, at) {
                    Ok(true) => verdict.trust = Trust::Trusted { signer },
                    Ok(false) => verdict.trust = Trust::NotTrusted { signer },
                    Err(why) => verdict.fault(FaultKind::Signature, SIGNATURE, why),
                }
            }
        }
    }
    detection(order, &signed, verdict);
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
        .and_then(|by| {
            let trusted = signature::chain(&by, &order.trusted, by.at.unwrap_or(Utc(0)))?;
            let signer = signature::subject(&by.signer);
            Ok(match trusted {
                true => Trust::Trusted { signer },
                false => Trust::NotTrusted { signer },
            })
        });
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

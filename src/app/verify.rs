//! Owns `bidroom verify`: an archive is checked without the box, and what was found is told.

use crate::archive::verify::{self, Order, Trust, Verdict};
use crate::room::Utc;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::fmt::Write;
use std::path::PathBuf;

/// What is to be verified, and how it is told.
#[derive(Debug)]
pub struct VerifyOrder {
    /// The bag's folder.
    pub bag: PathBuf,
    /// Files of certificates that are trusted, PEM.
    pub ca: Vec<PathBuf>,
    /// Files of checkpoints that others kept.
    pub witnesses: Vec<PathBuf>,
    /// As JSON.
    pub json: bool,
}

/// Verifies, and gives what is to be printed and the exit code: 0 whole, 1 faults, 2 no bag or unreadable,
/// 3 whole but unsigned or not trusted, 4 a clip whose files are right and trusted.
pub fn verify(order: VerifyOrder) -> (String, u8) {
    let verdict = trusted(&order.ca).and_then(|trusted| {
        verify::verify(&Order {
            bag: order.bag,
            trusted,
            witnesses: order.witnesses,
        })
    });
    match verdict {
        Ok(verdict) if order.json => {
            let told = serde_json::json!({ "exit": verdict.exit_code(), "verdict": verdict });
            (format!("{told:#}"), verdict.exit_code())
        }
        Ok(verdict) => (told(&verdict), verdict.exit_code()),
        Err(error) if order.json => (
            format!("{:#}", serde_json::json!({ "exit": 2, "error": error })),
            2,
        ),
        Err(error) => (format!("cannot be verified: {error}"), 2),
    }
}

fn trusted(files: &[PathBuf]) -> Result<Vec<Vec<u8>>, String> {
    let mut trusted = Vec::new();
    for file in files {
        let wrong = |why: String| format!("{}: {why}", file.display());
        let text = std::fs::read(file).map_err(|e| wrong(e.to_string()))?;
        for certificate in CertificateDer::pem_slice_iter(&text) {
            let certificate = certificate.map_err(|e| wrong(e.to_string()))?;
            trusted.push(certificate.as_ref().to_vec());
        }
    }
    Ok(trusted)
}

fn told(verdict: &Verdict) -> String {
    let time = |at: Utc| {
        jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |t| t.to_string())
    };
    let mut text = String::new();
    for fault in &verdict.faults {
        // writing to a string cannot fail
        let _ = write!(text, "FAULT {}: {}", fault.file, fault.detail);
        if let (Some(from), Some(to)) = (fault.from, fault.to) {
            let _ = write!(text, " ({} to {})", time(from), time(to));
        }
        text.push('\n');
    }
    for stretch in &verdict.unwitnessed {
        let _ = writeln!(
            text,
            "no witness from {} to {}",
            time(stretch.from),
            time(stretch.to)
        );
    }
    if let Some(trust) = &verdict.sm2 {
        let _ = writeln!(text, "under SM2 {}", whose(trust));
    }
    if let Some((at, trusted)) = verdict.timestamp {
        let trusted = if trusted {
            ""
        } else {
            ", by an authority that is not trusted"
        };
        let _ = writeln!(text, "time stamp {}{trusted}", time(at));
    }
    if verdict.left_out > 0 {
        let _ = writeln!(
            text,
            "a clip: {} files of the archive are left out, and nothing is said of them",
            verdict.left_out
        );
    } else if !verdict.personal {
        text.push_str("personal data: none, or erased\n");
    }
    let whose = whose(&verdict.trust);
    let session = match verdict.session.as_str() {
        "" => "no session".to_owned(),
        session => format!("{} session {session}", verdict.session_kind),
    };
    let _ = write!(
        text,
        "{session}: {} files, {} bytes, {} faults; {whose}",
        verdict.files,
        verdict.bytes,
        verdict.faults.len()
    );
    text
}

fn whose(trust: &Trust) -> String {
    match trust {
        Trust::Unsigned => "it bears no signature".to_owned(),
        Trust::NotTrusted { signer } => {
            format!("signed by {signer}, which --ca does not vouch for")
        }
        Trust::Trusted { signer } => format!("signed by {signer}, trusted"),
    }
}

//! Owns the order of the check: what is slow runs beside each other, the findings keep their order.

use super::finding::{Finding, Report};
use super::sealing::{self, SealingSeen};
use super::sources::{self, Source, SourceSeen};
use super::{clock, keys, phones, ports, relays, replicas, software, storage};
use crate::config::Profile;
use crate::room::Utc;
use std::path::PathBuf;

/// Where the daemon lives, and when it is.
#[derive(Debug, Clone)]
pub struct Premises {
    /// The data folder.
    pub data: PathBuf,
    /// `$CREDENTIALS_DIRECTORY`, where systemd gave one.
    pub credentials: Option<PathBuf>,
    /// Wall time, for the certificates.
    pub now: Utc,
}

/// Probes what `profile` names. `probe` looks at one camera or microphone for a few seconds at
/// most; all of them are looked at at once. `sealing` looks at what archives need. Writes and removes one test file in each storage
/// folder, binds and frees the ports, changes nothing else.
pub async fn check<P, S>(
    profile: &Profile,
    premises: &Premises,
    probe: P,
    sealing: impl Future<Output = SealingSeen>,
) -> Report
where
    P: Fn(Source) -> S,
    S: Future<Output = SourceSeen>,
{
    let local = {
        let (profile, premises) = (profile.clone(), premises.clone());
        tokio::task::spawn_blocking(move || of_the_box(&profile, &premises))
    };
    let (sources, seen) = futures::join!(sources::check(profile, premises, probe), sealing);
    let sealing = sealing::judge(seen, premises.now);
    let of_the_box = local
        .await
        .unwrap_or_else(|error| vec![interrupted(&error)]);
    Report {
        profile: profile.file().display().to_string(),
        profile_sha256: hex::encode(profile.sha256()),
        findings: of_the_box
            .into_iter()
            .chain(sealing)
            .chain(sources)
            .collect(),
    }
}

fn of_the_box(profile: &Profile, premises: &Premises) -> Vec<Finding> {
    let mut findings = vec![clock::zone(profile), clock::check(profile)];
    findings.extend(storage::check(profile, premises));
    findings.extend(replicas::check(profile, premises));
    findings.extend(keys::check(profile, premises));
    findings.extend(ports::check(profile, premises));
    findings.push(software::check(profile));
    findings.extend(phones::check(profile, premises));
    findings.extend(relays::check(profile, premises));
    findings
}

fn interrupted(error: &tokio::task::JoinError) -> Finding {
    Finding::bad(
        super::Level::Fault,
        "check",
        text!("自检", "Check"),
        text!("没有完成", "did not finish"),
        text!("{error}", "{error}"),
        text!(
            "重新运行；仍然如此请联系厂家",
            "run it again; if it stays so, report it"
        ),
    )
}

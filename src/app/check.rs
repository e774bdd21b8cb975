//! Owns `bidroom check`: what the profile names is looked at with the daemon's own means, before a committee waits.

use super::cameras;
use crate::config::check::{Premises, check as look};
use crate::config::{Lang, Profile};
use crate::room::Utc;
use anyhow::Context;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// How the check is to be told.
#[derive(Debug)]
pub struct CheckOrder {
    /// The profile's file.
    pub profile: PathBuf,
    /// The folder of all data.
    pub data: PathBuf,
    /// As JSON.
    pub json: bool,
    /// In which language.
    pub lang: Lang,
}

/// Checks and tells; 0 where all is well, 1 with warnings, 2 with faults.
///
/// # Errors
/// GStreamer or the output cannot be used.
pub async fn check(order: CheckOrder) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout();
    let profile = match Profile::load(&order.profile) {
        Ok(profile) => profile,
        Err(error) => {
            writeln!(out, "{}", error.told(order.lang))?;
            return Ok(ExitCode::from(2));
        }
    };
    gstreamer::init().context("starting GStreamer")?;
    let premises = Premises {
        data: order.data,
        credentials: std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
        now: Utc(jiff::Timestamp::now().as_millisecond()),
    };
    let report = look(&profile, &premises, cameras::look).await;
    match order.json {
        true => writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?,
        false => writeln!(out, "{}", report.told(order.lang))?,
    }
    Ok(ExitCode::from(report.exit_code()))
}

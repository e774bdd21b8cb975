//! Owns `bidroom check`: a profile is read, what it names is probed with media's own means, and told.

use super::cameras;
use super::sealing;
use crate::config::check::{self, Codec, Premises, SourceSeen, Stage, StreamFault, StreamSeen};
use crate::config::{Lang, Profile};
use crate::media::capture::{self, ProbeFault, Source, StreamReport};
use crate::media::feed::{self, TrackKind};
use crate::room::{SourceFault, Utc};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// How long a camera may take to send its first picture: longer than any key-frame interval.
const PATIENCE: Duration = Duration::from_secs(8);

/// What is to be checked, and how it is told.
#[derive(Debug)]
pub struct CheckOrder {
    /// The profile's file.
    pub profile: PathBuf,
    /// The folder of all data.
    pub data: PathBuf,
    /// In which language.
    pub lang: Lang,
    /// As JSON, in both languages.
    pub json: bool,
}

/// Checks, and gives what is to be printed and the exit code: 0 all is well, 1 warnings, 2 faults.
pub async fn check(order: CheckOrder) -> (String, u8) {
    let profile = match Profile::load(&order.profile) {
        Ok(profile) => profile,
        Err(error) if order.json => {
            let told = json!({ "profile": order.profile, "error": error.to_string(), "faults": error.faults() });
            return (format!("{told:#}"), 2);
        }
        Err(error) => return (error.told(order.lang), 2),
    };
    let now = Utc(jiff::Timestamp::now().as_millisecond());
    let premises = Premises {
        data: order.data,
        credentials: cameras::credentials(),
        now,
    };
    let report = check::check(&profile, &premises, probe, sealing::look(&profile)).await;
    let told = match order.json {
        true => format!("{:#}", json!(report)),
        false => report.told(order.lang),
    };
    (told, report.exit_code())
}

async fn probe(source: check::Source) -> SourceSeen {
    let source = match source {
        check::Source::Camera(camera, sign_in) => cameras::camera_source(&camera, sign_in),
        check::Source::Microphone(microphone) => cameras::microphone_source(&microphone),
    };
    match source {
        Ok(source) => look(&source).await,
        Err(error) => {
            let detail = format!("{error:#}");
            let fault = StreamFault {
                stage: Stage::Local,
                fault: SourceFault::Misconfigured { detail },
            };
            SourceSeen {
                main: Err(fault),
                sub: None,
            }
        }
    }
}

async fn look(source: &Source) -> SourceSeen {
    let seen = capture::probe(source, PATIENCE).await;
    SourceSeen {
        main: told(seen.main),
        sub: seen.sub.map(told),
    }
}

fn told(stream: Result<StreamReport, ProbeFault>) -> Result<StreamSeen, StreamFault> {
    match stream {
        Ok(report) => {
            let codec = |kind| report.formats.get(&kind).map(|format| codec(format.codec));
            Ok(StreamSeen {
                video: codec(TrackKind::Video),
                size: report.size,
                audio: codec(TrackKind::Audio),
                incomplete: !report.missing.is_empty(),
            })
        }
        Err(fault) => {
            let stage = match fault.stage() {
                capture::Stage::Resolve => Stage::Resolve,
                capture::Stage::Connect => Stage::Connect,
                capture::Stage::Auth => Stage::SignIn,
                capture::Stage::Describe => Stage::Describe,
                capture::Stage::Media => Stage::Media,
                capture::Stage::Local => Stage::Local,
            };
            Err(StreamFault {
                stage,
                fault: fault.fault,
            })
        }
    }
}

fn codec(codec: feed::Codec) -> Codec {
    Codec {
        name: codec.name().to_owned(),
        live: codec.is_live(),
    }
}

//! Owns the look at a source before it is used: what it sends, and whether a browser can show it.

use super::fault::Stage;
use super::live::is_showable;
use super::local;
use super::pipeline::Output;
use super::rtsp::Wanted;
use super::source::Source;
use super::worker::Input;
use crate::media::feed::{Format, TrackKind};
use crate::room::SourceFault;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What a source sends.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// The stream that is recorded.
    pub main: Result<StreamReport, ProbeFault>,
    /// The small one, where one is configured.
    pub sub: Option<Result<StreamReport, ProbeFault>>,
}

impl Probe {
    /// Whether any browser shows its picture; of a microphone, whether it can be heard.
    pub fn is_showable(&self) -> bool {
        let sub = self.sub.as_ref().and_then(|sub| sub.as_ref().ok());
        let pictures = self
            .main
            .iter()
            .chain(sub)
            .filter_map(|s| s.formats.get(&TrackKind::Video));
        let has_picture = pictures.clone().count() > 0;
        let sound_only = !has_picture && self.main.as_ref().is_ok_and(|m| !m.formats.is_empty());
        sound_only || pictures.into_iter().any(|format| is_showable(format))
    }
}

/// What one stream sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamReport {
    /// Its tracks.
    pub formats: BTreeMap<TrackKind, Arc<Format>>,
    /// The picture's size in pixels.
    pub size: Option<(u32, u32)>,
    /// Tracks that it announced and did not send in time.
    pub missing: Vec<TrackKind>,
    /// Encodings that it offers and that cannot be recorded, e.g. `G726-32`: the camera is to be set to
    /// another. Its metadata is named here too.
    pub unusable: Vec<String>,
}

/// Which of a camera's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The recorded one.
    Main,
    /// The small one.
    Sub,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Which::Main => "main stream",
            Which::Sub => "sub stream",
        })
    }
}

/// Why a stream cannot be used, and how far it was got.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{which}: {fault}")]
pub struct ProbeFault {
    /// The stream.
    pub which: Which,
    /// Why.
    pub fault: SourceFault,
}

impl ProbeFault {
    /// How far it was got.
    pub fn stage(&self) -> Stage {
        Stage::of(&self.fault)
    }
}

/// Connects to a source and looks for at most `timeout` a stream. Both streams are looked at at once.
pub async fn probe(source: &Source, timeout: Duration) -> Probe {
    let (main, sub) = match source.clone() {
        Source::Rtsp { main, sub } => (
            Input::Rtsp(main, Wanted::All),
            sub.map(|s| Input::Rtsp(s, Wanted::PictureOnly)),
        ),
        Source::V4l2 { camera, sound } => {
            (Input::Local(local::v4l2(&camera, sound.as_ref())), None)
        }
        Source::Alsa(device) => (Input::Local(local::alsa(&device)), None),
        Source::Test(pattern) => (Input::Local(local::test(pattern)), None),
    };
    let sub = async {
        match &sub {
            Some(sub) => Some(look(sub, Which::Sub, timeout).await),
            None => None,
        }
    };
    let (main, sub) = tokio::join!(look(&main, Which::Main, timeout), sub);
    Probe { main, sub }
}

async fn look(input: &Input, which: Which, timeout: Duration) -> Result<StreamReport, ProbeFault> {
    let failed = |fault| ProbeFault { which, fault };
    let mut report = StreamReport {
        formats: BTreeMap::new(),
        size: None,
        missing: Vec::new(),
        unusable: Vec::new(),
    };
    let mut announced = Default::default();
    let looking = async {
        let mut pipeline = input.open().await?;
        loop {
            match pipeline.next().await {
                Output::Unit(raw) => {
                    report.size = report.size.or(raw.size);
                    report.formats.insert(raw.format.codec.track(), raw.format);
                }
                Output::Ended(fault) => return Err(fault),
            }
            announced = pipeline.announced();
            report.unusable = pipeline.declined().into_iter().collect();
            // a picture's set-up comes with its first key frame
            let whole = report
                .formats
                .get(&TrackKind::Video)
                .is_none_or(|video| !video.setup.is_empty());
            if whole
                && announced
                    .iter()
                    .all(|track| report.formats.contains_key(track))
            {
                return Ok(());
            }
        }
    };
    match tokio::time::timeout(timeout, looking).await {
        Ok(Ok(())) => Ok(report),
        Ok(Err(fault)) => Err(failed(fault)),
        Err(_) if report.formats.is_empty() => {
            let track = announced.first().copied().unwrap_or(TrackKind::Video);
            Err(failed(SourceFault::NeverCame {
                track: track.into(),
                after: timeout.into(),
            }))
        }
        Err(_) => {
            report.missing = announced
                .into_iter()
                .filter(|t| !report.formats.contains_key(t))
                .collect();
            Ok(report)
        }
    }
}

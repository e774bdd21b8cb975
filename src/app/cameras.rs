//! Owns how the profile's cameras and microphones become sources, and how one is looked at by `bidroom check`.

use crate::config::check::{Codec as SeenCodec, Source as Checked, SourceSeen, Stage as SeenStage, StreamFault, StreamSeen};
use crate::config::{Camera, CameraSource, Microphone, PictureFormat as Pictures, PictureLimit, Profile, SignIn, VideoSource};
use crate::media::capture::{
    self, PictureFormat, ProbeFault, RtspSource, Source, Stage, StreamReport, TestPattern, V4l2Source,
};
use crate::media::feed::{Codec, TrackKind};
use crate::room::FeedId;
use anyhow::Context;
use std::path::PathBuf;
use std::time::Duration;

/// The pitch of a made tone, Hz.
const TONE: u32 = 440;
/// How long a stream may take to show itself.
const LOOK: Duration = Duration::from_secs(8);

/// The profile's sources by feed.
///
/// # Errors
/// A password that cannot be read, or a device name that is none; the camera is named.
pub(super) fn sources(profile: &Profile) -> anyhow::Result<Vec<(FeedId, Source)>> {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let cameras = profile.cameras.iter().map(|camera| {
        let named = || format!("camera {}", camera.id);
        let sign_in = match &camera.source {
            VideoSource::Rtsp(streams) => streams.sign_in(credentials.as_deref()).with_context(named)?,
            VideoSource::Device { .. } | VideoSource::TestPattern(_) => None,
        };
        Ok((camera.id.clone(), camera_source(camera, sign_in).with_context(named)?))
    });
    let microphones = profile.microphones.iter().map(|microphone| {
        let source = microphone_source(microphone).with_context(|| format!("microphone {}", microphone.id))?;
        Ok((microphone.id.clone(), source))
    });
    cameras.chain(microphones).collect()
}

/// Looks at a source for `bidroom check`.
pub(super) async fn look(checked: Checked) -> SourceSeen {
    let source = match &checked {
        Checked::Camera(camera, sign_in) => camera_source(camera, sign_in.clone()),
        Checked::Microphone(microphone) => microphone_source(microphone),
    };
    match source {
        Ok(source) => {
            let probe = capture::probe(&source, LOOK).await;
            SourceSeen { main: seen(probe.main), sub: probe.sub.map(seen) }
        }
        Err(error) => {
            let fault = StreamFault { stage: SeenStage::Local, reason: format!("{error:#}") };
            SourceSeen { main: Err(fault), sub: None }
        }
    }
}

fn seen(stream: Result<StreamReport, ProbeFault>) -> Result<StreamSeen, StreamFault> {
    let report = stream.map_err(|fault| StreamFault { stage: stage(fault.stage()), reason: fault.to_string() })?;
    let codec = |track: TrackKind| {
        let codec = report.formats.get(&track)?.codec;
        Some(SeenCodec { name: codec_name(codec).to_owned(), live: codec.is_live() })
    };
    Ok(StreamSeen {
        video: codec(TrackKind::Video),
        size: report.size,
        audio: codec(TrackKind::Audio),
        incomplete: !report.missing.is_empty(),
    })
}

fn stage(stage: Stage) -> SeenStage {
    match stage {
        Stage::Resolve => SeenStage::Resolve,
        Stage::Connect => SeenStage::Connect,
        Stage::Auth => SeenStage::SignIn,
        Stage::Describe => SeenStage::Describe,
        Stage::Media => SeenStage::Media,
        Stage::Local => SeenStage::Local,
    }
}

/// What people call a codec.
pub(super) fn codec_name(codec: Codec) -> &'static str {
    match codec {
        Codec::H264 => "H.264",
        Codec::H265 => "H.265",
        Codec::Opus => "Opus",
        Codec::Aac => "AAC",
        Codec::Pcma => "G.711 A",
        Codec::Pcmu => "G.711 µ",
    }
}

fn camera_source(camera: &Camera, sign_in: Option<SignIn>) -> anyhow::Result<Source> {
    Ok(match &camera.source {
        VideoSource::Rtsp(streams) => rtsp(streams, sign_in)?,
        VideoSource::Device { device, format, picture, audio } => Source::V4l2 {
            camera: V4l2Source {
                device: device.clone(),
                format: match format {
                    Pictures::Mjpeg => PictureFormat::Mjpeg,
                    Pictures::Raw => PictureFormat::Raw,
                },
                width: picture.width.into(),
                height: picture.height.into(),
                fps: picture.fps.into(),
                kbps: picture.bits_per_second / 1000,
            },
            sound: audio.as_deref().map(str::parse).transpose()?,
        },
        VideoSource::TestPattern(picture) => Source::Test(pattern(*picture)),
    })
}

fn pattern(picture: PictureLimit) -> TestPattern {
    TestPattern {
        width: picture.width.into(),
        height: picture.height.into(),
        fps: picture.fps.into(),
        kbps: picture.bits_per_second / 1000,
        tone_hz: TONE,
    }
}

fn rtsp(streams: &CameraSource, sign_in: Option<SignIn>) -> anyhow::Result<Source> {
    let (username, password) = match sign_in {
        Some(sign_in) => (sign_in.username, sign_in.password.expose().to_owned()),
        None => Default::default(),
    };
    let stream = |url: &crate::config::RtspUrl| -> anyhow::Result<RtspSource> {
        let url = url.to_string().parse()?;
        Ok(RtspSource { url, username: username.clone(), password: password.clone().into() })
    };
    let sub = streams.sub.as_ref().map(stream).transpose()?;
    Ok(Source::Rtsp { main: stream(&streams.main)?, sub })
}

fn microphone_source(microphone: &Microphone) -> anyhow::Result<Source> {
    Ok(Source::Alsa(microphone.device.parse()?))
}

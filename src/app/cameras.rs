//! Owns how the profile's cameras and microphones become sources.

use crate::config::{Camera, CameraSource, Profile, VideoSource};
use crate::media::capture::{PictureFormat, RtspSource, Source, TestPattern, V4l2Source};
use crate::room::FeedId;
use anyhow::Context;
use std::path::PathBuf;

/// What a camera at the box itself is asked for.
const DEVICE: (u32, u32, u32, u32) = (1280, 720, 25, 2_000);

/// The profile's sources by feed.
///
/// # Errors
/// A password that cannot be read, or a device name that is none; the camera is named.
pub(super) fn sources(profile: &Profile) -> anyhow::Result<Vec<(FeedId, Source)>> {
    let cameras = profile.cameras.iter().map(|camera| {
        let source = camera_source(camera).with_context(|| format!("camera {}", camera.id))?;
        Ok((camera.id.clone(), source))
    });
    let microphones = profile.microphones.iter().map(|microphone| {
        let named = || format!("microphone {}", microphone.id);
        let source = match microphone.simulated {
            true => Source::Test(tone_only()),
            false => Source::Alsa(microphone.device.parse().with_context(named)?),
        };
        Ok((microphone.id.clone(), source))
    });
    cameras.chain(microphones).collect()
}

fn camera_source(camera: &Camera) -> anyhow::Result<Source> {
    Ok(match &camera.source {
        VideoSource::Rtsp(streams) => rtsp(streams)?,
        VideoSource::Device { device, audio } => {
            let (width, height, fps, kbps) = DEVICE;
            let sound = audio.as_deref().map(str::parse).transpose()?;
            let format = PictureFormat::Raw;
            Source::V4l2 {
                camera: V4l2Source {
                    device: device.clone(),
                    format,
                    width,
                    height,
                    fps,
                    kbps,
                },
                sound,
            }
        }
    })
}

fn rtsp(streams: &CameraSource) -> anyhow::Result<Source> {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let sign_in = streams.sign_in(credentials.as_deref())?;
    let (username, password) = match sign_in {
        Some(sign_in) => (sign_in.username, sign_in.password.expose().to_owned()),
        None => Default::default(),
    };
    let stream = |url: &crate::config::RtspUrl| -> anyhow::Result<RtspSource> {
        let url = url.to_string().parse()?;
        Ok(RtspSource {
            url,
            username: username.clone(),
            password: password.clone().into(),
        })
    };
    let sub = streams.sub.as_ref().map(stream).transpose()?;
    Ok(Source::Rtsp {
        main: stream(&streams.main)?,
        sub,
    })
}

fn tone_only() -> TestPattern {
    TestPattern {
        width: 320,
        height: 180,
        fps: 5,
        kbps: 100,
        tone_hz: 440,
    }
}

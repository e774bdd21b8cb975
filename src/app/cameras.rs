//! Owns how the profile's cameras and microphones become sources, and how one is looked at by `bidroom check`.

use crate::config::{
    self, Camera, CameraSource, Microphone, PictureLimit, Profile, SignIn, VideoSource,
};
use crate::media::capture::{PictureFormat, RtspSource, Source, TestPattern, V4l2Source};
use crate::room::FeedId;
use std::path::{Path, PathBuf};

/// The tone of a made picture, in Hz.
const TONE_HZ: u32 = 440;

/// The profile's sources by feed. One that cannot be used (a password that cannot be read, a device name that is none)
/// is an error of its own: the others run.
pub(super) fn sources(profile: &Profile) -> Vec<(FeedId, anyhow::Result<Source>)> {
    let credentials = credentials();
    let cameras = profile.cameras.iter().map(|camera| {
        let source = sign_in(camera, credentials.as_deref())
            .map_err(anyhow::Error::from)
            .and_then(|sign_in| camera_source(camera, sign_in));
        (camera.id.clone(), source)
    });
    let microphones = profile
        .microphones
        .iter()
        .map(|microphone| (microphone.id.clone(), microphone_source(microphone)));
    cameras.chain(microphones).collect()
}

/// Where systemd put the credentials of the daemon's unit.
pub(super) fn credentials() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

fn sign_in(
    camera: &Camera,
    credentials: Option<&Path>,
) -> Result<Option<SignIn>, config::PasswordError> {
    match &camera.source {
        VideoSource::Rtsp(streams) => streams.sign_in(credentials),
        VideoSource::Device { .. } | VideoSource::TestPattern(_) => Ok(None),
    }
}

/// How media reads a camera.
pub(super) fn camera_source(camera: &Camera, sign_in: Option<SignIn>) -> anyhow::Result<Source> {
    Ok(match &camera.source {
        VideoSource::Rtsp(streams) => rtsp(streams, sign_in)?,
        VideoSource::Device {
            device,
            format,
            picture,
            audio,
        } => {
            let sound = audio.as_deref().map(str::parse).transpose()?;
            let format = match format {
                config::PictureFormat::Mjpeg => PictureFormat::Mjpeg,
                config::PictureFormat::Raw => PictureFormat::Raw,
            };
            let camera = V4l2Source {
                device: device.clone(),
                format,
                width: picture.width.into(),
                height: picture.height.into(),
                fps: picture.fps.into(),
                kbps: picture.bits_per_second / 1000,
            };
            Source::V4l2 { camera, sound }
        }
        VideoSource::TestPattern(picture) => Source::Test(pattern(picture)),
    })
}

/// How media reads a microphone.
pub(super) fn microphone_source(microphone: &Microphone) -> anyhow::Result<Source> {
    Ok(match microphone.simulated {
        true => Source::Test(TestPattern {
            width: 320,
            height: 180,
            fps: 5,
            kbps: 100,
            tone_hz: TONE_HZ,
        }),
        false => Source::Alsa(microphone.device.parse()?),
    })
}

fn rtsp(streams: &CameraSource, sign_in: Option<SignIn>) -> anyhow::Result<Source> {
    let (username, password) = match sign_in {
        Some(sign_in) => (sign_in.username, sign_in.password.expose().to_owned()),
        None => Default::default(),
    };
    let stream = |url: &config::RtspUrl| -> anyhow::Result<RtspSource> {
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

fn pattern(picture: &PictureLimit) -> TestPattern {
    TestPattern {
        width: picture.width.into(),
        height: picture.height.into(),
        fps: picture.fps.into(),
        kbps: picture.bits_per_second / 1000,
        tone_hz: TONE_HZ,
    }
}

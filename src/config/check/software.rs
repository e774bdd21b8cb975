//! Owns the check of the media software: every GStreamer element that the daemon uses, and the
//! Debian package that brings it.

use super::finding::{Finding, Level};
use crate::config::{Profile, VideoSource};
use gstreamer as gst;

const BASE: &str = "gstreamer1.0-plugins-base";
const GOOD: &str = "gstreamer1.0-plugins-good";
const BAD: &str = "gstreamer1.0-plugins-bad";
const UGLY: &str = "gstreamer1.0-plugins-ugly";
const ALSA: &str = "gstreamer1.0-alsa";

/// For every network camera.
const NETWORK: &[(&str, &str)] = &[
    ("rtspsrc", GOOD),
    ("rtpjitterbuffer", GOOD),
    ("rtph264depay", GOOD),
    ("rtph265depay", GOOD),
    ("rtpmp4gdepay", GOOD),
    ("rtppcmadepay", GOOD),
    ("rtppcmudepay", GOOD),
    ("rtpopusdepay", GOOD),
    ("h264parse", BAD),
    ("h265parse", BAD),
    ("aacparse", GOOD),
    ("faad", BAD),
];

/// For every source.
const EVERY: &[(&str, &str)] = &[
    ("appsrc", BASE),
    ("appsink", BASE),
    ("audioconvert", BASE),
    ("audioresample", BASE),
    ("opusenc", BASE),
];

/// For cameras at the box and made pictures.
const LOCAL: &[(&str, &str)] = &[
    ("videoconvert", BASE),
    ("videoscale", BASE),
    ("x264enc", UGLY),
    ("h264parse", BAD),
];

pub(super) fn check(profile: &Profile) -> Finding {
    let subject = text!("媒体组件", "Media software");
    if let Err(error) = gst::init() {
        return Finding::bad(
            Level::Fault,
            "software",
            subject,
            text!("GStreamer 无法启动", "GStreamer does not start"),
            text!("{error}", "{error}"),
            text!(
                "重新安装：apt-get install --reinstall libgstreamer1.0-0",
                "install it again: apt-get install --reinstall libgstreamer1.0-0"
            ),
        );
    }
    let wanted = wanted(profile);
    let (count, version) = (wanted.len(), gst::version_string());
    judge(
        wanted
            .into_iter()
            .filter(|(name, _)| gst::ElementFactory::find(name).is_none()),
    )
    .unwrap_or_else(|| {
        let result = text!(
            "{count} 个组件齐全（{version}）",
            "all {count} elements there ({version})"
        );
        Finding::ok("software", subject, result)
    })
}

fn wanted(profile: &Profile) -> Vec<(&'static str, &'static str)> {
    let mut wanted = EVERY.to_vec();
    for camera in &profile.cameras {
        match &camera.source {
            VideoSource::Rtsp(_) => wanted.extend(NETWORK),
            VideoSource::Device { audio, .. } => {
                wanted.extend(LOCAL);
                wanted.extend([("v4l2src", GOOD), ("jpegdec", GOOD)]);
                wanted.extend(audio.iter().map(|_| ("alsasrc", ALSA)));
            }
            VideoSource::TestPattern(_) => {
                wanted.extend(LOCAL);
                wanted.extend([
                    ("videotestsrc", BASE),
                    ("audiotestsrc", BASE),
                    ("timeoverlay", BASE),
                ]);
            }
        }
    }
    wanted.extend(profile.microphones.iter().map(|_| ("alsasrc", ALSA)));
    wanted.sort();
    wanted.dedup();
    wanted
}

/// The fault that these missing elements are; none where none is missing.
pub(super) fn judge(
    missing: impl Iterator<Item = (&'static str, &'static str)>,
) -> Option<Finding> {
    let (names, mut packages): (Vec<_>, Vec<_>) = missing.unzip();
    if names.is_empty() {
        return None;
    }
    packages.sort_unstable();
    packages.dedup();
    let (names, packages) = (names.join(", "), packages.join(" "));
    Some(Finding::bad(
        Level::Fault,
        "software",
        text!("媒体组件", "Media software"),
        text!("缺少 {names}", "{names} missing"),
        text!(
            "GStreamer 插件未安装",
            "GStreamer's plug-ins are not installed"
        ),
        text!("apt-get install {packages}", "apt-get install {packages}"),
    ))
}

//! Owns what GStreamer's messages say of a source, and how far it was got before it failed.

use crate::room::{SourceFault, Track};
use gstreamer as gst;
use gstreamer::prelude::*;

/// The element that talks with a camera.
const RTSP: &str = "rtspsrc";

/// How far a source was got before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Finding the host's address.
    Resolve,
    /// Connecting to it.
    Connect,
    /// Signing in.
    Auth,
    /// Asking what it sends.
    Describe,
    /// Getting pictures and sound.
    Media,
    /// Using the box's own devices or software.
    Local,
}

impl Stage {
    /// How far the source was got that has this fault.
    pub fn of(fault: &SourceFault) -> Self {
        match fault {
            SourceFault::HostUnknown { .. } => Stage::Resolve,
            SourceFault::ConnectionRefused { .. }
            | SourceFault::NoAnswer { .. }
            | SourceFault::Unreachable { .. } => Stage::Connect,
            SourceFault::WrongCredentials => Stage::Auth,
            SourceFault::NoSuchStream
            | SourceFault::OddAnswer { .. }
            | SourceFault::Unanswered
            | SourceFault::NothingUsable { .. } => Stage::Describe,
            SourceFault::Closed
            | SourceFault::NeverCame { .. }
            | SourceFault::Stalled { .. }
            | SourceFault::Unreadable { .. }
            | SourceFault::CodecChanged
            | SourceFault::ClockJumped { .. }
            | SourceFault::CaptureStopped
            | SourceFault::DaemonStarted
            | SourceFault::WorkstationLeft
            | SourceFault::WorkstationReplaced
            | SourceFault::WorkstationUnheard
            | SourceFault::ConnectionFailed => Stage::Media,
            SourceFault::Device { .. }
            | SourceFault::Software { .. }
            | SourceFault::Misconfigured { .. }
            | SourceFault::Other { .. } => Stage::Local,
        }
    }
}

/// The fault that a pipeline's message tells of, if it tells of one.
pub(super) fn of_message(message: &gst::MessageRef) -> Option<SourceFault> {
    use gst::MessageView;
    let teller = message.src().map(kind_of).unwrap_or_default();
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "GStreamer's list of messages is open"
    )]
    match message.view() {
        MessageView::Error(error) => {
            let debug = error
                .debug()
                .map(|text| text.to_string())
                .unwrap_or_default();
            Some(of_error(&error.error(), &debug, &teller))
        }
        // the one warning that ends a stream: rtspsrc says so before it sends its end
        MessageView::Warning(warning) if teller == RTSP => (warning.error().kind()
            == Some(gst::ResourceError::Read))
        .then_some(SourceFault::Closed),
        MessageView::Eos(_) => Some(SourceFault::Closed),
        _ => None,
    }
}

/// `teller` is the kind of element that tells it.
fn of_error(error: &gst::glib::Error, debug: &str, teller: &str) -> SourceFault {
    use gst::{ResourceError, StreamError};
    let words = last_line(debug).unwrap_or_else(|| error.message());
    if words.contains("not-negotiated") || error.kind() == Some(StreamError::WrongType) {
        return SourceFault::CodecChanged;
    }
    // rtph264depay, h265parse, aacparse: what came is not what was announced
    let reads = teller.ends_with("depay") || teller.ends_with("parse");
    if reads && error.kind::<StreamError>().is_some() {
        let is_picture = teller.contains("h26");
        return SourceFault::Unreadable {
            track: if is_picture {
                Track::Video
            } else {
                Track::Audio
            },
        };
    }
    if teller != RTSP {
        return match error.kind::<ResourceError>() {
            Some(_) => SourceFault::Device {
                detail: words.to_owned(),
            },
            None => SourceFault::Software {
                detail: words.to_owned(),
            },
        };
    }
    match error.kind::<ResourceError>() {
        Some(ResourceError::NotAuthorized) => SourceFault::WrongCredentials,
        Some(ResourceError::NotFound) => SourceFault::NoSuchStream,
        Some(_) if words.contains("Unauthorized") => SourceFault::WrongCredentials,
        Some(_) if words.contains("Not Found") => SourceFault::NoSuchStream,
        Some(_) if words.contains("(Timeout") => SourceFault::Unanswered,
        // a reset, or an end where an answer was due (gstrtspdefs: GST_RTSP_ESYS, GST_RTSP_EEOF)
        Some(_) if words.contains("(System error)") || words.contains("end-of-file") => {
            SourceFault::Closed
        }
        Some(_) if words.contains("closed the connection") => SourceFault::Closed,
        Some(_) if words.contains("did not select transport") => SourceFault::OddAnswer {
            detail: "it describes the stream and sets up no transport for it".into(),
        },
        Some(_) | None => SourceFault::OddAnswer {
            detail: words.to_owned(),
        },
    }
}

/// The kind of element that an object is.
fn kind_of(object: &gst::Object) -> String {
    object
        .downcast_ref::<gst::Element>()
        .and_then(|e| e.factory())
        .map(|factory| factory.name().to_string())
        .unwrap_or_default()
}

/// GStreamer's debug text is `file(line): function (): /path:\nwhat happened`.
fn last_line(debug: &str) -> Option<&str> {
    debug
        .lines()
        .skip(1)
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .last()
}

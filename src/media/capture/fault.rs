//! Owns what GStreamer's messages say of a source, and how far it was got before it failed.

use crate::room::SourceFault;
use gstreamer as gst;
use gstreamer::prelude::*;

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
    let from_rtsp = message.src().is_some_and(is_rtsp);
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
            Some(of_error(&error.error(), &debug, from_rtsp))
        }
        // the one warning that ends a stream: rtspsrc says so before it sends its end
        MessageView::Warning(warning) if from_rtsp => (warning.error().kind()
            == Some(gst::ResourceError::Read))
        .then_some(SourceFault::Closed),
        MessageView::Eos(_) => Some(SourceFault::Closed),
        _ => None,
    }
}

fn of_error(error: &gst::glib::Error, debug: &str, from_rtsp: bool) -> SourceFault {
    use gst::{ResourceError, StreamError};
    let words = last_line(debug).unwrap_or_else(|| error.message());
    if words.contains("not-negotiated") || error.kind() == Some(StreamError::WrongType) {
        return SourceFault::CodecChanged;
    }
    if !from_rtsp {
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
fn is_rtsp(object: &gst::Object) -> bool {
    object
        .downcast_ref::<gst::Element>()
        .and_then(|e| e.factory())
        .is_some_and(|f| f.name() == "rtspsrc")
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

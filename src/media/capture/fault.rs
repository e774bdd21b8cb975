//! Owns why a source cannot be had or was lost, in words for the technician.

use crate::media::feed::TrackKind;
use gstreamer as gst;
use gstreamer::prelude::*;
use std::time::Duration;

/// Why a source gives nothing. Carries addresses, never credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The name server does not know the host.
    #[error("the host name {host} cannot be resolved")]
    Unresolved {
        /// The name.
        host: String,
    },
    /// Nobody listens there.
    #[error("connection refused by {address}")]
    Refused {
        /// Host and port.
        address: String,
    },
    /// Nobody answers there.
    #[error("timeout: {address} does not answer")]
    NoAnswer {
        /// Host and port.
        address: String,
    },
    /// No way leads there.
    #[error("{address} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// What the system says.
        reason: String,
    },
    /// The camera refuses user name or password.
    #[error("wrong credentials: the camera refuses the user name or password")]
    WrongCredentials,
    /// The camera knows no such path.
    #[error("no such stream on the camera")]
    NoSuchStream,
    /// The camera's answers are not those of an RTSP server.
    #[error("the camera answers wrongly: {0}")]
    Protocol(String),
    /// The camera leaves a request without answer.
    #[error("timeout: the camera leaves a request unanswered")]
    Unanswered,
    /// The camera ended the connection.
    #[error("closed by the camera")]
    Closed,
    /// The stream holds no picture and no sound that can be recorded.
    #[error("the stream holds no picture or sound that can be recorded")]
    NothingUsable,
    /// What was announced never came.
    #[error("no {} came within {} ms of connecting", noun(*.track), .after.as_millis())]
    NeverCame {
        /// Picture or sound.
        track: TrackKind,
        /// How long it was waited for.
        after: Duration,
    },
    /// What came has stopped.
    #[error("no {} for {} ms", noun(*.track), .after.as_millis())]
    Stalled {
        /// Picture or sound.
        track: TrackKind,
        /// How long nothing has come.
        after: Duration,
    },
    /// The stream turned into another while it ran.
    #[error("codec changed")]
    CodecChanged,
    /// A device of the box cannot be used.
    #[error("the device cannot be used: {0}")]
    Device(String),
    /// Media software of the box is missing or failed.
    #[error("media pipeline: {0}")]
    Pipeline(String),
}

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

impl Fault {
    /// How far the source was got.
    pub fn stage(&self) -> Stage {
        match self {
            Fault::Unresolved { .. } => Stage::Resolve,
            Fault::Refused { .. } | Fault::NoAnswer { .. } | Fault::Unreachable { .. } => {
                Stage::Connect
            }
            Fault::WrongCredentials => Stage::Auth,
            Fault::NoSuchStream | Fault::Protocol(_) | Fault::Unanswered | Fault::NothingUsable => {
                Stage::Describe
            }
            Fault::Closed
            | Fault::NeverCame { .. }
            | Fault::Stalled { .. }
            | Fault::CodecChanged => Stage::Media,
            Fault::Device(_) | Fault::Pipeline(_) => Stage::Local,
        }
    }

    /// The fault that a pipeline's message tells of, if it tells of one.
    pub(super) fn of_message(message: &gst::MessageRef) -> Option<Self> {
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
                Some(Self::of_error(&error.error(), &debug, from_rtsp))
            }
            // the one warning that ends a stream: rtspsrc says so before it sends its end
            MessageView::Warning(warning) if from_rtsp => {
                (warning.error().kind() == Some(gst::ResourceError::Read)).then_some(Fault::Closed)
            }
            MessageView::Eos(_) => Some(Fault::Closed),
            _ => None,
        }
    }

    fn of_error(error: &gst::glib::Error, debug: &str, from_rtsp: bool) -> Self {
        use gst::{ResourceError, StreamError};
        let words = last_line(debug).unwrap_or_else(|| error.message());
        if words.contains("not-negotiated") || error.kind() == Some(StreamError::WrongType) {
            return Fault::CodecChanged;
        }
        if !from_rtsp {
            return match error.kind::<ResourceError>() {
                Some(_) => Fault::Device(words.to_owned()),
                None => Fault::Pipeline(words.to_owned()),
            };
        }
        match error.kind::<ResourceError>() {
            Some(ResourceError::NotAuthorized) => Fault::WrongCredentials,
            Some(ResourceError::NotFound) => Fault::NoSuchStream,
            Some(_) if words.contains("Unauthorized") => Fault::WrongCredentials,
            Some(_) if words.contains("Not Found") => Fault::NoSuchStream,
            Some(_) if words.contains("(Timeout") => Fault::Unanswered,
            // a reset, or an end where an answer was due (gstrtspdefs: GST_RTSP_ESYS, GST_RTSP_EEOF)
            Some(_) if words.contains("(System error)") || words.contains("end-of-file") => {
                Fault::Closed
            }
            Some(_) if words.contains("closed the connection") => Fault::Closed,
            Some(_) if words.contains("did not select transport") => {
                Fault::Protocol("it describes the stream and sets up no transport for it".into())
            }
            Some(_) | None => Fault::Protocol(words.to_owned()),
        }
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

fn noun(track: TrackKind) -> &'static str {
    match track {
        TrackKind::Video => "picture",
        TrackKind::Audio => "sound",
    }
}

//! Owns why a camera, microphone or workstation sends nothing, or not what it should.

use super::recordings::Track;
use super::time::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// What is wrong with a source. Carries addresses, never credentials. The pages say it in their language
/// and what to do; `Display` is English, for logs and `ctl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum SourceFault {
    /// The name server does not know the host.
    HostUnknown { host: String },
    /// Nobody listens there.
    ConnectionRefused { address: String },
    /// Nobody answers there.
    NoAnswer { address: String },
    /// No way leads there; the reason is the system's.
    Unreachable { address: String, reason: String },
    /// The camera refuses user name or password.
    WrongCredentials,
    /// The camera knows no such path.
    NoSuchStream,
    /// The camera's answers are not those of an RTSP server.
    OddAnswer { detail: String },
    /// The camera leaves a request without answer.
    Unanswered,
    /// The camera ended the connection.
    Closed,
    /// The stream holds no picture and no sound that can be recorded; what it offers instead.
    NothingUsable { offered: Vec<String> },
    /// What was announced never came.
    NeverCame { track: Track, after: Span },
    /// What came has stopped.
    Stalled { track: Track, after: Span },
    /// Packets come, and nothing that can be decoded is in them.
    Unreadable { track: Track },
    /// The stream turned into another while it ran.
    CodecChanged,
    /// The camera's timestamps leapt; its recording goes on by the box's clock.
    ClockJumped { track: Track },
    /// A device of the box cannot be used.
    Device { detail: String },
    /// Media software of the box is missing or failed.
    Software { detail: String },
    /// What the profile says of it cannot be used.
    Misconfigured { detail: String },
    /// The daemon stopped looking at it.
    CaptureStopped,
    /// The daemon was started, and nothing has come since.
    DaemonStarted,
    /// The workstation said goodbye.
    WorkstationLeft,
    /// The workstation connected anew.
    WorkstationReplaced,
    /// The workstation is not heard any more.
    WorkstationUnheard,
    /// The workstation's connection failed.
    ConnectionFailed,
    /// In words of its own.
    Other { detail: String },
}

impl SourceFault {
    /// Reads what older journals hold: a sentence.
    pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Fault(SourceFault),
            Sentence(String),
        }
        Ok(match Written::deserialize(from)? {
            Written::Fault(fault) => fault,
            Written::Sentence(detail) => SourceFault::Other { detail },
        })
    }
}

impl fmt::Display for SourceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceFault::HostUnknown { host } => {
                write!(f, "the host name {host} cannot be resolved")
            }
            SourceFault::ConnectionRefused { address } => {
                write!(f, "connection refused by {address}")
            }
            SourceFault::NoAnswer { address } => write!(f, "timeout: {address} does not answer"),
            SourceFault::Unreachable { address, reason } => {
                write!(f, "{address} cannot be reached: {reason}")
            }
            SourceFault::WrongCredentials => {
                f.write_str("wrong credentials: the camera refuses the user name or password")
            }
            SourceFault::NoSuchStream => f.write_str("no such stream on the camera"),
            SourceFault::OddAnswer { detail } => write!(f, "the camera answers wrongly: {detail}"),
            SourceFault::Unanswered => {
                f.write_str("timeout: the camera leaves a request unanswered")
            }
            SourceFault::Closed => f.write_str("closed by the camera"),
            SourceFault::NothingUsable { offered } => write!(
                f,
                "the stream holds no picture or sound that can be recorded, only: {}",
                offered.join(", ")
            ),
            SourceFault::NeverCame { track, after } => {
                write!(
                    f,
                    "no {} came within {} ms of connecting",
                    noun(*track),
                    after.0
                )
            }
            SourceFault::Stalled { track, after } => {
                write!(f, "no {} for {} ms", noun(*track), after.0)
            }
            SourceFault::Unreadable { track } => {
                write!(
                    f,
                    "packets come, and the {} in them cannot be read",
                    noun(*track)
                )
            }
            SourceFault::CodecChanged => f.write_str("codec changed"),
            SourceFault::ClockJumped { track } => {
                write!(f, "the timestamps of its {} leapt", noun(*track))
            }
            SourceFault::Device { detail } => write!(f, "the device cannot be used: {detail}"),
            SourceFault::Software { detail } => write!(f, "media pipeline: {detail}"),
            SourceFault::Misconfigured { detail } => {
                write!(f, "what the profile says of it cannot be used: {detail}")
            }
            SourceFault::CaptureStopped => f.write_str("its capture was stopped"),
            SourceFault::DaemonStarted => f.write_str("the daemon was started"),
            SourceFault::WorkstationLeft => f.write_str("the workstation ended it"),
            SourceFault::WorkstationReplaced => f.write_str("the workstation connected anew"),
            SourceFault::WorkstationUnheard => f.write_str("the workstation is not heard"),
            SourceFault::ConnectionFailed => f.write_str("the workstation's connection failed"),
            SourceFault::Other { detail } => f.write_str(detail),
        }
    }
}

fn noun(track: Track) -> &'static str {
    match track {
        Track::Video => "picture",
        Track::Audio => "sound",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Event {
        #[serde(deserialize_with = "SourceFault::read")]
        cause: SourceFault,
    }

    #[test]
    fn sentences_of_older_journals_are_read() {
        let read = |text: &str| serde_json::from_str::<Event>(text).unwrap().cause;
        assert_eq!(
            read(r#"{"cause": "unplugged"}"#),
            SourceFault::Other {
                detail: "unplugged".to_owned()
            }
        );
        let track = Track::Audio;
        let named =
            serde_json::json!({ "cause": SourceFault::Stalled { track, after: Span(1_600) } });
        assert_eq!(
            read(&named.to_string()),
            SourceFault::Stalled {
                track,
                after: Span(1_600)
            }
        );
    }
}

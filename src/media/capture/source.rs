//! Owns the settings of a camera or microphone, checked once where they come in.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Why a setting cannot be one of a source; says what is allowed, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}: {rule}")]
pub struct InvalidSource {
    what: &'static str,
    rule: &'static str,
}

/// Where a feed's pictures and sound come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An IP camera.
    Rtsp {
        /// Recorded, and shown enlarged where a browser can.
        main: RtspSource,
        /// Shown on the wall; its picture only. A camera whose main stream is H.265 needs one.
        sub: Option<RtspSource>,
    },
    /// A camera at the box itself.
    V4l2 {
        /// The camera.
        camera: V4l2Source,
        /// The microphone that belongs to it.
        sound: Option<AlsaDevice>,
    },
    /// A microphone at the box itself, without a picture.
    Alsa(AlsaDevice),
    /// A made picture and tone, for rehearsals.
    Test(TestPattern),
}

/// One stream of an IP camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RtspSource {
    /// Where it is.
    pub url: RtspUrl,
    /// Digest (or basic) sign-in; may be empty.
    pub username: String,
    /// Its password; may be empty.
    pub password: Password,
}

/// A password that shows itself to nobody but the camera.
#[derive(Clone, PartialEq, Eq, Default, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub struct Password(String);

impl Password {
    /// The password itself, for the sign-in only.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Password {
    fn from(password: String) -> Self {
        Self(password)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// An address like `rtsp://10.0.4.11:554/main`, without a user name or password in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RtspUrl {
    text: String,
    host: String,
    port: u16,
}

impl RtspUrl {
    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its host: a name or an address, IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its TCP port; 554 (rtsp) or 322 (rtsps) where none is written.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for RtspUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for RtspUrl {
    type Err = InvalidSource;

    fn from_str(text: &str) -> Result<Self, InvalidSource> {
        let refuse = |rule| {
            Err(InvalidSource {
                what: "RTSP address",
                rule,
            })
        };
        let (rest, default_port) = if let Some(rest) = text.strip_prefix("rtsp://") {
            (rest, 554)
        } else if let Some(rest) = text.strip_prefix("rtsps://") {
            (rest, 322)
        } else {
            return refuse("it begins with rtsp:// or rtsps://");
        };
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return refuse("no blanks or control characters");
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return refuse("user name and password have settings of their own");
        }
        let (host, port) = match authority
            .strip_prefix('[')
            .and_then(|v6| v6.split_once(']'))
        {
            Some((host, "")) => (host, None),
            Some((host, rest)) => match rest.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None => return refuse("after ']' comes ':' and the port"),
            },
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        if host.is_empty() {
            return refuse("it names a host");
        }
        let port = match port.map(u16::from_str) {
            None => default_port,
            Some(Ok(port)) if port > 0 => port,
            Some(_) => return refuse("the port is a number from 1 to 65535"),
        };
        Ok(Self {
            text: text.to_owned(),
            host: host.to_owned(),
            port,
        })
    }
}

/// A camera of the kernel's video4linux.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct V4l2Source {
    /// E.g. `/dev/v4l/by-id/…`: unlike `/dev/video0` it stays the same camera.
    pub device: PathBuf,
    /// How the camera sends its pictures.
    pub format: PictureFormat,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pictures a second.
    pub fps: u32,
    /// Bit rate of the recording in kbit/s.
    pub kbps: u32,
}

/// How a local camera sends its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFormat {
    /// Motion JPEG: what USB cameras need for more than VGA.
    Mjpeg,
    /// Raw pictures.
    Raw,
}

/// An ALSA capture device, e.g. `hw:CARD=Device`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlsaDevice(String);

impl AlsaDevice {
    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AlsaDevice {
    type Err = InvalidSource;

    fn from_str(text: &str) -> Result<Self, InvalidSource> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || ":,=._-".contains(c);
        if text.is_empty() || text.len() > 80 || !text.chars().all(allowed) {
            let rule = "1 to 80 letters, digits and ':', ',', '=', '.', '_', '-'";
            return Err(InvalidSource {
                what: "ALSA device",
                rule,
            });
        }
        Ok(Self(text.to_owned()))
    }
}

/// A made picture with a running clock, and a tone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestPattern {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pictures a second.
    pub fps: u32,
    /// Bit rate in kbit/s.
    pub kbps: u32,
    /// The tone's frequency in Hz.
    pub tone_hz: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        for (text, host, port) in [
            ("rtsp://10.0.4.11/main", "10.0.4.11", 554),
            ("rtsp://camera-1:8554/a?b=c:d@e", "camera-1", 8554),
            ("rtsps://camera-1", "camera-1", 322),
            ("rtsp://[fd00::1]:8554/a", "fd00::1", 8554),
            ("rtsp://[fd00::1]/a", "fd00::1", 554),
        ] {
            let url: RtspUrl = text.parse().expect(text);
            assert_eq!((url.host(), url.port(), url.as_str()), (host, port, text));
        }
    }

    #[test]
    fn wrong_addresses_are_refused_without_being_repeated() {
        for text in [
            "http://camera/",
            "rtsp://",
            "rtsp://:554/",
            "rtsp://u:secret@camera/",
            "rtsp://camera:99999/",
            "rtsp://camera:0/",
            "rtsp://camera/a b",
            "rtsp://[fd00::1]x/",
        ] {
            let refused = text.parse::<RtspUrl>().expect_err(text).to_string();
            assert!(!refused.contains("secret"), "{refused}");
        }
    }

    #[test]
    fn passwords_do_not_show() {
        assert!(!format!("{:?}", Password::from("secret".to_owned())).contains("secret"));
    }
}

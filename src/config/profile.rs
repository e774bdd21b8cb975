//! Owns the profile as the rest of the daemon sees it: checked once, and from then on domain types.

use super::detectors::Detectors;
use super::hub::HubLink;
use super::password::{Password, PasswordError, SignIn};
use super::phone::Phone;
use super::replicas::ReplicaSpec;
use super::text::Lang;
use super::units::{PictureLimit, Size};
use super::url::RtspUrl;
use super::values::HttpUrl;
use crate::keys::HostName;
use crate::room::{FeedId, FeedKind, FeedSpec, Layout, Place, Policies, Seat, Span};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// A room as its profile describes it.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Which room it is.
    pub room: Room,
    /// Its seats, by number.
    pub seats: Vec<Seat>,
    /// Its cameras, in the file's order.
    pub cameras: Vec<Camera>,
    /// Its microphones without a picture, in the file's order.
    pub microphones: Vec<Microphone>,
    /// Where recordings lie.
    pub storage: Storage,
    /// Where the daemon listens.
    pub network: Network,
    /// How people sign in.
    pub access: Access,
    /// How much workstations may send.
    pub media: Media,
    /// What is looked for in pictures and sound.
    pub detectors: Detectors,
    /// The way to the municipal hub; none where there is none.
    pub hub: Option<HubLink>,
    /// The lines that calls are made on.
    pub phone: Phone,
    pub(super) policies: Policies,
    pub(super) file: PathBuf,
    pub(super) sha256: [u8; 32],
}

/// Which room it is.
#[derive(Debug, Clone)]
pub struct Room {
    /// Its id, as the hub's topics name it.
    pub id: RoomId,
    /// What people call it, e.g. 评标一室.
    pub name: String,
    /// The centre or city it belongs to.
    pub city: String,
    /// The zone in which its policies apply.
    pub time_zone: TimeZone,
    /// The language its pages begin in.
    pub language: Lang,
}

/// A room's id: 1 to 40 lower-case letters, digits and '-'.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct RoomId(String);

impl RoomId {
    pub(super) fn new(text: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (1..=40).contains(&text.len()) && text.bytes().all(allowed);
        fits.then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for RoomId {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text).ok_or("1 to 40 lower-case letters, digits and '-'")
    }
}

impl<'de> Deserialize<'de> for RoomId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A camera of the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camera {
    /// Its feed.
    pub id: FeedId,
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// Where its picture comes from.
    pub source: VideoSource,
    /// Whether it shows a test picture: such a room can rehearse only.
    pub simulated: bool,
}

/// Where a picture comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VideoSource {
    /// A network camera.
    Rtsp(CameraSource),
    /// A camera at the box itself.
    Device {
        /// Its video4linux device, e.g. `/dev/video0`.
        device: PathBuf,
        /// How it sends its pictures.
        format: PictureFormat,
        /// What is asked of it, and recorded at most.
        picture: PictureLimit,
        /// The ALSA device of its sound, e.g. `hw:1`.
        audio: Option<String>,
    },
    /// A made picture and tone, without any device: such a room can rehearse only.
    TestPattern(PictureLimit),
}

/// How a camera at the box sends its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFormat {
    /// Motion JPEG: what USB cameras need for more than VGA.
    Mjpeg,
    /// Raw pictures.
    Raw,
}

/// A network camera's streams and sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraSource {
    /// The stream that is recorded.
    pub main: RtspUrl,
    /// The small stream for the wall, H.264.
    pub sub: Option<RtspUrl>,
    /// The camera's user; none where it asks for none.
    pub username: Option<String>,
    /// Where that user's password lies; there exactly where `username` is.
    pub password: Option<Password>,
}

impl CameraSource {
    /// Who signs in with what; none where the camera asks for nobody.
    ///
    /// # Errors
    /// Where the password cannot be read.
    pub fn sign_in(&self, credentials: Option<&Path>) -> Result<Option<SignIn>, PasswordError> {
        let (Some(username), Some(password)) = (&self.username, &self.password) else {
            return Ok(None);
        };
        let password = password.read(credentials)?;
        Ok(Some(SignIn {
            username: username.clone(),
            password,
        }))
    }
}

/// A microphone of the room without a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Microphone {
    /// Its feed.
    pub id: FeedId,
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// The ALSA device, e.g. `hw:1`.
    pub device: String,
    /// Whether it gives a test sound: such a room can rehearse only.
    pub simulated: bool,
}

/// Where recordings lie, and how they are cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// Where recordings go; none means into the data folder.
    pub recordings: Option<PathBuf>,
    /// Below this much free space no session starts.
    pub min_free: Size,
    /// The length of one segment file.
    pub segment: Span,
    /// Whether segments get an SM3 hash beside SHA-256.
    pub sm3: bool,
    /// What is kept allocated so that the journal lives on a full disk.
    pub ballast: Size,
    /// Whose key opens the sealed archives' personal data; none leaves them out of the archive.
    pub audit_certificate: Option<PathBuf>,
    /// The key, and its certificate, that signs sealed archives under SM2 beside the box's own; none signs them so.
    pub sm2: Option<PathBuf>,
    /// A time-stamping authority (RFC 3161) for sealed archives.
    pub tsa: Option<HttpUrl>,
    /// The CAs of other venues' boxes: whose archives are taken, and whose receipts are believed; none means nobody's.
    pub venues: Option<PathBuf>,
    /// Where sealed archives are copied to.
    pub replicas: Vec<ReplicaSpec>,
    /// Bytes a second that copying and verifying may take of each replica while a session is on.
    pub replica_rate: Size,
}

impl Storage {
    /// The folder that holds the sessions' recordings.
    pub fn sessions(&self, data: &Path) -> PathBuf {
        self.recordings.as_deref().unwrap_or(data).join("sessions")
    }
}

/// Where the daemon listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The addresses to listen on; at least one.
    pub bind: Vec<IpAddr>,
    /// The console, TCP. Of all ports: 0 takes any that is free.
    pub https_port: u16,
    /// What workstations call this box; the certificate is for these. At least one.
    pub host_names: Vec<HostName>,
    /// All live media, UDP.
    pub webrtc_udp_port: u16,
    /// Live media where a firewall stops UDP, TCP.
    pub ice_tcp_port: u16,
    /// The addresses at which browsers reach this box's media; empty means those of its interfaces.
    pub announce: Vec<IpAddr>,
    /// The most viewing connections at once.
    pub viewers: u16,
}

/// Whether accounts need a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactor {
    /// Every account must have one.
    Required,
    /// Asked of those who have one.
    Optional,
    /// Never asked: demonstrations only.
    Off,
}

/// How people sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Whether accounts need a second factor.
    pub second_factor: SecondFactor,
    /// A sign-in without a click for so long locks.
    pub idle_lock: Span,
    /// A sign-in ends after so long.
    pub longest_sign_in: Span,
    /// So many failures in a row lock an account.
    pub failures: u32,
    /// For so long.
    pub lockout: Span,
}

/// How much workstations may send: the full picture for the recording, the small one for the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Media {
    /// An expert's face.
    pub face: PictureLimit,
    /// The same, small.
    pub face_small: PictureLimit,
    /// An expert's screen.
    pub screen: PictureLimit,
    /// The same, small.
    pub screen_small: PictureLimit,
}

impl Profile {
    /// The file it was read from.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// SHA-256 of the file's bytes.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// By which policies the room runs, where a plan says nothing else.
    pub fn policies(&self) -> Policies {
        self.policies.clone()
    }

    /// What the room consists of: cameras, microphones, a face and a screen for each seat, and
    /// the supervisor's voice.
    pub fn layout(&self) -> Layout {
        let cameras = self.cameras.iter().map(|c| FeedSpec {
            id: c.id.clone(),
            name: c.name.clone(),
            kind: FeedKind::Camera,
            place: c.place,
            simulated: c.simulated,
        });
        let microphones = self.microphones.iter().map(|m| FeedSpec {
            id: m.id.clone(),
            name: m.name.clone(),
            kind: FeedKind::Microphone,
            place: m.place,
            simulated: m.simulated,
        });
        let seats = self
            .seats
            .iter()
            .flat_map(|s| seat_feeds(s, self.room.language));
        Layout {
            name: self.room.name.clone(),
            city: self.room.city.clone(),
            seats: self.seats.clone(),
            feeds: cameras
                .chain(microphones)
                .chain(seats)
                .chain([talk_back(self.room.language)])
                .collect(),
            replicas: self.storage.replicas.iter().map(|r| r.id.clone()).collect(),
            relays: self
                .hub
                .iter()
                .flat_map(|hub| hub.relays.iter().map(|relay| relay.spec.clone()))
                .collect(),
        }
    }
}

fn seat_feeds(seat: &Seat, lang: Lang) -> [FeedSpec; 2] {
    let no = seat.no;
    let face = text!("席位 {no} 人像", "Seat {no} face");
    let screen = text!("席位 {no} 屏幕", "Seat {no} screen");
    [
        (FeedKind::Face, "face", face),
        (FeedKind::Screen, "screen", screen),
    ]
    .map(|(kind, word, name)| {
        let id = format!("seat-{no}-{word}")
            .parse()
            .expect("made of allowed characters");
        let (name, place) = (name.of(lang).to_owned(), Place::Seat(no));
        FeedSpec {
            id,
            name,
            kind,
            place,
            simulated: false,
        }
    })
}

fn talk_back(lang: Lang) -> FeedSpec {
    FeedSpec {
        id: "talkback".parse().expect("made of allowed characters"),
        name: text!("监督喊话", "Talk-back").of(lang).to_owned(),
        kind: FeedKind::TalkBack,
        place: Place::SupervisionRoom,
        simulated: false,
    }
}

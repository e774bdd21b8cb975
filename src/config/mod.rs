//! The room's profile: one TOML file that says what the room consists of and by which rules it
//! runs. It becomes domain types once, here; every fault in it is found at once and named with
//! line, column, what is allowed and the remedy. [`check`] then probes what the profile names.
//! Reading order: what is said to people, the values, the document, the profile, the check.

#[macro_use]
mod text;
mod call_out;
mod cross;
mod detectors;
mod document;
mod fault;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod hub;
mod load;
mod password;
mod phone;
mod profile;
mod replicas;
mod rules;
mod sections;
mod settings;
mod sources;
mod spelling;
mod units;
mod url;
mod values;

pub mod check;

pub use detectors::Detectors;
pub use fault::{Fault, ProfileError};
pub use hub::{Broker, Brokers, CityId, DatabaseSettings, HubLink, HubSettings, RelayPlace};
pub use password::{Password, PasswordError, SignIn};
pub use phone::{
    LinePort, ModemModel, ModemPort, Phone, PhoneLine, SipGateway, SipTransport, Speech,
};
pub use profile::{
    Access, Camera, CameraSource, Media, Microphone, Network, PictureFormat, Profile, Room, RoomId,
    SecondFactor, Storage, VideoSource,
};
pub use replicas::{Bucket, ReplicaPlace, ReplicaSpec};
pub use text::{Lang, Text};
pub use units::{Decibels, Percent, PictureLimit, Size};
pub use url::{InvalidUrl, RtspUrl};
pub use values::HttpUrl;

#[cfg(test)]
mod tests;

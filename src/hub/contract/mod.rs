//! What rooms and hubs say to each other: topics, CloudEvents, signed statements, and the AsyncAPI document of it all.
//!
//! A later version may add fields; whoever reads ignores what it does not know. What would be understood wrongly gets a new
//! type (`….v2`) beside the old one.

mod asyncapi;
mod envelope;
mod messages;
mod raw;
mod signed;
mod state;
mod topics;

pub use asyncapi::{document, schemas, yaml};
pub use envelope::{
    Envelope, LARGEST, LARGEST_COMMAND, LARGEST_ORDER, Payload, Sender, Unreadable,
};
pub use messages::*;
pub use raw::Raw;
pub use signed::{Distrust, Key, Signature, Signed, Statement};
pub use state::*;
pub use topics::{Kind, Topics};

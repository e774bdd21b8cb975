//! The municipal hub: the contract that rooms and hubs share, the room's link to it, and a reference hub.
//!
//! What a room has journalled goes out in order and is let go of only on the hub's signed receipt; what the hub wants comes
//! in signed, bound to the room and expiring, and is carried out once. The room works without any hub.
//! Reading order: the contract, how MQTT is spoken, the room's end, the hub's end.

pub mod contract;
mod mqtt;

pub mod link;
pub mod reference;

//! The reference hub: hears all rooms of a city, stores every entry once, signs receipts, plans evaluations, and knows what the city
//! board shows. Whoever builds another one needs the contract only.
//!
//! One thread writes (`keeper`), one connection speaks MQTT (`receiver`); pages and programs ask through `HubHandle`.

mod acl;
mod board;
mod database;
mod draws;
mod evaluation;
mod flood;
mod handle;
mod intake;
mod keeper;
mod look;
mod orders;
mod planning;
mod postgres;
mod receiver;
mod run;
mod schema;
mod store;
mod words;

pub use acl::{BrokerKind, access_list};
pub use board::{
    ArchiveRequest, BoardRoom, BoardView, CommandState, EvaluationView, OrderView, RelayRequest,
    StatementView, VenueView, WaitingBox,
};
pub use database::DatabaseError;
pub use evaluation::{Evaluation, EvaluationFault, Venue};
pub use handle::{HubError, HubHandle, StoredEvent};
pub use orders::UnsentOrder;
pub use run::{Hub, Parts};
pub use store::TrailLine;

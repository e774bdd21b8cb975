//! PURE: the room as a value. No tokio, no I/O, no clock, no randomness.
//!
//! `decide` says what a command leads to, or refuses it with a reason; `apply` takes what happened into the
//! state; `wanted` says what the outer world should be like; `next_deadline` when to look again.

mod actor;
mod anomaly;
mod archive;
mod call;
mod callout;
mod campaign;
mod command;
mod committee;
mod deadlines;
mod decide;
mod draw;
mod equipment;
mod event;
mod ids;
mod keeping;
mod layout;
mod links;
mod note;
mod order;
mod phones;
mod plan;
mod recordings;
mod refusal;
mod relay;
mod rules;
mod session;
mod source_fault;
mod state;
mod text_message;
mod time;
mod wanted;

pub use actor::*;
pub use anomaly::*;
pub use archive::*;
pub use call::*;
pub use callout::*;
pub use command::*;
pub use committee::*;
pub use deadlines::next_deadline;
pub use decide::{Draft, decide};
pub use draw::*;
pub use equipment::*;
pub use event::*;
pub use ids::*;
pub use keeping::*;
pub use layout::*;
pub use links::{may_publish, may_view};
pub use note::*;
pub use order::*;
pub use phones::*;
pub use plan::*;
pub use recordings::*;
pub use refusal::*;
pub use relay::*;
pub use rules::{RuleNumbers, RuleSet};
pub use session::*;
pub use source_fault::*;
pub use state::*;
pub use text_message::*;
pub use time::*;
pub use wanted::*;

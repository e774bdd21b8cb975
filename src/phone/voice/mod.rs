//! What is said in calls: typed fields become text (`text`), text becomes sound (`engine`), sound becomes even (`level`), and is
//! kept (`cache`). All of it before the first call.

mod cache;
mod engine;
mod level;
mod resample;
pub(in crate::phone) mod text;

pub use cache::{Spoken, Voice};
pub use engine::{Engine, SpeechFault};

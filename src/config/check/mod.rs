//! `bidroom check`: looks whether what a profile names is there and good enough, before a
//! committee waits for it. Reading order: what a finding says, then one file a subject.

mod finding;

mod clock;
mod keys;
mod phones;
mod ports;
mod relays;
mod replicas;
mod sealing;
mod software;
mod sources;
mod storage;

mod run;

pub use clock::KernelClock;
pub use finding::{Finding, Level, Report};
pub use keys::{WARN_DAYS, certificate_days};
pub use run::{Premises, check};
pub use sealing::{AUDIT_WARN_DAYS, PoolSeen, SealingSeen, days_until};
pub use sources::{Codec, Source, SourceSeen, Stage, StreamFault, StreamSeen};
pub use storage::{measure, recording_rate};

#[cfg(test)]
mod tests;

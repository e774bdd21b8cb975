//! Owns the seam to time: the clerk reads it, and hands it to the room.

use crate::room::Now;
use std::fmt::Debug;

/// Says what time it is, and brings fresh randomness.
pub trait Clock: Debug + Send + Sync + 'static {
    /// This moment; its monotonic time must go on while the machine sleeps.
    fn now(&self) -> Now;
}

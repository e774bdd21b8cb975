//! Owns that what the daemon has in its memory (keys, and for a call's time a number) reaches no disk by a crash.

use anyhow::Context;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// No core of this process is ever written, whatever its environment says; nor may other processes of the same user look into it.
///
/// # Errors
/// As the kernel says.
pub(super) fn forbid_cores() -> anyhow::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none).context("forbidding cores")?;
    // where cores go to a program, no limit holds but this
    set_dumpable_behavior(DumpableBehavior::NotDumpable).context("forbidding cores")
}

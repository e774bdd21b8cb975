//! The real program from outside: a session from plan to seal, what of people it lets out, and what being killed does to it.

#[path = "../media/cameras.rs"]
#[allow(dead_code, reason = "the media tests use all of it")]
mod cameras;
#[path = "../support/mod.rs"]
mod support;

mod canaries;
mod kills;
mod session;

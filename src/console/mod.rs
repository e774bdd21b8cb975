//! What people see: HTTP, the roles' live views, and the pages.
//!
//! The server folds, the browser draws. Every request passes the guard, which lets in whom the table of routes names;
//! commands go to the clerk, views come from the room, names go to the vault and never come back.

pub mod routes;
pub mod wire;
pub mod views;
pub mod openapi;

mod state;
mod history;
mod problem;
mod guard;
mod commands;
mod live;
mod sign_in;
mod people;
mod administration;
mod recordings;
mod metrics;
mod assets;
mod signalling;
mod whip;
mod whep;
mod server;

pub use history::History;
pub use signalling::Live;
pub use server::{Local, router};
pub use state::{Console, Parts};

//! What people see: HTTP, the roles' live views, and the pages.
//!
//! The server folds, the browser draws. Every request passes the guard, which lets in whom the table of routes names;
//! commands go to the clerk, views come from the room, names go to the vault and never come back.

pub mod openapi;
pub mod routes;
pub mod views;
pub mod wire;

mod administration;
mod assets;
mod checkpoints;
mod city;
mod commands;
pub mod ctl;
mod draw;
mod export;
mod guard;
mod handover;
mod handovers;
mod history;
mod live;
mod metrics;
mod notice;
mod people;
mod problem;
mod recordings;
mod server;
mod sign_in;
pub mod signalling;
mod state;
mod whep;
mod whip;

pub use city::{City, CityParts, city_router};
pub use history::History;
pub use server::{Local, router};
pub use state::{Console, Parts};

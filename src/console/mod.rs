//! What people see: HTTP, the roles' live views, and the pages.

pub mod openapi;
pub mod routes;
pub mod views;
pub mod wire;

//! What people see: HTTP, the roles' live views, and the pages.

pub mod views;

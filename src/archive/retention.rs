//! Owns the end of a bag on the box's own disk.

use super::bag_folder;
use crate::room::SessionId;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// What the folder of a bag that goes is called: no session has a `.` in its number, so nobody takes it for one.
const GOING: &str = ".going";

/// Deletes a bag for good. It can be killed anywhere and done again: half of a bag is never seen under its own name.
///
/// # Errors
/// The disk's.
pub fn delete(data: &Path, session: &SessionId) -> io::Result<()> {
    let bag = bag_folder(data, session);
    let sessions = data.join("sessions");
    let going = sessions.join(format!("{session}{GOING}"));
    if bag.exists() {
        // what an earlier attempt left would be in the way
        if going.exists() {
            fs::remove_dir_all(&going)?;
        }
        fs::rename(&bag, &going)?;
    }
    if going.exists() {
        fs::remove_dir_all(&going)?;
    }
    File::open(sessions)?.sync_all()
}

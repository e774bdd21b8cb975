//! Owns the end of a bag on the box's own disk, and of the personal data in it.

use super::bag_folder;
use super::seal::{CALLS, PERSONAL};
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

/// Erases the containers of a bag for good; it stays valid. It can be killed anywhere and done again.
///
/// # Errors
/// The disk's.
pub fn erase_personal(data: &Path, session: &SessionId) -> io::Result<()> {
    let bag = bag_folder(data, session);
    let (personal, calls) = (bag.join(PERSONAL), bag.join(CALLS));
    if calls.exists() {
        fs::remove_dir_all(&calls)?;
    }
    if personal.exists() {
        fs::remove_file(&personal)?;
    }
    match personal.parent() {
        Some(folder) if folder.exists() => File::open(folder)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_that_was_killed_anywhere_is_finished_and_touches_no_other() {
        let data = tempfile::tempdir().expect("a folder");
        let sessions = data.path().join("sessions");
        let (going, stays) = ("R-1".parse().expect("an id"), sessions.join("R-10"));
        let half = sessions.join("R-1.going");
        let fill = |folder: &Path| {
            fs::create_dir_all(folder.join("data")).expect("a folder");
            fs::write(folder.join("data/plan.json"), "{}").expect("written");
        };
        fill(&stays);
        // before the renaming, while files go, both of them, and after the last
        for (bag, rest) in [(true, false), (false, true), (true, true), (false, false)] {
            if bag {
                fill(&sessions.join("R-1"));
            }
            if rest {
                fill(&half);
            }
            delete(data.path(), &going).expect("deleted");
            let left: Vec<_> = fs::read_dir(&sessions).expect("a folder").collect();
            assert_eq!(left.len(), 1, "{left:?}");
            assert!(stays.join("data/plan.json").exists());
        }
    }
}

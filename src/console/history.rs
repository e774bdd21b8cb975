//! Owns the lines that pages show of the past: read from the journal as it grows, the newest kept at hand.

use super::views::Line;
use crate::journal::{JournalError, Reader};
use crate::room::{Entry, Event, Seq, SessionId};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Lines at hand: more than any page shows.
const KEPT: usize = 400;
/// Entries that are read at once.
const STEP: usize = 500;

/// The newest lines of the journal. Cheap to clone.
#[derive(Clone)]
pub struct History {
    reader: Reader,
    kept: Arc<Mutex<Kept>>,
}

struct Kept {
    upto: Seq,
    lines: VecDeque<Line>,
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").finish_non_exhaustive()
    }
}

impl History {
    /// Begins with the journal's end. `upto` is its last number.
    pub fn new(reader: Reader, upto: Seq) -> Self {
        let from = Seq(upto
            .0
            .saturating_sub(u64::try_from(2 * KEPT).expect("small")));
        let kept = Kept {
            upto: from,
            lines: VecDeque::new(),
        };
        Self {
            reader,
            kept: Arc::new(Mutex::new(kept)),
        }
    }

    /// The newest lines up to `upto`, newest first: the room's own and those of `session`.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn newest(
        &self,
        upto: Seq,
        session: Option<&SessionId>,
        most: usize,
    ) -> Result<Vec<Line>, JournalError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.upto < upto {
            let entries = self.reader.entries(kept.upto, STEP)?;
            let Some(last) = entries.last() else { break };
            kept.upto = last.seq;
            kept.lines.extend(
                entries
                    .iter()
                    .filter(|entry| is_for_people(entry))
                    .map(Line::from),
            );
            let surplus = kept.lines.len().saturating_sub(KEPT);
            kept.lines.drain(..surplus);
        }
        let lines = kept.lines.iter().rev();
        let shown = lines.filter(|line| {
            line.seq <= upto && (line.session.is_none() || line.session.as_ref() == session)
        });
        Ok(shown.take(most).cloned().collect())
    }

    /// The moments of a session's timeline, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn of_session(&self, session: &SessionId) -> Result<Vec<Line>, JournalError> {
        let entries = self.reader.session_entries(session)?;
        Ok(entries
            .iter()
            .filter(|entry| is_for_people(entry))
            .map(Line::from)
            .collect())
    }
}

/// Whether people want to read of it; the indexes' heads each minute are for verifiers.
fn is_for_people(entry: &Entry) -> bool {
    !matches!(
        entry.event,
        Event::IndexHeads { .. } | Event::RoomConfigured { .. } | Event::CallProgressed { .. }
    )
}

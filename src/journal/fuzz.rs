//! Owns what must hold of whatever bytes stand in the journal. Run by `tests/fuzz`; it panics where it
//! does not hold.

use super::line::{self, LineHash};
use crate::room::{Now, Room, Seq, apply, next_deadline, wanted};

/// Lines, each under its number: what is read is written the same again, and the room takes whatever
/// happened.
pub fn lines(bytes: &[u8]) {
    let mut room = Room::default();
    for (seq, bytes) in (1..).map(Seq).zip(bytes.split(|b| *b == b'\n')) {
        let Ok(line) = line::read(seq, bytes) else {
            continue;
        };
        assert_eq!(line.entry.seq, seq);
        let written = line::write(&line.entry, line.prev, line.session_prev);
        let again = line::read(seq, &written).expect("what is written can be read");
        assert_eq!(again, line);
        assert_eq!(
            line::write(&again.entry, again.prev, again.session_prev),
            written
        );
        assert_eq!(
            line.prev.to_string().parse::<LineHash>().ok(),
            Some(line.prev)
        );
        apply(&mut room, &line.entry);
        assert_eq!(room.seq, seq);
        let now = Now {
            stamp: line.entry.stamp.clone(),
            utc_offset: 8 * 3600,
            seed: 0,
        };
        let _ = (wanted(&room), next_deadline(&room, &now));
    }
}

//! Owns what must hold of whatever file somebody takes for a committee's table. Run by `tests/fuzz`; it
//! panics where it does not hold.

use super::import::{MOST_ROWS, parse};
use super::numbers::{check_id_number, check_mobile};
use super::table::line_ends;

/// A table: its people are whole and not too many; faults lie within it, and are not too many either.
pub fn table(bytes: &[u8]) {
    let lines = 1 + line_ends(bytes);
    match parse(bytes) {
        Ok(rows) => {
            assert!((1..=MOST_ROWS).contains(&rows.len()));
            assert!(rows.windows(2).all(|pair| pair[0].line < pair[1].line));
            for row in rows {
                assert!(row.line > 1 && row.line <= lines);
                let person = &row.person;
                assert_eq!(check_mobile(&person.phone).as_deref(), Some(&person.phone));
                assert!(check_id_number(&person.id_number).is_ok());
                assert!(person.name.chars().count() > 1);
            }
        }
        Err(faults) => {
            assert!(!faults.is_empty() && faults.len() <= 6 * MOST_ROWS + 8);
            for fault in faults {
                assert!(fault.line >= 1 && fault.line <= lines.max(2), "{fault:?}");
            }
        }
    }
}

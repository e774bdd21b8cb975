//! Owns `bidroom draw verify`: a draw's public record is computed anew, without the box.

use crate::draw::{Opening, PublicRecord, verify};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What is to be verified, and how it is told.
#[derive(Debug)]
pub struct DrawVerifyOrder {
    /// The public record.
    pub record: PathBuf,
    /// The opening from the auditor's container.
    pub opening: Option<PathBuf>,
    /// As JSON.
    pub json: bool,
}

/// Verifies, and gives what is to be printed and the exit code: 0 right, 1 faults, 2 unreadable.
pub fn verify_draw(order: &DrawVerifyOrder) -> (String, u8) {
    let read = read::<PublicRecord>(&order.record).and_then(|record| {
        let opening = order.opening.as_deref().map(read::<Opening>).transpose()?;
        Ok((record, opening))
    });
    let (record, opening) = match read {
        Ok(read) => read,
        Err(error) => return (format!("不能核验 / cannot be verified: {error}"), 2),
    };
    let found = verify(&record, opening.as_ref());
    let code = u8::from(!found.faults.is_empty());
    if order.json {
        let told = serde_json::json!({
            "exit": code, "session": record.session, "attempt": record.attempt,
            "faults": found.faults, "right": found.right,
        });
        return (format!("{told:#}"), code);
    }
    let mut text = String::new();
    for fault in &found.faults {
        // writing to a string cannot fail
        let _ = writeln!(text, "FAULT {fault}");
    }
    for right in &found.right {
        let _ = writeln!(text, "right {right}");
    }
    for ended in &record.aborted {
        let _ = writeln!(text, "draw {} was ended before", ended.attempt);
    }
    let verdict = match code {
        0 => "抽取记录正确 / the draw is right",
        _ => "抽取记录有误 / the draw is NOT right",
    };
    let _ = write!(
        text,
        "{verdict}: {}, {} 人/people, {} 名候选/candidates",
        record.session,
        record.pool.len(),
        record.drawn.len()
    );
    (text, code)
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, String> {
    let wrong = |why: String| format!("{}: {why}", path.display());
    let text = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
    serde_json::from_slice(&text).map_err(|e| {
        let place = format!("line {}, column {}", e.line(), e.column());
        wrong(format!("is no draw record at {place}"))
    })
}

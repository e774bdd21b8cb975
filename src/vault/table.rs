//! Owns how a table of people is read, whatever made it: UTF-8 or GB18030, its delimiter, the lines of its records.

use encoding_rs::GB18030;
use zeroize::Zeroizing;

/// The table as text; none where it is neither UTF-8 nor GB18030.
pub(crate) fn decode(table: &[u8]) -> Option<Zeroizing<String>> {
    let body = table.strip_prefix(b"\xef\xbb\xbf").unwrap_or(table);
    if body.contains(&0) {
        return None; // a workbook or UTF-16
    }
    if let Ok(text) = std::str::from_utf8(body) {
        return Some(Zeroizing::new(text.to_owned()));
    }
    let text = GB18030.decode_without_bom_handling_and_without_replacement(body)?;
    Some(Zeroizing::new(text.into_owned()))
}

/// What stands between cells: a tab or semicolon where the header has one, else a comma.
pub(crate) fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    [b'\t', b';']
        .into_iter()
        .find(|d| header.bytes().any(|b| b == *d))
        .unwrap_or(b',')
}

/// Counts lines up to where records begin, each line once.
pub(crate) struct Lines<'a> {
    text: &'a str,
    counted: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    /// Of this text, before its first record.
    pub(crate) fn of(text: &'a str) -> Self {
        Self {
            text,
            counted: 0,
            line: 1,
        }
    }

    /// The line a record begins in, of records in order; the reader itself counts empty lines before it as
    /// the record's.
    pub(crate) fn of_record(&mut self, record: &csv::StringRecord) -> u64 {
        let begins = record
            .position()
            .and_then(|p| usize::try_from(p.byte()).ok())
            .unwrap_or(0);
        let rest = self.text.get(begins..).unwrap_or("");
        let begins = self.text.len() - rest.trim_start_matches(['\r', '\n']).len();
        let passed = self.text.as_bytes().get(self.counted..begins);
        self.line += line_ends(passed.unwrap_or_default());
        self.counted = begins;
        self.line
    }
}

/// LF, CR LF and a lone CR each end a line.
pub(super) fn line_ends(text: &[u8]) -> u64 {
    let lone = |at: usize| text[at] == b'\r' && text.get(at + 1) != Some(&b'\n');
    let ends = (0..text.len()).filter(|at| text[*at] == b'\n' || lone(*at));
    ends.count() as u64
}

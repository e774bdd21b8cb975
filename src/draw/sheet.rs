//! Owns how one of the draw's tables is walked: header, records, lines, and faults that are collected.

use super::column::{Column, Table, TableFault, TableFaultCode as Code};
use crate::vault::{Lines, decode, delimiter};
use std::collections::HashMap;

/// More than any pool of a city; a larger table is a mistake.
const MOST_ROWS: usize = 20_000;
/// Faults that are told at once.
const MOST_FAULTS: usize = 200;
/// What stands between several things in one cell.
const BETWEEN: [char; 7] = ['、', ';', '；', '|', ',', '，', '\n'];

/// One record with its cells by column.
pub(super) struct Record<'a> {
    table: Table,
    line: u64,
    columns: &'a HashMap<Column, usize>,
    cells: csv::StringRecord,
    faults: &'a mut Vec<TableFault>,
}

impl Record<'_> {
    /// A cell; empty where there is no such column.
    pub(super) fn cell(&self, column: Column) -> &str {
        let index = self.columns.get(&column);
        index.and_then(|i| self.cells.get(*i)).unwrap_or_default()
    }

    /// The things in a cell that holds several.
    pub(super) fn list(&self, column: Column) -> Vec<String> {
        let parts = self.cell(column).split(BETWEEN).map(str::trim);
        parts.filter(|p| !p.is_empty()).map(str::to_owned).collect()
    }

    /// Notes a fault of this record.
    pub(super) fn fault(&mut self, column: Column, code: Code) {
        self.faults.push(TableFault {
            table: self.table,
            line: self.line,
            column: Some(column),
            code,
        });
    }

    /// Notes a fault, and gives the value where there is none.
    pub(super) fn checked<T>(&mut self, column: Column, value: Result<T, Code>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(code) => {
                self.fault(column, code);
                None
            }
        }
    }
}

/// Reads a table row by row.
///
/// # Errors
/// All faults, 200 at most.
pub(super) fn read<T>(
    table: Table,
    bytes: &[u8],
    needed: &[Column],
    mut row: impl FnMut(&mut Record<'_>) -> Option<T>,
) -> Result<Vec<T>, Vec<TableFault>> {
    let whole = |line, column, code| {
        vec![TableFault {
            table,
            line,
            column,
            code,
        }]
    };
    let text = decode(bytes).ok_or_else(|| whole(1, None, Code::Encoding))?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(&text))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headers = reader.headers();
    let headers = headers.map_err(|_| whole(1, None, Code::NotCsv))?.clone();
    let mut faults = Vec::new();
    let mut columns = HashMap::new();
    for (index, header) in headers.iter().enumerate() {
        let Some(column) = Column::of(table, header) else {
            continue;
        };
        if columns.insert(column, index).is_some() {
            faults.extend(whole(1, Some(column), Code::ColumnTwice));
        }
    }
    let missing = needed.iter().filter(|column| !columns.contains_key(column));
    faults.extend(missing.flat_map(|column| whole(1, Some(*column), Code::ColumnMissing)));
    if !faults.is_empty() {
        return Err(faults);
    }
    let (mut rows, mut lines, mut count) = (Vec::new(), Lines::of(&text), 0);
    for record in reader.records() {
        let Ok(cells) = record else {
            faults.extend(whole(count as u64 + 2, None, Code::NotCsv));
            break;
        };
        if cells.iter().all(str::is_empty) {
            continue;
        }
        let line = lines.of_record(&cells);
        count += 1;
        if count > MOST_ROWS {
            faults.extend(whole(line, None, Code::TooManyRows));
        }
        if faults.len() >= MOST_FAULTS || count > MOST_ROWS {
            break;
        }
        let mut record = Record {
            table,
            line,
            columns: &columns,
            cells,
            faults: &mut faults,
        };
        rows.extend(row(&mut record));
    }
    if rows.is_empty() && faults.is_empty() && table == Table::Pool {
        faults.extend(whole(2, None, Code::NoRows));
    }
    if faults.is_empty() {
        Ok(rows)
    } else {
        Err(faults)
    }
}

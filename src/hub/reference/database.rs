//! Owns the seam between the hub's SQL and where it is kept: SQLite by default, PostgreSQL by setting. The same statements go to
//! both: parameters are `$1`, `$2`, … in the order in which they first stand, numbers are 64 bits wide.

use super::postgres::Postgres;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

/// Statements that stay prepared.
const PREPARED: usize = 64;

/// Why something could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// SQLite's.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL's, or of the way to it.
    #[error("PostgreSQL: {}", told(.0))]
    Postgres(#[from] postgres::Error),
    /// A row does not hold what this version writes.
    #[error("数据库中的内容无法识别 / the database holds what cannot be read: {0}")]
    Damaged(String),
}

/// The server's own words say more than the library's.
fn told(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => said.to_string(),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

impl DatabaseError {
    /// Something that was stored is not what it should be.
    pub(super) fn damaged(why: impl std::fmt::Display) -> Self {
        Self::Damaged(why.to_string())
    }
}

/// A connection.
pub(super) enum Database {
    /// A file of the hub's own.
    Sqlite(Connection),
    /// A server.
    Postgres(Box<Postgres>),
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Database::Sqlite(_) => "Sqlite",
            Database::Postgres(_) => "Postgres",
        })
    }
}

/// What a statement is given.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Nothing,
    Number(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for Value<'_> {
    /// Numbers beyond 63 bits are refused where messages are read; what is counted here stays below.
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Nothing => ValueRef::Null,
            Value::Number(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// What a row holds in one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Nothing,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row.
#[derive(Debug, Clone)]
pub(super) struct Row(pub(super) Vec<Cell>);

impl Row {
    fn wrong(&self, column: usize, wanted: &str) -> DatabaseError {
        DatabaseError::Damaged(format!("column {column} is no {wanted}"))
    }

    pub(super) fn number(&self, column: usize) -> Result<i64, DatabaseError> {
        match self.0.get(column) {
            Some(Cell::Number(number)) => Ok(*number),
            Some(Cell::Nothing | Cell::Text(_) | Cell::Bytes(_)) | None => {
                Err(self.wrong(column, "number"))
            }
        }
    }

    /// A number that counts.
    pub(super) fn count(&self, column: usize) -> Result<u64, DatabaseError> {
        u64::try_from(self.number(column)?).map_err(|_| self.wrong(column, "count"))
    }

    pub(super) fn text(&self, column: usize) -> Result<&str, DatabaseError> {
        self.maybe_text(column)?
            .ok_or_else(|| self.wrong(column, "text"))
    }

    pub(super) fn maybe_text(&self, column: usize) -> Result<Option<&str>, DatabaseError> {
        match self.0.get(column) {
            Some(Cell::Text(text)) => Ok(Some(text)),
            Some(Cell::Nothing) => Ok(None),
            Some(Cell::Number(_) | Cell::Bytes(_)) | None => Err(self.wrong(column, "text")),
        }
    }

    pub(super) fn bytes(&self, column: usize) -> Result<&[u8], DatabaseError> {
        match self.0.get(column) {
            Some(Cell::Bytes(bytes)) => Ok(bytes),
            Some(Cell::Nothing | Cell::Number(_) | Cell::Text(_)) | None => {
                Err(self.wrong(column, "bytes"))
            }
        }
    }

    /// An Ed25519 key.
    pub(super) fn key(&self, column: usize) -> Result<[u8; 32], DatabaseError> {
        let bytes = self.bytes(column)?;
        bytes.try_into().map_err(|_| self.wrong(column, "key"))
    }
}

impl Database {
    /// The file's connection, ready to be used.
    pub(super) fn of_file(db: Connection) -> Self {
        db.set_prepared_statement_cache_capacity(PREPARED);
        Self::Sqlite(db)
    }

    /// Whether another connection may help where this one does not.
    pub(super) fn is_remote(&self) -> bool {
        matches!(self, Database::Postgres(_))
    }

    /// Takes leave of a server, and waits for that.
    pub(super) fn close(&mut self) {
        match self {
            Database::Sqlite(_) => {}
            Database::Postgres(db) => db.close(),
        }
    }

    /// Carries a statement out; how many rows it changed.
    ///
    /// # Errors
    /// As the database says.
    pub(super) fn execute(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, DatabaseError> {
        match self {
            Database::Sqlite(db) => {
                let changed = db.prepare_cached(sql)?.execute(params_from_iter(values))?;
                Ok(changed as u64)
            }
            Database::Postgres(db) => db.execute(sql, values),
        }
    }

    /// The rows that a question gives.
    ///
    /// # Errors
    /// As the database says.
    pub(super) fn rows(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, DatabaseError> {
        match self {
            Database::Sqlite(db) => {
                let mut ask = db.prepare_cached(sql)?;
                let columns = ask.column_count();
                let rows = ask.query_map(params_from_iter(values), |row| {
                    let cells = (0..columns).map(|n| row.get_ref(n).map(cell));
                    Ok(Row(cells.collect::<Result<_, _>>()?))
                })?;
                Ok(rows.collect::<Result<_, _>>()?)
            }
            Database::Postgres(db) => db.rows(sql, values),
        }
    }

    /// The first row that a question gives; all that it gives are read.
    ///
    /// # Errors
    /// As the database says.
    pub(super) fn row(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, DatabaseError> {
        Ok(self.rows(sql, values)?.into_iter().next())
    }

    /// Begins, ends or gives up a transaction.
    ///
    /// # Errors
    /// As the database says.
    pub(super) fn transaction(&mut self, word: Word) -> Result<(), DatabaseError> {
        let sql = match word {
            Word::Begin => "BEGIN",
            Word::Commit => "COMMIT",
            Word::Rollback => "ROLLBACK",
        };
        match self {
            Database::Sqlite(db) => Ok(db.execute_batch(sql)?),
            Database::Postgres(db) => db.batch(sql),
        }
    }
}

/// What is said of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Begin,
    Commit,
    Rollback,
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Nothing,
        ValueRef::Integer(number) => Cell::Number(number),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_owned()),
        // no column is one
        ValueRef::Real(_) => Cell::Nothing,
    }
}

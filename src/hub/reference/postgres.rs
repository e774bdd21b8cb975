//! Owns how a hub's store in PostgreSQL is reached: TLS to a server elsewhere, the schema's versions, and that one hub alone writes.

use super::database::{Cell, DatabaseError, Row, Value};
use crate::config::DatabaseSettings;
use crate::hub::mqtt::authorities;
use anyhow::Context;
use bytes::BytesMut;
use postgres::config::SslMode;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, NoTls, Statement};
use rustls::ClientConfig;
use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a server may take to let one in.
const PATIENCE: Duration = Duration::from_secs(5);
/// A statement that takes longer is given up, ms: a server that hangs must not hold the hub for ever.
const LONGEST: u32 = 30_000;
/// The lock that the hub that writes holds; any number, the same for all.
const WRITER: i64 = 0x6269_6472_6f6f_6d01;

/// A connection.
pub(super) struct Postgres {
    /// There until it is closed.
    client: Option<Client>,
    prepared: HashMap<&'static str, Statement>,
}

impl Postgres {
    /// Connects as the one writer, and brings the schema to the newest of `versions`: each is the SQL that leads from the one before
    /// to it, applied once.
    ///
    /// # Errors
    /// The server cannot be reached, another hub writes there, or the schema is a newer version's.
    pub(super) fn writer(settings: &DatabaseSettings, versions: &[&str]) -> anyhow::Result<Self> {
        let mut db = Self::connect(settings)?;
        let client = db.client();
        let locked = client.query_one("SELECT pg_try_advisory_lock($1)", &[&WRITER])?;
        anyhow::ensure!(
            locked.get::<_, bool>(0),
            "另一个 bidroom hub 正在使用这个数据库，请先停止它 / another bidroom hub uses this database: stop it first"
        );
        client.batch_execute("CREATE TABLE IF NOT EXISTS version (number BIGINT NOT NULL)")?;
        let found = client.query_opt("SELECT number FROM version", &[])?;
        let found = found.map_or(0, |row| row.get::<_, i64>(0));
        let done = usize::try_from(found).unwrap_or(usize::MAX);
        anyhow::ensure!(
            done <= versions.len(),
            "数据库由更新版本的 bidroom 写成 / the database was written by a newer version of bidroom"
        );
        for (number, sql) in (1_i64..).zip(versions).skip(done) {
            let mut tx = client.transaction()?;
            tx.batch_execute(sql)
                .with_context(|| format!("the schema's version {number}"))?;
            tx.execute("DELETE FROM version", &[])?;
            tx.execute("INSERT INTO version (number) VALUES ($1)", &[&number])?;
            tx.commit()?;
        }
        Ok(db)
    }

    /// Connects to look.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub(super) fn connect(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        let mut config = Config::new();
        config
            .host(&settings.host)
            .port(settings.port)
            .dbname(&settings.name)
            .user(&settings.user)
            .application_name("bidroom hub")
            .connect_timeout(PATIENCE)
            .tcp_user_timeout(PATIENCE * 3)
            .keepalives_idle(PATIENCE * 2);
        if let Some(file) = &settings.password_file {
            let password = std::fs::read_to_string(file)
                .with_context(|| format!("{}：无法读取 / cannot be read", file.display()))?;
            config.password(password.trim_end_matches(['\r', '\n']));
        }
        let client = match &settings.ca {
            None => config.ssl_mode(SslMode::Disable).connect(NoTls),
            Some(ca) => {
                let provider = Arc::new(rustls::crypto::ring::default_provider());
                let tls = ClientConfig::builder_with_provider(provider)
                    .with_safe_default_protocol_versions()
                    .context("choosing TLS versions")?
                    .with_root_certificates(authorities(ca)?)
                    .with_no_client_auth();
                config
                    .ssl_mode(SslMode::Require)
                    .connect(MakeRustlsConnect::new(tls))
            }
        };
        let (host, port) = (&settings.host, settings.port);
        let mut client = client.map_err(DatabaseError::from).with_context(|| {
            format!("{host}:{port}：连接数据库失败 / the database cannot be reached")
        })?;
        client.batch_execute(&format!("SET statement_timeout = {LONGEST}"))?;
        Ok(Self {
            client: Some(client),
            prepared: HashMap::new(),
        })
    }

    /// Takes leave of the server, and waits for that.
    pub(super) fn close(&mut self) {
        drop(self.client.take());
    }

    pub(super) fn execute(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, DatabaseError> {
        let statement = self.prepare(sql)?;
        Ok(self.client().execute(&statement, &given(values))?)
    }

    pub(super) fn rows(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, DatabaseError> {
        let statement = self.prepare(sql)?;
        let rows = self.client().query(&statement, &given(values))?;
        rows.iter().map(read).collect()
    }

    pub(super) fn batch(&mut self, sql: &str) -> Result<(), DatabaseError> {
        Ok(self.client().batch_execute(sql)?)
    }

    fn client(&mut self) -> &mut Client {
        self.client
            .as_mut()
            .expect("nothing is asked of one that is closed")
    }

    fn prepare(&mut self, sql: &'static str) -> Result<Statement, DatabaseError> {
        if let Some(known) = self.prepared.get(sql) {
            return Ok(known.clone());
        }
        let statement = self.client().prepare(sql)?;
        self.prepared.insert(sql, statement.clone());
        Ok(statement)
    }
}

impl Drop for Postgres {
    /// Taking leave of the server waits for it, which no thread of the runtime may.
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(std::thread::spawn(move || drop(client)));
        }
    }
}

fn given<'a>(values: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    let each = values.iter();
    each.map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn read(row: &postgres::Row) -> Result<Row, DatabaseError> {
    let columns = row.columns().iter().enumerate();
    let cells = columns.map(|(n, column)| {
        let cell = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(n)?.map(Cell::Number),
            Type::INT4 => row
                .try_get::<_, Option<i32>>(n)?
                .map(|number| Cell::Number(number.into())),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(n)?.map(Cell::Bytes),
            _ => row.try_get::<_, Option<String>>(n)?.map(Cell::Text),
        };
        Ok(cell.unwrap_or(Cell::Nothing))
    });
    let cells: Result<_, postgres::Error> = cells.collect();
    Ok(Row(cells?))
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Value::Nothing => Ok(IsNull::Yes),
            Value::Number(number) => number.to_sql(kind, out),
            Value::Text(text) => text.to_sql(kind, out),
            Value::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    /// All columns and parameters are 64-bit numbers, text or bytes.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

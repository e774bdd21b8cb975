//! Owns the vault's database: records under their session's key, the index of ID numbers, and the
//! trail of who was given out to whom.
//!
//! A session's key lies wrapped beside its records; destroying it makes them unreadable wherever
//! copies of them are. Records are padded, so that their length says nothing.

use super::error::VaultError;
use super::mentions::Haystack;
use super::numbers::plain_text;
use super::person::{Person, Purpose};
use crate::keys::{
    Cipher, Keys, Line, MacPurpose, OWNER_SCHEMA, SealPurpose, Trail, TrailFault, TrailFilter,
    TrailHead, TrailRow, actor_word, belongs_to, mac, open_database, open_reader, random,
};
use crate::room::{Actor, Hex32, PersonRef, SessionId, Utc};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

const SCHEMA: &str = "
    CREATE TABLE session (id TEXT PRIMARY KEY, key BLOB) STRICT;
    CREATE TABLE person (
        ref TEXT PRIMARY KEY,
        session TEXT NOT NULL REFERENCES session (id),
        record BLOB NOT NULL,
        id_index BLOB NOT NULL,
        UNIQUE (session, id_index)
    ) STRICT;";

/// Since drawn committees: what a session keeps besides its people, sealed by the same key.
const DOCUMENTS: &str = "
    CREATE TABLE document (
        session TEXT NOT NULL REFERENCES session (id),
        kind TEXT NOT NULL,
        record BLOB NOT NULL,
        PRIMARY KEY (session, kind)
    ) STRICT;";

const DISCLOSURES: Trail = Trail {
    table: "disclosure",
    head: MacPurpose::DisclosureHead,
};

/// Records are padded to a multiple of this many bytes.
const PADDING: usize = 512;

/// The handle to the vault. Cheap to clone; every call may wait for the disk: from async code go
/// through [`Vault::background`].
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    path: PathBuf,
    keys: Keys,
    db: Mutex<Connection>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("path", &self.0.path)
            .finish_non_exhaustive()
    }
}

impl Vault {
    /// Opens or makes the vault.
    ///
    /// # Errors
    /// A file that cannot be used, or that belongs to other keys.
    pub fn open(path: &Path, keys: Keys) -> Result<Self, VaultError> {
        let failed = |source| VaultError::Open {
            path: path.to_owned(),
            source,
        };
        let schema = format!("{OWNER_SCHEMA}{SCHEMA}{}", DISCLOSURES.schema());
        let mut db = open_database(path, &[&schema, DOCUMENTS]).map_err(failed)?;
        if !belongs_to(&mut db, &keys, &[DISCLOSURES]).map_err(failed)? {
            return Err(VaultError::OtherKeys {
                path: path.to_owned(),
            });
        }
        Ok(Self(Arc::new(Inner {
            path: path.to_owned(),
            keys,
            db: Mutex::new(db),
        })))
    }

    /// Runs `work` where waiting for the disk holds up nobody.
    ///
    /// # Errors
    /// Those of `work`; [`VaultError::Stopping`] if the runtime ends meanwhile.
    pub async fn background<T, E>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<VaultError> + Send + 'static,
    {
        let vault = self.clone();
        tokio::task::spawn_blocking(move || work(&vault))
            .await
            .map_err(|_| VaultError::Stopping)?
    }

    /// Stores a person for a session; the reference means nothing outside of it.
    ///
    /// # Errors
    /// The session was shredded, or has a person with this ID number.
    pub fn store(&self, session: &SessionId, person: &Person) -> Result<PersonRef, VaultError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        let key = self.key_for_writing(&tx, session)?;
        let reference = insert(&tx, session, &key, person)?;
        tx.commit()?;
        Ok(reference)
    }

    /// Stores all of them or none.
    pub(super) fn store_all(
        &self,
        session: &SessionId,
        people: &[Person],
    ) -> Result<Vec<PersonRef>, VaultError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        let key = self.key_for_writing(&tx, session)?;
        let references = people
            .iter()
            .map(|p| insert(&tx, session, &key, p))
            .collect::<Result<Vec<_>, _>>()?;
        tx.commit()?;
        Ok(references)
    }

    /// Keeps a document of a session; what it had of that kind before is forgotten.
    ///
    /// # Errors
    /// The session was shredded, or the disk fails.
    pub fn keep(
        &self,
        session: &SessionId,
        kind: &Document,
        content: &[u8],
    ) -> Result<(), VaultError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        let key = self.key_for_writing(&tx, session)?;
        let record = document_cipher(&key).seal(&document_place(session, kind), content);
        tx.execute(
            "INSERT INTO document VALUES (?1, ?2, ?3)
             ON CONFLICT (session, kind) DO UPDATE SET record = excluded.record",
            params![session.as_str(), kind.word(), record],
        )?;
        Ok(tx.commit()?)
    }

    /// Gives a session's document out, and writes down that it did; none where there is none.
    ///
    /// # Errors
    /// It is damaged, or the disk fails.
    pub fn document(
        &self,
        session: &SessionId,
        kind: &Document,
        actor: &Actor,
        now: Utc,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        let record: Option<Vec<u8>> = tx
            .query_row(
                "SELECT record FROM document WHERE session = ?1 AND kind = ?2",
                [session.as_str(), &kind.word()],
                |row| row.get(0),
            )
            .optional()?;
        let found = match (record, self.key(&tx, session)?) {
            (Some(record), SessionState::Open(key)) => {
                let place = document_place(session, kind);
                let opened = document_cipher(&key).open(&place, &record);
                Some(opened.map_err(|_| VaultError::DamagedDocument(session.clone())))
            }
            (Some(_), SessionState::Unknown | SessionState::Shredded) | (None, _) => None,
        };
        let result = match &found {
            Some(Ok(_)) => "done",
            Some(Err(_)) => "unreadable",
            None => "none",
        };
        self.disclose(&tx, kind.purpose(), session.as_str(), result, actor, now)?;
        tx.commit()?;
        found.transpose()
    }

    /// Forgets a document that nothing was committed to.
    ///
    /// # Errors
    /// The disk fails.
    pub fn forget(&self, session: &SessionId, kind: &Document) -> Result<(), VaultError> {
        let one = "DELETE FROM document WHERE session = ?1 AND kind = ?2";
        self.db().execute(one, [session.as_str(), &kind.word()])?;
        Ok(())
    }

    /// Takes people out who were stored and then not taken into the session.
    ///
    /// # Errors
    /// The disk fails.
    pub fn remove(&self, session: &SessionId, people: &[PersonRef]) -> Result<(), VaultError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        for person in people {
            let of_session = "DELETE FROM person WHERE session = ?1 AND ref = ?2";
            tx.execute(of_session, [session.as_str(), person.as_str()])?;
        }
        Ok(tx.commit()?)
    }

    /// Gives a person out for a purpose, reduced to what it needs, and writes down that it did
    /// before anything is returned.
    ///
    /// # Errors
    /// There is no such person (any more), or his record is damaged.
    pub fn read(
        &self,
        person: &PersonRef,
        purpose: Purpose,
        actor: &Actor,
        now: Utc,
    ) -> Result<Person, VaultError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        let found = self.decrypt(&tx, person);
        let result = if found.is_ok() { "done" } else { "unreadable" };
        self.disclose(&tx, purpose.word(), person.as_str(), result, actor, now)?;
        tx.commit()?;
        found.map(|p| p.reduced_to(purpose))
    }

    /// Who of a session has that ID number, typed in any form. Asking is written down.
    ///
    /// # Errors
    /// The session's key is damaged, or the disk fails.
    pub fn find_by_id_number(
        &self,
        session: &SessionId,
        id_number: &str,
        actor: &Actor,
        now: Utc,
    ) -> Result<Option<PersonRef>, VaultError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        let found = match self.key(&tx, session)? {
            SessionState::Open(key) => {
                let index = index_of(&key, id_number);
                tx.query_row(
                    "SELECT ref FROM person WHERE session = ?1 AND id_index = ?2",
                    params![session.as_str(), index],
                    |row| row.get::<_, String>(0),
                )
                .optional()?
                .and_then(|text| text.parse().ok())
            }
            SessionState::Unknown | SessionState::Shredded => None,
        };
        let object = found.as_ref().map_or(session.as_str(), PersonRef::as_str);
        let result = if found.is_some() { "done" } else { "nobody" };
        self.disclose(&tx, "id-number-lookup", object, result, actor, now)?;
        tx.commit()?;
        Ok(found)
    }

    /// The first of these people whose phone number passes `is`, by his place among them. Asking is written down.
    ///
    /// # Errors
    /// A record is damaged, or the disk fails.
    pub fn find_by_phone(
        &self,
        people: &[PersonRef],
        is: impl Fn(&str) -> bool,
        actor: &Actor,
        now: Utc,
    ) -> Result<Option<usize>, VaultError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        let mut found = None;
        for (at, person) in people.iter().enumerate() {
            if is(&self.decrypt(&tx, person)?.phone) {
                found = Some(at);
                break;
            }
        }
        let person = found.and_then(|at| people.get(at));
        let object = person.map_or("caller", PersonRef::as_str);
        let result = if person.is_some() { "done" } else { "nobody" };
        self.disclose(&tx, "phone-lookup", object, result, actor, now)?;
        tx.commit()?;
        Ok(found)
    }

    /// Whether the session has somebody with that ID number; for the import, which tells nobody.
    pub(super) fn has_id_number(
        &self,
        session: &SessionId,
        id_number: &str,
    ) -> Result<bool, VaultError> {
        let db = self.db();
        let SessionState::Open(key) = self.key(&db, session)? else {
            return Ok(false);
        };
        Ok(db.query_row(
            "SELECT EXISTS (SELECT 1 FROM person WHERE session = ?1 AND id_index = ?2)",
            params![session.as_str(), index_of(&key, id_number)],
            |row| row.get(0),
        )?)
    }

    /// Whether a text names one of the session's people or contains one of their numbers,
    /// however it is spaced or widened. A hit is written down: it tells the asker something.
    ///
    /// # Errors
    /// A record is damaged, or the disk fails.
    pub fn mentions(
        &self,
        session: &SessionId,
        text: &str,
        actor: &Actor,
        now: Utc,
    ) -> Result<bool, VaultError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        let haystack = Haystack::new(text);
        for reference in people_of(&tx, session)? {
            if haystack.names(&self.decrypt(&tx, &reference)?) {
                self.disclose(&tx, "mention-check", session.as_str(), "found", actor, now)?;
                tx.commit()?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The session's people in the order they were stored.
    ///
    /// # Errors
    /// The disk fails.
    pub fn people(&self, session: &SessionId) -> Result<Vec<PersonRef>, VaultError> {
        people_of(&self.db(), session)
    }

    /// Destroys the session's personal data for good: its key, its records, and what of them the
    /// database's log still holds. Copies made before stay unreadable without the vault's key.
    /// Can be repeated.
    ///
    /// # Errors
    /// The disk fails, or a reader kept the log from being emptied: call it again.
    pub fn shred(&self, session: &SessionId, actor: &Actor, now: Utc) -> Result<(), VaultError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        tx.execute("DELETE FROM person WHERE session = ?1", [session.as_str()])?;
        tx.execute(
            "DELETE FROM document WHERE session = ?1",
            [session.as_str()],
        )?;
        tx.execute(
            "INSERT INTO session VALUES (?1, NULL) ON CONFLICT (id) DO UPDATE SET key = NULL",
            [session.as_str()],
        )?;
        self.disclose(&tx, "shred", session.as_str(), "done", actor, now)?;
        tx.commit()?;
        let busy: bool = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy {
            let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
            return Err(rusqlite::Error::SqliteFailure(busy, None).into());
        }
        Ok(())
    }

    /// Who was given out, newest first.
    ///
    /// # Errors
    /// The disk fails.
    pub fn disclosures(
        &self,
        filter: &TrailFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<TrailRow>, VaultError> {
        Ok(DISCLOSURES.page(&open_reader(&self.0.path)?, filter, before, limit)?)
    }

    /// Checks the whole trail of disclosures.
    ///
    /// # Errors
    /// Outer: the disk fails. Inner: the first row that was tampered with.
    pub fn verify_disclosures(&self) -> Result<Result<TrailHead, TrailFault>, VaultError> {
        Ok(DISCLOSURES.verify(&open_reader(&self.0.path)?, &self.0.keys)?)
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        // a panic elsewhere rolled its transaction back
        self.0.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn disclose(
        &self,
        tx: &Transaction<'_>,
        kind: &str,
        object: &str,
        result: &str,
        actor: &Actor,
        now: Utc,
    ) -> Result<(), VaultError> {
        let subject = actor_word(actor);
        let line = Line {
            at: now,
            kind,
            subject: &subject,
            object,
            result,
            address: "",
        };
        Ok(DISCLOSURES.append(tx, &self.0.keys, &line)?)
    }

    fn key(&self, db: &Connection, session: &SessionId) -> Result<SessionState, VaultError> {
        let wrapped: Option<Option<Vec<u8>>> = db
            .query_row(
                "SELECT key FROM session WHERE id = ?1",
                [session.as_str()],
                |row| row.get(0),
            )
            .optional()?;
        let Some(wrapped) = wrapped else {
            return Ok(SessionState::Unknown);
        };
        let Some(wrapped) = wrapped else {
            return Ok(SessionState::Shredded);
        };
        let damaged = || VaultError::DamagedKey(session.clone());
        let plain = self
            .0
            .keys
            .open_sealed(
                SealPurpose::SessionKey,
                session.as_str().as_bytes(),
                &wrapped,
            )
            .map_err(|_| damaged())?;
        let key: [u8; 32] = plain.as_slice().try_into().map_err(|_| damaged())?;
        Ok(SessionState::Open(Zeroizing::new(key)))
    }

    fn key_for_writing(
        &self,
        tx: &Transaction<'_>,
        session: &SessionId,
    ) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        match self.key(tx, session)? {
            SessionState::Open(key) => Ok(key),
            SessionState::Shredded => Err(VaultError::Shredded(session.clone())),
            SessionState::Unknown => {
                let key = random::<32>();
                let place = session.as_str().as_bytes();
                let wrapped = self
                    .0
                    .keys
                    .seal(SealPurpose::SessionKey, place, key.as_slice());
                tx.execute(
                    "INSERT INTO session VALUES (?1, ?2)",
                    params![session.as_str(), wrapped],
                )?;
                Ok(key)
            }
        }
    }

    fn decrypt(&self, db: &Connection, person: &PersonRef) -> Result<Person, VaultError> {
        let (session, record): (String, Vec<u8>) = db
            .query_row(
                "SELECT session, record FROM person WHERE ref = ?1",
                [person.as_str()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?
            .ok_or_else(|| VaultError::UnknownPerson(person.clone()))?;
        let damaged = || VaultError::Damaged(person.clone());
        let session: SessionId = session.parse().map_err(|_| damaged())?;
        let SessionState::Open(key) = self.key(db, &session)? else {
            return Err(damaged());
        };
        let plain = record_cipher(&key)
            .open(&place(&session, person), &record)
            .map_err(|_| damaged())?;
        serde_json::from_slice(&plain).map_err(|_| damaged())
    }
}

/// What a session keeps in the vault besides its people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// What the box committed to before a draw, in clear: pool, salts, rules, secret. By the pool's root, so that a
    /// second preparation cannot take the first one's away.
    Draw(Hex32),
    /// The order that the hub has brought, as it is: encrypted to the box.
    Order,
}

impl Document {
    fn word(&self) -> String {
        match self {
            Self::Draw(root) => format!("draw-{root}"),
            Self::Order => "order".to_owned(),
        }
    }

    fn purpose(&self) -> &'static str {
        match self {
            Self::Draw(_) => "draw",
            Self::Order => "order",
        }
    }
}

enum SessionState {
    Unknown,
    Open(Zeroizing<[u8; 32]>),
    Shredded,
}

fn insert(
    tx: &Transaction<'_>,
    session: &SessionId,
    key: &[u8; 32],
    person: &Person,
) -> Result<PersonRef, VaultError> {
    let reference: PersonRef = hex::encode(*random::<16>())
        .parse()
        .expect("32 hexadecimal digits");
    let mut plain = Zeroizing::new(Vec::with_capacity(4 * PADDING));
    serde_json::to_writer(&mut *plain, person).expect("four strings are JSON");
    let padded = plain.len().next_multiple_of(PADDING);
    plain.resize(padded, b' ');
    let record = record_cipher(key).seal(&place(session, &reference), &plain);
    let inserted = tx.execute(
        "INSERT INTO person VALUES (?1, ?2, ?3, ?4) ON CONFLICT (session, id_index) DO NOTHING",
        params![
            reference.as_str(),
            session.as_str(),
            record,
            index_of(key, &person.id_number)
        ],
    )?;
    if inserted == 0 {
        return Err(VaultError::Duplicate(session.clone()));
    }
    Ok(reference)
}

fn people_of(db: &Connection, session: &SessionId) -> Result<Vec<PersonRef>, VaultError> {
    let mut statement =
        db.prepare_cached("SELECT ref FROM person WHERE session = ?1 ORDER BY rowid")?;
    let texts = statement.query_map([session.as_str()], |row| row.get::<_, String>(0))?;
    let texts = texts.collect::<Result<Vec<_>, _>>()?;
    Ok(texts.iter().filter_map(|text| text.parse().ok()).collect())
}

fn record_cipher(session_key: &[u8; 32]) -> Cipher {
    Cipher::new(&Zeroizing::new(mac(session_key, b"record")))
}

fn document_cipher(session_key: &[u8; 32]) -> Cipher {
    Cipher::new(&Zeroizing::new(mac(session_key, b"document")))
}

/// Binds a document to its session and kind.
fn document_place(session: &SessionId, kind: &Document) -> Vec<u8> {
    [session.as_str().as_bytes(), b"\0", kind.word().as_bytes()].concat()
}

/// ID numbers are few enough to be guessed one by one, hence a key, and one that is shredded.
fn index_of(session_key: &[u8; 32], id_number: &str) -> [u8; 32] {
    let index_key = Zeroizing::new(mac(session_key, b"id-number-index"));
    mac(index_key.as_slice(), plain_text(id_number).as_bytes())
}

/// Binds a record to its session and person, so that rows cannot be exchanged.
fn place(session: &SessionId, person: &PersonRef) -> Vec<u8> {
    [
        session.as_str().as_bytes(),
        b"\0",
        person.as_str().as_bytes(),
    ]
    .concat()
}

//! Owns the hub's tables, for SQLite and for PostgreSQL: the same columns under the same names, version after version.

/// SQLite: each leads from the one before to it.
pub(super) const SQLITE: &[&str] = &[FIRST, SECOND, THIRD, FOURTH];

const FIRST: &str = "
CREATE TABLE boxes (
    room TEXT NOT NULL, box BLOB NOT NULL, epoch INTEGER NOT NULL, since INTEGER NOT NULL,
    upto INTEGER NOT NULL, head TEXT NOT NULL,
    PRIMARY KEY (room, epoch), UNIQUE (room, box)
) WITHOUT ROWID;
CREATE TABLE waiting (room TEXT NOT NULL, box BLOB NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (room, box)) WITHOUT ROWID;
CREATE TABLE events (
    room TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, session TEXT, line BLOB NOT NULL,
    PRIMARY KEY (room, epoch, seq)
) WITHOUT ROWID;
CREATE TABLE checkpoints (
    room TEXT NOT NULL, box BLOB NOT NULL, session TEXT NOT NULL, seq INTEGER NOT NULL, heard INTEGER NOT NULL, line BLOB NOT NULL
);
CREATE INDEX checkpoints_of ON checkpoints (room, session);
CREATE TABLE trail (
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, room TEXT, what TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE commands (
    id TEXT PRIMARY KEY, room TEXT NOT NULL, issued INTEGER NOT NULL, expires INTEGER NOT NULL, message BLOB NOT NULL,
    evaluation TEXT, reply TEXT, replied INTEGER
) WITHOUT ROWID;
CREATE INDEX commands_open ON commands (room) WHERE reply IS NULL;
CREATE TABLE evaluations (id TEXT PRIMARY KEY, made INTEGER NOT NULL, evaluation TEXT NOT NULL) WITHOUT ROWID;";

/// Since plans can be changed: what a command asks. Since attendance is stated: statements, which only the pool's owner opens.
const SECOND: &str = "
ALTER TABLE commands ADD COLUMN what TEXT NOT NULL DEFAULT 'plan_session';
CREATE INDEX commands_of ON commands (evaluation, room);
CREATE TABLE statements (
    room TEXT NOT NULL, id TEXT NOT NULL, session TEXT NOT NULL, kind TEXT NOT NULL, made INTEGER NOT NULL, heard INTEGER NOT NULL,
    recipient TEXT NOT NULL, container BLOB NOT NULL, PRIMARY KEY (room, id)
) WITHOUT ROWID;";

/// Since an evaluation's own policies begin with those of its main venue: the policies that each room runs by.
const THIRD: &str = "
CREATE TABLE policies (room TEXT PRIMARY KEY, policies TEXT NOT NULL) WITHOUT ROWID;";

/// Since orders are brought to rooms: the certificates that they are encrypted to, and which were sent. Their parts are commands.
const FOURTH: &str = "
CREATE TABLE certificates (room TEXT PRIMARY KEY, box BLOB NOT NULL, certificate TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE orders (
    room TEXT NOT NULL, session TEXT NOT NULL, sent INTEGER NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL
);";

/// PostgreSQL.
pub(super) const POSTGRES: &[&str] = &["
CREATE TABLE boxes (
    room TEXT NOT NULL, box BYTEA NOT NULL, epoch BIGINT NOT NULL, since BIGINT NOT NULL,
    upto BIGINT NOT NULL, head TEXT NOT NULL,
    PRIMARY KEY (room, epoch), UNIQUE (room, box)
);
CREATE TABLE waiting (room TEXT NOT NULL, box BYTEA NOT NULL, since BIGINT NOT NULL, PRIMARY KEY (room, box));
CREATE TABLE events (
    room TEXT NOT NULL, epoch BIGINT NOT NULL, seq BIGINT NOT NULL, at BIGINT NOT NULL, session TEXT, line BYTEA NOT NULL,
    PRIMARY KEY (room, epoch, seq)
);
CREATE TABLE checkpoints (
    room TEXT NOT NULL, box BYTEA NOT NULL, session TEXT NOT NULL, seq BIGINT NOT NULL, heard BIGINT NOT NULL, line BYTEA NOT NULL
);
CREATE INDEX checkpoints_of ON checkpoints (room, session);
CREATE TABLE trail (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at BIGINT NOT NULL, room TEXT, what TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE commands (
    id TEXT PRIMARY KEY, room TEXT NOT NULL, issued BIGINT NOT NULL, expires BIGINT NOT NULL, message BYTEA NOT NULL,
    evaluation TEXT, reply TEXT, replied BIGINT, what TEXT NOT NULL
);
CREATE INDEX commands_open ON commands (room) WHERE reply IS NULL;
CREATE INDEX commands_of ON commands (evaluation, room);
CREATE TABLE evaluations (id TEXT PRIMARY KEY, made BIGINT NOT NULL, evaluation TEXT NOT NULL);
CREATE TABLE statements (
    room TEXT NOT NULL, id TEXT NOT NULL, session TEXT NOT NULL, kind TEXT NOT NULL, made BIGINT NOT NULL, heard BIGINT NOT NULL,
    recipient TEXT NOT NULL, container BYTEA NOT NULL, PRIMARY KEY (room, id)
);", "
CREATE TABLE policies (room TEXT PRIMARY KEY, policies TEXT NOT NULL);", "
CREATE TABLE certificates (room TEXT PRIMARY KEY, box BYTEA NOT NULL, certificate TEXT NOT NULL);
CREATE TABLE orders (
    room TEXT NOT NULL, session TEXT NOT NULL, sent BIGINT NOT NULL, sha256 TEXT NOT NULL, bytes BIGINT NOT NULL
);"];

//! Owns what the city hears of an archive: which one it is, and where copies of it are.

use crate::config::{ReplicaPlace, ReplicaSpec};
use crate::hub::contract::{ArchiveCopy, S3Place, SealedArchive};
use crate::room::{Kept, Replica, SessionId};

/// An archive that the room keeps, or has kept.
pub(super) fn describe(
    session: &SessionId,
    kept: &Kept,
    replicas: &[ReplicaSpec],
) -> SealedArchive {
    let copy = |spec: &ReplicaSpec| ArchiveCopy {
        replica: spec.id.clone(),
        verified: match kept.replicas.get(&spec.id) {
            Some(Replica::Whole { verified }) => Some(verified.at),
            Some(Replica::Damaged { .. }) | None => None,
        },
        s3: match &spec.place {
            ReplicaPlace::Folder(_) => None,
            ReplicaPlace::S3(bucket) => Some(S3Place {
                endpoint: bucket.endpoint.clone(),
                bucket: bucket.bucket.clone(),
                key: key(&bucket.prefix, session),
            }),
        },
    };
    SealedArchive {
        session: session.clone(),
        kind: kept.kind,
        tagmanifest_sha256: kept.seal.sha256.clone(),
        files: kept.seal.files,
        bytes: kept.seal.bytes,
        sealed: kept.sealed.unwrap_or(kept.since.at),
        timestamped: kept.seal.timestamped,
        damaged: kept.damaged,
        released: kept.released,
        replicas: replicas.iter().map(copy).collect(),
    }
}

fn key(prefix: &str, session: &SessionId) -> String {
    match prefix {
        "" => format!("{session}/"),
        prefix => format!("{prefix}/{session}/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_begin_as_the_replica_writes_them() {
        let session: SessionId = "BS-1".parse().unwrap();
        assert_eq!(key("", &session), "BS-1/");
        assert_eq!(key("a/b", &session), "a/b/BS-1/");
    }
}

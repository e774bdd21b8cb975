//! Owns the check of replicas: a folder that is there, writable and on another disk; keys that only the daemon reads.
//! A server is not asked: the daemon does, and tells of it as a fault of the room.

use super::finding::{Finding, Level};
use super::run::Premises;
use super::storage::{existing, tempfile_in, unusable};
use crate::config::{Bucket, Profile, ReplicaPlace, Text};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

pub(super) fn check(profile: &Profile, premises: &Premises) -> Vec<Finding> {
    let recordings = existing(&profile.storage.sessions(&premises.data));
    let specs = profile.storage.replicas.iter();
    specs
        .map(|spec| {
            let (id, name) = (format!("replica-{}", spec.id), &spec.id);
            let subject = text!("副本 {name}", "Replica {name}");
            match &spec.place {
                ReplicaPlace::Folder(path) => folder(&id, subject, path, &recordings),
                ReplicaPlace::S3(bucket) => keys(&id, subject, bucket),
            }
        })
        .collect()
}

fn folder(id: &str, subject: Text, path: &Path, recordings: &Path) -> Finding {
    let shown = path.display();
    if !path.is_dir() {
        return Finding::bad(
            Level::Fault,
            id,
            subject,
            text!("不存在", "not there"),
            text!("{shown} 不存在", "{shown} is not there"),
            text!(
                "挂载磁盘，并在其上建立该文件夹：install -d -o bidroom {shown}",
                "mount the disk, and make the folder on it: install -d -o bidroom {shown}"
            ),
        );
    }
    if let Err(error) = tempfile_in(path) {
        return unusable(id, subject, path, &error);
    }
    let disk = |path: &Path| fs::metadata(path).map(|folder| folder.dev()).ok();
    if disk(path) == disk(recordings) {
        return Finding::bad(
            Level::Warning,
            id,
            subject,
            text!("与录像在同一磁盘", "on the recordings' own disk"),
            text!(
                "{shown} 与录像在同一文件系统上，磁盘损坏时一起丢失",
                "{shown} lies on the recordings' file system: both are lost with that disk"
            ),
            text!(
                "挂载第二块磁盘，再把 to 改到它上面",
                "mount a second disk and point to there"
            ),
        );
    }
    Finding::ok(id, subject, text!("{shown}，可写", "{shown}, writable"))
}

fn keys(id: &str, subject: Text, bucket: &Bucket) -> Finding {
    let path = bucket.credentials_file.display();
    let mode = match fs::metadata(&bucket.credentials_file) {
        Ok(file) => file.mode(),
        Err(error) => {
            return Finding::bad(
                Level::Fault,
                id,
                subject,
                text!("没有密钥", "no keys"),
                text!("{path}：{error}", "{path}: {error}"),
                text!(
                    "把密钥写入该文件，并执行：chown bidroom: {path}; chmod 600 {path}",
                    "write the keys into that file, then run: chown bidroom: {path}; chmod 600 {path}"
                ),
            );
        }
    };
    if mode & 0o077 != 0 {
        return Finding::bad(
            Level::Warning,
            id,
            subject,
            text!("密钥可被他人读取", "others can read the keys"),
            text!("{path} 的权限过宽", "{path} is open to others"),
            text!("执行：chmod 600 {path}", "run: chmod 600 {path}"),
        );
    }
    let (endpoint, bucket) = (&bucket.endpoint, &bucket.bucket);
    Finding::ok(
        id,
        subject,
        text!(
            "{endpoint} 的桶 {bucket}；连通性由运行中的系统检查",
            "bucket {bucket} at {endpoint}; whether it answers is the running daemon's to find"
        ),
    )
}

//! Owns where sealed archives are copied to: a folder on a second disk, or a bucket of S3-compatible storage.

use super::document::{At, Section, Value, Wrong};
use super::values::{AbsolutePath, invalid, string};
use crate::room::ReplicaId;
use std::path::PathBuf;
use toml::de::DeValue;

/// A place that archives are copied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaSpec {
    /// What the journal calls it.
    pub id: ReplicaId,
    /// Where it is.
    pub place: ReplicaPlace,
}

/// Where a replica is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplicaPlace {
    /// A folder that exists: the daemon does not make it, so that a disk that is not mounted is noticed.
    Folder(PathBuf),
    /// A bucket.
    S3(Bucket),
}

/// A bucket of S3-compatible storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its server, `https://host:port`; plain HTTP on this machine only.
    pub endpoint: String,
    /// Its region; what the server wants to hear.
    pub region: String,
    /// Its name.
    pub bucket: String,
    /// What all names in it begin with; may be empty.
    pub prefix: String,
    /// The file with `aws_access_key_id = …` and `aws_secret_access_key = …`, as the AWS tools write it.
    pub credentials_file: PathBuf,
}

/// Reads the sections `[[storage.replicas]]`; none where one of them is wrong.
pub(super) fn replicas(sections: Vec<Section<'_>>) -> Option<Vec<ReplicaSpec>> {
    let mut known: Vec<ReplicaSpec> = Vec::new();
    let mut whole = true;
    for mut s in sections {
        let id = s.required::<ReplicaId>("id", "\"second-disk\"");
        let to = s.required::<To>("to", "\"/mnt/second-disk/bidroom\"");
        let place = match to.map(|to| to.value) {
            None => {
                // whichever it was to be, these are no unknown keys
                for key in ["endpoint", "region", "credentials_file"] {
                    s.optional::<String>(key);
                }
                None
            }
            Some(To::Folder(folder)) => Some(ReplicaPlace::Folder(folder)),
            Some(To::Bucket(bucket, prefix)) => s3(&mut s, bucket, prefix),
        };
        if let Some(id) = &id
            && known.iter().any(|spec| spec.id == id.value)
        {
            let name = &id.value;
            let wrong = Wrong {
                what: text!("{name} 已经出现过", "{name} is already there"),
                allowed: text!("每个副本的 id 只出现一次", "each replica's id once"),
                remedy: text!("换一个 id", "choose another id"),
            };
            s.fault("id", id.offset, wrong);
            whole = false;
        }
        s.close();
        match (id, place) {
            (Some(At { value: id, .. }), Some(place)) => known.push(ReplicaSpec { id, place }),
            _ => whole = false,
        }
    }
    whole.then_some(known)
}

fn s3(s: &mut Section<'_>, bucket: String, prefix: String) -> Option<ReplicaPlace> {
    let endpoint = s.required::<Endpoint>("endpoint", "\"https://s3.example.cn:9000\"");
    let region = s.or("region", "us-east-1".to_owned());
    let credentials_file =
        s.required::<AbsolutePath>("credentials_file", "\"/etc/bidroom/s3-credentials\"");
    Some(ReplicaPlace::S3(Bucket {
        endpoint: endpoint?.value.0,
        region: region?,
        bucket,
        prefix,
        credentials_file: credentials_file?.value.0,
    }))
}

/// A folder, or `s3://bucket/prefix`.
enum To {
    Folder(PathBuf),
    Bucket(String, String),
}

impl Value for To {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let Some(name) = text.strip_prefix("s3://") else {
            let wrong = || {
                invalid(
                    text,
                    "以 / 开头、不含 .. 的文件夹路径，或 s3://桶/前缀",
                    "a folder's path that begins with / and holds no .., or s3://bucket/prefix",
                    "\"/mnt/second-disk/bidroom\" / \"s3://bidroom/baoshan-1\"",
                )
            };
            return AbsolutePath::read(value)
                .map(|path| Self::Folder(path.0))
                .map_err(|_| wrong());
        };
        let (bucket, prefix) = name.split_once('/').unwrap_or((name, ""));
        let prefix = prefix.trim_end_matches('/');
        let of = |text: &str, more: &str| {
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || more.as_bytes().contains(&b))
        };
        let named = (3..=63).contains(&bucket.len())
            && of(bucket, "-.")
            && !bucket.bytes().any(|b| b.is_ascii_uppercase());
        let parts = prefix.is_empty()
            || prefix
                .split('/')
                .all(|part| !part.trim_matches('.').is_empty() && of(part, "-_."));
        if named && parts && prefix.len() <= 200 {
            return Ok(Self::Bucket(bucket.to_owned(), prefix.to_owned()));
        }
        // never repeated: it may hold a password
        Err(Wrong {
            what: text!("不是有效的桶和前缀", "this is no valid bucket and prefix"),
            allowed: text!(
                "s3://桶/前缀：桶名 3 至 63 个小写字母、数字、- 和 .；前缀可省略",
                "s3://bucket/prefix: a bucket of 3 to 63 lower-case letters, digits, - and .; the prefix may be left out"
            ),
            remedy: text!(
                "例如 \"s3://bidroom/baoshan-1\"；密钥写在 credentials_file 指的文件中",
                "for example \"s3://bidroom/baoshan-1\"; keys stand in the file that credentials_file names"
            ),
        })
    }
}

/// `https://host:port`, or `http://` to this machine itself.
struct Endpoint(String);

impl Value for Endpoint {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let text = string(value)?;
        let uri: Option<hyper::Uri> = text.parse().ok();
        let plain = uri.filter(|uri| {
            let host = uri.host().unwrap_or("");
            let here = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
            let safe =
                uri.scheme_str() == Some("https") || uri.scheme_str() == Some("http") && here;
            safe && !host.is_empty() && !text.contains('@') && ["", "/"].contains(&uri.path())
        });
        match plain {
            Some(_) => Ok(Self(text.trim_end_matches('/').to_owned())),
            // never repeated: it may hold a password
            None => Err(Wrong {
                what: text!(
                    "不是有效的对象存储地址",
                    "this is no valid address of a storage server"
                ),
                allowed: text!(
                    "https://主机:端口；http:// 仅限本机",
                    "https://host:port; http:// to this machine only"
                ),
                remedy: text!(
                    "例如 \"https://s3.example.cn:9000\"；不含路径、用户名和密码，桶和前缀写在 to 中",
                    "for example \"https://s3.example.cn:9000\"; without path, user or password: bucket and prefix stand in to"
                ),
            }),
        }
    }
}

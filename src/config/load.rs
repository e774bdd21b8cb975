//! Owns the way from a file's bytes to a profile, and the faults that keep it from being read.

use super::document::{Log, Section, Wrong, place};
use super::fault::{Fault, ProfileError};
use super::profile::Profile;
use super::{cross, sections};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// A profile is a page or two; whatever is larger is another file.
const LARGEST: u64 = 1_000_000;

impl Profile {
    /// Reads and checks a profile. Opens no device and no socket.
    ///
    /// # Errors
    /// The file cannot be read, or has faults: all of them.
    pub fn load(file: impl Into<PathBuf>) -> Result<Self, ProfileError> {
        let file = file.into();
        let bytes = bytes(&file)?;
        Self::parse(&bytes, file)
    }

    /// Checks a profile's bytes; `file` is what faults name, and what relative paths lie beside.
    ///
    /// # Errors
    /// All faults.
    pub fn parse(bytes: &[u8], file: impl Into<PathBuf>) -> Result<Self, ProfileError> {
        let file = file.into();
        let sha256 = Sha256::digest(bytes).into();
        match text_of(bytes).and_then(|text| read(text, &file, sha256)) {
            Ok(profile) => Ok(profile),
            Err(faults) => Err(ProfileError::Faulty { file, faults }),
        }
    }
}

/// The bytes of a file; not more of them than tell that it is too large.
pub(super) fn bytes(file: &Path) -> Result<Vec<u8>, ProfileError> {
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|f| f.take(LARGEST + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(cause) => Err(ProfileError::Unreadable {
            file: file.to_owned(),
            cause,
        }),
    }
}

/// Reads a document that is no profile.
pub(super) fn document<T>(
    bytes: &[u8],
    read: impl FnOnce(Section<'_>) -> Option<T>,
) -> Result<T, Vec<Fault>> {
    let text = text_of(bytes)?;
    let log = Log::new(text);
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => return Err(not_toml(log, &error)),
    };
    let read = read(Section::root(&document, &log));
    let faults = log.into_faults();
    match read {
        Some(read) if faults.is_empty() => Ok(read),
        Some(_) | None => Err(faults),
    }
}

/// A file that is no TOML at all has exactly one fault.
fn no_toml(line: usize, column: usize, wrong: Wrong) -> Vec<Fault> {
    let Wrong {
        what,
        allowed,
        remedy,
    } = wrong;
    vec![Fault {
        line,
        column,
        key: String::new(),
        what,
        allowed,
        remedy,
    }]
}

fn text_of(bytes: &[u8]) -> Result<&str, Vec<Fault>> {
    if bytes.len() as u64 > LARGEST {
        let wrong = Wrong {
            what: text!(
                "文件过大，不是房间配置文件",
                "the file is too large to be a room's profile"
            ),
            allowed: text!("不超过 1 MB", "up to 1 MB"),
            remedy: text!("核对路径", "check the path"),
        };
        return Err(no_toml(1, 1, wrong));
    }
    std::str::from_utf8(bytes).map_err(|fault| {
        let (good, _) = bytes.split_at(fault.valid_up_to());
        let good = std::str::from_utf8(good).expect("valid up to here");
        let (line, column) = place(good, good.len());
        let wrong = Wrong {
            what: text!("此处不是 UTF-8 文字", "this is not UTF-8 text"),
            allowed: text!("UTF-8 编码的文件", "a file in UTF-8"),
            remedy: text!(
                "用编辑器另存为 UTF-8（不要用 GBK）",
                "save the file as UTF-8 in your editor (not GBK)"
            ),
        };
        no_toml(line, column, wrong)
    })
}

fn read(text: &str, file: &Path, sha256: [u8; 32]) -> Result<Profile, Vec<Fault>> {
    let log = Log::new(text);
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => return Err(not_toml(log, &error)),
    };
    let parts = sections::read(Section::root(&document, &log), file);
    cross::check(&parts, &log);
    let faults = log.into_faults();
    match parts.into_profile(file, sha256) {
        Some(profile) if faults.is_empty() => Ok(profile),
        Some(_) | None => Err(faults),
    }
}

fn not_toml(log: Log<'_>, error: &toml::de::Error) -> Vec<Fault> {
    let offset = error.span().map_or(0, |s| s.start);
    // only the parser's message: its excerpt of the line could hold a password
    let message = error.message();
    let wrong = Wrong {
        what: text!(
            "不是有效的 TOML（{message}）",
            "this is not TOML ({message})"
        ),
        allowed: text!(
            "项 = 值、[节]、[[列表节]]，文字用英文双引号",
            "key = value, [section], [[list of sections]], text in double quotes"
        ),
        remedy: text!(
            "改正此处；常见原因：中文引号、缺少引号或逗号、同一项写了两次",
            "correct this place; often: Chinese quotes, a missing quote or comma, a key written twice"
        ),
    };
    log.fault(offset, "", wrong);
    log.into_faults()
}

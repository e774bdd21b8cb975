//! Owns how a fault of a profile is told: its place, its key, what is wrong, what is allowed and
//! the remedy. Values of secret keys are never repeated.

use super::text::{Lang, Text};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// One fault of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// The key with its sections, e.g. `cameras[2].main`; sections of a list count from 1.
    pub key: String,
    /// What is wrong.
    pub what: Text,
    /// What would be right.
    pub allowed: Text,
    /// What to do.
    pub remedy: Text,
}

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file cannot be read.
    #[error("{}", unreadable(file, cause).en)]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The file says something that it must not; all faults in the order of its lines.
    #[error("{}", Faulty { file, faults, lang: Lang::En })]
    Faulty {
        /// Which file.
        file: PathBuf,
        /// At least one.
        faults: Vec<Fault>,
    },
}

impl ProfileError {
    /// As a person reads it, a few lines a fault.
    pub fn told(&self, lang: Lang) -> String {
        match self {
            Self::Unreadable { file, cause } => unreadable(file, cause).of(lang).to_owned(),
            Self::Faulty { file, faults } => Faulty { file, faults, lang }.to_string(),
        }
    }

    /// The faults; none where the file could not be read at all.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Unreadable { .. } => &[],
            Self::Faulty { faults, .. } => faults,
        }
    }
}

fn unreadable(file: &std::path::Path, cause: &std::io::Error) -> Text {
    let file = file.display();
    text!(
        "{file}：无法读取配置文件（{cause}）\n  处理办法：核对路径；确认运行 bidroom 的用户有读取权限",
        "{file}: the profile cannot be read ({cause})\n  remedy: check the path, and that the user who runs bidroom may read it"
    )
}

struct Faulty<'a> {
    file: &'a std::path::Path,
    faults: &'a [Fault],
    lang: Lang,
}

impl fmt::Display for Faulty<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (colon, allowed, remedy) = match self.lang {
            Lang::Zh => ("：", "允许：", "处理办法："),
            Lang::En => (": ", "allowed: ", "remedy: "),
        };
        for (n, fault) in self.faults.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(
                f,
                "{}:{}:{}: ",
                self.file.display(),
                fault.line,
                fault.column
            )?;
            if !fault.key.is_empty() {
                write!(f, "{}{colon}", fault.key)?;
            }
            writeln!(f, "{}", fault.what.of(self.lang))?;
            writeln!(f, "  {allowed}{}", fault.allowed.of(self.lang))?;
            write!(f, "  {remedy}{}", fault.remedy.of(self.lang))?;
        }
        Ok(())
    }
}

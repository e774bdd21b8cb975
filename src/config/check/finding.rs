//! Owns what the check says: result, cause and remedy of one thing, and all of it as a report.

use crate::config::{Lang, Text};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write as _;

/// How good a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good.
    Ok,
    /// An evaluation can be held, but somebody should see to it.
    Warning,
    /// No evaluation can be held.
    Fault,
}

/// What was found about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// What it is about, for machines: `clock`, `camera-2`, `port-https`.
    pub id: String,
    /// How good it is.
    pub level: Level,
    /// What it is about, for people.
    pub subject: Text,
    /// What was found.
    pub result: Text,
    /// Why it is so; there unless all is well.
    pub cause: Option<Text>,
    /// What to do; there unless all is well.
    pub remedy: Option<Text>,
}

impl Finding {
    /// All is well.
    pub(super) fn ok(id: impl Into<String>, subject: Text, result: Text) -> Self {
        let (id, level) = (id.into(), Level::Ok);
        Self {
            id,
            level,
            subject,
            result,
            cause: None,
            remedy: None,
        }
    }

    /// Something is not well.
    pub(super) fn bad(
        level: Level,
        id: impl Into<String>,
        subject: Text,
        result: Text,
        cause: Text,
        remedy: Text,
    ) -> Self {
        let id = id.into();
        Self {
            id,
            level,
            subject,
            result,
            cause: Some(cause),
            remedy: Some(remedy),
        }
    }
}

/// What was found about everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Report {
    /// The profile's file.
    pub profile: String,
    /// SHA-256 of that file, in hex.
    pub profile_sha256: String,
    /// The findings, in a fixed order.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The worst of all findings.
    pub fn level(&self) -> Level {
        self.findings
            .iter()
            .map(|f| f.level)
            .max()
            .unwrap_or(Level::Ok)
    }

    /// 0 all is well, 1 warnings, 2 faults.
    pub fn exit_code(&self) -> u8 {
        match self.level() {
            Level::Ok => 0,
            Level::Warning => 1,
            Level::Fault => 2,
        }
    }

    /// As a person reads it.
    pub fn told(&self, lang: Lang) -> String {
        let mut told = String::new();
        for finding in &self.findings {
            let (mark, colon) = match (finding.level, lang) {
                (Level::Ok, Lang::Zh) => ("正常", "："),
                (Level::Warning, Lang::Zh) => ("注意", "："),
                (Level::Fault, Lang::Zh) => ("故障", "："),
                (Level::Ok, Lang::En) => ("ok     ", ": "),
                (Level::Warning, Lang::En) => ("warning", ": "),
                (Level::Fault, Lang::En) => ("FAULT  ", ": "),
            };
            let (cause, remedy) = match lang {
                Lang::Zh => ("原因", "处理办法"),
                Lang::En => ("cause", "remedy"),
            };
            let (subject, result) = (finding.subject.of(lang), finding.result.of(lang));
            line(&mut told, format_args!("[{mark}] {subject}{colon}{result}"));
            for (name, text) in [(cause, &finding.cause), (remedy, &finding.remedy)] {
                if let Some(text) = text {
                    line(
                        &mut told,
                        format_args!("    {name}{colon}{}", text.of(lang)),
                    );
                }
            }
        }
        let count = |level| self.findings.iter().filter(|f| f.level == level).count();
        let (good, warnings, faults) =
            (count(Level::Ok), count(Level::Warning), count(Level::Fault));
        let sum = text!(
            "结论：{good} 项正常，{warnings} 项注意，{faults} 项故障",
            "In all: {good} ok, {warnings} warnings, {faults} faults"
        );
        told.push_str(sum.of(lang));
        told
    }
}

fn line(told: &mut String, text: std::fmt::Arguments<'_>) {
    told.write_fmt(text).expect("a String takes everything");
    told.push('\n');
}

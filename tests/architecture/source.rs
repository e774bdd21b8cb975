//! Owns how a Rust file is looked at: without comments, texts and tests; as the paths that it names.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of `src/`.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the repository's root, e.g. `src/room/time.rs`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// Whether it is compiled for tests only.
    pub(crate) fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// The modules it lies in, e.g. `["room", "time"]`.
    pub(crate) fn module(&self) -> Vec<&str> {
        let path = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let path = path.strip_suffix(".rs").unwrap_or(path);
        let path = path.strip_suffix("/mod").unwrap_or(path);
        match path {
            "lib" | "main" => Vec::new(),
            _ => path.split('/').collect(),
        }
    }

    /// What the product runs: no comments, no texts, no tests at the end of the file.
    pub(crate) fn code(&self) -> String {
        let code = without_comments_and_texts(&self.text);
        let tests = code.match_indices("#[cfg(test)]").map(|(at, _)| at);
        let mut inline = tests.filter(|at| {
            let after = code[at + "#[cfg(test)]".len()..].trim_start();
            after.starts_with("mod ")
                && after.split(['{', ';']).next().is_some()
                && after.find('{') < after.find(';')
        });
        match inline.next() {
            Some(at) => code[..at].to_owned(),
            None => code,
        }
    }

    /// Every path from the crate's root that it names, e.g. `["journal", "Reader"]`.
    pub(crate) fn crate_paths(&self) -> Vec<Vec<String>> {
        let code = self.code();
        let mut paths = Vec::new();
        for root in ["crate::", "bidroom::"] {
            for (at, _) in code.match_indices(root) {
                if !continues_a_word(&code, at) {
                    paths.extend(tree(&code[at + root.len()..]).0);
                }
            }
        }
        // `super::super::…` may climb to the root as well
        let depth = self.module().len();
        let mut at = 0;
        while let Some(found) = code[at..].find("super::") {
            let start = at + found;
            let mut end = start;
            let mut climbed = 0;
            while code[end..].starts_with("super::") {
                end += "super::".len();
                climbed += 1;
            }
            if climbed >= depth && !continues_a_word(&code, start) {
                paths.extend(tree(&code[end..]).0);
            }
            at = end;
        }
        paths
    }
}

fn continues_a_word(code: &str, at: usize) -> bool {
    let before = code[..at].chars().next_back();
    before.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// Whether a path stands in the code: from its first word, and to its last unless it ends in `::`.
pub(crate) fn names(code: &str, path: &str) -> bool {
    let whole = |at: usize| {
        let ends = path.ends_with("::") || {
            let after = code[at + path.len()..].chars().next();
            !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
        };
        ends && !continues_a_word(code, at)
    };
    code.match_indices(path).any(|(at, _)| whole(at))
}

/// Parses a path or a `use` tree; what it names, and the rest.
fn tree(text: &str) -> (Vec<Vec<String>>, &str) {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        let mut all = Vec::new();
        loop {
            rest = rest.trim_start().trim_start_matches(',').trim_start();
            if let Some(rest) = rest.strip_prefix('}') {
                return (all, rest);
            }
            let (paths, after) = tree(rest);
            if after.len() == rest.len() {
                return (all, rest);
            }
            all.extend(paths);
            rest = after;
        }
    }
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '*'))
        .unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    match rest.trim_start().strip_prefix("::") {
        Some(rest) => {
            let (paths, rest) = tree(rest);
            let prefixed = paths.into_iter().map(|path| {
                let head = std::iter::once(word.to_owned());
                head.chain(path).collect()
            });
            let mut paths: Vec<Vec<String>> = prefixed.collect();
            if paths.is_empty() {
                paths.push(vec![word.to_owned()]);
            }
            (paths, rest)
        }
        None if word.is_empty() => (Vec::new(), rest),
        None => (vec![vec![word.to_owned()]], rest),
    }
}

/// Blanks comments and the insides of texts; lines stay where they are.
fn without_comments_and_texts(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let blank = |out: &mut String, c: char| out.push(if c == '\n' { '\n' } else { ' ' });
    while i < chars.len() {
        let c = chars[i];
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && chars[i] != '\n' {
                blank(&mut out, chars[i]);
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            while i < chars.len() {
                if chars[i] == '/' && at(i + 1) == '*' {
                    depth += 1;
                } else if chars[i] == '*' && at(i + 1) == '/' {
                    depth -= 1;
                    blank(&mut out, ' ');
                    i += 1;
                }
                blank(&mut out, chars[i]);
                i += 1;
                if depth == 0 {
                    break;
                }
            }
        } else if c == 'r'
            && (at(i + 1) == '"' || at(i + 1) == '#')
            && raw_text(&chars, i).is_some()
        {
            let end = raw_text(&chars, i).expect("was just found");
            for c in &chars[i..end] {
                blank(&mut out, *c);
            }
            i = end;
        } else if c == '"' {
            out.push('"');
            i += 1;
            while i < chars.len() && chars[i] != '"' {
                if chars[i] == '\\' {
                    blank(&mut out, ' ');
                    i += 1;
                }
                blank(&mut out, at(i));
                i += 1;
            }
            out.push('"');
            i += 1;
        } else if c == '\'' && at(i + 1) == '\\' {
            // an escaped character; plain ones cannot hold what we look for, except a quote
            while i < chars.len() {
                blank(&mut out, chars[i]);
                i += 1;
                if at(i) == '\'' && at(i - 1) != '\\' || at(i) == '\'' && at(i - 2) == '\\' {
                    blank(&mut out, ' ');
                    i += 1;
                    break;
                }
            }
        } else if c == '\'' && at(i + 2) == '\'' {
            out.push_str("   ");
            i += 3;
        } else {
            out.push(c);
            i += 1;
        }
    }
    out
}

/// Where a raw text that begins at `i` ends; none where there is none.
fn raw_text(chars: &[char], i: usize) -> Option<usize> {
    let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(i + 1 + hashes) != Some(&'"') {
        return None;
    }
    let mut end = i + 2 + hashes;
    while end < chars.len() {
        let closes = chars[end] == '"'
            && chars[end + 1..]
                .iter()
                .take(hashes)
                .filter(|c| **c == '#')
                .count()
                == hashes;
        if closes {
            return Some(end + 1 + hashes);
        }
        end += 1;
    }
    None
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files under a folder of the repository.
pub(crate) fn files_under(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "{folder} has no Rust files");
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("readable").path();
        let name = path.file_name().and_then(|name| name.to_str());
        if path.is_dir() && name != Some("node_modules") {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).expect("text");
            let path = path.strip_prefix(root()).expect("below the root");
            found.push(Source::new(path.to_str().expect("text"), &text));
        }
    }
}

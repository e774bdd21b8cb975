//! Owns how a TOML document is read: section by section, each value with its place, every key
//! either asked for or refused, and faults collected instead of ending the reading.

use super::fault::Fault;
use super::spelling::nearest;
use super::text::Text;
use std::cell::RefCell;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and where it stands (byte offset into the file).
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) offset: usize,
}

/// Why a value was not taken.
pub(super) struct Wrong {
    pub(super) what: Text,
    pub(super) allowed: Text,
    pub(super) remedy: Text,
}

/// What can stand behind a key.
pub(super) trait Value: Sized {
    /// # Errors
    /// With what is wrong and what would be right. Must not repeat secret values.
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong>;
}

/// Collects the faults of one file.
#[derive(Debug)]
pub(super) struct Log<'t> {
    text: &'t str,
    faults: RefCell<Vec<(usize, Fault)>>,
}

impl<'t> Log<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            faults: RefCell::default(),
        }
    }

    /// Notes a fault of `key` at a byte offset.
    pub(super) fn fault(&self, offset: usize, key: impl Into<String>, wrong: Wrong) {
        let (line, column) = place(self.text, offset);
        let Wrong {
            what,
            allowed,
            remedy,
        } = wrong;
        let fault = Fault {
            line,
            column,
            key: key.into(),
            what,
            allowed,
            remedy,
        };
        self.faults.borrow_mut().push((offset, fault));
    }

    /// The line of a byte offset, counted from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        place(self.text, offset).0
    }

    /// All faults, in the order of the file.
    pub(super) fn into_faults(self) -> Vec<Fault> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|(offset, _)| *offset);
        faults.into_iter().map(|(_, fault)| fault).collect()
    }
}

/// Line and column (in characters) of a byte offset, both counted from 1.
pub(super) fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line_start = before
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |n| n + 1);
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let continues = |b: &&u8| **b & 0xC0 == 0x80;
    let column = before[line_start..]
        .iter()
        .filter(|b| !continues(b))
        .count()
        + 1;
    (line, column)
}

/// One table of the document while it is read.
pub(super) struct Section<'a> {
    path: String,
    offset: usize,
    table: Option<&'a DeTable<'a>>,
    log: &'a Log<'a>,
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    /// The document itself.
    pub(super) fn root(document: &'a Spanned<DeTable<'a>>, log: &'a Log<'a>) -> Self {
        let table = Some(document.get_ref());
        Self {
            path: String::new(),
            offset: 0,
            table,
            log,
            known: Vec::new(),
        }
    }

    /// Where the section begins.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// Where the value of `key` begins; where the section does, if it is not there.
    pub(super) fn place_of(&self, key: &str) -> usize {
        self.table
            .and_then(|t| t.get(key))
            .map_or(self.offset, |value| value.span().start)
    }

    /// The key with the section's name before it.
    pub(super) fn name_of(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    /// Notes a fault of one of this section's keys.
    pub(super) fn fault(&self, key: &str, offset: usize, wrong: Wrong) {
        self.log.fault(offset, self.name_of(key), wrong);
    }

    fn get(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.push(key);
        self.table?.get(key)
    }

    fn read<T: Value>(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<At<T>> {
        let Range { start: offset, .. } = value.span();
        match T::read(value.get_ref()) {
            Ok(value) => Some(At { value, offset }),
            Err(wrong) => {
                self.fault(key, offset, wrong);
                None
            }
        }
    }

    /// The value of `key`, where it is there and right.
    pub(super) fn optional<T: Value>(&mut self, key: &'static str) -> Option<At<T>> {
        let value = self.get(key)?;
        self.read(key, value)
    }

    /// Whether `key` is there, right or wrong.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|t| t.contains_key(key))
    }

    /// Whether `key` is a list without items.
    pub(super) fn is_empty_list(&self, key: &str) -> bool {
        let value = self.table.and_then(|t| t.get(key));
        value
            .and_then(|v| v.get_ref().as_array())
            .is_some_and(|list| list.is_empty())
    }

    /// The value of `key`, which must be there. `example` shows a right one.
    pub(super) fn required<T: Value>(&mut self, key: &'static str, example: &str) -> Option<At<T>> {
        if !self.has(key) {
            self.known.push(key);
            let wrong = Wrong {
                what: text!("缺少必填项 {key}", "the required key {key} is missing"),
                allowed: text!("例如 {key} = {example}", "for example {key} = {example}"),
                remedy: text!("在这一节中补上 {key}", "add {key} to this section"),
            };
            self.fault(key, self.offset, wrong);
            return None;
        }
        self.optional(key)
    }

    /// The value of `key`, or `default` where it is not there.
    pub(super) fn or<T: Value>(&mut self, key: &'static str, default: T) -> Option<T> {
        match self.get(key) {
            None => Some(default),
            Some(value) => self.read(key, value).map(|at| at.value),
        }
    }

    /// As [`Section::or`], and between `least` and `most`.
    pub(super) fn within<T>(
        &mut self,
        key: &'static str,
        default: T,
        least: T,
        most: T,
    ) -> Option<T>
    where
        T: Value + PartialOrd + Shown,
    {
        let Some(value) = self.get(key) else {
            return Some(default);
        };
        let At { value, offset } = self.read::<T>(key, value)?;
        if value >= least && value <= most {
            return Some(value);
        }
        let (is, least, most) = (value.shown(), least.shown(), most.shown());
        let wrong = Wrong {
            what: text!("{is} 超出范围", "{is} is out of range"),
            allowed: text!("{least} 至 {most}", "{least} to {most}"),
            remedy: text!("改为该范围内的值", "choose a value in that range"),
        };
        self.fault(key, offset, wrong);
        None
    }

    /// The values of a list; wrong ones are noted and left out. None where the key is not there.
    pub(super) fn list<T: Value>(&mut self, key: &'static str) -> Option<Vec<At<T>>> {
        let value = self.get(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.fault(key, value.span().start, wrong_type(value.get_ref(), "list"));
            return Some(Vec::new());
        };
        let read = |(n, item)| self.read(&format!("{key}[{}]", n + 1), item);
        Some(items.iter().enumerate().filter_map(read).collect())
    }

    /// The section `[key]`; an empty one where it is not there.
    pub(super) fn section(&mut self, key: &'static str) -> Section<'a> {
        let path = self.name_of(key);
        let (offset, table) = match self.get(key) {
            None => (0, None),
            Some(value) => {
                let table = value.get_ref().as_table();
                if table.is_none() {
                    self.fault(key, value.span().start, no_section(key, "[", "]"));
                }
                (value.span().start, table)
            }
        };
        Section {
            path,
            offset,
            table,
            log: self.log,
            known: Vec::new(),
        }
    }

    /// The sections `[[key]]`.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section<'a>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            self.fault(key, value.span().start, no_section(key, "[[", "]]"));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (n, item) in items.iter().enumerate() {
            let Some(table) = item.get_ref().as_table() else {
                self.fault(key, item.span().start, no_section(key, "[[", "]]"));
                continue;
            };
            let path = self.name_of(&format!("{key}[{}]", n + 1));
            let offset = item.span().start;
            let section = Section {
                path,
                offset,
                table: Some(table),
                log: self.log,
                known: Vec::new(),
            };
            sections.push(section);
        }
        sections
    }

    /// Refuses the keys that nobody asked for.
    pub(super) fn close(self) {
        for key in self.table.into_iter().flat_map(|t| t.keys()) {
            let name: &str = key.get_ref();
            if self.known.contains(&name) {
                continue;
            }
            let shown: String = name.escape_debug().take(40).collect();
            let known = self.known.join(", ");
            let remedy = match nearest(name, &self.known) {
                Some(near) => text!(
                    "是否应为 {near}？改正拼写或删除此项",
                    "did you mean {near}? Correct the spelling or remove the key"
                ),
                None => text!(
                    "删除此项，或移到它所属的一节",
                    "remove the key, or move it to the section it belongs to"
                ),
            };
            let wrong = Wrong {
                what: text!("未知的项 {shown}", "unknown key {shown}"),
                allowed: text!("{known}", "{known}"),
                remedy,
            };
            self.fault(&shown, key.span().start, wrong);
        }
    }
}

/// How a value is shown in a fault.
pub(super) trait Shown {
    fn shown(&self) -> String;
}

/// The fault of a value that is of another type than `wanted`.
pub(super) fn wrong_type(value: &DeValue<'_>, wanted: &'static str) -> Wrong {
    let (zh, en) = type_words(wanted);
    let (is_zh, is_en) = type_words(value.type_str());
    Wrong {
        what: text!(
            "此处是{is_zh}，应为{zh}",
            "this is {is_en}, it must be {en}"
        ),
        allowed: text!("{zh}", "{en}"),
        remedy: match wanted {
            "string" => text!("用英文双引号括起来", "put it in double quotes"),
            "list" => text!(
                "用方括号括起来，以逗号分隔",
                "put it in square brackets, separated by commas"
            ),
            "integer" => text!(
                "只写数字，不加引号和单位",
                "write the number only, without quotes or unit"
            ),
            _ => text!(
                "写 true 或 false，不加引号",
                "write true or false, without quotes"
            ),
        },
    }
}

fn type_words(name: &str) -> (&'static str, &'static str) {
    match name {
        "string" => ("文字", "text in quotes"),
        "integer" => ("整数", "a whole number"),
        "float" => ("小数", "a decimal number"),
        "boolean" => ("true 或 false", "true or false"),
        "list" | "array" => ("列表", "a list"),
        "table" => ("一节", "a section"),
        _ => ("日期或时间", "a date or time"),
    }
}

fn no_section(key: &str, open: &str, close: &str) -> Wrong {
    Wrong {
        what: text!(
            "{key} 不是 {open}{key}{close} 形式的一节",
            "{key} is no section {open}{key}{close}"
        ),
        allowed: text!(
            "{open}{key}{close} 独占一行，其下各项每行一个",
            "{open}{key}{close} on a line of its own, its keys below"
        ),
        remedy: text!(
            "改写为 {open}{key}{close}",
            "write it as {open}{key}{close}"
        ),
    }
}

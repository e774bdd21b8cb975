//! Owns the columns of the draw's tables and what can be wrong in a cell; a fault never repeats what stood there.

use schemars::JsonSchema;
use serde::Serialize;

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// The expert pool.
    Pool,
    /// Who must not be drawn.
    Recusals,
    /// Designated experts and tenderer representatives.
    Named,
}

/// A column of the pool or of the recusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// 姓名; of a recusal 名称.
    Name,
    /// 手机号.
    Phone,
    /// 身份证号.
    IdNumber,
    /// 单位.
    Employer,
    /// 原单位, each with the day of leaving: `甲公司(2024-05-31)`.
    FormerEmployers,
    /// 亲属单位.
    RelativesEmployers,
    /// 专业.
    Specialities,
    /// 禁评至: the last day of a ban.
    BannedUntil,
    /// 类型: 回避单位, 亲属, 禁评, 名单.
    Kind,
    /// 别名.
    Aliases,
    /// 至: the last day of a ban.
    Until,
}

impl Column {
    pub(super) fn of(table: Table, header: &str) -> Option<Self> {
        let header: String = header.chars().filter(|c| !c.is_whitespace()).collect();
        Some(match (table, header.to_ascii_lowercase().as_str()) {
            (Table::Recusals, "类型" | "类别" | "kind") => Self::Kind,
            (Table::Recusals, "名称" | "姓名" | "名称或姓名" | "name") => Self::Name,
            (Table::Recusals, "别名" | "曾用名" | "aliases") => Self::Aliases,
            (Table::Recusals, "至" | "截止日期" | "until") => Self::Until,
            (_, "身份证号" | "身份证号码" | "身份证" | "id_number" | "idnumber") => {
                Self::IdNumber
            }
            (Table::Recusals, _) => return None,
            (_, "姓名" | "name") => Self::Name,
            (_, "手机号" | "手机号码" | "手机" | "联系电话" | "phone" | "mobile") => {
                Self::Phone
            }
            (_, "单位" | "工作单位" | "employer") => Self::Employer,
            (_, "原单位" | "曾任职单位" | "former_employers") => Self::FormerEmployers,
            (_, "亲属单位" | "relatives_employers") => Self::RelativesEmployers,
            (_, "专业" | "评标专业" | "specialities") => Self::Specialities,
            (_, "禁评至" | "暂停至" | "banned_until") => Self::BannedUntil,
            _ => return None,
        })
    }
}

/// What is wrong with a cell, a row or a whole table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TableFaultCode {
    /// Neither UTF-8 nor GB18030 (save as CSV, not as a workbook).
    Encoding,
    /// The table is no CSV from this line on.
    NotCsv,
    /// There is no column of that name.
    ColumnMissing,
    /// There are two columns of that name.
    ColumnTwice,
    /// There is a header and nothing below it.
    NoRows,
    /// More rows than a pool can have.
    TooManyRows,
    /// The cell is empty.
    Empty,
    /// Longer than it can be.
    TooLong,
    /// Contains characters that no name has.
    NotAName,
    /// Not an 11-digit mobile number.
    NotAMobile,
    /// Not an 18-character ID number.
    NotAnIdNumber,
    /// The date of birth in the ID number is none.
    BirthDate,
    /// The check digit of the ID number does not fit.
    Checksum,
    /// Not a day like 2026-11-26.
    NotADay,
    /// None of 回避单位, 亲属, 禁评, 名单.
    UnknownKind,
    /// The same ID number stands in an earlier line.
    Duplicate,
    /// A name so short that it would exclude half the pool.
    TooShort,
}

/// A fault and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TableFault {
    /// In which table.
    pub table: Table,
    /// Line in the file; the header is line 1.
    pub line: u64,
    /// Which column; none where the fault is not of one cell.
    pub column: Option<Column>,
    /// What is wrong.
    pub code: TableFaultCode,
}

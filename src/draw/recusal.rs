//! Owns the table of recusals: units with their aliases, relatives, bans and name lists.

use super::column::{Column, Table, TableFault, TableFaultCode as Code};
use super::day::day;
use super::pool;
use super::sheet::{self, Record};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Whom nobody may be drawn for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Recusals {
    /// Tenderer, agent, bidders: each by all its names.
    pub units: Vec<Vec<String>>,
    /// People who must not be drawn.
    pub people: Vec<ListedPerson>,
}

/// Somebody who must not be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedPerson {
    /// Why.
    pub kind: ListedKind,
    /// His name; matches where no ID number is given.
    pub name: String,
    /// His ID number.
    pub id_number: Option<String>,
    /// The last day on which it holds; none means for good.
    pub until: Option<Date>,
}

/// Why somebody is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListedKind {
    /// A relative of somebody at a recusal unit.
    Relative,
    /// Banned by an authority.
    Ban,
    /// For any other reason.
    Listed,
}

enum Row {
    Unit(Vec<String>),
    Person(ListedPerson),
}

/// Reads the recusals.
///
/// # Errors
/// All faults by line and column.
pub(super) fn read(bytes: &[u8]) -> Result<Recusals, Vec<TableFault>> {
    let rows = sheet::read(Table::Recusals, bytes, &[Column::Kind, Column::Name], row)?;
    let mut recusals = Recusals::default();
    for row in rows {
        match row {
            Row::Unit(names) => recusals.units.push(names),
            Row::Person(person) => recusals.people.push(person),
        }
    }
    Ok(recusals)
}

fn row(record: &mut Record<'_>) -> Option<Row> {
    let kind = match record.cell(Column::Kind).to_ascii_lowercase().as_str() {
        "回避单位" | "单位" | "招标人" | "代理机构" | "投标人" | "unit" | "tenderer" | "agent"
        | "bidder" => return unit(record),
        "亲属" | "relative" => Ok(ListedKind::Relative),
        "禁评" | "禁止" | "ban" => Ok(ListedKind::Ban),
        "名单" | "回避人员" | "person" => Ok(ListedKind::Listed),
        "" => Err(Code::Empty),
        _ => Err(Code::UnknownKind),
    };
    let kind = record.checked(Column::Kind, kind);
    let name = pool::name(record);
    let id_number = match record.cell(Column::IdNumber) {
        "" => Some(None),
        _ => pool::id_number(record).map(Some),
    };
    let until = match record.cell(Column::Until) {
        "" => Ok(None),
        text => day(text).map(Some).ok_or(Code::NotADay),
    };
    let until = record.checked(Column::Until, until);
    Some(Row::Person(ListedPerson {
        kind: kind?,
        name: name?,
        id_number: id_number?,
        until: until?,
    }))
}

fn unit(record: &mut Record<'_>) -> Option<Row> {
    let name = record.cell(Column::Name).to_owned();
    let mut names = record.list(Column::Aliases);
    names.insert(0, name);
    let mut right = true;
    for (name, column) in names
        .iter()
        .zip(std::iter::once(Column::Name).chain(std::iter::repeat(Column::Aliases)))
    {
        let code = match name.chars().count() {
            0 => Code::Empty,
            1 => Code::TooShort,
            2..=100 => continue,
            _ => Code::TooLong,
        };
        record.fault(column, code);
        right = false;
    }
    right.then_some(Row::Unit(names))
}

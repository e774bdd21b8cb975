//! Owns the expert pool as a table of people, checked cell by cell.

use super::column::{Column, Table, TableFault, TableFaultCode as Code};
use super::day::day;
use super::sheet::{self, Record};
use crate::vault::{
    IdNumberFault, Person, RowFaultCode, check_id_number, check_mobile, name_fault,
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Characters in a name of a company or speciality.
const LONGEST_TEXT: usize = 100;

/// One row of the pool. Never leaves the vault but as a [`Person`] who was drawn.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct PoolPerson {
    /// The full name.
    pub name: String,
    /// Mobile number, 11 digits.
    pub phone: String,
    /// ID number, 18 characters.
    pub id_number: String,
    /// Whom he works for; may be empty.
    pub employer: String,
    /// Whom he worked for, and the last day there; none where the table does not say.
    #[zeroize(skip)]
    pub former_employers: Vec<(String, Option<Date>)>,
    /// Whom his relatives work for.
    pub relatives_employers: Vec<String>,
    /// What he may evaluate.
    pub specialities: Vec<String>,
    /// The last day of a ban.
    #[zeroize(skip)]
    pub banned_until: Option<Date>,
}

impl fmt::Debug for PoolPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolPerson(…)")
    }
}

impl PoolPerson {
    /// As the vault keeps people.
    pub(super) fn person(&self) -> Person {
        Person {
            name: self.name.clone(),
            phone: self.phone.clone(),
            id_number: self.id_number.clone(),
            employer: self.employer.clone(),
        }
    }
}

/// Reads the pool.
///
/// # Errors
/// All faults by line and column.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<PoolPerson>, Vec<TableFault>> {
    use Column::{IdNumber, Name, Phone, Specialities};
    let mut known = HashSet::new();
    sheet::read(
        Table::Pool,
        bytes,
        &[Name, Phone, IdNumber, Specialities],
        |record| {
            let person = row(record)?;
            if !known.insert(person.id_number.clone()) {
                record.fault(IdNumber, Code::Duplicate);
            }
            Some(person)
        },
    )
}

fn row(record: &mut Record<'_>) -> Option<PoolPerson> {
    let name = name(record);
    let phone = match check_mobile(record.cell(Column::Phone)) {
        Some(phone) => Ok(phone),
        None if record.cell(Column::Phone).is_empty() => Err(Code::Empty),
        None => Err(Code::NotAMobile),
    };
    let phone = record.checked(Column::Phone, phone);
    let id_number = id_number(record);
    let specialities = record.list(Column::Specialities);
    if specialities.is_empty() {
        record.fault(Column::Specialities, Code::Empty);
    }
    let employer = record.cell(Column::Employer).to_owned();
    for (column, long) in [
        (Column::Employer, too_long(&employer)),
        (
            Column::Specialities,
            specialities.iter().any(|s| too_long(s)),
        ),
    ] {
        if long {
            record.fault(column, Code::TooLong);
        }
    }
    let mut former_employers = Vec::new();
    for entry in record.list(Column::FormerEmployers) {
        let former = former(&entry).ok_or(Code::NotADay);
        former_employers.extend(record.checked(Column::FormerEmployers, former));
    }
    let banned = match record.cell(Column::BannedUntil) {
        "" => Ok(None),
        text => day(text).map(Some).ok_or(Code::NotADay),
    };
    let banned_until = record.checked(Column::BannedUntil, banned);
    Some(PoolPerson {
        name: name?,
        phone: phone?.to_string(),
        id_number: id_number?,
        employer,
        former_employers,
        relatives_employers: record.list(Column::RelativesEmployers),
        specialities,
        banned_until: banned_until?,
    })
}

fn too_long(text: &str) -> bool {
    text.chars().count() > LONGEST_TEXT
}

/// A person's name in the record.
pub(super) fn name(record: &mut Record<'_>) -> Option<String> {
    let name = record.cell(Column::Name).to_owned();
    let checked = match name_fault(&name) {
        None => Ok(name),
        Some(RowFaultCode::Empty) => Err(Code::Empty),
        Some(RowFaultCode::TooLong) => Err(Code::TooLong),
        Some(_) => Err(Code::NotAName),
    };
    record.checked(Column::Name, checked)
}

/// An ID number in the record.
pub(super) fn id_number(record: &mut Record<'_>) -> Option<String> {
    let cell = record.cell(Column::IdNumber);
    let checked = check_id_number(cell).map_err(|fault| match fault {
        _ if cell.is_empty() => Code::Empty,
        IdNumberFault::Form => Code::NotAnIdNumber,
        IdNumberFault::BirthDate => Code::BirthDate,
        IdNumberFault::Checksum => Code::Checksum,
    });
    let checked = checked.map(|number| number.to_string());
    record.checked(Column::IdNumber, checked)
}

/// `甲公司(2024-05-31)`, or `甲公司` where nobody knows when he left; none where what stands in brackets is no day.
fn former(entry: &str) -> Option<(String, Option<Date>)> {
    let closed = entry.strip_suffix([')', '）']);
    let Some((name, left)) = closed.and_then(|e| e.rsplit_once(['(', '（'])) else {
        return Some((entry.to_owned(), None));
    };
    // a company's own brackets, as in 云南(集团), hold no digit
    if !left.contains(|c: char| c.is_ascii_digit()) {
        return Some((entry.to_owned(), None));
    }
    let name = name.trim();
    (!name.is_empty()).then_some((name.to_owned(), Some(day(left)?)))
}

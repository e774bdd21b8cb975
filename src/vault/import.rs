//! Owns how a committee comes in from a table: UTF-8 or GB18030, Chinese or English headers,
//! checked cell by cell. A fault names its line and column and never repeats what stood there.

use super::error::VaultError;
use super::numbers::{IdNumberFault, check_id_number, check_mobile};
use super::person::Person;
use super::store::Vault;
use super::table::{Lines, decode, delimiter};
use crate::room::{MemberKind, PersonRef, SessionId};
use serde::Serialize;
use std::collections::HashMap;

/// More than any committee; a larger table is a mistake.
pub(super) const MOST_ROWS: usize = 200;
/// Characters in a name or an employer.
const LONGEST_TEXT: usize = 100;

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitteeColumn {
    /// 姓名.
    Name,
    /// 手机号.
    Phone,
    /// 身份证号.
    IdNumber,
    /// 类别.
    Kind,
    /// 单位; may be left out.
    Employer,
}

impl CommitteeColumn {
    fn of(header: &str) -> Option<Self> {
        let header: String = header.chars().filter(|c| !c.is_whitespace()).collect();
        Some(match header.to_ascii_lowercase().as_str() {
            "姓名" | "name" => Self::Name,
            "手机号" | "手机号码" | "手机" | "联系电话" | "phone" | "mobile" => {
                Self::Phone
            }
            "身份证号" | "身份证号码" | "身份证" | "id_number" | "idnumber" => {
                Self::IdNumber
            }
            "类别" | "人员类别" | "kind" => Self::Kind,
            "单位" | "工作单位" | "employer" => Self::Employer,
            _ => return None,
        })
    }
}

/// What is wrong with a cell, a row or the whole table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowFaultCode {
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
    /// More rows than a committee can have.
    TooManyRows,
    /// The cell is empty.
    Empty,
    /// Longer than a name can be.
    TooLong,
    /// Contains characters that no name has.
    NotAName,
    /// Not an 11-digit mobile number (spreadsheets turn long numbers into 1.38E+10: format the
    /// column as text).
    NotAMobile,
    /// Not an 18-character ID number.
    NotAnIdNumber,
    /// The date of birth in the ID number is none.
    BirthDate,
    /// The check digit of the ID number does not fit: mistyped.
    Checksum,
    /// Neither 专家 / expert nor 招标人代表 / tenderer_representative.
    UnknownKind,
    /// The same ID number stands in an earlier line.
    Duplicate,
    /// The same phone number stands in an earlier line.
    DuplicatePhone,
    /// The session has a person with this ID number already.
    AlreadyInSession,
}

/// A fault and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RowFault {
    /// Line in the file; the header is line 1.
    pub line: u64,
    /// Which column; none where the fault is not of one cell.
    pub column: Option<CommitteeColumn>,
    /// What is wrong.
    pub code: RowFaultCode,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The table has faults; all of them are here.
    #[error("{} faults in the table, the first in line {}", .0.len(), .0.first().map_or(0, |f| f.line))]
    Rows(Vec<RowFault>),
    /// The vault refused.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

pub(super) struct Row {
    pub(super) line: u64,
    kind: MemberKind,
    pub(super) person: Person,
}

impl Vault {
    /// Reads a committee and stores it: all of it, or nothing and every fault.
    ///
    /// # Errors
    /// The faults of the table, or the vault's.
    pub fn import_committee(
        &self,
        session: &SessionId,
        table: &[u8],
    ) -> Result<Vec<(PersonRef, MemberKind)>, ImportError> {
        let rows = parse(table).map_err(ImportError::Rows)?;
        let (kinds, people): (Vec<MemberKind>, Vec<Person>) = rows
            .iter()
            .map(|row| (row.kind, row.person.clone()))
            .unzip();
        match self.store_all(session, &people) {
            Ok(references) => Ok(references.into_iter().zip(kinds).collect()),
            Err(VaultError::Duplicate(_)) => {
                Err(ImportError::Rows(self.already_there(session, &rows)?))
            }
            Err(other) => Err(other.into()),
        }
    }

    fn already_there(
        &self,
        session: &SessionId,
        rows: &[Row],
    ) -> Result<Vec<RowFault>, VaultError> {
        let mut faults = Vec::new();
        for row in rows {
            if self.has_id_number(session, &row.person.id_number)? {
                faults.push(RowFault {
                    line: row.line,
                    column: Some(CommitteeColumn::IdNumber),
                    code: RowFaultCode::AlreadyInSession,
                });
            }
        }
        Ok(faults)
    }
}

fn whole(line: u64, column: Option<CommitteeColumn>, code: RowFaultCode) -> Vec<RowFault> {
    vec![RowFault { line, column, code }]
}

pub(super) fn parse(table: &[u8]) -> Result<Vec<Row>, Vec<RowFault>> {
    let text = decode(table).ok_or_else(|| whole(1, None, RowFaultCode::Encoding))?;
    let delimiter = delimiter(&text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(true)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let headers = reader
        .headers()
        .map_err(|_| whole(1, None, RowFaultCode::NotCsv))?;
    let columns = find_columns(headers)?;

    let (mut rows, mut faults) = (Vec::<Row>::new(), Vec::new());
    let (mut lines, mut people) = (Lines::of(&text), 0);
    for record in reader.records() {
        let Ok(record) = record else {
            faults.extend(whole(rows.len() as u64 + 2, None, RowFaultCode::NotCsv));
            break;
        };
        if record.iter().all(str::is_empty) {
            continue;
        }
        let line = lines.of_record(&record);
        people += 1;
        if people > MOST_ROWS {
            faults.extend(whole(line, None, RowFaultCode::TooManyRows));
            break;
        }
        let cell = |column| {
            columns
                .get(&column)
                .and_then(|i| record.get(*i))
                .unwrap_or_default()
        };
        let Some(row) = check_row(line, cell, &mut faults) else {
            continue;
        };
        let mut fault = |column, code| {
            faults.push(RowFault {
                line,
                column: Some(column),
                code,
            })
        };
        if rows
            .iter()
            .any(|earlier| earlier.person.id_number == row.person.id_number)
        {
            fault(CommitteeColumn::IdNumber, RowFaultCode::Duplicate);
        }
        if rows
            .iter()
            .any(|earlier| earlier.person.phone == row.person.phone)
        {
            fault(CommitteeColumn::Phone, RowFaultCode::DuplicatePhone);
        }
        rows.push(row);
    }
    if rows.is_empty() && faults.is_empty() {
        faults.extend(whole(2, None, RowFaultCode::NoRows));
    }
    if faults.is_empty() {
        Ok(rows)
    } else {
        Err(faults)
    }
}

fn find_columns(
    headers: &csv::StringRecord,
) -> Result<HashMap<CommitteeColumn, usize>, Vec<RowFault>> {
    use CommitteeColumn::{IdNumber, Kind, Name, Phone};
    let mut columns = HashMap::new();
    let mut faults = Vec::new();
    for (index, column) in headers
        .iter()
        .enumerate()
        .filter_map(|(i, h)| Some((i, CommitteeColumn::of(h)?)))
    {
        if columns.insert(column, index).is_some() {
            faults.extend(whole(1, Some(column), RowFaultCode::ColumnTwice));
        }
    }
    for column in [Name, Phone, IdNumber, Kind] {
        if !columns.contains_key(&column) {
            faults.extend(whole(1, Some(column), RowFaultCode::ColumnMissing));
        }
    }
    if faults.is_empty() {
        Ok(columns)
    } else {
        Err(faults)
    }
}

fn check_row<'a>(
    line: u64,
    cell: impl Fn(CommitteeColumn) -> &'a str,
    faults: &mut Vec<RowFault>,
) -> Option<Row> {
    use CommitteeColumn::{Employer, IdNumber, Kind, Name, Phone};
    let before = faults.len();
    let mut fault = |column, code| {
        faults.push(RowFault {
            line,
            column: Some(column),
            code,
        })
    };

    let name = cell(Name);
    if let Some(code) = name_fault(name) {
        fault(Name, code);
    }
    let phone = check_mobile(cell(Phone));
    if phone.is_none() {
        fault(
            Phone,
            if cell(Phone).is_empty() {
                RowFaultCode::Empty
            } else {
                RowFaultCode::NotAMobile
            },
        );
    }
    let id_number = check_id_number(cell(IdNumber));
    if let Err(found) = id_number {
        fault(
            IdNumber,
            match found {
                _ if cell(IdNumber).is_empty() => RowFaultCode::Empty,
                IdNumberFault::Form => RowFaultCode::NotAnIdNumber,
                IdNumberFault::BirthDate => RowFaultCode::BirthDate,
                IdNumberFault::Checksum => RowFaultCode::Checksum,
            },
        );
    }
    let kind = kind_of(cell(Kind));
    if kind.is_none() {
        fault(
            Kind,
            if cell(Kind).is_empty() {
                RowFaultCode::Empty
            } else {
                RowFaultCode::UnknownKind
            },
        );
    }
    if cell(Employer).chars().count() > LONGEST_TEXT {
        fault(Employer, RowFaultCode::TooLong);
    }
    if faults.len() > before {
        return None;
    }
    let person = Person {
        name: name.to_owned(),
        phone: phone?.to_string(),
        id_number: id_number.ok()?.to_string(),
        employer: cell(Employer).to_owned(),
    };
    Some(Row {
        line,
        kind: kind?,
        person,
    })
}

/// What is wrong with a person's name.
pub(crate) fn name_fault(name: &str) -> Option<RowFaultCode> {
    let of_a_name =
        |c: char| c.is_alphabetic() || matches!(c, '·' | '•' | '・' | '.' | ' ' | '-' | '\'');
    match name.chars().count() {
        0 => Some(RowFaultCode::Empty),
        // shorter than two characters nobody could be told from a common word
        1 => Some(RowFaultCode::NotAName),
        n if n > LONGEST_TEXT => Some(RowFaultCode::TooLong),
        _ => (!name.chars().all(of_a_name)).then_some(RowFaultCode::NotAName),
    }
}

fn kind_of(text: &str) -> Option<MemberKind> {
    Some(match text.to_ascii_lowercase().as_str() {
        "专家" | "评标专家" | "expert" => MemberKind::Expert,
        "招标人代表"
        | "采购人代表"
        | "业主代表"
        | "tenderer_representative"
        | "tenderer representative" => MemberKind::TendererRepresentative,
        _ => return None,
    })
}

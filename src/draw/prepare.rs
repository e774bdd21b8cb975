//! Owns how a draw is prepared: tables become an opening in the vault, and what the box commits to.

use super::column::{Column, Table, TableFault, TableFaultCode};
use super::day::local_day;
use super::given::{self, GivenFault};
use super::judge::Rules;
use super::opening::Opening;
use super::recusal::Recusals;
use super::{pool, recusal};
use crate::keys::{Keys, random};
use crate::room::{
    Actor, Draw, DrawBasis, DrawHub, Hex32, MemberKind, NewMember, Now, PersonRef, Session,
    SessionId, Utc,
};
use crate::vault::{Document, ImportError, Purpose, Vault, VaultError};
use std::collections::BTreeSet;

/// How many of a speciality the committee needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupWish {
    /// As the pool writes it.
    pub speciality: String,
    /// How many.
    pub count: u8,
}

/// The tables that a draw is made from.
#[derive(Debug, Clone, Copy)]
pub struct Tables<'a> {
    /// The expert pool.
    pub pool: &'a [u8],
    /// Who must not be drawn.
    pub recusals: Option<&'a [u8]>,
    /// Designated experts and tenderer representatives, as a committee's table.
    pub named: Option<&'a [u8]>,
}

/// What lies in the vault now, and what is to be journalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// What the box commits to.
    pub basis: DrawBasis,
}

/// Why nothing was prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The tables have faults.
    #[error("{} faults in the tables", .0.len())]
    Tables(Vec<TableFault>),
    /// The table of named members has faults, or the vault refused it.
    #[error(transparent)]
    Named(#[from] ImportError),
    /// So many of the named members must be avoided.
    #[error("{0} of the named members must be avoided by the table of recusals")]
    NamedRecused(usize),
    /// The order that was given is not taken.
    #[error(transparent)]
    Given(#[from] GivenFault),
    /// The same speciality is asked for twice, or has no name.
    #[error("a speciality is asked for twice, or has no name")]
    Groups,
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A fault of this program.
    #[error("writing what is committed to: {0}")]
    Json(#[from] serde_json::Error),
}

/// What a draw is prepared from.
#[derive(Debug, Clone, Copy)]
pub struct Wishes<'a> {
    /// The tables.
    pub tables: Tables<'a>,
    /// The specialities in order.
    pub groups: &'a [GroupWish],
    /// Years back for former employers.
    pub look_back_years: u8,
    /// The hub that signs what is committed to.
    pub hub: Option<&'a DrawHub>,
    /// When the evaluation begins; its local day is the one that bans and look-back are counted by.
    pub start: Utc,
}

/// Reads the tables, puts everybody into the vault, and says what the box commits to. Whoever gives the command that
/// follows calls [`withdraw`] where it is refused.
///
/// # Errors
/// All faults of the tables; nothing stays in the vault then.
pub fn prepare(
    vault: &Vault,
    session: &SessionId,
    wishes: &Wishes<'_>,
    actor: &Actor,
    now: &Now,
) -> Result<Prepared, PrepareError> {
    let Wishes {
        tables,
        groups,
        look_back_years,
        hub,
        start,
    } = *wishes;
    let specialities: Vec<String> = groups.iter().map(|g| g.speciality.trim().into()).collect();
    let different: BTreeSet<&String> = specialities.iter().filter(|s| !s.is_empty()).collect();
    if different.len() != groups.len() {
        return Err(PrepareError::Groups);
    }
    let pool = pool::read(tables.pool);
    let recusals = tables
        .recusals
        .map_or(Ok(Recusals::default()), recusal::read);
    let (mut pool, recusals) = match (pool, recusals) {
        (Ok(pool), Ok(recusals)) => (pool, recusals),
        (pool, recusals) => {
            let faults = [pool.err(), recusals.err()].into_iter().flatten().flatten();
            return Err(PrepareError::Tables(faults.collect()));
        }
    };
    let named = import_named(vault, session, tables.named)?;
    // whoever has the table must not know anybody by the number of his row
    pool.sort_by_cached_key(|_| *random::<16>());
    let salt = || hex::encode(*random::<32>());
    let mut rules = Rules {
        salt: salt(),
        day: local_day(start, now.utc_offset),
        look_back_years,
        specialities,
        recusals,
        named: Vec::new(),
    };
    let sealed = avoid_named(vault, &named, &mut rules, actor, now.stamp.at).and_then(|()| {
        let secret = Hex32::of(*random::<32>());
        let opening = Opening::new(secret, &rules, &pool, salt)?;
        let counts: Vec<u8> = groups.iter().map(|g| g.count).collect();
        let basis = opening.basis(&counts, named.clone(), hub.cloned(), None)?;
        keep(vault, session, &opening, &basis)?;
        Ok(Prepared { basis })
    });
    if sealed.is_err() {
        forget(vault, session, &named)?;
    }
    sealed
}

/// An order that the pool's owner has drawn, with what is asked of it here.
#[derive(Debug, Clone, Copy)]
pub struct OrderWish<'a> {
    /// The envelope that is encrypted to this box.
    pub container: &'a [u8],
    /// Designated experts and tenderer representatives, as a committee's table.
    pub named: Option<&'a [u8]>,
    /// The specialities, and how many of each.
    pub groups: &'a [GroupWish],
    /// Whose orders are taken.
    pub trusted: &'a [Hex32],
    /// When the evaluation begins.
    pub start: Utc,
}

/// Opens an order, proves it, and puts everybody into the vault. Whoever gives the command that follows calls [`withdraw`] where it is
/// refused.
///
/// # Errors
/// Why it is not taken; nothing stays in the vault then.
pub fn take_order(
    vault: &Vault,
    keys: &Keys,
    session: &SessionId,
    wish: &OrderWish<'_>,
    actor: &Actor,
    now: &Now,
) -> Result<Prepared, PrepareError> {
    let text = keys.open_envelope(wish.container);
    let text = text.map_err(GivenFault::from)?;
    let named: Vec<NewMember> = import_named(vault, session, wish.named)?;
    let sealed = id_numbers(vault, &named, actor, now.stamp.at).and_then(|id_numbers| {
        let expected = given::Expected {
            session,
            day: local_day(wish.start, now.utc_offset),
            trusted: wish.trusted,
            named: &id_numbers,
        };
        let (opening, rules, order) = given::read(&text, &expected)?;
        let counts = counts(&rules, wish.groups)?;
        let basis = opening.basis(&counts, named.clone(), None, Some(order))?;
        keep(vault, session, &opening, &basis)?;
        Ok(Prepared { basis })
    });
    if sealed.is_err() {
        forget(vault, session, &named)?;
    }
    sealed
}

/// How many of each of the order's specialities are asked for, in its order.
fn counts(rules: &Rules, groups: &[GroupWish]) -> Result<Vec<u8>, GivenFault> {
    let counts = rules.specialities.iter().map(|speciality| {
        let mut of = groups.iter().filter(|g| g.speciality.trim() == speciality);
        let (first, second) = (of.next(), of.next());
        let first = first.filter(|_| second.is_none());
        first.map(|group| group.count).ok_or(GivenFault::Groups)
    });
    let counts: Vec<u8> = counts.collect::<Result<_, _>>()?;
    match counts.len() == groups.len() {
        true => Ok(counts),
        false => Err(GivenFault::Groups),
    }
}

fn id_numbers(
    vault: &Vault,
    named: &[NewMember],
    actor: &Actor,
    now: Utc,
) -> Result<Vec<String>, PrepareError> {
    let read = |member: &NewMember| {
        let person = vault.read(&member.person, Purpose::Recusal, actor, now)?;
        Ok(person.id_number.clone())
    };
    named.iter().map(read).collect()
}

fn import_named(
    vault: &Vault,
    session: &SessionId,
    table: Option<&[u8]>,
) -> Result<Vec<NewMember>, PrepareError> {
    let Some(table) = table else {
        return Ok(Vec::new());
    };
    let people = vault.import_committee(session, table)?.into_iter();
    Ok(people
        .map(|(person, kind)| NewMember { kind, person })
        .collect())
}

fn keep(
    vault: &Vault,
    session: &SessionId,
    opening: &Opening,
    basis: &DrawBasis,
) -> Result<(), PrepareError> {
    let text = zeroize::Zeroizing::new(serde_json::to_vec(opening)?);
    Ok(vault.keep(session, &Document::Draw(basis.root.clone()), &text)?)
}

/// Takes out of the vault what was prepared and not journalled; `current` is the session's draw, whose basis stays.
///
/// # Errors
/// The disk fails.
pub fn withdraw(
    vault: &Vault,
    session: &SessionId,
    basis: &DrawBasis,
    current: Option<&Draw>,
) -> Result<(), VaultError> {
    // an order that is given twice has one basis, and the draw that is on may rest on it
    if current.is_none_or(|draw| draw.basis.root != basis.root) {
        vault.forget(session, &Document::Draw(basis.root.clone()))?;
    }
    forget(vault, session, &basis.named)
}

/// Takes everybody out of the vault whom a draw that was ended had named or drawn, so that the next one, or a table, may
/// bring them again. What the draw rested on stays: its record can still be verified.
///
/// # Errors
/// The disk fails.
pub fn release(vault: &Vault, id: &SessionId, session: &Session) -> Result<(), VaultError> {
    let Some(draw) = session.draw.as_ref().filter(|draw| draw.is_aborted()) else {
        return Ok(());
    };
    let drawn = session.callout.iter().flat_map(|c| c.candidates.values());
    let drawn = drawn.map(|candidate| candidate.person.clone());
    let named = draw.basis.named.iter().map(|m| m.person.clone());
    vault.remove(id, &named.chain(drawn).collect::<Vec<_>>())
}

fn forget(vault: &Vault, session: &SessionId, named: &[NewMember]) -> Result<(), VaultError> {
    let persons: Vec<PersonRef> = named.iter().map(|m| m.person.clone()).collect();
    vault.remove(session, &persons)
}

/// Notes who is named, so that nobody is drawn for the seat he has; and refuses experts who must be avoided.
fn avoid_named(
    vault: &Vault,
    named: &[NewMember],
    rules: &mut Rules,
    actor: &Actor,
    now: Utc,
) -> Result<(), PrepareError> {
    let mut recused = 0;
    for member in named {
        let person = vault.read(&member.person, Purpose::Recusal, actor, now)?;
        let expert = member.kind == MemberKind::Expert;
        if expert && rules.forbids(&person.name, &person.id_number, &person.employer) {
            recused += 1;
        }
        rules.named.push(person.id_number.clone());
    }
    match recused {
        0 => Ok(()),
        recused => Err(PrepareError::NamedRecused(recused)),
    }
}

impl PrepareError {
    /// The faults by line and column; none where it is something else.
    pub fn faults(&self) -> Vec<TableFault> {
        match self {
            PrepareError::Tables(faults) => faults.clone(),
            PrepareError::Named(_)
            | PrepareError::NamedRecused(_)
            | PrepareError::Groups
            | PrepareError::Given(_)
            | PrepareError::Vault(_)
            | PrepareError::Json(_) => Vec::new(),
        }
    }
}

/// A fault of the named members' table, as the other tables' faults are told.
impl From<&crate::vault::RowFault> for TableFault {
    fn from(fault: &crate::vault::RowFault) -> Self {
        use crate::vault::{CommitteeColumn as C, RowFaultCode as R};
        let column = fault.column.map(|column| match column {
            C::Name => Column::Name,
            C::Phone => Column::Phone,
            C::IdNumber => Column::IdNumber,
            C::Kind => Column::Kind,
            C::Employer => Column::Employer,
        });
        let code = match fault.code {
            R::Encoding => TableFaultCode::Encoding,
            R::NotCsv => TableFaultCode::NotCsv,
            R::ColumnMissing => TableFaultCode::ColumnMissing,
            R::ColumnTwice => TableFaultCode::ColumnTwice,
            R::NoRows => TableFaultCode::NoRows,
            R::TooManyRows => TableFaultCode::TooManyRows,
            R::Empty => TableFaultCode::Empty,
            R::TooLong => TableFaultCode::TooLong,
            R::NotAName => TableFaultCode::NotAName,
            R::NotAMobile => TableFaultCode::NotAMobile,
            R::NotAnIdNumber => TableFaultCode::NotAnIdNumber,
            R::BirthDate => TableFaultCode::BirthDate,
            R::Checksum => TableFaultCode::Checksum,
            R::UnknownKind => TableFaultCode::UnknownKind,
            R::Duplicate | R::DuplicatePhone | R::AlreadyInSession => TableFaultCode::Duplicate,
        };
        TableFault {
            table: Table::Named,
            line: fault.line,
            column,
            code,
        }
    }
}

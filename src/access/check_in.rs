//! Owns how committee members get to their seats: a code from the gate, good once, at the right
//! workstation only. From then on the workstation's cookie carries the member, so that a reload or
//! a reboot needs no click.

use super::audit::{Act, AuditKind, AuditObject, AuditResult};
use super::code::{code_hash, new_code};
use super::error::AccessError;
use super::permission::{Permission, may};
use super::principal::Principal;
use super::store::{Access, is_current};
use crate::keys::Secret;
use crate::room::{MemberNo, SeatNo, SessionId, Utc, WorkstationId};
use rusqlite::{Connection, OptionalExtension, params};

/// A member who checked in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedIn {
    /// His session.
    pub session: SessionId,
    /// His mask.
    pub member: MemberNo,
    /// His seat.
    pub seat: SeatNo,
    /// The workstation there.
    pub workstation: WorkstationId,
}

const GATE: &str = "gate";

impl Access {
    /// Makes the code that lets a member check in at his seat; earlier ones of his are void.
    /// Shown once.
    ///
    /// # Errors
    /// For the technician (at the gate) only.
    pub fn hand_out(
        &self,
        act: Act<'_>,
        session: &SessionId,
        member: MemberNo,
        seat: SeatNo,
        expires: Utc,
    ) -> Result<Secret, AccessError> {
        let object = AuditObject::Member(session.clone(), member);
        self.permit(act, Permission::CheckIn, AuditKind::HandOutCode, &object)?;
        let code = new_code();
        let mut db = self.db();
        let tx = db.transaction()?;
        tx.execute(
            "DELETE FROM gate_code WHERE (session = ?1 AND member = ?2) OR expires <= ?3",
            params![session.as_str(), member.0, act.now.0],
        )?;
        tx.execute(
            "INSERT INTO gate_code VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                code_hash(self.keys(), GATE, &code),
                session.as_str(),
                member.0,
                seat.0,
                act.now.0,
                expires.0
            ],
        )?;
        self.append(&tx, act, AuditKind::HandOutCode, &object, AuditResult::Done)?;
        tx.commit()?;
        Ok(code)
    }

    /// Checks a member in at the workstation where his code was typed.
    ///
    /// # Errors
    /// [`AccessError::WrongSeat`] names the right one, and leaves the code good;
    /// [`AccessError::CodeNotValid`] for unknown, used and old ones; too many of these at one
    /// workstation; somebody else is checked in here; the browser is no workstation.
    pub fn check_in(&self, act: Act<'_>, code: &Secret) -> Result<CheckedIn, AccessError> {
        let (here, workstation, present) = match act.by {
            Principal::Workstation { seat, workstation } => (*seat, workstation, None),
            Principal::Member {
                session,
                member,
                seat,
                workstation,
            } => (*seat, workstation, Some((session, *member))),
            Principal::Account { .. }
            | Principal::Token { .. }
            | Principal::Local { .. }
            | Principal::Daemon
            | Principal::Anonymous => return Err(AccessError::NotEnrolled),
        };
        if let Some(until) = self.code_failures().wait(workstation, act.now) {
            return Err(AccessError::TooMany { until });
        }
        let hash = code_hash(self.keys(), GATE, code);
        let mut db = self.db();
        let tx = db.transaction()?;
        let outcome =
            find_code(&tx, &hash, act.now).and_then(|(session, member, seat)| match present {
                _ if seat != here => Err(AccessError::WrongSeat { right: seat, here }),
                // one of an earlier session was never ended: it is now
                Some((other, no)) if *other == session && no != member => {
                    Err(AccessError::SeatTaken)
                }
                Some(_) | None => Ok(CheckedIn {
                    session,
                    member,
                    seat,
                    workstation: workstation.clone(),
                }),
            });
        let (object, result) = match &outcome {
            Ok(done) => {
                seat_member(&tx, &hash, done, act.now)?;
                (
                    AuditObject::Member(done.session.clone(), done.member),
                    AuditResult::Done,
                )
            }
            Err(AccessError::WrongSeat { .. }) => {
                (AuditObject::Seat(here), AuditResult::Refused("wrong-seat"))
            }
            Err(AccessError::SeatTaken) => {
                (AuditObject::Seat(here), AuditResult::Refused("seat-taken"))
            }
            Err(AccessError::CodeNotValid) => {
                self.code_failures().failed(workstation, act.now);
                (
                    AuditObject::Seat(here),
                    AuditResult::Refused("code-not-valid"),
                )
            }
            Err(_) => return outcome,
        };
        self.append(&tx, act, AuditKind::CheckIn, &object, result)?;
        tx.commit()?;
        outcome
    }

    /// Ends a member's sign-in and voids his codes: he left, or moves to another seat.
    ///
    /// # Errors
    /// For the daemon, the technician, and the member himself.
    pub fn end_member(
        &self,
        act: Act<'_>,
        session: &SessionId,
        member: MemberNo,
    ) -> Result<(), AccessError> {
        let own = matches!(act.by, Principal::Member { session: s, member: m, .. }
            if s == session && *m == member);
        if !own && *act.by != Principal::Daemon && !may(act.by, Permission::CheckIn) {
            return Err(AccessError::NotPermitted);
        }
        self.end_members(act, session, Some(member))
    }

    /// Ends the sign-ins and voids the codes of all members of a session.
    ///
    /// # Errors
    /// The disk fails.
    pub fn end_session(&self, session: &SessionId, now: Utc) -> Result<(), AccessError> {
        self.end_members(
            Act {
                by: &Principal::Daemon,
                address: None,
                now,
            },
            session,
            None,
        )
    }

    fn end_members(
        &self,
        act: Act<'_>,
        session: &SessionId,
        member: Option<MemberNo>,
    ) -> Result<(), AccessError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        let who = params![session.as_str(), member.map(|m| m.0)];
        tx.execute(
            "DELETE FROM gate_code WHERE session = ?1 AND (?2 IS NULL OR member = ?2)",
            who,
        )?;
        let ended: Vec<u8> = tx
            .prepare_cached(
                "UPDATE member SET ended = ?3 WHERE session = ?1 AND (?2 IS NULL OR member = ?2)
                 AND ended IS NULL RETURNING member",
            )?
            .query_map(
                params![session.as_str(), member.map(|m| m.0), act.now.0],
                |row| row.get(0),
            )?
            .collect::<Result<_, _>>()?;
        for member in ended {
            let object = AuditObject::Member(session.clone(), MemberNo(member));
            self.append(
                &tx,
                act,
                AuditKind::MemberSignOut,
                &object,
                AuditResult::Done,
            )?;
        }
        Ok(tx.commit()?)
    }
}

fn find_code(
    tx: &Connection,
    hash: &[u8; 32],
    now: Utc,
) -> Result<(SessionId, MemberNo, SeatNo), AccessError> {
    type Found = (String, u8, u8, i64, i64);
    let found: Option<Found> = tx
        .query_row(
            "SELECT session, member, seat, made, expires FROM gate_code WHERE hash = ?1",
            [hash],
            |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                ))
            },
        )
        .optional()?;
    let (session, member, seat, ..) = found
        .filter(|(.., made, expires)| is_current(Utc(*made), Utc(*expires), now))
        .ok_or(AccessError::CodeNotValid)?;
    let session = session.parse().map_err(|_| AccessError::Damaged("code"))?;
    Ok((session, MemberNo(member), SeatNo(seat)))
}

/// Uses the code up and puts the member at the workstation, and nowhere else.
fn seat_member(
    tx: &Connection,
    hash: &[u8; 32],
    done: &CheckedIn,
    now: Utc,
) -> Result<(), AccessError> {
    tx.execute("DELETE FROM gate_code WHERE hash = ?1", [hash])?;
    tx.execute(
        "UPDATE member SET ended = ?4
         WHERE ended IS NULL AND (workstation = ?1 OR (session = ?2 AND member = ?3))",
        params![
            done.workstation.as_str(),
            done.session.as_str(),
            done.member.0,
            now.0
        ],
    )?;
    tx.execute(
        "INSERT INTO member (session, member, seat, workstation, since) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![done.session.as_str(), done.member.0, done.seat.0, done.workstation.as_str(), now.0],
    )?;
    Ok(())
}

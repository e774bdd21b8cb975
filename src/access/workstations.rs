//! Owns workstations: a one-time code binds a browser to a seat, for as long as nobody revokes it.

use super::audit::{Act, AuditKind, AuditObject, AuditResult};
use super::code::{bearer_hash, code_hash, new_bearer, new_code};
use super::error::AccessError;
use super::permission::Permission;
use super::principal::Principal;
use super::store::{Access, is_current};
use crate::keys::{Secret, random};
use crate::room::{MemberNo, SeatNo, SessionId, Utc, WorkstationId};
use rusqlite::{Connection, OptionalExtension, params};
use std::net::IpAddr;

/// A browser that was enrolled.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// To which seat.
    pub seat: SeatNo,
    /// What it is called from now on.
    pub workstation: WorkstationId,
    /// The value of the workstation cookie; kept nowhere else. To be set for as long as the
    /// browser allows (400 days), and set again now and then.
    pub cookie: Secret,
    /// The workstation that was at this seat before, and is revoked now.
    pub replaced: Option<WorkstationId>,
}

/// A workstation that is not revoked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Workstation {
    /// Which.
    pub id: WorkstationId,
    /// Its seat.
    pub seat: SeatNo,
    /// Since when.
    pub enrolled: Utc,
    /// Who is checked in at it, by mask.
    pub member: Option<(SessionId, MemberNo)>,
}

const ENROLMENT: &str = "enrolment";

impl Access {
    /// Makes a code that enrols one browser to that seat within minutes; earlier ones for the
    /// seat are void. Shown once.
    ///
    /// # Errors
    /// For the technician only.
    pub fn make_enrolment_code(&self, act: Act<'_>, seat: SeatNo) -> Result<Secret, AccessError> {
        let object = AuditObject::Seat(seat);
        self.permit(
            act,
            Permission::EnrolWorkstation,
            AuditKind::MakeEnrolmentCode,
            &object,
        )?;
        let code = new_code();
        let expires = act.now + self.policy().enrolment_code;
        let mut db = self.db();
        let tx = db.transaction()?;
        tx.execute(
            "DELETE FROM enrolment_code WHERE seat = ?1 OR expires <= ?2",
            params![seat.0, act.now.0],
        )?;
        tx.execute(
            "INSERT INTO enrolment_code VALUES (?1, ?2, ?3, ?4)",
            params![
                code_hash(self.keys(), ENROLMENT, &code),
                seat.0,
                act.now.0,
                expires.0
            ],
        )?;
        self.append(
            &tx,
            act,
            AuditKind::MakeEnrolmentCode,
            &object,
            AuditResult::Done,
        )?;
        tx.commit()?;
        Ok(code)
    }

    /// Enrols the browser in which the code was typed. A workstation that was at the seat before
    /// is revoked.
    ///
    /// # Errors
    /// The code is unknown, used or too old; too many failures from this address.
    pub fn enrol(
        &self,
        code: &Secret,
        address: Option<IpAddr>,
        now: Utc,
    ) -> Result<Enrolled, AccessError> {
        self.check_address(address, now)?;
        let act = Act {
            by: &Principal::Anonymous,
            address,
            now,
        };
        let mut db = self.db();
        let tx = db.transaction()?;
        let found: Option<(u8, i64, i64)> = tx
            .query_row(
                "DELETE FROM enrolment_code WHERE hash = ?1 RETURNING seat, made, expires",
                [code_hash(self.keys(), ENROLMENT, code)],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .optional()?;
        let good = found.filter(|(_, made, expires)| is_current(Utc(*made), Utc(*expires), now));
        let Some((seat, ..)) = good else {
            let object = found.map_or(AuditObject::None, |(seat, ..)| {
                AuditObject::Seat(SeatNo(seat))
            });
            let refused = AuditResult::Refused(if found.is_some() {
                "expired"
            } else {
                "unknown-code"
            });
            self.append(&tx, act, AuditKind::EnrolWorkstation, &object, refused)?;
            tx.commit()?;
            self.address_failed(address, now);
            return Err(AccessError::CodeNotValid);
        };
        let seat = SeatNo(seat);
        let replaced: Option<String> = tx
            .query_row(
                "SELECT id FROM workstation WHERE seat = ?1 AND revoked IS NULL",
                [seat.0],
                |row| row.get(0),
            )
            .optional()?;
        let replaced: Option<WorkstationId> = replaced.and_then(|id| id.parse().ok());
        if let Some(old) = &replaced {
            revoke(&tx, old, now)?;
            let object = AuditObject::Workstation(seat, old.clone());
            self.append(
                &tx,
                act,
                AuditKind::RevokeWorkstation,
                &object,
                AuditResult::Done,
            )?;
        }
        let workstation: WorkstationId = hex::encode(*random::<8>())
            .parse()
            .expect("16 hexadecimal digits");
        let cookie = new_bearer("");
        tx.execute(
            "INSERT INTO workstation VALUES (?1, ?2, ?3, ?4, NULL)",
            params![workstation.as_str(), seat.0, bearer_hash(&cookie), now.0],
        )?;
        let object = AuditObject::Workstation(seat, workstation.clone());
        self.append(
            &tx,
            act,
            AuditKind::EnrolWorkstation,
            &object,
            AuditResult::Done,
        )?;
        tx.commit()?;
        Ok(Enrolled {
            seat,
            workstation,
            cookie,
            replaced,
        })
    }

    /// The workstations that are not revoked, by seat.
    ///
    /// # Errors
    /// The disk fails.
    pub fn workstations(&self) -> Result<Vec<Workstation>, AccessError> {
        let db = self.db();
        let mut statement = db.prepare_cached(
            "SELECT w.id, w.seat, w.enrolled, m.session, m.member FROM workstation w
             LEFT JOIN member m ON m.workstation = w.id AND m.ended IS NULL
             WHERE w.revoked IS NULL ORDER BY w.seat",
        )?;
        let rows = statement.query_map([], |row| {
            let id: String = row.get(0)?;
            let member: Option<(String, u8)> = row.get::<_, Option<String>>(3)?.zip(row.get(4)?);
            Ok((id, SeatNo(row.get(1)?), Utc(row.get(2)?), member))
        })?;
        rows.map(|row| {
            let (id, seat, enrolled, member) = row?;
            let damaged = |_| AccessError::Damaged("workstation");
            let member = match member {
                Some((session, no)) => Some((session.parse().map_err(damaged)?, MemberNo(no))),
                None => None,
            };
            Ok(Workstation {
                id: id.parse().map_err(damaged)?,
                seat,
                enrolled,
                member,
            })
        })
        .collect()
    }

    /// Revokes a workstation: its cookie is good for nothing from now on, and whoever was checked
    /// in at it is not any more.
    ///
    /// # Errors
    /// For the technician only; there is no such workstation.
    pub fn revoke_workstation(&self, act: Act<'_>, id: &WorkstationId) -> Result<(), AccessError> {
        self.permit(
            act,
            Permission::EnrolWorkstation,
            AuditKind::RevokeWorkstation,
            &AuditObject::None,
        )?;
        let mut db = self.db();
        let tx = db.transaction()?;
        let seat = revoke(&tx, id, act.now)?.ok_or(AccessError::Unknown("workstation"))?;
        let object = AuditObject::Workstation(seat, id.clone());
        self.append(
            &tx,
            act,
            AuditKind::RevokeWorkstation,
            &object,
            AuditResult::Done,
        )?;
        Ok(tx.commit()?)
    }

    /// Who sits at the workstation of that cookie.
    pub(super) fn workstation_principal(&self, cookie: &Secret) -> Result<Principal, AccessError> {
        type Found = (String, u8, Option<(String, u8)>);
        let found: Option<Found> = self
            .db()
            .prepare_cached(
                "SELECT w.id, w.seat, m.session, m.member FROM workstation w
                 LEFT JOIN member m ON m.workstation = w.id AND m.ended IS NULL
                 WHERE w.hash = ?1 AND w.revoked IS NULL",
            )?
            .query_row([bearer_hash(cookie)], |row| {
                let member = row.get::<_, Option<String>>(2)?.zip(row.get(3)?);
                Ok((row.get(0)?, row.get(1)?, member))
            })
            .optional()?;
        let Some((id, seat, member)) = found else {
            return Ok(Principal::Anonymous);
        };
        let damaged = |_| AccessError::Damaged("workstation");
        let (workstation, seat) = (id.parse().map_err(damaged)?, SeatNo(seat));
        Ok(match member {
            None => Principal::Workstation { seat, workstation },
            Some((session, member)) => Principal::Member {
                session: session.parse().map_err(damaged)?,
                member: MemberNo(member),
                seat,
                workstation,
            },
        })
    }
}

/// Revokes it and ends the sign-in at it; its seat, if there was such a workstation.
fn revoke(tx: &Connection, id: &WorkstationId, now: Utc) -> Result<Option<SeatNo>, AccessError> {
    tx.execute(
        "UPDATE member SET ended = ?2 WHERE workstation = ?1 AND ended IS NULL",
        params![id.as_str(), now.0],
    )?;
    let seat = tx
        .query_row(
            "UPDATE workstation SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL RETURNING seat",
            params![id.as_str(), now.0],
            |row| row.get(0).map(SeatNo),
        )
        .optional()?;
    Ok(seat)
}

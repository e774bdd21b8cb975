//! Owns that attendance is stated once a session is over, for fees and assessment: who was there, from when to when, encrypted to the
//! pool's owner. The statement goes to the link, and nowhere else.

use super::health;
use crate::archive::container::{self, Recipient};
use crate::clerk::{ClerkHandle, Clock};
use crate::config::{HubLink, Profile};
use crate::hub::contract::AttendanceStatement;
use crate::hub::link::Kept;
use crate::journal::Reader;
use crate::room::{
    Actor, Command, CommandId, Entry, Event, Fault, LeavingReason, MemberKind, MemberNo, Part,
    Phase, Presence, Room, SeatNo, Session, SessionId, SessionKind, Span, Utc, apply,
};
use crate::vault::{Purpose, Vault};
use anyhow::Context;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// A certificate that is mended within this time after a session's end gets the session's statement after all.
const BELATED: Span = Span::hours(7 * 24);
/// How soon what failed is tried again.
const AGAIN: Duration = Duration::from_secs(30);

/// The worker that states attendance.
pub(super) struct Stater {
    pub(super) clerk: ClerkHandle,
    pub(super) history: Reader,
    pub(super) vault: Vault,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) profile: Arc<Profile>,
    pub(super) kept: Kept,
}

/// What the pool's owner reads. Times are RFC 3339 in the room's zone.
#[derive(Serialize)]
struct Statement<'a> {
    statement: &'static str,
    city: &'a str,
    room: &'a str,
    room_name: &'a str,
    session: &'a SessionId,
    kind: SessionKind,
    /// `sealed`, or `aborted`.
    end: &'static str,
    planned_start: String,
    started: Option<String>,
    ended: String,
    people: Vec<Attended>,
}

/// One person's attendance.
#[derive(Serialize)]
struct Attended {
    name: String,
    id_number: String,
    phone: String,
    employer: String,
    member: MemberNo,
    kind: MemberKind,
    seat: Option<SeatNo>,
    chair: bool,
    arrived: Option<String>,
    late: bool,
    /// When he left; the session's end where he stayed.
    left: Option<String>,
    /// How it ended for him: `stayed`, `absent`, `removed`, `replaced`, or why he left.
    outcome: Outcome,
    minutes: u64,
    report_signed: bool,
    dissent: bool,
    warnings: u32,
}

impl Drop for Attended {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        for text in [
            &mut self.name,
            &mut self.id_number,
            &mut self.phone,
            &mut self.employer,
        ] {
            text.zeroize();
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Stayed,
    Absent,
    Removed,
    Replaced,
    Left(LeavingReason),
}

impl Stater {
    /// States what is over, for ever; nothing where the profile names no certificate.
    pub(super) async fn follow(self, hub: HubLink) {
        let Some(certificate) = hub.pool_certificate else {
            return std::future::pending().await;
        };
        let stater = Arc::new(self);
        let mut changes = stater.clerk.watch();
        loop {
            let before = over(&stater.clerk.room());
            let failed = match stater.clone().all(&certificate).await {
                Ok(()) => None,
                Err(error) => {
                    let detail = format!("{error:#}");
                    tracing::error!(error = detail, "attendance is not stated yet");
                    Some(Fault::PoolCertificateUnfit { detail })
                }
            };
            let again = failed.is_some();
            health::report(&stater.clerk, "pool-certificate", failed).await;
            // a change of the room may be an end; what failed is tried again whatever happens
            let changed = async {
                let ends = changes.wait_for(|at| over(&at.room) != before);
                ends.await.is_ok()
            };
            match again {
                true => drop(timeout(AGAIN, changed).await),
                false => {
                    if !changed.await {
                        return std::future::pending().await;
                    }
                }
            }
        }
    }

    async fn all(self: Arc<Self>, certificate: &Path) -> anyhow::Result<()> {
        let now = self.clock.now().stamp.at;
        for (id, over) in ended(&self.clerk.room()) {
            let (this, certificate) = (self.clone(), certificate.to_owned());
            let fresh = over + BELATED > now;
            let stated = tokio::task::spawn_blocking(move || {
                match !fresh || this.kept.has_statement(&id)? {
                    true => Ok(()),
                    false => this
                        .state(&id, &certificate)
                        .with_context(|| format!("{id}")),
                }
            });
            stated.await??;
        }
        while let Some(statement) = self.unjournalled().await? {
            self.journal(statement).await?;
        }
        Ok(())
    }

    async fn unjournalled(&self) -> anyhow::Result<Option<AttendanceStatement>> {
        let kept = self.kept.clone();
        Ok(tokio::task::spawn_blocking(move || kept.unjournalled_statement()).await??)
    }

    /// Journals that there is a statement; then it may go out.
    async fn journal(&self, statement: AttendanceStatement) -> anyhow::Result<()> {
        let sha256 = statement.sha256.clone();
        let id: Option<CommandId> = format!("attendance-{}", &sha256[..32]).parse().ok();
        let command = Command::ReportAttendanceStated {
            sha256: sha256.clone(),
        };
        let actor = Actor::Daemon { part: Part::Hub };
        let session = Some(statement.session);
        self.clerk.submit(actor, session, id, command).await?;
        let kept = self.kept.clone();
        tokio::task::spawn_blocking(move || kept.statement_journalled(&sha256)).await??;
        Ok(())
    }

    /// Makes the statement of a session, where anybody was called in.
    fn state(&self, id: &SessionId, certificate: &Path) -> anyhow::Result<()> {
        let entries = self.history.session_entries(id)?;
        let opened = |entry: &Entry| matches!(entry.event, Event::CheckInOpened { .. });
        if !entries.iter().any(opened) {
            return Ok(());
        }
        let recipient = Recipient::read(certificate)?;
        let room = replayed(&entries);
        let session = room.sessions.get(id).context("no session in its journal")?;
        let plain = Zeroizing::new(serde_json::to_vec_pretty(
            &self.write(id, session, &entries)?,
        )?);
        let container = container::encrypt(&recipient, &plain)?;
        let statement = AttendanceStatement::of(
            id.clone(),
            session.plan.kind,
            self.clock.now().stamp.at,
            recipient.sha256().to_owned(),
            &container,
        );
        self.kept.keep_statement(&statement)?;
        tracing::info!(session = %id, "attendance is stated");
        Ok(())
    }

    fn write<'a>(
        &'a self,
        id: &'a SessionId,
        session: &Session,
        entries: &[Entry],
    ) -> anyhow::Result<Statement<'a>> {
        let ended = session.since.at;
        let arrivals = arrivals(entries);
        let warnings = warnings(entries);
        let actor = Actor::Daemon { part: Part::Hub };
        let now = self.clock.now().stamp.at;
        let mut people = Vec::new();
        for member in session.committee.members.values() {
            let mut person = self
                .vault
                .read(&member.person, Purpose::FeeStatement, &actor, now)?;
            let arrived = arrivals.get(&member.no);
            let (left, outcome) = match &member.presence {
                Presence::Present { .. } => (Some(ended), Outcome::Stayed),
                Presence::Left { at, reason } => (Some(at.at.min(ended)), Outcome::Left(*reason)),
                Presence::Removed { at } => (Some(at.at), Outcome::Removed),
                Presence::Replaced { .. } => {
                    (arrived.and(left_of(entries, member.no)), Outcome::Replaced)
                }
                Presence::Expected | Presence::Absent => (None, Outcome::Absent),
            };
            let left = arrived.and(left);
            let stayed = arrived.zip(left).map_or(0, |((from, _), to)| to.0 - from.0);
            people.push(Attended {
                name: std::mem::take(&mut person.name),
                id_number: std::mem::take(&mut person.id_number),
                phone: std::mem::take(&mut person.phone),
                employer: std::mem::take(&mut person.employer),
                member: member.no,
                kind: member.kind,
                seat: member.seat,
                chair: session.committee.chair == Some(member.no),
                arrived: arrived.map(|(at, _)| self.shown(*at)),
                late: arrived.is_some_and(|(_, late)| *late),
                left: left.map(|at| self.shown(at)),
                outcome,
                minutes: u64::try_from(stayed / 60_000).unwrap_or(0),
                report_signed: member.report.is_some(),
                dissent: member.report.as_ref().is_some_and(|report| report.dissent),
                warnings: member.seat.map_or(0, |seat| {
                    warnings
                        .iter()
                        .filter(|warned| **warned == (seat, member.no))
                        .count() as u32
                }),
            });
        }
        let room = &self.profile.room;
        Ok(Statement {
            statement: "attendance/1",
            city: &room.city,
            room: room.id.as_str(),
            room_name: &room.name,
            session: id,
            kind: session.plan.kind,
            end: match matches!(session.phase, Phase::Sealed) {
                true => "sealed",
                false => "aborted",
            },
            planned_start: self.shown(session.plan.start),
            started: session.started.as_ref().map(|at| self.shown(at.at)),
            ended: self.shown(ended),
            people,
        })
    }

    /// RFC 3339 with the distance of the room's zone, to the second.
    fn shown(&self, at: Utc) -> String {
        let zone = &self.profile.room.time_zone;
        let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let local = moment.to_zoned_datetime(zone.clone());
        local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }
}

/// Sessions that are over, and since when: those that are open in the room, and those that are kept.
fn ended(room: &Room) -> BTreeMap<SessionId, Utc> {
    let open = room
        .sessions
        .iter()
        .filter(|(_, session)| session.phase.is_over());
    let open = open.map(|(id, session)| (id.clone(), session.since.at));
    let kept = room.archives.iter();
    let kept = kept.map(|(id, kept)| (id.clone(), kept.sealed.unwrap_or(kept.since.at)));
    kept.chain(open).collect()
}

/// Open sessions that are over.
fn over(room: &Room) -> BTreeSet<SessionId> {
    let sessions = room.sessions.iter();
    let over = sessions.filter(|(_, session)| session.phase.is_over());
    over.map(|(id, _)| id.clone()).collect()
}

/// The room as a session's journal alone makes it.
fn replayed(entries: &[Entry]) -> Room {
    let mut room = Room::default();
    for entry in entries {
        apply(&mut room, entry);
    }
    room
}

/// When members came first, and whether they were late.
fn arrivals(entries: &[Entry]) -> BTreeMap<MemberNo, (Utc, bool)> {
    let mut arrivals = BTreeMap::new();
    for entry in entries {
        if let Event::MemberCheckedIn { member, late, .. } = &entry.event {
            arrivals.entry(*member).or_insert((entry.stamp.at, *late));
        }
    }
    arrivals
}

/// When somebody who was replaced left, or was removed.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these events tell it")]
fn left_of(entries: &[Entry], no: MemberNo) -> Option<Utc> {
    entries.iter().rev().find_map(|entry| match &entry.event {
        Event::MemberLeft { member, .. }
        | Event::ConflictRuled { member, .. }
        | Event::MemberReplaced { member, .. }
            if *member == no =>
        {
            Some(entry.stamp.at)
        }
        _ => None,
    })
}

/// Who was warned: the seat, and the member who sat there at that time.
#[expect(clippy::wildcard_enum_match_arm, reason = "only these events tell it")]
fn warnings(entries: &[Entry]) -> Vec<(SeatNo, MemberNo)> {
    let mut seated: BTreeMap<SeatNo, MemberNo> = BTreeMap::new();
    let mut warned = Vec::new();
    for entry in entries {
        match &entry.event {
            Event::MemberCheckedIn { member, seat, .. } => {
                seated.insert(*seat, *member);
            }
            Event::SeatWarned { seat, .. } => {
                warned.extend(seated.get(seat).map(|member| (*seat, *member)));
            }
            _ => {}
        }
    }
    warned
}

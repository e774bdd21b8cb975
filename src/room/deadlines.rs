//! Owns the room's clocks: what comes due when, and what follows.

use super::campaign;
use super::committee::Presence;
use super::decide::Draft;
use super::draw::{AbortReason, DrawStage};
use super::event::{BreakKind, Event, MealSlot, SuspensionCause};
use super::ids::SessionId;
use super::layout::Policies;
use super::relay::{Relay, RelayEnd};
use super::session::{Phase, Session};
use super::state::Room;
use super::time::{Now, Span, TimeOfDay, Utc};

/// One clock of a session: what is left of it, and what happens when nothing is.
#[derive(Debug)]
struct Due {
    left: Span,
    event: Event,
}

/// How long until something comes due; none where nothing will.
pub fn next_deadline(room: &Room, now: &Now) -> Option<Span> {
    let clocks = all(room, now).map(|(_, due)| due.left).min();
    [clocks, campaign::deadline(room, now)]
        .into_iter()
        .flatten()
        .min()
}

/// Everything that is due by now.
pub(super) fn pass(room: &Room, now: &Now) -> Vec<Draft> {
    all(room, now)
        .filter(|(_, due)| due.left == Span::ZERO)
        .map(|(id, due)| Draft {
            session: Some(id.clone()),
            event: due.event,
        })
        .collect()
}

fn all<'a>(room: &'a Room, now: &'a Now) -> impl Iterator<Item = (&'a SessionId, Due)> {
    let going = room.archives.iter().flat_map(move |(id, kept)| {
        let whole = (kept.remaining(room, now), Event::ArchiveReleased);
        let personal = (
            kept.personal_remaining(room, now),
            Event::PersonalDataReleased,
        );
        [personal, whole]
            .into_iter()
            .filter_map(move |(left, event)| Some((id, Due { left: left?, event })))
    });
    of_sessions(room, now)
        .chain(going)
        .chain(of_draws(room, now))
}

/// A draw that the hub does not sign in time is ended, on the record: it never goes on without.
fn of_draws<'a>(room: &'a Room, now: &'a Now) -> impl Iterator<Item = (&'a SessionId, Due)> {
    room.sessions.iter().filter_map(|(id, session)| {
        let draw = session.draw.as_ref().filter(|_| !session.phase.is_over())?;
        let (hub, _) = draw.unsigned()?;
        let DrawStage::Committed { since } = &draw.stage else {
            return None;
        };
        let event = Event::DrawAborted {
            reason: AbortReason::HubSilent,
        };
        let left = since.remaining(hub.wait, &now.stamp);
        Some((id, Due { left, event }))
    })
}

fn of_sessions<'a>(room: &'a Room, now: &'a Now) -> impl Iterator<Item = (&'a SessionId, Due)> {
    room.sessions
        .iter()
        .filter(|(_, session)| session.phase.occupies())
        .flat_map(|(id, session)| {
            let policies = session.policies(&room.policies);
            clocks(session, policies, now)
                .into_iter()
                .map(move |due| (id, due))
        })
}

/// At most one clock leads to a change of the phase, so what comes due together never contradicts.
fn clocks(session: &Session, policies: &Policies, now: &Now) -> Vec<Due> {
    let mut clocks = Vec::new();
    grace(session, policies, now, &mut clocks);
    outage(session, policies, now, &mut clocks);
    help(session, policies, now, &mut clocks);
    relays(session, now, &mut clocks);
    if let Phase::InSession = session.phase {
        let lock = overnight(session, policies, now);
        let locks = lock.as_ref().is_some_and(|lock| lock.left == Span::ZERO);
        clocks.extend(lock);
        if !locks {
            breaks(session, policies, now, &mut clocks);
        }
    }
    clocks
}

fn grace(session: &Session, policies: &Policies, now: &Now, clocks: &mut Vec<Due>) {
    if session.committee.grace_ended {
        return;
    }
    let missing = session
        .committee
        .active_without(|m| matches!(m.presence, Presence::Present { .. }));
    if !missing.is_empty() {
        let end = session.plan.start + policies.grace;
        clocks.push(Due {
            left: now.until(end),
            event: Event::GraceEnded { missing },
        });
    }
}

fn outage(session: &Session, policies: &Policies, now: &Now, clocks: &mut Vec<Due>) {
    let clock = match (&session.phase, &session.outage) {
        (
            Phase::Suspended {
                cause: SuspensionCause::Outage,
                since,
                expired: false,
                ..
            },
            _,
        ) => Some((since, policies.outage_in_session)),
        (Phase::CheckIn | Phase::Ready { .. }, Some(outage)) if !outage.expired => {
            Some((&outage.since, policies.outage_before_start))
        }
        _ => None,
    };
    clocks.extend(clock.map(|(since, length)| Due {
        left: since.remaining(length, &now.stamp),
        event: Event::OutageTimeExpired,
    }));
}

fn relays(session: &Session, now: &Now, clocks: &mut Vec<Due>) {
    for (id, relay) in &session.relays {
        if let Relay::On { until, .. } = relay {
            clocks.push(Due {
                left: now.until(*until),
                event: Event::RelayEnded {
                    relay: id.clone(),
                    by: RelayEnd::Time,
                },
            });
        }
    }
}

fn help(session: &Session, policies: &Policies, now: &Now, clocks: &mut Vec<Due>) {
    clocks.extend(
        session
            .help
            .iter()
            .filter(|(_, call)| !call.overdue)
            .map(|(seat, call)| Due {
                left: call.since.remaining(policies.help_overdue, &now.stamp),
                event: Event::HelpOverdue { seat: *seat },
            }),
    );
}

/// The nightly lock. A session that was opened after tonight's lock waits for tomorrow's.
fn overnight(session: &Session, policies: &Policies, now: &Now) -> Option<Due> {
    let lock = policies.overnight_lock?;
    let opened = session.opened.as_ref()?.at;
    let last = now.last_local(lock);
    let at = match session.lock_postponed {
        Some(until) if until > opened && until > last => until,
        _ if last > opened => last,
        _ => now.next_local(lock),
    };
    Some(Due {
        left: now.until(at),
        event: Event::OvernightBegun,
    })
}

fn breaks(session: &Session, policies: &Policies, now: &Now, clocks: &mut Vec<Due>) {
    let breaks = &session.breaks;
    if breaks.current.is_some() {
        return;
    }
    clocks.extend(
        breaks
            .due
            .iter()
            .filter(|(_, due)| !due.overdue)
            .map(|(kind, due)| Due {
                left: due.since.remaining(policies.break_overdue, &now.stamp),
                event: Event::BreakOverdue { kind: *kind },
            }),
    );
    if let (Some(since), false) = (
        &breaks.working_since,
        breaks.due.contains_key(&BreakKind::Rest),
    ) {
        clocks.push(Due {
            left: since.remaining(policies.rest_every, &now.stamp),
            event: Event::BreakDue {
                kind: BreakKind::Rest,
                meal: None,
            },
        });
    }
    if !breaks.due.contains_key(&BreakKind::Meal) {
        clocks.extend(
            policies
                .meals
                .iter()
                .filter_map(|time| meal(session, now, *time)),
        );
    }
}

/// A meal is due once a day, in a session that was on when its time came.
fn meal(session: &Session, now: &Now, time: TimeOfDay) -> Option<Due> {
    let opened = session.opened.as_ref()?.at;
    let last = now.last_local(time);
    let slot = MealSlot {
        day: now.local_day(last),
        time,
    };
    let called = session
        .breaks
        .last_meal
        .is_some_and(|called| called >= slot);
    let at = if last > opened && !called {
        last
    } else {
        now.next_local(time)
    };
    let slot = MealSlot {
        day: now.local_day(at),
        time,
    };
    let event = Event::BreakDue {
        kind: BreakKind::Meal,
        meal: Some(slot),
    };
    Some(Due {
        left: now.until(at),
        event,
    })
}

impl Now {
    /// What is left until a moment; nothing once it has passed.
    pub(super) fn until(&self, at: Utc) -> Span {
        Span(u64::try_from(at.0.saturating_sub(self.stamp.at.0)).unwrap_or(0))
    }

    /// The local day of a moment, days since 1970-01-01.
    fn local_day(&self, at: Utc) -> i64 {
        (at.0 + i64::from(self.utc_offset) * 1000).div_euclid(DAY_MS)
    }

    /// The latest moment, not after now, at which local clocks show `time`.
    fn last_local(&self, time: TimeOfDay) -> Utc {
        let of_day = i64::from(time.0) * 60_000 - i64::from(self.utc_offset) * 1000;
        let days = (self.stamp.at.0 - of_day).div_euclid(DAY_MS);
        Utc(days * DAY_MS + of_day)
    }

    /// The next moment, after now, at which local clocks show `time`.
    pub(super) fn next_local(&self, time: TimeOfDay) -> Utc {
        Utc(self.last_local(time).0 + DAY_MS)
    }
}

const DAY_MS: i64 = 24 * 3600 * 1000;

//! Owns the clerk's work, without waiting for anything but the disk: a batch of orders in, answers out.

use super::answer::{Outcome, SubmitError};
use super::clock::Clock;
use super::handle::{Order, RoomAt};
use crate::journal::{Accepted, Journal, JournalError, LineHash};
use crate::room::{
    self, Actor, Command, CommandId, Draft, Entry, EquipmentId, Fault, Now, Part, Refusal, Room,
    Seq, SessionId, Span, Stamp,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::{oneshot, watch};

/// A snapshot is taken after so many entries.
const SNAPSHOT_EVERY: u64 = 1000;

/// The wall clock was set if it moved against the monotonic one by more than this between two looks, ms.
const JUMP_MS: i64 = 1000;

/// The journal's disk, as equipment that can fail.
const JOURNAL_DISK: &str = "disk-journal";

/// The journal and the room that follows from it.
#[derive(Debug)]
pub(super) struct Desk<C> {
    journal: Journal,
    clock: C,
    room: Arc<Room>,
    room_tx: watch::Sender<RoomAt>,
    last_look: Option<Stamp>,
    last_snapshot: Seq,
}

/// Answers that wait for their entries to be on the disk.
type Waiting = Vec<(
    oneshot::Sender<Result<Outcome, SubmitError>>,
    Result<Outcome, SubmitError>,
)>;

/// What a batch has led to so far; nothing of it holds until it is journalled.
struct Batch {
    /// The room before it.
    before: Arc<Room>,
    room: Room,
    entries: Vec<Entry>,
    accepted: Vec<Accepted>,
    answers: Waiting,
}

impl<C: Clock> Desk<C> {
    /// Brings the room to where the journal stands: the newest snapshot, and what followed.
    pub(super) fn open(
        mut journal: Journal,
        clock: C,
    ) -> Result<(Self, watch::Receiver<RoomAt>), JournalError> {
        let mut room = journal.latest_snapshot()?.unwrap_or_default();
        let last_snapshot = room.seq;
        journal.replay(last_snapshot, |entry| room::apply(&mut room, &entry))?;
        let last = journal.entries(room.seq, room.seq)?.pop();
        let room = Arc::new(room);
        let (room_tx, room_rx) = watch::channel(RoomAt {
            seq: room.seq,
            room: Arc::clone(&room),
        });
        let desk = Self {
            journal,
            clock,
            room,
            room_tx,
            last_look: last.map(|entry| entry.stamp),
            last_snapshot,
        };
        Ok((desk, room_rx))
    }

    /// This moment.
    pub(super) fn now(&self) -> Now {
        self.clock.now()
    }

    /// The room now.
    pub(super) fn room(&self) -> &Room {
        &self.room
    }

    /// The entry of the snapshot that the next start begins with.
    pub(super) fn last_snapshot(&self) -> Seq {
        self.last_snapshot
    }

    /// How long until something comes due; none where nothing will.
    pub(super) fn next_deadline(&self) -> Option<Span> {
        room::next_deadline(&self.room, &self.now())
    }

    /// Whether the unsafe journal has acknowledged what is not written.
    pub(super) fn has_unwritten(&self) -> bool {
        self.journal.has_unwritten()
    }

    /// Carries a batch out: what time brought first, then the orders, all in one write. Then everybody
    /// sees the room, and the answers are given.
    pub(super) fn carry_out(&mut self, orders: Vec<Order>) {
        if let Err(e) = self.catch_up() {
            tracing::error!(error = %e, "the journal is still not writable");
            for order in orders {
                answer(order.answer_tx, Err(SubmitError::NotWritten));
            }
            return;
        }
        let mut batch = Batch {
            before: Arc::clone(&self.room),
            room: Room::clone(&self.room),
            entries: Vec::new(),
            accepted: Vec::new(),
            answers: Vec::new(),
        };
        let quiet = orders.is_empty();
        self.take_time(&mut batch);
        for order in orders {
            let outcome = self.judge(&mut batch, &order);
            batch.answers.push((order.answer_tx, outcome));
        }
        match self.write(&batch, quiet) {
            Ok(()) => self.publish(batch),
            Err(e) => {
                tracing::error!(error = %e, entries = batch.entries.len(), "a batch was not written");
                for (answer_tx, _) in batch.answers {
                    answer(answer_tx, Err(SubmitError::NotWritten));
                }
                // what has reached the disk nevertheless counts
                if let Err(e) = self.catch_up() {
                    tracing::error!(error = %e, "the journal is not writable");
                }
            }
        }
    }

    /// Keeps the room for the next start, and sees to the journal's ballast.
    pub(super) fn tend(&mut self) {
        if self.room.seq.0 >= self.last_snapshot.0 + SNAPSHOT_EVERY {
            self.snapshot();
        }
    }

    /// Keeps the room for the next start.
    pub(super) fn snapshot(&mut self) {
        match self.journal.save_snapshot(&self.room) {
            Ok(()) => self.last_snapshot = self.room.seq,
            Err(e) => tracing::warn!(error = %e, "a snapshot was not taken"),
        }
    }

    /// After a write error: opens the journal again, and takes in what was written nevertheless.
    fn catch_up(&mut self) -> Result<(), JournalError> {
        let head = self.journal.recover()?;
        if head.seq == self.room.seq {
            return Ok(());
        }
        let mut room = Room::clone(&self.room);
        self.journal
            .replay(room.seq, |entry| room::apply(&mut room, &entry))?;
        self.show(room);
        Ok(())
    }

    fn write(&mut self, batch: &Batch, quiet: bool) -> Result<(), JournalError> {
        self.journal.append(&batch.entries, &batch.accepted)?;
        if quiet {
            self.journal.flush()?;
        }
        Ok(())
    }

    fn publish(&mut self, batch: Batch) {
        if !batch.entries.is_empty() {
            self.show(batch.room);
        }
        for (answer_tx, outcome) in batch.answers {
            answer(answer_tx, outcome);
        }
    }

    fn show(&mut self, room: Room) {
        self.room = Arc::new(room);
        self.room_tx.send_replace(RoomAt {
            seq: self.room.seq,
            room: Arc::clone(&self.room),
        });
    }

    /// Notes what came without anybody's order: a clock that was set, deadlines, the state of the journal's disk.
    fn take_time(&mut self, batch: &mut Batch) {
        let now = self.clock.now();
        if let Some(by_ms) = self.jumped(&now.stamp) {
            self.by_itself(batch, &now, Part::Clock, Command::ReportClockJump { by_ms });
        }
        if room::next_deadline(&batch.room, &now) == Some(Span::ZERO) {
            self.by_itself(batch, &now, Part::Clock, Command::PassDeadlines);
        }
        let ballast = self.journal.has_ballast() || self.journal.tend();
        let disk: EquipmentId = JOURNAL_DISK.parse().expect("a valid id");
        if ballast == batch.room.failures.contains_key(&disk) {
            let report = if ballast {
                Command::ReportRecovery { equipment: disk }
            } else {
                let free_bytes = self.journal.free_bytes();
                Command::ReportFault {
                    equipment: disk,
                    fault: Fault::DiskNearlyFull { free_bytes },
                }
            };
            self.by_itself(batch, &now, Part::Health, report);
        }
    }

    /// By how many milliseconds the wall clock was set since the last look.
    fn jumped(&mut self, now: &Stamp) -> Option<i64> {
        let offset = |stamp: &Stamp| {
            let mono = i64::try_from(stamp.mono).unwrap_or(i64::MAX);
            stamp.at.0.saturating_sub(mono)
        };
        let before = self.last_look.replace(now.clone())?;
        let by_ms = offset(now).saturating_sub(offset(&before));
        (before.boot == now.boot && by_ms.abs() > JUMP_MS).then_some(by_ms)
    }

    fn by_itself(&mut self, batch: &mut Batch, now: &Now, part: Part, command: Command) {
        let actor = Actor::Daemon { part };
        let outcome = batch.decide(now, &actor, None, None, &command);
        if let Err(e) = outcome {
            tracing::error!(?part, error = %e, "the clerk's own command was not carried out");
        }
    }

    fn judge(&mut self, batch: &mut Batch, order: &Order) -> Result<Outcome, SubmitError> {
        let sha256 = fingerprint(order);
        if let Some(id) = &order.id
            && let Some(done) = self.known(batch, id)?
        {
            if done.sha256 != sha256 {
                return Err(SubmitError::IdReused);
            }
            return self.repeat(batch, &done);
        }
        let now = self.clock.now();
        let outcome = batch.decide(
            &now,
            &order.actor,
            order.session.as_ref(),
            order.id.as_ref(),
            &order.command,
        )?;
        if let (Some(id), Some(first), Some(last)) =
            (&order.id, outcome.entries.first(), outcome.entries.last())
        {
            batch.accepted.push(Accepted {
                id: id.clone(),
                sha256,
                first: first.seq,
                last: last.seq,
            });
        }
        Ok(outcome)
    }

    fn known(&mut self, batch: &Batch, id: &CommandId) -> Result<Option<Accepted>, SubmitError> {
        if let Some(done) = batch.accepted.iter().find(|done| &done.id == id) {
            return Ok(Some(done.clone()));
        }
        self.journal.accepted(id).map_err(unreadable)
    }

    /// What a command led to when it was carried out.
    fn repeat(&mut self, batch: &Batch, done: &Accepted) -> Result<Outcome, SubmitError> {
        let entries = if done.first > self.room.seq {
            let here = batch.entries.iter();
            here.filter(|entry| (done.first..=done.last).contains(&entry.seq))
                .cloned()
                .collect()
        } else {
            let known = self.journal.entries(done.first, done.last);
            known.map_err(unreadable)?
        };
        Ok(Outcome {
            seq: done.last,
            entries,
            repeated: true,
        })
    }
}

impl Batch {
    /// Lets the room decide, and takes what follows into this batch's room.
    fn decide(
        &mut self,
        now: &Now,
        actor: &Actor,
        session: Option<&SessionId>,
        id: Option<&CommandId>,
        command: &Command,
    ) -> Result<Outcome, SubmitError> {
        let before = self.entries.len();
        let decided = catch_unwind(AssertUnwindSafe(|| {
            let drafts = room::decide(&self.room, now, actor, session, command)?;
            for Draft { session, event } in drafts {
                let entry = Entry {
                    seq: self.room.seq.next(),
                    stamp: now.stamp.clone(),
                    session,
                    actor: actor.clone(),
                    command: id.cloned(),
                    event,
                };
                room::apply(&mut self.room, &entry);
                self.entries.push(entry);
            }
            Ok::<(), Refusal>(())
        }));
        match decided {
            Ok(Ok(())) => Ok(Outcome {
                seq: self.room.seq,
                entries: self.entries[before..].to_vec(),
                repeated: false,
            }),
            Ok(Err(refusal)) => Err(SubmitError::Refused(refusal)),
            Err(_) => {
                self.entries.truncate(before);
                self.room = Room::clone(&self.before);
                for entry in &self.entries {
                    room::apply(&mut self.room, entry);
                }
                Err(SubmitError::Fault)
            }
        }
    }
}

/// Tells one command from another under the same id.
fn fingerprint(order: &Order) -> LineHash {
    let whole = (&order.actor, &order.session, &order.command);
    LineHash::of(&serde_json::to_vec(&whole).expect("commands have text keys only"))
}

fn unreadable(e: JournalError) -> SubmitError {
    tracing::error!(error = %e, "the journal cannot be read");
    SubmitError::NotWritten
}

fn answer(
    answer_tx: oneshot::Sender<Result<Outcome, SubmitError>>,
    outcome: Result<Outcome, SubmitError>,
) {
    // whoever asked may have gone; the command holds all the same
    drop(answer_tx.send(outcome));
}

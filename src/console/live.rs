//! Owns the live views: each page subscribes to its role's view, and gets the whole of it as it changes.
//!
//! Changes are gathered for 100 ms; figures that change all the time (bytes, disks) are sent once a second; a
//! heartbeat every 2 s tells the page that the line is alive. A sign-in that ended or locked ends the stream. The
//! answer's `bidroom-run` names the daemon's run: another one knows nothing of what a page sent or watched.

use super::guard::Asker;
use super::problem::No;
use super::state::Console;
use super::views::{room_view, seat_view};
use crate::access::Principal;
use crate::room::{Actor, Seq};
use axum::extract::State;
use axum::http::HeaderName;
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use futures::Stream;
use serde_json::Value;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

const RUN: HeaderName = HeaderName::from_static("bidroom-run");
const GATHER: Duration = Duration::from_millis(100);
const FIGURES: Duration = Duration::from_secs(1);
const HEARTBEAT: Duration = Duration::from_secs(2);
/// Lines of history in a view.
const LINES: usize = 120;

/// `GET /api/live/technician` and `/api/live/supervisor`.
pub(super) async fn room(
    State(console): State<Console>,
    asker: Asker,
) -> Result<impl IntoResponse, No> {
    let actor = asker.actor()?;
    let run = [(RUN, console.run.clone())];
    Ok((run, Sse::new(stream(console, asker, actor, fold_room))))
}

/// `GET /api/live/seat`.
pub(super) async fn seat(
    State(console): State<Console>,
    asker: Asker,
) -> Result<impl IntoResponse, No> {
    let actor = asker.actor()?;
    let run = [(RUN, console.run.clone())];
    Ok((run, Sse::new(stream(console, asker, actor, fold_seat))))
}

fn fold_room(console: &Console, actor: &Actor, _: &Principal) -> Option<(Seq, Value)> {
    let room = console.room();
    let shown = super::views::shown_session(&room).map(|(id, _)| id.clone());
    let lines = match console.history.newest(room.seq, shown.as_ref(), LINES) {
        Ok(lines) => lines,
        Err(error) => {
            tracing::error!(%error, "the journal cannot be read");
            Vec::new()
        }
    };
    let around = console.around.borrow().clone();
    let view = room_view(&room, &console.now(), actor, &around, lines);
    Some((room.seq, serde_json::to_value(view).ok()?))
}

fn fold_seat(console: &Console, actor: &Actor, principal: &Principal) -> Option<(Seq, Value)> {
    let (Principal::Member { seat, .. } | Principal::Workstation { seat, .. }) = principal else {
        return None;
    };
    let room = console.room();
    let around = console.around.borrow().clone();
    let view = seat_view(&room, &console.now(), actor, *seat, &around);
    Some((room.seq, serde_json::to_value(view).ok()?))
}

type Fold = fn(&Console, &Actor, &Principal) -> Option<(Seq, Value)>;

struct Line {
    console: Console,
    asker: Asker,
    actor: Actor,
    fold: Fold,
    room: tokio::sync::watch::Receiver<crate::clerk::RoomAt>,
    around: tokio::sync::watch::Receiver<super::views::Surroundings>,
    /// What was sent last, without its time.
    sent: Option<Value>,
    /// When the figures were sent last.
    figures: Instant,
}

fn stream(
    console: Console,
    asker: Asker,
    actor: Actor,
    fold: Fold,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let line = Line {
        room: console.clerk.watch(),
        around: console.around.clone(),
        console,
        asker,
        actor,
        fold,
        sent: None,
        figures: Instant::now(),
    };
    futures::stream::unfold(line, |mut line| async move {
        let event = line.next().await?;
        Some((Ok(event), line))
    })
}

impl Line {
    /// The next event to send; none when the page may not have more.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.sent.is_some() && !self.wait().await {
                return self
                    .still_good()
                    .await
                    .then(|| Event::default().event("heartbeat").data("{}"));
            }
            let (seq, mut view) = (self.fold)(&self.console, &self.actor, &self.asker.principal)?;
            let at = view.get_mut("at").map(Value::take);
            if self.sent.as_ref() == Some(&view) {
                continue;
            }
            self.figures = Instant::now();
            self.sent = Some(view.clone());
            if let (Some(slot), Some(at)) = (view.get_mut("at"), at) {
                *slot = at;
            }
            return Some(Event::default().id(seq.to_string()).data(view.to_string()));
        }
    }

    /// Waits for a change; false when there was none for a heartbeat.
    async fn wait(&mut self) -> bool {
        let figures = self.figures + FIGURES;
        let changed = tokio::select! {
            changed = self.room.changed() => changed.is_ok(),
            changed = async { sleep_until(figures).await; self.around.changed().await } => changed.is_ok(),
            () = sleep(HEARTBEAT) => return false,
        };
        // the daemon is stopping: let the heartbeat find out
        if !changed {
            sleep(HEARTBEAT).await;
            return false;
        }
        sleep(GATHER).await;
        self.room.mark_unchanged();
        self.around.mark_unchanged();
        true
    }

    /// Whether whoever listens is still who he was.
    async fn still_good(&self) -> bool {
        let (carried, at) = (self.asker.carried.clone(), self.console.now().stamp.at);
        let seat = matches!(
            self.asker.principal,
            Principal::Member { .. } | Principal::Workstation { .. }
        );
        if let Principal::Local { .. } = self.asker.principal {
            return true;
        }
        let now = self
            .console
            .access
            .background(move |access| match seat {
                true => access.authenticate_seat(&carried),
                false => access.authenticate(&carried, at),
            })
            .await;
        now.is_ok_and(|now| now == self.asker.principal)
    }
}

//! Owns the clerk's task: waits for orders and for time to pass, and works on a thread that may wait for the disk.

use super::clock::Clock;
use super::desk::Desk;
use super::handle::{ClerkHandle, Order, WAITING, Wish};
use crate::journal::{Journal, JournalError};
use std::time::Duration;
use tokio::sync::mpsc;

/// Orders that go into one write.
const BATCH: usize = 64;

/// The longest the clerk sleeps: deadlines by the wall clock move when it is set.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// The shortest: what came due is dealt with once in this time.
const SHORTEST_SLEEP: Duration = Duration::from_millis(20);

/// How long the unsafe journal waits for calm until it writes.
const UNSAFE_CALM: Duration = Duration::from_millis(200);

/// The single writer.
#[derive(Debug)]
pub struct Clerk<C> {
    desk: Desk<C>,
    wishes_rx: mpsc::Receiver<Wish>,
}

/// What the clerk wakes up for.
enum Input {
    /// Orders, in the order they came; none when only time has passed.
    Orders(Vec<Order>),
    /// The last orders.
    Last(Vec<Order>),
}

impl<C: Clock> Clerk<C> {
    /// Brings the room to where the journal stands. Reads the disk: seconds at most, on a blocking thread.
    ///
    /// # Errors
    /// Where the journal cannot be read, or is not whole.
    pub fn start(journal: Journal, clock: C) -> Result<(ClerkHandle, Self), JournalError> {
        let began = clock.now().stamp;
        let (desk, room_rx) = Desk::open(journal, clock)?;
        tracing::info!(
            seq = room_rx.borrow().seq.0,
            replayed = room_rx.borrow().seq.0 - desk.last_snapshot().0,
            ms = began.elapsed(&desk.now().stamp).0,
            sessions = desk.room().sessions.len(),
            "the room is where the journal stands"
        );
        let (wishes_tx, wishes_rx) = mpsc::channel(WAITING);
        let handle = ClerkHandle { wishes_tx, room_rx };
        Ok((handle, Self { desk, wishes_rx }))
    }

    /// Works until it is drained or nobody holds a handle any more; then all that waited is done.
    ///
    /// # Errors
    /// A fault of this program. Nothing that was not written was acknowledged.
    pub async fn run(mut self) -> Result<(), tokio::task::JoinError> {
        loop {
            let input = self.next().await;
            let (orders, last) = match input {
                Input::Orders(orders) => (orders, false),
                Input::Last(orders) => (orders, true),
            };
            self = tokio::task::spawn_blocking(move || {
                self.desk.carry_out(orders);
                self.desk.tend();
                self
            })
            .await?;
            if last {
                return self.finish().await;
            }
        }
    }

    /// Waits for orders, or for time to pass.
    async fn next(&mut self) -> Input {
        let sleep = tokio::time::sleep(self.patience());
        let mut wishes = Vec::new();
        tokio::select! {
            taken = self.wishes_rx.recv_many(&mut wishes, BATCH) => {
                if taken == 0 {
                    return Input::Last(Vec::new());
                }
            }
            () = sleep => {}
        }
        self.sort(wishes)
    }

    /// The orders among the wishes; with a wish to drain, all that waits besides.
    fn sort(&mut self, wishes: Vec<Wish>) -> Input {
        let mut orders = Vec::new();
        let mut last = false;
        for wish in wishes {
            match wish {
                Wish::Carry(order) => orders.push(*order),
                Wish::Drain => last = true,
            }
        }
        if !last {
            return Input::Orders(orders);
        }
        self.wishes_rx.close();
        while let Ok(wish) = self.wishes_rx.try_recv() {
            if let Wish::Carry(order) = wish {
                orders.push(*order);
            }
        }
        Input::Last(orders)
    }

    fn patience(&self) -> Duration {
        if self.desk.has_unwritten() {
            return UNSAFE_CALM;
        }
        let due = self
            .desk
            .next_deadline()
            .map_or(LONGEST_SLEEP, Duration::from);
        due.clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
    }

    /// Keeps the room, so that the next start is quick.
    async fn finish(mut self) -> Result<(), tokio::task::JoinError> {
        tokio::task::spawn_blocking(move || self.desk.snapshot()).await
    }
}

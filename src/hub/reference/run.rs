//! Owns the hub's life: what it is made of, and that its parts run.

use super::board::{Board, BoardView};
use super::flood::Flood;
use super::handle::HubHandle;
use super::keeper::Keeper;
use super::receiver::Receiver;
use super::store::{Place, Store};
use crate::clerk::Clock;
use crate::config::HubSettings;
use crate::hub::contract::Key;
use crate::hub::mqtt::Tls;
use crate::keys::Keys;
use anyhow::Context;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Wishes that may wait for the keeper; then the broker waits.
const WISHES: usize = 4096;
/// Messages that may wait for the connection; more are lost, and said again.
const OUTGOING: usize = 4096;

/// What a hub is made of.
#[derive(Debug)]
pub struct Parts<'a> {
    /// How it is set up.
    pub settings: &'a HubSettings,
    /// The folder of its data.
    pub data: &'a Path,
    /// Its keys: with these it signs.
    pub keys: Keys,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// A hub that is ready to run.
pub struct Hub {
    keeper: Keeper,
    receiver: Receiver,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub")
            .field("city", &self.receiver.city)
            .finish_non_exhaustive()
    }
}

impl Hub {
    /// Opens its store. Connects to nothing yet.
    ///
    /// # Errors
    /// A certificate that cannot be read, or the database; it is named.
    pub fn open(parts: Parts<'_>) -> anyhow::Result<(HubHandle, Self)> {
        let settings = parts.settings;
        let place = match &settings.database {
            Some(server) => Place::Server(server.clone()),
            None => Place::File(parts.data.join("hub.sqlite")),
        };
        let store = Store::open(place.clone()).context("the hub's store")?;
        let tls = Tls::load(&settings.brokers).context("certificate, ca")?;
        let (wishes_tx, wishes_rx) = mpsc::channel(WISHES);
        let (outgoing_tx, outgoing_rx) = mpsc::channel(OUTGOING);
        let (broker_tx, broker_rx) = watch::channel(None);
        let key = Key(parts.keys.public_key());
        let mut board = Board {
            city: settings.name.clone(),
            ..Board::default()
        };
        for room in &settings.rooms {
            board.rooms.entry(room.clone()).or_default();
        }
        let now = parts.clock.now().stamp.at;
        let first: BoardView = board.fold(now, None, &BTreeMap::new());
        let (board_tx, board_rx) = watch::channel(Arc::new(first));
        let (round_tx, round_rx) = watch::channel(parts.clock.now().stamp.mono);
        let handle = HubHandle {
            wishes_tx: wishes_tx.clone(),
            board_rx,
            round_rx,
            place,
            idle: Arc::default(),
        };
        let keeper = Keeper {
            store,
            keys: parts.keys,
            clock: parts.clock.clone(),
            city: settings.city.clone(),
            rooms: settings.rooms.iter().cloned().collect(),
            board,
            wishes_rx,
            outgoing_tx,
            board_tx,
            round_tx,
            broker_rx,
            sent_again: 0,
            flood: Flood::default(),
        };
        let receiver = Receiver {
            brokers: settings.brokers.brokers.clone(),
            tls,
            city: settings.city.clone(),
            key,
            clock: parts.clock,
            wishes_tx,
            outgoing_rx,
            broker_tx,
        };
        Ok((handle, Self { keeper, receiver }))
    }

    /// Runs until the store fails.
    ///
    /// # Errors
    /// The store's. Nothing that was not written was receipted.
    pub async fn run(self) -> anyhow::Result<()> {
        tokio::select! {
            () = self.receiver.run() => Ok(()),
            ended = self.keeper.run() => ended,
        }
    }
}

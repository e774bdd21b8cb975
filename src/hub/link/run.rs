//! Owns the link's life: one connection after the other, over the brokers in turn, with back-off.

use super::kept::Kept;
use super::line::Line;
use super::orders::ProveOrder;
use super::speech::Speech;
use super::standing::{Standing, Trespass};
use crate::archive::checkpoints::Witnesses;
use crate::clerk::{ClerkHandle, Clock};
use crate::config::{Broker, HubLink, ReplicaSpec, RoomId};
use crate::hub::contract::{BoxCertificate, Key, Kind, PublicState, Signed};
use crate::hub::mqtt::{Terms, Tls, connect, may_speak_otherwise};
use crate::journal::Reader;
use crate::keys::Keys;
use crate::room::Utc;
use anyhow::Context;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

/// A broker that says nothing for so long is gone, ms: it is asked every five seconds.
pub(super) const BROKER_SILENCE: u64 = 12_000;
/// Back-off between attempts, ms: the shortest and the longest.
const BACK_OFF: (u64, u64) = (200, 15_000);

/// What the link is made of.
pub struct Parts {
    /// The profile's section.
    pub settings: HubLink,
    /// The room's id.
    pub room: RoomId,
    /// The box's keys.
    pub keys: Keys,
    /// Where commands go.
    pub clerk: ClerkHandle,
    /// The journal, over a connection of its own.
    pub history: Reader,
    /// Checkpoints as they are stated.
    pub witnesses: Witnesses,
    /// What the link keeps.
    pub kept: Kept,
    /// Where archives are copied to.
    pub replicas: Vec<ReplicaSpec>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The certificate that orders are encrypted to, PEM.
    pub certificate: String,
    /// Proves orders that the hub brings, and keeps them.
    pub orders: ProveOrder,
    /// Folds the public state.
    pub fold: Arc<dyn Fn() -> PublicState + Send + Sync>,
    /// What others tried that they may not.
    pub trespasses_tx: mpsc::Sender<Trespass>,
    /// UNSAFE: believes the broker's acknowledgement. Only to prove that the tests can see a loss.
    pub believes_broker: bool,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts")
            .field("room", &self.room)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The room's link to its hub.
#[derive(Debug)]
pub struct Link {
    pub(super) parts: Parts,
    tls: Tls,
    pub(super) own: Key,
    certificate: Signed<BoxCertificate>,
    pub(super) trusted: Vec<Key>,
    pub(super) standing_tx: watch::Sender<Standing>,
}

impl Link {
    /// Reads the certificates. Connects to nothing yet.
    ///
    /// # Errors
    /// A certificate that cannot be read; it is named.
    pub fn new(parts: Parts) -> anyhow::Result<(Self, watch::Receiver<Standing>)> {
        let tls = Tls::load(&parts.settings.brokers).context("[hub] certificate, ca")?;
        let own = Key(parts.keys.public_key());
        let trusted = parts.settings.keys.iter().copied().map(Key).collect();
        let stated = BoxCertificate {
            room: parts.room.clone(),
            certificate: parts.certificate.clone(),
        };
        let certificate = Signed::new(&stated, own, |bytes| parts.keys.sign(bytes))?;
        let (standing_tx, standing_rx) = watch::channel(Standing::default());
        let link = Self {
            parts,
            tls,
            own,
            certificate,
            trusted,
            standing_tx,
        };
        Ok((link, standing_rx))
    }

    /// Keeps the link up, for ever.
    pub async fn run(self) {
        let brokers = &self.parts.settings.brokers.brokers;
        let mut old = vec![false; brokers.len()];
        let mut failures = 0_u32;
        for turn in (0..brokers.len()).cycle() {
            let broker = &brokers[turn];
            let began = self.now();
            let Err(fault) = self.run_once(broker, old[turn]).await;
            let stood = self.standing_tx.borrow().broker.is_some();
            if !stood && may_speak_otherwise(&fault) {
                old[turn] = !old[turn];
                tracing::info!(%broker, old = old[turn], "this broker is spoken to in the other version of MQTT");
            }
            failures = match stood && self.now().saturating_sub(began) > BROKER_SILENCE {
                true => 0,
                false => failures.saturating_add(1),
            };
            let told = format!("{fault:#}");
            tracing::warn!(%broker, fault = told, failures, "no link to the hub");
            self.standing_tx.send_modify(|standing| {
                standing.broker = None;
                standing.hub = false;
                standing.fault = Some(told);
            });
            sleep(self.back_off(failures)).await;
        }
    }

    /// Twice as long after each failure, and never the same for two rooms: they do not all come back at once.
    fn back_off(&self, failures: u32) -> Duration {
        let (least, most) = BACK_OFF;
        let longest = least.saturating_mul(1 << failures.min(10)).min(most);
        Duration::from_millis(longest / 2 + rand::random::<u64>() % (longest / 2 + 1))
    }

    pub(super) fn now(&self) -> u64 {
        self.parts.clock.now().stamp.mono
    }

    pub(super) fn wall(&self) -> Utc {
        self.parts.clock.now().stamp.at
    }

    /// One connection, until it ends.
    async fn run_once(
        &self,
        broker: &Broker,
        old: bool,
    ) -> Result<std::convert::Infallible, anyhow::Error> {
        let parts = &self.parts;
        let boot = parts.clock.now().stamp.boot;
        let mut speech = Speech::new(
            &parts.settings.city,
            &parts.room,
            self.own,
            boot,
            self.certificate.clone(),
        );
        let topics = &speech.topics;
        let of_hub = Kind::OF_HUB.map(|kind| topics.topic(&parts.room, kind));
        let mut subscriptions = vec![topics.hub_presence()];
        subscriptions.extend(of_hub);
        let terms = Terms {
            // two boxes in one room's place must not throw each other out
            client_id: format!("{}-{}", parts.room, &self.own.to_string()[..8]),
            will: speech.presence(false, self.wall())?,
            subscriptions,
            old,
        };
        let connection = connect(broker, &self.tls, terms)?;
        let mut line = Line::open(self, connection, speech, broker.to_string())?;
        loop {
            let input = line.next().await?;
            line.handle(input)?;
        }
    }
}

//! Owns the hub's connection: what rooms say goes to the keeper, what the keeper says goes out.

use super::intake::Arrived;
use super::keeper::Wish;
use crate::clerk::Clock;
use crate::config::{Broker, CityId};
use crate::hub::contract::{HubPresence, Key, Kind, Sender, Topics};
use crate::hub::mqtt::{
    Beside, HEADER, Heard, Message, Quality, Terms, Tls, connect, may_speak_otherwise,
};
use bytes::Bytes;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, sleep};

/// How long until a broker is tried again.
const AGAIN: Duration = Duration::from_millis(700);
/// A broker that says nothing for so long is gone, ms.
const BROKER_SILENCE: u64 = 12_000;
/// How often the presence is said again, ms: a late death of an older connection may have taken its place.
const PRESENCE: u64 = 5_000;

/// A broker that is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) broker: String,
    /// The largest packet that it takes, bytes, where it says so.
    pub(super) largest: Option<u32>,
}

/// The hub's connection.
pub(super) struct Receiver {
    pub(super) brokers: Vec<Broker>,
    pub(super) tls: Tls,
    pub(super) city: CityId,
    pub(super) key: Key,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) wishes_tx: mpsc::Sender<Wish>,
    pub(super) outgoing_rx: mpsc::Receiver<Message>,
    pub(super) broker_tx: watch::Sender<Option<Reached>>,
}

impl Receiver {
    /// Keeps a connection, for ever.
    pub(super) async fn run(mut self) {
        let brokers = self.brokers.clone();
        let mut old = vec![false; brokers.len()];
        for turn in (0..brokers.len()).cycle() {
            let broker = &brokers[turn];
            let Err(fault) = self.run_once(broker, old[turn]).await;
            let stood = self.broker_tx.send_replace(None).is_some();
            old[turn] ^= !stood && may_speak_otherwise(&fault);
            tracing::warn!(%broker, fault = format!("{fault:#}"), "no broker");
            sleep(AGAIN + Duration::from_millis(rand::random::<u64>() % 300)).await;
        }
    }

    async fn run_once(&mut self, broker: &Broker, old: bool) -> anyhow::Result<Infallible> {
        let topics = Topics::of(&self.city);
        let run = format!("{:016x}", rand::random::<u64>());
        let mut subscriptions: Vec<String> = Kind::OF_ROOMS
            .into_iter()
            .map(|kind| topics.of_all_rooms(kind))
            .collect();
        subscriptions.sort();
        let terms = Terms {
            client_id: format!("hub-{}", self.city),
            will: self.presence(&topics, &run, false)?,
            subscriptions,
            old,
        };
        let mut connection = connect(broker, &self.tls, terms)?;
        let mut tick = interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let now = |receiver: &Self| receiver.clock.now().stamp.mono;
        let (mut heard_at, mut said_at, mut connected) = (now(self), 0, false);
        let mut largest = None;
        loop {
            tokio::select! {
                heard = connection.next() => {
                    heard_at = now(self);
                    match heard? {
                        Heard::Connected { largest: most } => {
                            largest = most;
                            connected = true;
                            tracing::info!(%broker, "rooms are heard");
                            let broker = broker.to_string();
                            self.broker_tx.send_replace(Some(Reached { broker, largest }));
                            self.wishes_tx.send(Wish::SayReceipts).await?;
                        }
                        Heard::Message { topic, payload, kept, correlation } => {
                            let wish = self.wish(&topics, &topic, payload, kept, correlation);
                            if let Some(wish) = wish {
                                self.wishes_tx.send(wish).await?;
                            }
                        }
                        Heard::Acknowledged | Heard::Alive => {}
                    }
                }
                message = self.outgoing_rx.recv() => {
                    let message = message.ok_or_else(|| anyhow::anyhow!("the hub is stopping"))?;
                    // a broker hangs up on whoever sends it more than it takes
                    if largest.is_some_and(|largest| message.payload.len() + HEADER > largest as usize) {
                        tracing::error!(bytes = message.payload.len(), largest, "the broker takes no message that large: raise its max_packet_size");
                        continue;
                    }
                    // what there is no room for is said again later
                    if connected && !connection.publisher.publish(message) {
                        tracing::debug!("the connection is busy");
                    }
                }
                _ = tick.tick() => {
                    let at = now(self);
                    anyhow::ensure!(at.saturating_sub(heard_at) < BROKER_SILENCE, "服务器没有回应 / the broker does not answer");
                    if connected && at.saturating_sub(said_at) >= PRESENCE {
                        said_at = at;
                        connection.publisher.publish(self.presence(&topics, &run, true)?);
                    }
                }
            }
        }
    }

    /// What is to be done with a message.
    fn wish(
        &self,
        topics: &Topics,
        topic: &str,
        payload: Bytes,
        kept: bool,
        correlation: Option<Bytes>,
    ) -> Option<Wish> {
        if topic == topics.hub_presence() {
            return None;
        }
        let at = self.clock.now().stamp.at;
        let Some((room, kind)) = topics.read(topic) else {
            return Some(Wish::Stray(at));
        };
        let correlation = correlation.and_then(|id| std::str::from_utf8(&id).ok()?.parse().ok());
        Some(Wish::Arrived(Arrived {
            room,
            kind,
            payload,
            at,
            kept,
            correlation,
        }))
    }

    fn presence(&self, topics: &Topics, run: &str, online: bool) -> anyhow::Result<Message> {
        let at = self.clock.now().stamp.at;
        let sender = Sender {
            source: format!("/bidroom/{}", self.city),
            by: None,
        };
        let presence = HubPresence {
            online,
            run: run.to_owned(),
            key: self.key,
        };
        let id = format!("{run}/presence/{online}/{}", at.0);
        Ok(Message {
            topic: topics.hub_presence(),
            payload: sender.write(id, at, None, presence)?.into(),
            quality: Quality::Acknowledged,
            retained: true,
            beside: Beside::default(),
        })
    }
}

//! Owns the MQTT client (this file names rumqttc): what is published and heard over one connection, in MQTT 5 or 3.1.1.

use super::bridge::{Bridge, Unreached};
use super::tls::Tls;
use crate::config::Broker;
use crate::hub::contract::LARGEST;
use anyhow::Context;
use bytes::Bytes;
use rumqttc::v5;
use rumqttc::v5::mqttbytes::QoS as NewQoS;
use rumqttc::v5::mqttbytes::v5::PublishProperties;
use rumqttc::{QoS, Transport};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// How often the broker is asked whether it is there. The client takes no less.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Messages that may wait to be sent; more are not taken.
const WAITING: usize = 512;
/// Messages that were heard and not looked at yet; the broker then waits.
const HEARD: usize = 512;
/// Publishes that the broker may owe an acknowledgement for.
const IN_FLIGHT: u16 = 100;
/// What an envelope's bytes may be longer by on the wire: topic and properties.
pub(in crate::hub) const HEADER: usize = 4096;

/// How surely a message is delivered to the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hub) enum Quality {
    /// Once at most.
    Fleeting,
    /// Once at least.
    Acknowledged,
}

impl Quality {
    fn qos(self) -> QoS {
        match self {
            Quality::Fleeting => QoS::AtMostOnce,
            Quality::Acknowledged => QoS::AtLeastOnce,
        }
    }

    fn new_qos(self) -> NewQoS {
        match self {
            Quality::Fleeting => NewQoS::AtMostOnce,
            Quality::Acknowledged => NewQoS::AtLeastOnce,
        }
    }
}

/// What MQTT 5 says beside a message. 3.1.1 leaves it out: the message itself holds all of it.
#[derive(Debug, Clone, Default)]
pub(in crate::hub) struct Beside {
    /// The topic that is to be answered to.
    pub(in crate::hub) answer_to: Option<String>,
    /// What an answer belongs to: the command's id.
    pub(in crate::hub) correlation: Option<Bytes>,
    /// After so many seconds the broker need not deliver it any more.
    pub(in crate::hub) expires: Option<u32>,
}

impl Beside {
    fn properties(self) -> PublishProperties {
        PublishProperties {
            response_topic: self.answer_to,
            correlation_data: self.correlation,
            message_expiry_interval: self.expires,
            ..PublishProperties::default()
        }
    }
}

/// A message to be published.
#[derive(Debug, Clone)]
pub(in crate::hub) struct Message {
    pub(in crate::hub) topic: String,
    pub(in crate::hub) payload: Bytes,
    pub(in crate::hub) quality: Quality,
    pub(in crate::hub) retained: bool,
    pub(in crate::hub) beside: Beside,
}

/// What comes of a connection.
#[derive(Debug, Clone)]
pub(in crate::hub) enum Heard {
    /// The broker has let one in; what was subscribed to is being subscribed to.
    Connected {
        /// The largest packet that it takes, bytes, where it says so. MQTT 5 only.
        largest: Option<u32>,
    },
    /// Somebody published something.
    Message {
        topic: String,
        payload: Bytes,
        /// The broker had kept it: it may be old.
        kept: bool,
        /// What it answers, or wants to be answered with. MQTT 5 only.
        correlation: Option<Bytes>,
    },
    /// The broker has taken a publish. It says nothing of anybody beyond it.
    Acknowledged,
    /// The broker is there.
    Alive,
}

/// How a connection is to be.
#[derive(Debug, Clone)]
pub(in crate::hub) struct Terms {
    pub(in crate::hub) client_id: String,
    /// What the broker publishes for one who is gone.
    pub(in crate::hub) will: Message,
    /// Filters to hear.
    pub(in crate::hub) subscriptions: Vec<String>,
    /// MQTT 3.1.1 instead of 5.
    pub(in crate::hub) old: bool,
}

/// The sending end. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::hub) enum Publisher {
    New(v5::AsyncClient),
    Old(rumqttc::AsyncClient),
}

impl Publisher {
    /// Hands a message over to be sent; says whether there was room for it.
    pub(in crate::hub) fn publish(&self, message: Message) -> bool {
        let Message {
            topic,
            payload,
            quality,
            retained,
            beside,
        } = message;
        match self {
            Publisher::New(client) => client
                .try_publish_with_properties(
                    topic,
                    quality.new_qos(),
                    retained,
                    payload,
                    beside.properties(),
                )
                .is_ok(),
            Publisher::Old(client) => client
                .try_publish(topic, quality.qos(), retained, payload)
                .is_ok(),
        }
    }

    fn subscribe(&self, filters: &[String]) -> anyhow::Result<()> {
        for filter in filters {
            match self {
                Publisher::New(client) => client.try_subscribe(filter, NewQoS::AtLeastOnce)?,
                Publisher::Old(client) => client.try_subscribe(filter, QoS::AtLeastOnce)?,
            }
        }
        Ok(())
    }
}

/// A connection that is being made, or stands. Dropped, it is gone.
#[derive(Debug)]
pub(in crate::hub) struct Connection {
    pub(in crate::hub) publisher: Publisher,
    heard_rx: mpsc::Receiver<Heard>,
    working: JoinSet<anyhow::Result<()>>,
}

impl Connection {
    /// What comes next. Safe to cancel.
    ///
    /// # Errors
    /// The connection is gone; why.
    pub(in crate::hub) async fn next(&mut self) -> anyhow::Result<Heard> {
        match self.heard_rx.recv().await {
            Some(heard) => Ok(heard),
            None => Err(self.why().await),
        }
    }

    /// What has come already.
    pub(in crate::hub) fn next_now(&mut self) -> Option<Heard> {
        self.heard_rx.try_recv().ok()
    }

    /// What the bridge says is nearer to the cause than what the client saw of it.
    async fn why(&mut self) -> anyhow::Error {
        let mut why = None;
        while let Some(ended) = self.working.join_next().await {
            let fault = match ended {
                Ok(Ok(())) => continue,
                Ok(Err(fault)) => fault,
                Err(panicked) => anyhow::Error::new(panicked),
            };
            if why.is_none() || fault.downcast_ref::<ClientFault>().is_none() {
                why = Some(fault);
            }
        }
        why.unwrap_or_else(|| anyhow::anyhow!("连接已断开 / the connection is closed"))
    }
}

/// What the client saw.
#[derive(Debug, thiserror::Error)]
enum ClientFault {
    #[error("{0}")]
    New(#[from] v5::ConnectionError),
    #[error("{0}")]
    Old(#[from] rumqttc::ConnectionError),
}

/// Whether a broker that was reached would not speak so: it may speak the other version. Old ones refuse in their own way, or just
/// hang up.
pub(in crate::hub) fn may_speak_otherwise(fault: &anyhow::Error) -> bool {
    fault.downcast_ref::<Unreached>().is_none()
}

/// Begins a connection.
///
/// # Errors
/// No socket could be opened on this machine.
pub(in crate::hub) fn connect(
    broker: &Broker,
    tls: &Tls,
    terms: Terms,
) -> anyhow::Result<Connection> {
    let bridge = Bridge::open().context("opening the way to the broker")?;
    let (heard_tx, heard_rx) = mpsc::channel(HEARD);
    let mut working = JoinSet::new();
    let name = bridge.name.clone();
    let publisher = if terms.old {
        let (client, events) = old_client(&terms, name);
        let publisher = Publisher::Old(client);
        working.spawn(poll_old(events, publisher.clone(), terms, heard_tx));
        publisher
    } else {
        let (client, events) = new_client(&terms, name);
        let publisher = Publisher::New(client);
        working.spawn(poll_new(events, publisher.clone(), terms, heard_tx));
        publisher
    };
    let (broker, tls) = (broker.clone(), tls.clone());
    working.spawn(async move { bridge.carry(&broker, &tls).await });
    Ok(Connection {
        publisher,
        heard_rx,
        working,
    })
}

fn new_client(terms: &Terms, socket: String) -> (v5::AsyncClient, v5::EventLoop) {
    use v5::mqttbytes::v5::{ConnectProperties, LastWill};
    let mut options = v5::MqttOptions::new(&terms.client_id, socket, 0);
    let will = &terms.will;
    let payload = will.payload.to_vec();
    let last = LastWill::new(
        &will.topic,
        payload,
        will.quality.new_qos(),
        will.retained,
        None,
    );
    let mut properties = ConnectProperties::new();
    properties.max_packet_size = u32::try_from(LARGEST + HEADER).ok();
    properties.receive_maximum = Some(u16::MAX);
    options
        .set_transport(Transport::Unix)
        .set_keep_alive(KEEP_ALIVE)
        .set_clean_start(true)
        .set_last_will(last)
        .set_connect_properties(properties)
        .set_outgoing_inflight_upper_limit(IN_FLIGHT);
    v5::AsyncClient::new(options, WAITING)
}

fn old_client(terms: &Terms, socket: String) -> (rumqttc::AsyncClient, rumqttc::EventLoop) {
    let mut options = rumqttc::MqttOptions::new(&terms.client_id, socket, 0);
    let will = &terms.will;
    let payload = will.payload.to_vec();
    let last = rumqttc::LastWill::new(&will.topic, payload, will.quality.qos(), will.retained);
    options
        .set_transport(Transport::Unix)
        .set_keep_alive(KEEP_ALIVE)
        .set_clean_session(true)
        .set_last_will(last)
        .set_max_packet_size(LARGEST + HEADER, LARGEST + HEADER)
        .set_inflight(IN_FLIGHT);
    rumqttc::AsyncClient::new(options, WAITING)
}

/// Polls in a task of its own: a poll that is cancelled loses packets. Ends when nobody listens any more.
async fn poll_new(
    mut events: v5::EventLoop,
    publisher: Publisher,
    terms: Terms,
    heard_tx: mpsc::Sender<Heard>,
) -> anyhow::Result<()> {
    use v5::Event;
    use v5::mqttbytes::v5::Packet;
    loop {
        let heard = match events.poll().await.map_err(ClientFault::from)? {
            Event::Incoming(Packet::ConnAck(told)) => {
                publisher.subscribe(&terms.subscriptions)?;
                let largest = told.properties.and_then(|told| told.max_packet_size);
                Heard::Connected { largest }
            }
            Event::Incoming(Packet::Publish(publish)) => Heard::Message {
                topic: String::from_utf8_lossy(&publish.topic).into_owned(),
                payload: publish.payload,
                kept: publish.retain,
                correlation: publish.properties.and_then(|known| known.correlation_data),
            },
            Event::Incoming(Packet::PubAck(_)) => Heard::Acknowledged,
            Event::Incoming(_) => Heard::Alive,
            Event::Outgoing(rumqttc::Outgoing::Disconnect) => return Ok(()),
            Event::Outgoing(_) => continue,
        };
        if heard_tx.send(heard).await.is_err() {
            return Ok(());
        }
    }
}

/// The same in MQTT 3.1.1.
async fn poll_old(
    mut events: rumqttc::EventLoop,
    publisher: Publisher,
    terms: Terms,
    heard_tx: mpsc::Sender<Heard>,
) -> anyhow::Result<()> {
    use rumqttc::{Event, Packet};
    loop {
        let heard = match events.poll().await.map_err(ClientFault::from)? {
            Event::Incoming(Packet::ConnAck(_)) => {
                publisher.subscribe(&terms.subscriptions)?;
                Heard::Connected { largest: None }
            }
            Event::Incoming(Packet::Publish(publish)) => Heard::Message {
                topic: publish.topic,
                payload: publish.payload,
                kept: publish.retain,
                correlation: None,
            },
            Event::Incoming(Packet::PubAck(_)) => Heard::Acknowledged,
            Event::Incoming(_) => Heard::Alive,
            Event::Outgoing(rumqttc::Outgoing::Disconnect) => return Ok(()),
            Event::Outgoing(_) => continue,
        };
        if heard_tx.send(heard).await.is_err() {
            return Ok(());
        }
    }
}

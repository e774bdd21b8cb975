//! Owns the sound of a SIP call: one UDP socket, RTP out each 20 ms, RTP and telephone events in.

use super::sdp::{Agreed, describe};
use super::trunk::Connected;
use crate::phone::clock;
use crate::phone::frame::Frame;
use crate::phone::g711::Law;
use crate::phone::jitter::Jitter;
use crate::phone::rtp::{EventReader, Packet, Sender};
use crate::room::Key;
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::net::UdpSocket;

/// The largest packet that is read; G.711 of 200 ms fits.
const LARGEST: usize = 2_048;

/// The sound of one call.
#[derive(Debug)]
pub(super) struct Media {
    socket: UdpSocket,
    local: SocketAddr,
    gateway: IpAddr,
    session: u64,
    agreed: Option<Flow>,
}

/// A socket on any free port, or on an even one of those that a firewall lets through; each call begins at another.
async fn socket(local: IpAddr, ports: Option<(u16, u16)>) -> io::Result<UdpSocket> {
    let Some((first, last)) = ports else {
        return UdpSocket::bind((local, 0)).await;
    };
    let even: Vec<u16> = (first..=last).filter(|port| port % 2 == 0).collect();
    let begin = rand::random::<u32>() as usize % even.len().max(1);
    let mut fault = io::Error::from(io::ErrorKind::AddrInUse);
    for port in even[begin..].iter().chain(&even[..begin]) {
        match UdpSocket::bind((local, *port)).await {
            Ok(socket) => return Ok(socket),
            Err(error) => fault = error,
        }
    }
    tracing::error!(first, last, error = %fault, "no port for a call's sound is free");
    Err(fault)
}

/// What flows once both sides agreed.
#[derive(Debug)]
struct Flow {
    agreed: Agreed,
    sender: Sender,
    jitter: Jitter,
    events: EventReader,
}

impl Media {
    /// Takes a port of the address from which the gateway is reached.
    pub(super) async fn bind(connected: &Connected) -> io::Result<Self> {
        let gateway = connected.peer.ip();
        let socket = socket(connected.local, connected.sound_ports).await?;
        Ok(Self {
            local: socket.local_addr()?,
            socket,
            gateway,
            session: rand::random::<u64>() >> 2,
            agreed: None,
        })
    }

    /// Our description: an offer before anything was agreed on, an answer with the law in use after.
    pub(super) fn description(&self) -> Vec<u8> {
        let law = self.agreed.as_ref().map(|flow| flow.agreed.law);
        describe(self.local, self.session, law)
    }

    /// Takes over what the other side described; sound that flows goes on where nothing changed.
    pub(super) fn agree(&mut self, agreed: Agreed) {
        match &mut self.agreed {
            Some(flow) if flow.agreed.law == agreed.law => flow.agreed = agreed,
            _ => {
                self.agreed = Some(Flow {
                    agreed,
                    sender: Sender::new(agreed.law, rand::random()),
                    jitter: Jitter::new(agreed.law),
                    events: EventReader::default(),
                });
            }
        }
    }

    /// Sends a frame, and gives the one that is to be heard now.
    pub(super) fn exchange(&mut self, said: &Frame) -> Option<Frame> {
        let flow = self.agreed.as_mut()?;
        let packet = flow.sender.packet(&said.0);
        // what the network refuses is lost, as what it drops is
        drop(self.socket.try_send_to(&packet, flow.agreed.to));
        flow.jitter.pull()
    }

    /// Takes packets in until one says that a key was pressed. Cancel-safe.
    pub(super) async fn key(&mut self) -> Key {
        let mut buffer = [0; LARGEST];
        loop {
            let Ok((length, from)) = self.socket.recv_from(&mut buffer).await else {
                // an ICMP error of an earlier packet; the next read waits again
                tokio::task::yield_now().await;
                continue;
            };
            if let Some(key) = self.take(&buffer[..length], from.ip()) {
                return key;
            }
        }
    }

    fn take(&mut self, datagram: &[u8], from: IpAddr) -> Option<Key> {
        let gateway = self.gateway;
        let flow = self.agreed.as_mut()?;
        // who is neither the gateway nor what it named has nothing to say here
        if from != flow.agreed.to.ip() && from != gateway {
            return None;
        }
        let packet = Packet::read(datagram)?;
        if Some(packet.payload_type) == flow.agreed.events {
            return flow.events.read(&packet, clock::now());
        }
        if Law::of_payload_type(packet.payload_type) == Some(flow.agreed.law) {
            flow.jitter
                .push(packet.source, packet.timestamp, packet.payload);
        }
        None
    }
}

//! Owns the leaving of a connection's datagrams: those of one size, as the packets of a picture are, leave
//! in one system call (UDP GSO), which costs a third of sending each by itself.

use super::port::Shared;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::Interest;
use webrtc::runtime::{Transmit, UdpSockRef};

/// Most datagrams in one call. The kernel takes 64, and 64 KiB.
const TOGETHER: usize = 32;

/// Datagrams to one address, all of the first one's size but the last, which may be smaller.
#[derive(Debug)]
pub(super) struct Outgoing {
    to: SocketAddr,
    size: usize,
    count: usize,
    bytes: Vec<u8>,
}

impl Default for Outgoing {
    fn default() -> Self {
        Self {
            to: (Ipv4Addr::UNSPECIFIED, 0).into(),
            size: 0,
            count: 0,
            bytes: Vec::new(),
        }
    }
}

impl Outgoing {
    /// Lays a datagram out; what it cannot leave with leaves before it. Tells whether it goes elsewhere
    /// than the one before.
    pub(super) fn put(&mut self, datagram: &[u8], to: SocketAddr, by: &Shared) -> bool {
        let is_moved = self.to != to;
        let most = TOGETHER.min(by.offload.max_gso_segments());
        // a smaller datagram was the last one
        let is_full = self.count >= most || self.bytes.len() < self.size * self.count;
        if is_moved || is_full || datagram.len() > self.size {
            self.leave(by);
        }
        if self.count == 0 {
            self.to = to;
            self.size = datagram.len();
        }
        self.bytes.extend_from_slice(datagram);
        self.count += 1;
        is_moved
    }

    /// Sends what was laid out. tokio keeps one waker a direction and there are many senders: a full
    /// kernel buffer loses the datagrams, and retransmission repairs it.
    pub(super) fn leave(&mut self, by: &Shared) {
        if self.count == 0 {
            return;
        }
        let transmit = Transmit {
            destination: self.to,
            ecn: None,
            contents: &self.bytes,
            segment_size: (self.count > 1).then_some(self.size),
            src_ip: None,
        };
        let send = || by.offload.try_send(UdpSockRef::from(&by.io), &transmit);
        if let Err(error) = by.io.try_io(Interest::WRITABLE, send)
            && error.kind() != io::ErrorKind::WouldBlock
        {
            tracing::debug!(%error, datagrams = self.count, "not sent");
        }
        self.bytes.clear();
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::time::Duration;

    /// Every datagram arrives by itself, as it is, in order, and where it was sent.
    #[tokio::test]
    async fn what_leaves_together_arrives_one_by_one() {
        let by = Shared::bind((Ipv4Addr::LOCALHOST, 0).into(), 1 << 20).expect("a socket");
        // tokio takes a socket for full until it has heard of it
        by.io.writable().await.expect("room");
        let listener = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
            let patience = Some(Duration::from_secs(5));
            socket.set_read_timeout(patience).expect("a timeout");
            socket
        };
        let (here, there) = (listener(), listener());
        let mut sizes = vec![1200; 40];
        sizes.extend([500, 700, 700, 1, 1200, 1200]);
        let datagrams: Vec<Vec<u8>> = (0u8..)
            .zip(&sizes)
            .map(|(n, size)| vec![n; *size])
            .collect();
        let mut outgoing = Outgoing::default();
        for (n, datagram) in datagrams.iter().enumerate() {
            let to = if n == 20 { &there } else { &here };
            outgoing.put(datagram, to.local_addr().expect("an address"), &by);
        }
        outgoing.leave(&by);
        let mut buffer = [0; 2000];
        for (n, datagram) in datagrams.iter().enumerate() {
            let at = if n == 20 { &there } else { &here };
            let length = at.recv(&mut buffer).expect("the datagram");
            assert!(buffer[..length] == datagram[..], "datagram {n}");
        }
    }
}

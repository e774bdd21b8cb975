//! Owns what DTLS (RFC 6347) needs on a way that loses datagrams: a handshake goes on although one of its
//! flights was lost.
//!
//! A client that misses a part of the server's flight repeats its ClientHello, and the flight must be sent
//! again (RFC 6347, 4.2.4). The library instead stops its own timer at the repeated ClientHello and is silent
//! from then on: the connection would never come. So the flight is kept here, the same datagrams are sent once
//! more, and the library does not see the repetition; records that have arrived before are ignored by number.

use bytes::Bytes;

/// Content types of records.
const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;
/// Kinds of handshake messages.
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
/// Where a record's epoch lies, the kind of its handshake message, and that message's fragment offset.
const EPOCH: std::ops::Range<usize> = 3..5;
const KIND: usize = 13;
const FRAGMENT: std::ops::Range<usize> = 19..22;
/// Datagrams of a flight; the library's has two.
const MOST: usize = 16;

/// The box's flight that answers a ClientHello, for as long as the handshake waits for the client.
#[derive(Debug, Default)]
pub(super) struct Flight {
    datagrams: Vec<Bytes>,
}

/// What is to be done with a datagram.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Treated {
    /// It goes its way.
    Passes,
    /// It leaves twice: nobody would miss it soon enough.
    Twice,
    /// It ends here; these are sent again.
    Again(Vec<Bytes>),
}

/// Whether a datagram belongs to a handshake (RFC 7983: 20 to 63 is DTLS).
pub(super) fn is_handshake(datagram: &[u8]) -> bool {
    datagram
        .first()
        .is_some_and(|kind| matches!(*kind, CHANGE_CIPHER_SPEC | HANDSHAKE))
}

impl Flight {
    /// A datagram leaves.
    pub(super) fn leaves(&mut self, datagram: &[u8]) -> Treated {
        if datagram[0] == CHANGE_CIPHER_SPEC {
            // the last flight: without it the client can read no picture that follows, and it asks late
            self.datagrams.clear();
            return Treated::Twice;
        }
        if datagram.get(EPOCH) != Some(&[0, 0]) {
            return Treated::Passes;
        }
        let begins = datagram.get(KIND) == Some(&SERVER_HELLO);
        if begins {
            self.datagrams.clear();
        }
        if (begins || !self.datagrams.is_empty()) && self.datagrams.len() < MOST {
            self.datagrams.push(Bytes::copy_from_slice(datagram));
        }
        Treated::Passes
    }

    /// A datagram arrives.
    pub(super) fn arrives(&self, datagram: &[u8]) -> Treated {
        let is_hello = datagram[0] == HANDSHAKE
            && datagram.get(EPOCH) == Some(&[0, 0])
            && datagram.get(KIND) == Some(&CLIENT_HELLO);
        if !is_hello || self.datagrams.is_empty() {
            return Treated::Passes;
        }
        // a ClientHello of several fragments asks once
        match datagram.get(FRAGMENT) {
            Some([0, 0, 0]) => Treated::Again(self.datagrams.clone()),
            _ => Treated::Again(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake(kind: u8, fragment: u8) -> Vec<u8> {
        let mut record = vec![HANDSHAKE, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 20];
        record.extend([kind, 0, 0, 8, 0, 1, 0, 0, fragment, 0, 0, 8]);
        record.extend([7; 8]);
        record
    }

    #[test]
    fn a_repeated_hello_is_answered_by_the_same_flight_until_the_handshake_ends() {
        let mut flight = Flight::default();
        let (hello, rest) = (handshake(SERVER_HELLO, 0), handshake(11, 0));
        assert_eq!(
            flight.arrives(&handshake(CLIENT_HELLO, 0)),
            Treated::Passes,
            "the first one is for the library"
        );
        assert_eq!(flight.leaves(&handshake(3, 0)), Treated::Passes);
        assert_eq!(flight.arrives(&handshake(CLIENT_HELLO, 0)), Treated::Passes);
        for datagram in [&hello, &rest] {
            assert_eq!(flight.leaves(datagram), Treated::Passes);
        }
        let again = Treated::Again(vec![hello.clone().into(), rest.into()]);
        assert_eq!(flight.arrives(&handshake(CLIENT_HELLO, 0)), again);
        let fragment = flight.arrives(&handshake(CLIENT_HELLO, 9));
        assert_eq!(fragment, Treated::Again(Vec::new()));
        assert_eq!(flight.arrives(&handshake(16, 0)), Treated::Passes);
        // the library's own repetition takes the place of the first one
        flight.leaves(&hello);
        let again = Treated::Again(vec![hello.into()]);
        assert_eq!(flight.arrives(&handshake(CLIENT_HELLO, 0)), again);
        assert_eq!(flight.leaves(&[CHANGE_CIPHER_SPEC]), Treated::Twice);
        assert_eq!(flight.arrives(&handshake(CLIENT_HELLO, 0)), Treated::Passes);
    }

    #[test]
    fn what_is_cut_short_passes() {
        let mut flight = Flight::default();
        flight.leaves(&handshake(SERVER_HELLO, 0));
        for length in 1..KIND {
            assert_eq!(
                flight.arrives(&handshake(CLIENT_HELLO, 0)[..length]),
                Treated::Passes
            );
        }
    }
}

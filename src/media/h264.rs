//! Owns the way from H.264's RTP payloads (RFC 6184) to access units in Annex B.

pub use super::h264_syntax::picture_size;
use bytes::{BufMut, Bytes, BytesMut};

const START: [u8; 4] = [0, 0, 0, 1];
const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
/// A picture larger than this is an attack: a 4 MP key frame has less than 2 MB.
const LARGEST_UNIT: usize = 8 << 20;
/// Parameter sets have some 30 bytes, with all scaling lists some 500.
const LARGEST_SET: usize = 4 << 10;

fn kind(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |b| b & 0x1f)
}

/// Whether a payload begins a key frame: a parameter set, or the first part of an IDR slice.
pub fn begins_key_frame(payload: &[u8]) -> bool {
    match kind(payload) {
        IDR | SPS => true,
        STAP_A => aggregated(payload).any(|nal| matches!(kind(nal), IDR | SPS)),
        FU_A => payload
            .get(1)
            .is_some_and(|fu| fu & 0x80 != 0 && fu & 0x1f == IDR),
        _ => false,
    }
}

/// The sequence parameter set in a payload, if it carries one.
pub fn sps_in(payload: &[u8]) -> Option<&[u8]> {
    match kind(payload) {
        SPS => Some(payload),
        STAP_A => aggregated(payload).find(|nal| kind(nal) == SPS),
        _ => None,
    }
}

/// The NAL units in a STAP-A; stops at the first that is not whole.
fn aggregated(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = payload.get(1..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?]));
        let nal = rest.get(2..2 + length).filter(|nal| !nal.is_empty())?;
        rest = &rest[2 + length..];
        Some(nal)
    })
}

/// One picture with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessUnit {
    /// RTP timestamp.
    pub rtp: u32,
    /// Whether decoding can begin here.
    pub key: bool,
    /// Annex B; parameter sets stand before each key frame.
    pub data: Bytes,
}

/// Puts payloads, given in order, together to access units.
#[derive(Debug, Default)]
pub struct Assembler {
    rtp: u32,
    data: BytesMut,
    fragment: BytesMut,
    key: bool,
    has_sps: bool,
    has_pps: bool,
    damaged: bool,
    sps: Bytes,
    pps: Bytes,
}

impl Assembler {
    /// The parameter sets in use, Annex B; empty before the first key frame.
    pub fn parameter_sets(&self) -> Bytes {
        let mut sets = BytesMut::new();
        for set in [&self.sps, &self.pps] {
            if !set.is_empty() {
                sets.put_slice(&START);
                sets.put_slice(set);
            }
        }
        sets.freeze()
    }

    /// The sequence parameter set in use.
    pub fn sps(&self) -> &[u8] {
        &self.sps
    }

    /// Packets are missing: what is being put together is not whole.
    pub fn lose(&mut self) {
        self.damaged = true;
        self.fragment.clear();
    }

    /// Takes the next payload; gives the access units that are complete with it (a new timestamp
    /// completes the one before, `marker` its own). `None` in place of one that was damaged.
    pub fn push(&mut self, rtp: u32, marker: bool, payload: &[u8]) -> Vec<Option<AccessUnit>> {
        let mut done = Vec::new();
        if rtp != self.rtp {
            done.extend(self.finish());
            self.rtp = rtp;
        }
        match kind(payload) {
            1..=23 => self.append(payload),
            STAP_A => aggregated(payload).for_each(|nal| self.append(nal)),
            FU_A => self.append_fragment(payload),
            // MTAPs and FU-B are for interleaved mode, which is never agreed on
            _ => {}
        }
        if marker {
            done.extend(self.finish());
        }
        done
    }

    fn append_fragment(&mut self, payload: &[u8]) {
        let [indicator, header, part @ ..] = payload else {
            return;
        };
        if header & 0x80 != 0 {
            // the one before had no end
            self.damaged |= !self.fragment.is_empty();
            self.fragment.clear();
            self.fragment.put_u8((indicator & 0xe0) | (header & 0x1f));
        } else if self.fragment.is_empty() {
            self.damaged = true;
            return;
        }
        if self.fragment.len() + part.len() > LARGEST_UNIT {
            self.lose();
            return;
        }
        self.fragment.put_slice(part);
        if header & 0x40 != 0 {
            let nal = self.fragment.split();
            self.append(&nal);
        }
    }

    fn append(&mut self, nal: &[u8]) {
        match kind(nal) {
            // it is repeated before each key frame, so a large one would be a cheap way to fill the disk
            SPS | PPS if nal.len() > LARGEST_SET => {
                self.damaged = true;
                return;
            }
            SPS => {
                self.has_sps = true;
                if self.sps != nal {
                    self.sps = Bytes::copy_from_slice(nal);
                }
            }
            PPS => {
                self.has_pps = true;
                if self.pps != nal {
                    self.pps = Bytes::copy_from_slice(nal);
                }
            }
            IDR => {
                // sets that came earlier, or beside the stream, are repeated here
                if !self.has_sps {
                    self.repeat(&self.sps.clone());
                }
                if !(self.has_sps && self.has_pps) {
                    self.repeat(&self.pps.clone());
                }
                (self.has_sps, self.has_pps) = (true, true);
                // sets that come behind it do not help it
                self.key |= !self.sps.is_empty() && !self.pps.is_empty();
            }
            _ => {}
        }
        if self.data.len() + nal.len() > LARGEST_UNIT {
            self.damaged = true;
            return;
        }
        self.data.put_slice(&START);
        self.data.put_slice(nal);
    }

    fn repeat(&mut self, set: &Bytes) {
        if !set.is_empty() {
            self.data.put_slice(&START);
            self.data.put_slice(set);
        }
    }

    fn finish(&mut self) -> Option<Option<AccessUnit>> {
        let damaged = std::mem::take(&mut self.damaged) || !self.fragment.is_empty();
        self.fragment.clear();
        let key = std::mem::take(&mut self.key);
        (self.has_sps, self.has_pps) = (false, false);
        let data = self.data.split().freeze();
        if damaged {
            return Some(None);
        }
        (!data.is_empty()).then(|| {
            Some(AccessUnit {
                rtp: self.rtp,
                key,
                data,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nal(kind: u8, length: usize) -> Vec<u8> {
        let mut nal = vec![0x60 | kind];
        nal.resize(length, 0xab);
        nal
    }

    fn stap(nals: &[&[u8]]) -> Vec<u8> {
        let mut payload = vec![0x60 | STAP_A];
        for nal in nals {
            payload.extend(u16::try_from(nal.len()).expect("short").to_be_bytes());
            payload.extend(*nal);
        }
        payload
    }

    #[test]
    fn fragments_and_aggregates_become_units_with_parameter_sets() {
        let (sps, pps, idr, delta) = (nal(SPS, 9), nal(PPS, 4), nal(IDR, 30), nal(1, 20));
        let mut assembler = Assembler::default();
        assert!(begins_key_frame(&stap(&[&sps, &pps])));
        assert!(assembler.push(10, false, &stap(&[&sps, &pps])).is_empty());
        let first = [&[0x60 | FU_A, 0x80 | IDR], &idr[1..15]].concat();
        let last = [&[0x60 | FU_A, 0x40 | IDR], &idr[15..]].concat();
        assert!(begins_key_frame(&first) && !begins_key_frame(&last));
        assert!(assembler.push(10, false, &first).is_empty());
        let done = assembler.push(10, true, &last);
        let annex_b = [&START[..], &sps, &START, &pps, &START, &idr].concat();
        assert_eq!(
            done,
            [Some(AccessUnit {
                rtp: 10,
                key: true,
                data: annex_b.clone().into()
            })]
        );

        let done = assembler.push(20, true, &delta);
        assert_eq!(
            done,
            [Some(AccessUnit {
                rtp: 20,
                key: false,
                data: [&START[..], &delta].concat().into()
            })]
        );

        // a key frame without its sets gets those in use; a new timestamp ends what has no marker
        assert!(assembler.push(30, false, &idr).is_empty());
        let done = assembler.push(40, true, &delta);
        assert_eq!(done.len(), 2);
        assert_eq!(
            done[0],
            Some(AccessUnit {
                rtp: 30,
                key: true,
                data: annex_b.into()
            })
        );
    }

    #[test]
    fn what_is_not_whole_is_not_given_out() {
        let mut assembler = Assembler::default();
        let middle = [0x60 | FU_A, 1, 7, 7];
        assert_eq!(assembler.push(1, true, &middle), [None]);
        assembler.push(2, false, &nal(1, 9));
        assembler.lose();
        assert_eq!(assembler.push(2, true, &nal(1, 9)), [None]);
        assert!(matches!(assembler.push(3, true, &nal(1, 9))[..], [Some(_)]));
        // a fragment that begins before the last one ended
        let first = [0x60 | FU_A, 0x80 | 1, 7, 7];
        let last = [0x60 | FU_A, 0x40 | 1, 7, 7];
        assert!(assembler.push(4, false, &first).is_empty());
        assert!(assembler.push(4, false, &first).is_empty());
        assert_eq!(assembler.push(4, true, &last), [None]);
        // a parameter set that is none
        assert_eq!(assembler.push(5, true, &nal(SPS, LARGEST_SET + 1)), [None]);
    }

    #[test]
    fn each_parameter_set_that_is_not_there_is_repeated() {
        let (sps, pps, idr) = (nal(SPS, 9), nal(PPS, 4), nal(IDR, 30));
        let mut assembler = Assembler::default();
        assembler.push(10, true, &stap(&[&sps, &pps, &idr]));
        let done = assembler.push(20, true, &stap(&[&sps, &idr]));
        let whole = [&START[..], &sps, &START, &pps, &START, &idr].concat();
        let data = done.into_iter().flatten().map(|unit| unit.data);
        assert_eq!(data.collect::<Vec<_>>(), [whole]);
        // those that come behind the picture are too late for it
        let mut assembler = Assembler::default();
        let done = assembler.push(10, true, &stap(&[&idr, &sps, &pps]));
        assert!(done.into_iter().flatten().all(|unit| !unit.key));
    }
}

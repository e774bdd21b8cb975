//! Owns the look into H.264 and H.265 units: where NAL units begin, what they are.

use crate::media::feed::Codec;
use bytes::{Bytes, BytesMut};

/// The NAL units of an Annex B unit, without start codes and trailing zeros.
pub(in crate::media) fn split(unit: &Bytes) -> Vec<Bytes> {
    let mut nals = Vec::with_capacity(4);
    let mut begin = None;
    let mut at = 0;
    while let Some(code) = next_start_code(unit, at) {
        if let Some(begin) = begin {
            push(&mut nals, unit, begin, code);
        }
        begin = Some(code + 3);
        at = code + 3;
    }
    if let Some(begin) = begin {
        push(&mut nals, unit, begin, unit.len());
    }
    nals
}

fn push(nals: &mut Vec<Bytes>, unit: &Bytes, begin: usize, end: usize) {
    // a NAL unit never ends in a zero byte: it belongs to the next start code
    let len = unit[begin..end]
        .iter()
        .rposition(|&b| b != 0)
        .map_or(0, |last| last + 1);
    if len > 0 {
        nals.push(unit.slice(begin..begin + len));
    }
}

/// Where the next `00 00 01` begins.
fn next_start_code(data: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at + 2 < data.len() {
        match data[at + 2] {
            0 => at += 1,
            1 if data[at] == 0 && data[at + 1] == 0 => return Some(at),
            _ => at += 3,
        }
    }
    None
}

/// What a NAL unit is for the recorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    ParameterSet,
    RandomAccess,
    Other,
}

fn role(codec: Codec, nal: &[u8]) -> Role {
    let Some(&head) = nal.first() else {
        return Role::Other;
    };
    match codec {
        // ITU-T H.264 table 7-1
        Codec::H264 => match head & 0x1f {
            7 | 8 => Role::ParameterSet,
            5 => Role::RandomAccess,
            _ => Role::Other,
        },
        // ITU-T H.265 table 7-1: 16..=21 are intra random access points
        Codec::H265 => match (head >> 1) & 0x3f {
            32..=34 => Role::ParameterSet,
            16..=21 => Role::RandomAccess,
            _ => Role::Other,
        },
        Codec::Opus | Codec::Aac | Codec::Pcma | Codec::Pcmu => Role::Other,
    }
}

/// What a picture unit holds.
#[derive(Debug)]
pub(super) struct Contents {
    /// Whether decoding can begin here.
    pub(super) key: bool,
    /// Its parameter sets in Annex B, each once, in the order they come; empty if it has none.
    pub(super) parameter_sets: Bytes,
}

/// Looks at a picture unit. `intra` says whether its parser took it for a key frame: cameras that
/// refresh by recovery points send parameter sets, but no IDR picture.
pub(super) fn contents(codec: Codec, nals: &[Bytes], intra: bool) -> Contents {
    let mut sets = BytesMut::new();
    let mut random_access = false;
    for (i, nal) in nals.iter().enumerate() {
        match role(codec, nal) {
            // the camera sends them and the parser puts them in again
            Role::ParameterSet if nals[..i].contains(nal) => {}
            Role::ParameterSet => {
                sets.extend_from_slice(&[0, 0, 0, 1]);
                sets.extend_from_slice(nal);
            }
            Role::RandomAccess => random_access = true,
            Role::Other => {}
        }
    }
    Contents {
        key: random_access || (intra && !sets.is_empty()),
        parameter_sets: sets.freeze(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_codes_of_both_lengths_divide() {
        let unit = Bytes::from_static(&[
            0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 0, 1, 0x65, 0, 0, 3, 1,
        ]);
        let nals = split(&unit);
        assert_eq!(nals, [&[0x67, 1, 2][..], &[0x68, 3], &[0x65, 0, 0, 3, 1]]);
        let seen = contents(Codec::H264, &nals, false);
        assert!(seen.key);
        assert_eq!(
            &seen.parameter_sets[..],
            [0, 0, 0, 1, 0x67, 1, 2, 0, 0, 0, 1, 0x68, 3]
        );
    }

    #[test]
    fn odd_bytes_hold_nothing() {
        for odd in [&[][..], &[0, 0], &[0, 0, 1], &[0, 0, 0, 0, 1], &[7, 7, 7]] {
            assert!(split(&Bytes::copy_from_slice(odd)).is_empty(), "{odd:?}");
        }
    }

    #[test]
    fn h265_random_access_is_known() {
        let idr = [Bytes::from_static(&[19 << 1, 1, 9])];
        let trail = [Bytes::from_static(&[1 << 1, 1, 9])];
        assert!(contents(Codec::H265, &idr, false).key);
        assert!(!contents(Codec::H265, &trail, true).key);
    }
}

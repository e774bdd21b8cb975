//! Owns what a coded picture shows before it is decoded: how many bits it took, and how coarse they are.

use crate::media::feed::{Codec, Unit};
use crate::media::h264_syntax::{Pps, Slice, SliceKind, Sps};
use bytes::Bytes;
use std::collections::BTreeMap;

const NON_IDR: u8 = 1;
const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;

/// What a coded picture shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Glance {
    /// Decoding can begin here. Its mean quantiser, where that is known.
    Key { quantiser: Option<f32> },
    /// Predicted from earlier ones.
    Predicted {
        quantiser: f32,
        /// Bits a macroblock.
        bits: f32,
    },
    /// Nothing that is of use.
    Other,
}

/// Looks at the pictures of one stream, in order.
#[derive(Debug, Default)]
pub(super) struct Stream {
    sps: Option<(Bytes, Sps)>,
    pps: BTreeMap<u32, Pps>,
}

impl Stream {
    /// Width and height in pixels, once a key frame has come.
    pub(super) fn size(&self) -> Option<(i32, i32)> {
        let (width, height) = self.sps.as_ref()?.1.size;
        Some((width.try_into().ok()?, height.try_into().ok()?))
    }

    /// Macroblocks of a picture; 0 before a key frame has come.
    pub(super) fn macroblocks(&self) -> u32 {
        self.sps.as_ref().map_or(0, |(_, sps)| sps.macroblocks)
    }

    pub(super) fn glance(&mut self, unit: &Unit) -> Glance {
        if unit.format.codec != Codec::H264 {
            return Glance::Other;
        }
        let (mut slices, mut sum, mut bytes, mut predicted) = (0, 0, 0, true);
        let mut known = true;
        for nal in crate::media::capture::nals(&unit.data) {
            match nal.first().map(|head| head & 0x1f) {
                Some(SPS) if self.sps.as_ref().is_none_or(|(is, _)| *is != nal) => {
                    self.sps = Sps::read(&nal).map(|sps| (nal, sps));
                    self.pps.clear();
                }
                Some(PPS) => {
                    if let Some(pps) = Pps::read(&nal) {
                        self.pps.insert(pps.id(), pps);
                    }
                }
                Some(NON_IDR | IDR) => {
                    bytes += nal.len();
                    let read = |(_, sps): &(Bytes, Sps)| Slice::read(&nal, sps, &self.pps);
                    match self.sps.as_ref().and_then(read) {
                        Some(slice) => {
                            slices += 1;
                            sum += slice.quantiser;
                            predicted &= slice.kind == SliceKind::Predicted;
                        }
                        None => known = false,
                    }
                }
                _ => {}
            }
        }
        let quantiser = (known && slices > 0).then(|| sum as f32 / slices as f32);
        if unit.key {
            return Glance::Key { quantiser };
        }
        match (quantiser, &self.sps) {
            (Some(quantiser), Some((_, sps))) if predicted => Glance::Predicted {
                quantiser,
                bits: (bytes * 8) as f32 / sps.macroblocks.max(1) as f32,
            },
            _ => Glance::Other,
        }
    }
}

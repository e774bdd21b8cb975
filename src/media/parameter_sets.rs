//! Owns what must be read out of H.264 and H.265 parameter sets to describe a picture track in a file.
//!
//! Sources: ITU-T H.264 7.3.2.1, ITU-T H.265 7.3.2.2 and 7.3.3; ISO/IEC 14496-15 for the records built from them.

use super::bits::{Bits, unescaped};
use super::capture::nals;
use super::feed::Codec;
use super::h264_syntax::Sps;
use bytes::Bytes;

/// A picture's parameter sets, and what they say. Two of them are equal when decoding needs no new set-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParameterSets {
    /// VPS NAL units (H.265 only).
    pub(crate) vps: Vec<Bytes>,
    /// SPS NAL units.
    pub(crate) sps: Vec<Bytes>,
    /// PPS NAL units.
    pub(crate) pps: Vec<Bytes>,
    /// Width in pixels, after cropping.
    pub(crate) width: u16,
    /// Height in pixels, after cropping.
    pub(crate) height: u16,
    /// Chroma format, as `chroma_format_idc`.
    pub(crate) chroma: u8,
    /// Bits a luma sample, less 8.
    pub(crate) luma_depth: u8,
    /// Bits a chroma sample, less 8.
    pub(crate) chroma_depth: u8,
    /// H.265's 12 bytes of general profile, tier and level; empty for H.264.
    pub(crate) profile: Vec<u8>,
    /// H.265's temporal layers; 0 for H.264.
    pub(crate) temporal_layers: u8,
    /// H.265's `sps_temporal_id_nesting_flag`.
    pub(crate) nested: bool,
    /// How many pictures may be decoded before one that is shown before them, where it is told.
    pub(crate) reordering: Option<u32>,
}

/// The parameter sets in an H.264 key frame (or set-up bytes); none if there are none that can be read.
pub(crate) fn h264(annex_b: &Bytes) -> Option<ParameterSets> {
    let mut sets = ParameterSets::empty();
    for unit in nals(annex_b) {
        match unit.first().copied().unwrap_or_default() & 0x1f {
            7 => keep(&mut sets.sps, unit),
            8 => keep(&mut sets.pps, unit),
            _ => {}
        }
    }
    let sps = Sps::read(sets.sps.first()?)?;
    if sets.pps.is_empty() {
        return None;
    }
    sets.width = u16::try_from(sps.size.0).ok()?;
    sets.height = u16::try_from(sps.size.1).ok()?;
    sets.chroma = u8::try_from(sps.chroma).ok()?;
    sets.luma_depth = u8::try_from(sps.depths.0).ok()?;
    sets.chroma_depth = u8::try_from(sps.depths.1).ok()?;
    sets.reordering = sps.reordering;
    sets.checked()
}

/// The parameter sets in an H.265 key frame (or set-up bytes); none if there are none that can be read.
pub(crate) fn h265(annex_b: &Bytes) -> Option<ParameterSets> {
    let mut sets = ParameterSets::empty();
    for unit in nals(annex_b) {
        match unit.first().copied().unwrap_or_default() >> 1 & 0x3f {
            32 => keep(&mut sets.vps, unit),
            33 => keep(&mut sets.sps, unit),
            34 => keep(&mut sets.pps, unit),
            _ => {}
        }
    }
    let first = sets.sps.first()?.clone();
    if sets.vps.is_empty() || sets.pps.is_empty() {
        return None;
    }
    h265_sps(&first, &mut sets)?;
    sets.checked()
}

/// How many pictures the stream of these parameter sets decodes before one that is shown before them, where they tell.
pub(crate) fn reordering(codec: Codec, annex_b: &Bytes) -> Option<u32> {
    let sets = match codec {
        Codec::H264 => h264(annex_b),
        Codec::H265 => h265(annex_b),
        Codec::Opus | Codec::Aac | Codec::Pcma | Codec::Pcmu => None,
    };
    sets?.reordering
}

fn keep(list: &mut Vec<Bytes>, unit: Bytes) {
    if !list.contains(&unit) {
        // a copy: a slice would keep the whole picture
        list.push(Bytes::copy_from_slice(&unit));
    }
}

impl ParameterSets {
    fn empty() -> Self {
        Self {
            vps: Vec::new(),
            sps: Vec::new(),
            pps: Vec::new(),
            width: 0,
            height: 0,
            chroma: 1,
            luma_depth: 0,
            chroma_depth: 0,
            profile: Vec::new(),
            temporal_layers: 0,
            nested: false,
            reordering: None,
        }
    }

    // the counts and lengths that the file's records can hold
    fn checked(self) -> Option<Self> {
        let fits = |list: &[Bytes], most: usize| {
            list.len() <= most && list.iter().all(|unit| unit.len() <= usize::from(u16::MAX))
        };
        let whole =
            self.width > 0 && self.height > 0 && self.luma_depth <= 6 && self.chroma_depth <= 6;
        (whole && fits(&self.vps, 16) && fits(&self.sps, 31) && fits(&self.pps, 255))
            .then_some(self)
    }

    fn set_size(&mut self, size: (u32, u32), crop: [u32; 4], unit: (u32, u32)) -> Option<()> {
        let cut = |whole: u32, a: u32, b: u32, unit: u32| {
            whole.checked_sub(a.checked_add(b)?.checked_mul(unit)?)
        };
        self.width = u16::try_from(cut(size.0, crop[0], crop[1], unit.0)?).ok()?;
        self.height = u16::try_from(cut(size.1, crop[2], crop[3], unit.1)?).ok()?;
        Some(())
    }
}

fn h265_sps(nal: &[u8], sets: &mut ParameterSets) -> Option<()> {
    let payload = unescaped(nal.get(2..)?);
    let layers = *payload.first()? >> 1 & 0x07;
    sets.temporal_layers = layers + 1;
    sets.nested = payload.first()? & 1 == 1;
    sets.profile = payload.get(1..13)?.to_vec();
    let mut bits = Bits::new(payload.get(13..)?);
    // sub-layers: two flags each, padded to eight pairs, then 88 and 8 bits where the flags say so
    let flags = (0..layers)
        .map(|_| Some((bits.bit()? == 1, bits.bit()? == 1)))
        .collect::<Option<Vec<_>>>()?;
    if layers > 0 {
        bits.skip(2 * (8 - u32::from(layers)))?;
    }
    for (profile, level) in flags {
        bits.skip(if profile { 88 } else { 0 } + if level { 8 } else { 0 })?;
    }
    bits.unsigned()?; // sps_seq_parameter_set_id
    sets.chroma = u8::try_from(bits.unsigned()?)
        .ok()
        .filter(|idc| *idc <= 3)?;
    if sets.chroma == 3 {
        bits.bit()?; // separate_colour_plane_flag
    }
    let size = (bits.unsigned()?, bits.unsigned()?);
    let mut crop = [0; 4];
    if bits.bit()? == 1 {
        for side in &mut crop {
            *side = bits.unsigned()?;
        }
    }
    sets.luma_depth = u8::try_from(bits.unsigned()?).ok()?;
    sets.chroma_depth = u8::try_from(bits.unsigned()?).ok()?;
    sets.set_size(size, crop, chroma_unit(sets.chroma))?;
    sets.reordering = h265_reordering(&mut bits, layers);
    Some(())
}

/// `sps_max_num_reorder_pics` of the highest of the layers.
fn h265_reordering(bits: &mut Bits<'_>, layers: u8) -> Option<u32> {
    bits.unsigned()?; // log2_max_pic_order_cnt_lsb_minus4
    let told = if bits.bit()? == 1 { layers } else { 0 };
    let mut reordering = None;
    for _ in 0..=told {
        bits.unsigned()?; // sps_max_dec_pic_buffering_minus1
        reordering = Some(bits.unsigned()?);
        bits.unsigned()?; // sps_max_latency_increase_plus1
    }
    reordering
}

// what one step of cropping is worth in pixels (SubWidthC, SubHeightC)
fn chroma_unit(idc: u8) -> (u32, u32) {
    match idc {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_size_and_depth_of_real_parameter_sets() {
        // x264, 1920x1080 High: the height is cropped from 1088
        let sps = "67640028acd940780227e5c05a808080a0000003002000000651e30632c0";
        let pps = "68ebecb22c";
        let sets = h264(&annex_b(&[sps, pps])).expect("a whole SPS");
        assert_eq!(
            (sets.width, sets.height, sets.chroma, sets.luma_depth),
            (1920, 1080, 1, 0)
        );
        assert_eq!(sets.reordering, Some(2));
    }

    #[test]
    fn torn_parameter_sets_are_refused_not_believed() {
        let sps = "67640028acd940780227e5c05a808080a0000003002000000651e30632c0";
        for cut in 2..sps.len() / 2 {
            let stream = annex_b(&[&sps[..cut * 2], "68ee3cb0"]);
            if let Some(sets) = h264(&stream) {
                assert_eq!(
                    (sets.width, sets.height),
                    (1920, 1080),
                    "cut after {cut} bytes"
                );
            }
        }
        assert_eq!(h264(&annex_b(&["68ee3cb0"])), None);
        assert_eq!(h265(&annex_b(&["4201"])), None);
    }

    fn annex_b(units: &[&str]) -> Bytes {
        let unit = |hex: &&str| [vec![0, 0, 0, 1], hex::decode(hex).expect("hex")].concat();
        units.iter().flat_map(unit).collect::<Vec<u8>>().into()
    }
}

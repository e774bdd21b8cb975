//! Owns what must be read out of H.264 and H.265 parameter sets to describe a picture track in a file.
//!
//! Sources: ITU-T H.264 7.3.2.1, ITU-T H.265 7.3.2.2 and 7.3.3; ISO/IEC 14496-15 for the records built from them.

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
}

/// The NAL units of an Annex B byte stream, without start codes and trailing zeros.
pub(crate) fn split_annex_b(data: &[u8]) -> Vec<&[u8]> {
    let mut units = Vec::new();
    let mut start = None;
    let mut i = 0;
    while i + 3 <= data.len() {
        if data[i + 2] > 1 {
            i += 3;
        } else if data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1 {
            if let Some(from) = start {
                units.push(trimmed(&data[from..i]));
            }
            start = Some(i + 3);
            i += 3;
        } else {
            i += 1;
        }
    }
    if let Some(from) = start {
        units.push(trimmed(&data[from..]));
    }
    units.retain(|unit| !unit.is_empty());
    units
}

fn trimmed(unit: &[u8]) -> &[u8] {
    let end = unit.iter().rposition(|&b| b != 0).map_or(0, |at| at + 1);
    &unit[..end]
}

/// The parameter sets in an H.264 key frame (or set-up bytes); none if there are none that can be read.
pub(crate) fn h264(annex_b: &[u8]) -> Option<ParameterSets> {
    let mut sets = ParameterSets::empty();
    for unit in split_annex_b(annex_b) {
        match unit[0] & 0x1f {
            7 => keep(&mut sets.sps, unit),
            8 => keep(&mut sets.pps, unit),
            _ => {}
        }
    }
    let first = sets.sps.first()?.clone();
    if sets.pps.is_empty() || first.len() < 4 {
        return None;
    }
    h264_sps(&first, &mut sets)?;
    sets.checked()
}

/// The parameter sets in an H.265 key frame (or set-up bytes); none if there are none that can be read.
pub(crate) fn h265(annex_b: &[u8]) -> Option<ParameterSets> {
    let mut sets = ParameterSets::empty();
    for unit in split_annex_b(annex_b) {
        match unit[0] >> 1 & 0x3f {
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

fn keep(list: &mut Vec<Bytes>, unit: &[u8]) {
    if !list.iter().any(|known| known == unit) {
        list.push(Bytes::copy_from_slice(unit));
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

fn h264_sps(nal: &[u8], sets: &mut ParameterSets) -> Option<()> {
    let payload = unescaped(&nal[1..]);
    let profile = *payload.first()?;
    let mut bits = Bits::new(payload.get(3..)?);
    bits.ue()?; // seq_parameter_set_id
    if matches!(
        profile,
        100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
    ) {
        sets.chroma = u8::try_from(bits.ue()?).ok().filter(|idc| *idc <= 3)?;
        if sets.chroma == 3 {
            bits.bit()?; // separate_colour_plane_flag
        }
        sets.luma_depth = u8::try_from(bits.ue()?).ok()?;
        sets.chroma_depth = u8::try_from(bits.ue()?).ok()?;
        bits.bit()?; // qpprime_y_zero_transform_bypass_flag
        if bits.bit()? {
            for list in 0..if sets.chroma == 3 { 12 } else { 8 } {
                if bits.bit()? {
                    skip_scaling_list(&mut bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    bits.ue()?; // log2_max_frame_num_minus4
    match bits.ue()? {
        0 => drop(bits.ue()?),
        1 => {
            bits.bit()?;
            bits.ue()?;
            bits.ue()?;
            for _ in 0..bits.ue()?.min(255) {
                bits.ue()?;
            }
        }
        _ => {}
    }
    bits.ue()?; // max_num_ref_frames
    bits.bit()?; // gaps_in_frame_num_value_allowed_flag
    let width = bits.ue()?.checked_add(1)?.checked_mul(16)?;
    let height = bits.ue()?.checked_add(1)?.checked_mul(16)?;
    let frames_only = bits.bit()?;
    if !frames_only {
        bits.bit()?; // mb_adaptive_frame_field_flag
    }
    let fields = if frames_only { 1 } else { 2 };
    bits.bit()?; // direct_8x8_inference_flag
    let crop = if bits.bit()? {
        [bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?]
    } else {
        [0; 4]
    };
    let (x, y) = chroma_unit(sets.chroma);
    sets.set_size((width, height.checked_mul(fields)?), crop, (x, y * fields))
}

fn skip_scaling_list(bits: &mut Bits<'_>, size: u32) -> Option<()> {
    let (mut last, mut next) = (8_i64, 8_i64);
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.se()?).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Some(())
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
        .map(|_| Some((bits.bit()?, bits.bit()?)))
        .collect::<Option<Vec<_>>>()?;
    if layers > 0 {
        bits.skip(2 * (8 - u32::from(layers)))?;
    }
    for (profile, level) in flags {
        bits.skip(if profile { 88 } else { 0 } + if level { 8 } else { 0 })?;
    }
    bits.ue()?; // sps_seq_parameter_set_id
    sets.chroma = u8::try_from(bits.ue()?).ok().filter(|idc| *idc <= 3)?;
    if sets.chroma == 3 {
        bits.bit()?; // separate_colour_plane_flag
    }
    let size = (bits.ue()?, bits.ue()?);
    let crop = if bits.bit()? {
        [bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?]
    } else {
        [0; 4]
    };
    sets.luma_depth = u8::try_from(bits.ue()?).ok()?;
    sets.chroma_depth = u8::try_from(bits.ue()?).ok()?;
    sets.set_size(size, crop, chroma_unit(sets.chroma))
}

// what one step of cropping is worth in pixels (SubWidthC, SubHeightC)
fn chroma_unit(idc: u8) -> (u32, u32) {
    match idc {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    }
}

// without emulation prevention: 00 00 03 stands for 00 00
fn unescaped(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut zeros = 0;
    for &byte in data {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

/// Reads bits, most significant first. Every read is none past the end.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    fn bit(&mut self) -> Option<bool> {
        let byte = self.data.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }

    fn skip(&mut self, bits: u32) -> Option<()> {
        (0..bits).try_for_each(|_| self.bit().map(drop))
    }

    // Exp-Golomb
    fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let mut value: u32 = 1;
        for _ in 0..zeros {
            value = value << 1 | u32::from(self.bit()?);
        }
        Some(value - 1)
    }

    fn se(&mut self) -> Option<i64> {
        let value = i64::from(self.ue()?);
        Some(if value % 2 == 1 {
            value / 2 + 1
        } else {
            -(value / 2)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_start_codes_of_both_lengths_and_drops_padding() {
        let stream = [
            0, 0, 0, 1, 9, 16, 0, 0, 0, 1, 7, 1, 2, 0, 0, 1, 5, 0, 7, 0, 0,
        ];
        assert_eq!(
            split_annex_b(&stream),
            [&[9, 16][..], &[7, 1, 2], &[5, 0, 7]]
        );
        assert!(split_annex_b(&[1, 2, 3]).is_empty());
        assert!(split_annex_b(&[0, 0, 1]).is_empty());
    }

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

    fn annex_b(units: &[&str]) -> Vec<u8> {
        let unit = |hex: &&str| [vec![0, 0, 0, 1], hex::decode(hex).expect("hex")].concat();
        units.iter().flat_map(unit).collect()
    }
}

//! Owns the reading of H.264's headers (ITU-T H.264, 7.3): what the parameter sets say of pictures,
//! and how coarse a slice is coded.

use super::bits::{Bits, unescaped};
use std::collections::BTreeMap;

/// What a sequence parameter set says, as far as it is of use here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sps {
    /// Width and height in pixels, cropped.
    pub(super) size: (u32, u32),
    /// Macroblocks of a frame.
    pub(super) macroblocks: u32,
    /// `chroma_format_idc`, 0 to 3.
    pub(super) chroma: u32,
    /// Colour planes are coded apart.
    pub(super) separate_planes: bool,
    /// Bits a luma and a chroma sample, less 8.
    pub(super) depths: (u32, u32),
    pub(super) frame_num_bits: u32,
    pub(super) order: PictureOrder,
    pub(super) frames_only: bool,
    /// How many pictures may be decoded before one that is shown before them, where it is told.
    pub(super) reordering: Option<u32>,
}

/// How a slice tells its picture's place in output order (8.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PictureOrder {
    /// By that many bits.
    Bits(u32),
    /// By differences, unless they are always zero.
    Differences {
        /// They are.
        always_zero: bool,
    },
    /// By decoding order.
    Decoding,
}

impl Sps {
    pub(super) fn read(sps: &[u8]) -> Option<Self> {
        let raw = unescaped(sps.get(1..)?);
        let mut bits = Bits::new(&raw);
        let profile = bits.number(8)?;
        bits.skip(16)?; // constraint flags, level_idc
        bits.unsigned()?; // seq_parameter_set_id
        let (mut chroma, mut separate_planes, mut depths) = (1, false, (0, 0));
        if matches!(
            profile,
            100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
        ) {
            chroma = bits.unsigned().filter(|idc| *idc <= 3)?;
            if chroma == 3 {
                separate_planes = bits.bit()? == 1;
            }
            depths = (bits.unsigned()?, bits.unsigned()?);
            bits.bit()?; // qpprime_y_zero_transform_bypass_flag
            if bits.bit()? == 1 {
                let lists = if chroma == 3 { 12 } else { 8 };
                for list in 0..lists {
                    if bits.bit()? == 1 {
                        skip_scaling_list(&mut bits, if list < 6 { 16 } else { 64 })?;
                    }
                }
            }
        }
        let frame_num_bits = bits.unsigned()?.checked_add(4).filter(|n| *n <= 16)?;
        let order = match bits.unsigned()? {
            0 => PictureOrder::Bits(bits.unsigned()?.checked_add(4).filter(|n| *n <= 16)?),
            1 => {
                let always_zero = bits.bit()? == 1;
                bits.signed()?;
                bits.signed()?;
                for _ in 0..bits.unsigned()?.min(255) {
                    bits.signed()?;
                }
                PictureOrder::Differences { always_zero }
            }
            _ => PictureOrder::Decoding,
        };
        bits.unsigned()?; // max_num_ref_frames
        bits.bit()?;
        let columns = bits.unsigned()?.checked_add(1)?;
        let rows = bits.unsigned()?.checked_add(1)?;
        let frames_only = bits.bit()? == 1;
        if !frames_only {
            bits.bit()?;
        }
        bits.bit()?; // direct_8x8_inference_flag
        let mut crop = [0u32; 4];
        if bits.bit()? == 1 {
            for side in &mut crop {
                *side = bits.unsigned()?;
            }
        }
        let [left, right, top, bottom] = crop;
        let (unit_x, unit_y) = match chroma {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        };
        let fields = if frames_only { 1 } else { 2 };
        let rows = rows.checked_mul(fields)?;
        let width = columns
            .checked_mul(16)?
            .checked_sub(left.checked_add(right)?.checked_mul(unit_x)?)?;
        let height = rows.checked_mul(16)?;
        let height = height.checked_sub(top.checked_add(bottom)?.checked_mul(unit_y * fields)?)?;
        let reordering = match order {
            PictureOrder::Decoding => Some(0),
            PictureOrder::Bits(_) | PictureOrder::Differences { .. } => reordering(&mut bits),
        };
        Some(Self {
            size: (width, height),
            macroblocks: columns.checked_mul(rows)?,
            chroma,
            separate_planes,
            depths,
            frame_num_bits,
            order,
            frames_only,
            reordering,
        })
    }
}

/// The picture's width and height in pixels, as its sequence parameter set crops them.
pub fn picture_size(sps: &[u8]) -> Option<(u32, u32)> {
    Sps::read(sps).map(|sps| sps.size)
}

/// What a picture parameter set says of slice headers (7.3.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pps {
    id: u32,
    cabac: bool,
    field_order: bool,
    references: u32,
    weighted: bool,
    quantiser: i64,
    redundant: bool,
}

impl Pps {
    pub(super) fn read(pps: &[u8]) -> Option<Self> {
        let raw = unescaped(pps.get(1..)?);
        let mut bits = Bits::new(&raw);
        let id = bits.unsigned()?;
        bits.unsigned()?; // seq_parameter_set_id
        let cabac = bits.bit()? == 1;
        let field_order = bits.bit()? == 1;
        if bits.unsigned()? > 0 {
            // slice groups: only in a profile that neither browsers nor cameras use
            return None;
        }
        let references = bits.unsigned()?;
        bits.unsigned()?; // num_ref_idx_l1_default_active_minus1
        let weighted = bits.bit()? == 1;
        bits.skip(2)?; // weighted_bipred_idc
        let quantiser = 26 + bits.signed()?;
        bits.signed()?; // pic_init_qs_minus26
        bits.signed()?; // chroma_qp_index_offset
        bits.skip(2)?; // deblocking_filter_control_present_flag, constrained_intra_pred_flag
        let redundant = bits.bit()? == 1;
        Some(Self {
            id,
            cabac,
            field_order,
            references,
            weighted,
            quantiser,
            redundant,
        })
    }

    /// Its number.
    pub(super) fn id(&self) -> u32 {
        self.id
    }
}

/// The kinds of slices that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SliceKind {
    /// Predicted from earlier pictures.
    Predicted,
    /// Coded by itself.
    Intra,
}

/// What a slice header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) kind: SliceKind,
    /// How coarse it is coded, 0 to 51: the step doubles every 6 (`SliceQPY`).
    pub(super) quantiser: i64,
}

/// A slice header is no longer than this, whatever it holds.
const SLICE_HEADER: usize = 96;

impl Slice {
    /// Reads the header of a slice (7.3.3). None for B slices and what is not understood.
    pub(super) fn read(nal: &[u8], sps: &Sps, sets: &BTreeMap<u32, Pps>) -> Option<Self> {
        let (&head, rest) = nal.split_first()?;
        let (is_idr, is_reference) = (head & 0x1f == 5, head & 0x60 != 0);
        let raw = unescaped(rest.get(..SLICE_HEADER).unwrap_or(rest));
        let mut bits = Bits::new(&raw);
        bits.unsigned()?; // first_mb_in_slice
        let kind = match bits.unsigned()? % 5 {
            0 => SliceKind::Predicted,
            2 => SliceKind::Intra,
            _ => return None,
        };
        let pps = sets.get(&bits.unsigned()?)?;
        if sps.separate_planes {
            bits.skip(2)?;
        }
        bits.skip(sps.frame_num_bits)?;
        let mut is_field = false;
        if !sps.frames_only {
            is_field = bits.bit()? == 1;
            if is_field {
                bits.skip(1)?;
            }
        }
        if is_idr {
            bits.unsigned()?; // idr_pic_id
        }
        let has_bottom = pps.field_order && !is_field;
        match sps.order {
            PictureOrder::Bits(length) => {
                bits.skip(length)?;
                if has_bottom {
                    bits.signed()?;
                }
            }
            PictureOrder::Differences { always_zero: false } => {
                bits.signed()?;
                if has_bottom {
                    bits.signed()?;
                }
            }
            PictureOrder::Differences { always_zero: true } | PictureOrder::Decoding => {}
        }
        if pps.redundant {
            bits.unsigned()?;
        }
        if kind == SliceKind::Predicted {
            let mut references = pps.references;
            if bits.bit()? == 1 {
                references = bits.unsigned()?;
            }
            if bits.bit()? == 1 {
                while bits.unsigned()? != 3 {
                    bits.unsigned()?;
                }
            }
            if pps.weighted {
                let has_chroma = sps.chroma != 0 && !sps.separate_planes;
                skip_weights(&mut bits, has_chroma, references)?;
            }
        }
        if is_reference {
            skip_marking(&mut bits, is_idr)?;
        }
        if pps.cabac && kind == SliceKind::Predicted {
            bits.unsigned()?; // cabac_init_idc
        }
        let quantiser = pps.quantiser + bits.signed()?;
        (0..=51)
            .contains(&quantiser)
            .then_some(Self { kind, quantiser })
    }
}

/// `pred_weight_table` (7.3.3.2).
fn skip_weights(bits: &mut Bits<'_>, has_chroma: bool, references: u32) -> Option<()> {
    bits.unsigned()?;
    if has_chroma {
        bits.unsigned()?;
    }
    for _ in 0..=references.min(31) {
        if bits.bit()? == 1 {
            bits.signed()?;
            bits.signed()?;
        }
        if has_chroma && bits.bit()? == 1 {
            for _ in 0..4 {
                bits.signed()?;
            }
        }
    }
    Some(())
}

/// `dec_ref_pic_marking` (7.3.3.3).
fn skip_marking(bits: &mut Bits<'_>, is_idr: bool) -> Option<()> {
    if is_idr {
        return bits.skip(2);
    }
    if bits.bit()? == 0 {
        return Some(());
    }
    loop {
        match bits.unsigned()? {
            0 => return Some(()),
            1 | 2 | 4 | 6 => {
                bits.unsigned()?;
            }
            3 => {
                bits.unsigned()?;
                bits.unsigned()?;
            }
            _ => {}
        }
    }
}

fn skip_scaling_list(bits: &mut Bits<'_>, size: usize) -> Option<()> {
    let (mut last, mut next) = (8i64, 8i64);
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.signed()?).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

/// `hrd_parameters` (E.1.2).
fn skip_buffering(bits: &mut Bits<'_>) -> Option<()> {
    let buffers = bits.unsigned()?;
    bits.skip(8)?;
    for _ in 0..=buffers.min(31) {
        bits.unsigned()?;
        bits.unsigned()?;
        bits.skip(1)?;
    }
    bits.skip(20)
}

/// `max_num_reorder_frames` of the VUI that begins here (E.1.1), if it is told.
fn reordering(bits: &mut Bits<'_>) -> Option<u32> {
    const EXTENDED: u32 = 255;
    if bits.bit()? == 0 {
        return None;
    }
    // aspect ratio, overscan, signal type, place of the chroma samples, timing
    if bits.bit()? == 1 && bits.number(8)? == EXTENDED {
        bits.skip(32)?;
    }
    if bits.bit()? == 1 {
        bits.skip(1)?;
    }
    if bits.bit()? == 1 {
        bits.skip(4)?;
        if bits.bit()? == 1 {
            bits.skip(24)?;
        }
    }
    if bits.bit()? == 1 {
        bits.unsigned()?;
        bits.unsigned()?;
    }
    if bits.bit()? == 1 {
        bits.skip(65)?;
    }
    let mut is_buffered = false;
    for _ in 0..2 {
        if bits.bit()? == 1 {
            skip_buffering(bits)?;
            is_buffered = true;
        }
    }
    if is_buffered {
        bits.skip(1)?; // low_delay_hrd_flag
    }
    bits.skip(1)?; // pic_struct_present_flag
    if bits.bit()? == 0 {
        return None;
    }
    bits.skip(1)?; // motion_vectors_over_pic_boundaries_flag
    for _ in 0..4 {
        bits.unsigned()?;
    }
    bits.unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_players_crop_them() {
        // x264 1920×1080 High (cropped from 1088), OpenH264 1280×720 Constrained Baseline
        let full_hd = hex::decode("67640028acd940780227e5c05a808080a0000003002000000651e30632c0")
            .expect("hex");
        assert_eq!(picture_size(&full_hd), Some((1920, 1080)));
        let hd = hex::decode("6742c01f8c8d40280 2dd00f08846a0".replace(' ', "")).expect("hex");
        assert_eq!(picture_size(&hd), Some((1280, 720)));
        for cut in 0..full_hd.len() {
            let _ = picture_size(&full_hd[..cut]);
        }
    }
}

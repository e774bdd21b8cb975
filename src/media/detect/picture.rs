//! Owns what is seen in a decoded picture: its light, and how it differs from an earlier one.

use gstreamer as gst;
use gstreamer_video::{VideoFrameExt, VideoFrameRef, VideoInfo};

/// Pixels of a block in a row, and rows of it that are kept.
const WIDE: usize = 16;
const HIGH: usize = 8;
/// One row in so many is kept: half of them show whatever can be seen.
const ROWS: usize = 2;
/// So many of a hundred blocks may shine in a black picture: an indicator lamp, a hole in the cover.
const LIT: usize = 2;

/// The luma of a picture, every other row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    width: usize,
    luma: Vec<u8>,
}

/// How two pictures differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Difference {
    /// The mean difference in the block where it is largest, luma levels.
    pub(super) most: f32,
    /// The share of blocks that are the same to the bit, 0 to 1.
    pub(super) same: f32,
}

impl Picture {
    /// Takes a decoded buffer; none if it is no planar or grey picture.
    pub(super) fn of(buffer: &gst::Buffer, caps: &gst::Caps) -> Option<Self> {
        let meta = VideoInfo::from_caps(caps).ok()?;
        let frame = VideoFrameRef::from_buffer_ref_readable(buffer, &meta).ok()?;
        let (width, height) = (
            usize::try_from(frame.width()).ok()?,
            usize::try_from(frame.height()).ok()?,
        );
        let stride = usize::try_from(*frame.plane_stride().first()?).ok()?;
        let plane = frame.plane_data(0).ok()?;
        let mut luma = Vec::with_capacity(width * height / ROWS);
        for row in (0..height).step_by(ROWS) {
            luma.extend_from_slice(plane.get(row * stride..row * stride + width)?);
        }
        Self::from_luma(width, luma)
    }

    /// Of rows of that width; none if not one block fits.
    fn from_luma(width: usize, luma: Vec<u8>) -> Option<Self> {
        let fits = width >= WIDE && luma.len() >= width * HIGH;
        fits.then_some(Self { width, luma })
    }

    /// Whether next to nothing in it has more light than `below`, 0 to 1 (video range).
    pub(super) fn is_dark(&self, below: f32) -> bool {
        let limit = 16.0 + 219.0 * below;
        let means = self.blocks(|rows, at| {
            let sum: u32 = rows
                .map(|row| {
                    row[at..at + WIDE]
                        .iter()
                        .map(|p| u32::from(*p))
                        .sum::<u32>()
                })
                .sum();
            sum as f32 / (WIDE * HIGH) as f32
        });
        let (lit, all) = means.fold((0, 0), |(lit, all), mean| {
            (lit + usize::from(mean > limit), all + 1)
        });
        lit * 100 <= all * LIT
    }

    /// How it differs from another; none if that has another size.
    pub(super) fn difference(&self, other: &Self) -> Option<Difference> {
        if self.width != other.width || self.luma.len() != other.luma.len() {
            return None;
        }
        let (mut most, mut same, mut all) = (0, 0, 0);
        let band = self.width * HIGH;
        for (a, b) in self
            .luma
            .chunks_exact(band)
            .zip(other.luma.chunks_exact(band))
        {
            for at in (0..=self.width - WIDE).step_by(WIDE) {
                let rows = a.chunks_exact(self.width).zip(b.chunks_exact(self.width));
                let sum: u32 = rows
                    .map(|(a, b)| apart(&a[at..at + WIDE], &b[at..at + WIDE]))
                    .sum();
                most = most.max(sum);
                same += usize::from(sum == 0);
                all += 1;
            }
        }
        Some(Difference {
            most: most as f32 / (WIDE * HIGH) as f32,
            same: same as f32 / all as f32,
        })
    }

    fn blocks<'a, T>(
        &'a self,
        of: impl Fn(std::slice::ChunksExact<'a, u8>, usize) -> T + 'a,
    ) -> impl Iterator<Item = T> + 'a {
        let bands = self.luma.chunks_exact(self.width * HIGH);
        bands
            .flat_map(|band| {
                (0..=self.width - WIDE)
                    .step_by(WIDE)
                    .map(move |at| (band, at))
            })
            .map(move |(band, at)| of(band.chunks_exact(self.width), at))
    }
}

/// The sum of differences; as the compiler best turns it into vector instructions.
fn apart(a: &[u8], b: &[u8]) -> u32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| u32::from(a.abs_diff(*b)))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(level: u8) -> Picture {
        Picture::from_luma(64, vec![level; 64 * 32]).expect("blocks fit")
    }

    #[test]
    fn the_smallest_moving_thing_is_seen() {
        let (still, mut moved) = (flat(90), flat(90));
        let same = still.difference(&moved).expect("one size");
        assert_eq!((same.most, same.same), (0.0, 1.0));
        for row in 9..15 {
            moved.luma[row * 64 + 20..row * 64 + 28].fill(200);
        }
        let seen = still.difference(&moved).expect("one size");
        assert!(seen.most > 40.0, "{seen:?}");
        assert_eq!(seen.same, 15.0 / 16.0);
        assert_eq!(
            still.difference(&Picture::from_luma(32, vec![0; 1024]).expect("fits")),
            None
        );
    }

    #[test]
    fn black_is_told_from_dark() {
        let lit = |share: usize| {
            let mut picture = Picture::from_luma(160, vec![17; 160 * 80]).expect("blocks fit");
            // whole blocks from the top left on
            for block in 0..share {
                for row in 0..HIGH {
                    let at = row * 160 + block * WIDE;
                    picture.luma[at..at + WIDE].fill(120);
                }
            }
            picture
        };
        assert!(flat(16).is_dark(0.05) && flat(26).is_dark(0.05));
        assert!(!flat(30).is_dark(0.05), "a dark room is no black picture");
        assert!(lit(2).is_dark(0.05), "a lamp shines through");
        assert!(!lit(3).is_dark(0.05));
    }
}

//! Owns the file format: the header and fragments of a fragmented MP4 (ISO/IEC 14496-12), made by hand.
//!
//! By hand because a fragment must be on disk the moment it is due, whichever track is silent: GStreamer's
//! `qtmux` waits for every track, and after 5 s of pictures beside a muted microphone its file was still empty.
//!
//! A file is `ftyp moov` and then fragments of `prft free moof mdat`. `prft` ties the fragment's first sample
//! to the box's wall clock, so that a file without its index still says when it was recorded; `free` holds a checksum, for a
//! power cut may leave zeros where the disk had not been told to keep what was written. Samples are stored as the source sent them:
//! H.264 and H.265 keep every NAL unit, only start codes become lengths (ISO/IEC 14496-15).

use crate::archive::recover::{CHECKSUM, checksum};
use crate::media::parameter_sets::ParameterSets;
use bytes::Bytes;

/// What a track's samples are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SampleKind {
    /// H.264.
    H264(ParameterSets),
    /// H.265.
    H265(ParameterSets),
    /// AAC with its AudioSpecificConfig.
    Aac {
        /// AudioSpecificConfig (ISO/IEC 14496-3).
        config: Bytes,
        /// Channels.
        channels: u8,
    },
    /// Opus.
    Opus {
        /// Channels.
        channels: u8,
    },
    /// G.711 A-law.
    Pcma {
        /// Channels.
        channels: u8,
    },
    /// G.711 µ-law.
    Pcmu {
        /// Channels.
        channels: u8,
    },
}

impl SampleKind {
    fn is_video(&self) -> bool {
        matches!(self, Self::H264(_) | Self::H265(_))
    }
}

/// A track as the header declares it.
#[derive(Debug, Clone)]
pub(crate) struct TrackHeader {
    /// What its samples are.
    pub(crate) kind: SampleKind,
    /// Ticks a second of all its times.
    pub(crate) timescale: u32,
    /// Where presentation begins, in ticks of decoding time (B-frames delay it).
    pub(crate) delay: u64,
}

/// One stored sample; times are in the track's ticks.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// Decoding time.
    pub(crate) dts: u64,
    /// Presentation time less decoding time.
    pub(crate) offset: i32,
    /// How long until the next one.
    pub(crate) duration: u32,
    /// Whether decoding can begin here.
    pub(crate) key: bool,
    /// What is stored.
    pub(crate) data: Vec<u8>,
}

/// `ftyp` and `moov`. Track ids are places in `tracks`, from 1.
pub(crate) fn header(tracks: &[TrackHeader]) -> Vec<u8> {
    let mut out = Boxes::default();
    out.boxed(b"ftyp", |b| b.put(b"iso6").u32(0).put(b"iso6isommp42"));
    out.boxed(b"moov", |b| {
        b.full(b"mvhd", 0, 0, |b| {
            b.u32(0)
                .u32(0)
                .u32(1000)
                .u32(0)
                .u32(0x0001_0000)
                .u16(0x0100)
                .zeros(10);
            b.matrix().zeros(24).u32(count(tracks) + 1)
        });
        for (id, track) in (1..).zip(tracks) {
            b.boxed(b"trak", |b| trak(b, id, track));
        }
        b.boxed(b"mvex", |b| {
            for (id, _) in (1..).zip(tracks) {
                b.full(b"trex", 0, 0, |b| b.u32(id).u32(1).u32(0).u32(0).u32(0));
            }
            b
        })
    });
    out.0
}

fn trak<'a>(b: &'a mut Boxes, id: u32, track: &TrackHeader) -> &'a mut Boxes {
    let video = track.kind.is_video();
    let (width, height) = match &track.kind {
        SampleKind::H264(sets) | SampleKind::H265(sets) => (sets.width, sets.height),
        SampleKind::Aac { .. }
        | SampleKind::Opus { .. }
        | SampleKind::Pcma { .. }
        | SampleKind::Pcmu { .. } => (0, 0),
    };
    b.full(b"tkhd", 0, 3, |b| {
        b.u32(0)
            .u32(0)
            .u32(id)
            .u32(0)
            .u32(0)
            .zeros(8)
            .u16(0)
            .u16(0)
            .u16(if video { 0 } else { 0x0100 })
            .u16(0);
        b.matrix().u16(width).u16(0).u16(height).u16(0)
    });
    if track.delay > 0 {
        b.boxed(b"edts", |b| {
            b.full(b"elst", 1, 0, |b| {
                b.u32(1).u64(0).u64(track.delay).u16(1).u16(0)
            })
        });
    }
    b.boxed(b"mdia", |b| {
        // 0x55c4: language `und`
        b.full(b"mdhd", 0, 0, |b| {
            b.u32(0)
                .u32(0)
                .u32(track.timescale)
                .u32(0)
                .u16(0x55c4)
                .u16(0)
        });
        b.full(b"hdlr", 0, 0, |b| {
            b.u32(0)
                .put(if video { b"vide" } else { b"soun" })
                .zeros(12)
                .put(b"\0")
        });
        b.boxed(b"minf", |b| {
            if video {
                b.full(b"vmhd", 0, 1, |b| b.zeros(8));
            } else {
                b.full(b"smhd", 0, 0, |b| b.zeros(4));
            }
            b.boxed(b"dinf", |b| {
                b.full(b"dref", 0, 0, |b| b.u32(1).full(b"url ", 0, 1, |b| b))
            });
            b.boxed(b"stbl", |b| {
                b.full(b"stsd", 0, 0, |b| sample_entry(b.u32(1), track));
                b.full(b"stts", 0, 0, |b| b.u32(0));
                b.full(b"stsc", 0, 0, |b| b.u32(0));
                b.full(b"stsz", 0, 0, |b| b.u32(0).u32(0));
                b.full(b"stco", 0, 0, |b| b.u32(0))
            })
        })
    })
}

fn sample_entry<'a>(b: &'a mut Boxes, track: &TrackHeader) -> &'a mut Boxes {
    let rate = track.timescale;
    match &track.kind {
        SampleKind::H264(sets) => visual(b, b"avc1", sets, |b| b.boxed(b"avcC", |b| avcc(b, sets))),
        // hvc1, not hev1, because QuickTime plays no other; the sets in the samples repeat these
        SampleKind::H265(sets) => visual(b, b"hvc1", sets, |b| b.boxed(b"hvcC", |b| hvcc(b, sets))),
        SampleKind::Aac { config, channels } => sound(b, b"mp4a", *channels, rate, |b| {
            b.full(b"esds", 0, 0, |b| esds(b, config))
        }),
        SampleKind::Opus { channels } => sound(b, b"Opus", *channels, 48_000, |b| {
            b.boxed(b"dOps", |b| {
                b.u8(0).u8(*channels).u16(0).u32(48_000).u16(0).u8(0)
            })
        }),
        SampleKind::Pcma { channels } => sound(b, b"alaw", *channels, rate, |b| b),
        SampleKind::Pcmu { channels } => sound(b, b"ulaw", *channels, rate, |b| b),
    }
}

fn visual<'a>(
    b: &'a mut Boxes,
    name: &[u8; 4],
    sets: &ParameterSets,
    setup: impl FnOnce(&mut Boxes) -> &mut Boxes,
) -> &'a mut Boxes {
    b.boxed(name, |b| {
        b.zeros(6).u16(1).zeros(16).u16(sets.width).u16(sets.height);
        b.u32(0x0048_0000)
            .u32(0x0048_0000)
            .u32(0)
            .u16(1)
            .zeros(32)
            .u16(0x0018)
            .u16(0xffff);
        setup(b)
    })
}

fn sound<'a>(
    b: &'a mut Boxes,
    name: &[u8; 4],
    channels: u8,
    rate: u32,
    setup: impl FnOnce(&mut Boxes) -> &mut Boxes,
) -> &'a mut Boxes {
    b.boxed(name, |b| {
        b.zeros(6)
            .u16(1)
            .zeros(8)
            .u16(u16::from(channels))
            .u16(16)
            .zeros(4);
        // 16.16 fixed point: what does not fit is said by the codec's own record
        b.u16(u16::try_from(rate).unwrap_or(0)).u16(0);
        setup(b)
    })
}

fn avcc<'a>(b: &'a mut Boxes, sets: &ParameterSets) -> &'a mut Boxes {
    let sps = &sets.sps[0];
    b.u8(1)
        .put(&sps[1..4])
        .u8(0xff)
        .u8(0xe0 | low(sets.sps.len()));
    b.all_sized(&sets.sps);
    b.u8(low(sets.pps.len()));
    b.all_sized(&sets.pps);
    if !matches!(sps[1], 66 | 77 | 88) {
        b.u8(0xfc | sets.chroma)
            .u8(0xf8 | sets.luma_depth)
            .u8(0xf8 | sets.chroma_depth)
            .u8(0);
    }
    b
}

fn hvcc<'a>(b: &'a mut Boxes, sets: &ParameterSets) -> &'a mut Boxes {
    b.u8(1)
        .put(&sets.profile)
        .u16(0xf000)
        .u8(0xfc)
        .u8(0xfc | sets.chroma);
    b.u8(0xf8 | sets.luma_depth)
        .u8(0xf8 | sets.chroma_depth)
        .u16(0);
    b.u8(sets.temporal_layers << 3 | u8::from(sets.nested) << 2 | 3)
        .u8(3);
    for (kind, units) in [(32, &sets.vps), (33, &sets.sps), (34, &sets.pps)] {
        // not 'complete' (0x80), because the samples keep theirs
        b.u8(kind).u16(u16::from(low(units.len())));
        b.all_sized(units);
    }
    b
}

// ISO/IEC 14496-1 7.2.6: descriptors of tag, length, body
fn esds<'a>(b: &'a mut Boxes, config: &[u8]) -> &'a mut Boxes {
    let config = &config[..config.len().min(64)];
    let length = low(config.len());
    b.u8(3).u8(length + 23).u16(0).u8(0);
    // 0x40: AAC; 0x15: an audio stream
    b.u8(4)
        .u8(length + 15)
        .u8(0x40)
        .u8(0x15)
        .zeros(3)
        .u32(0)
        .u32(0);
    b.u8(5).u8(length).put(config);
    b.u8(6).u8(1).u8(2)
}

/// A fragment's place on the clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FragmentTime {
    /// Its number in the file, from 1.
    pub(crate) number: u32,
    /// When its first sample was, by the least delayed sample so far, as NTP time (seconds since 1900 and 32 bits of fraction).
    pub(crate) ntp: u64,
}

/// One fragment.
#[derive(Debug)]
pub(crate) struct Fragment {
    /// The whole of it.
    pub(crate) bytes: Vec<u8>,
    /// Where in it the duration of its last sample stands, 4 bytes.
    pub(crate) last_duration: usize,
}

/// One fragment of the samples given, by track id. `runs` must not be empty, nor any run of it.
pub(crate) fn fragment(time: FragmentTime, runs: &[(u32, &[Sample])]) -> Fragment {
    let bytes: usize = runs
        .iter()
        .flat_map(|(_, run)| run.iter())
        .map(|sample| sample.data.len())
        .sum();
    let mut out = Boxes(Vec::with_capacity(bytes + 512));
    let (id, first) = (runs[0].0, runs[0].1[0].dts);
    // 8: the association of the two times is arbitrary, but the same throughout
    out.full(b"prft", 1, 8, |b| b.u32(id).u64(time.ntp).u64(first));
    out.boxed(b"free", |b| b.put(CHECKSUM).u32(0).u32(0));
    let moof = out.0.len();
    let (mut offsets, mut last_duration) = (Vec::new(), 0);
    out.boxed(b"moof", |b| {
        b.full(b"mfhd", 0, 0, |b| b.u32(time.number));
        for (id, run) in runs {
            b.boxed(b"traf", |b| {
                // 0x020000: offsets count from the moof
                b.full(b"tfhd", 0, 0x02_0000, |b| b.u32(*id));
                b.full(b"tfdt", 1, 0, |b| b.u64(run[0].dts));
                // duration, size, flags, composition offset of each sample, and the data's offset
                b.full(b"trun", 1, 0x0f01, |b| {
                    b.u32(count(run));
                    offsets.push(b.0.len());
                    b.u32(0);
                    for sample in *run {
                        last_duration = b.0.len();
                        b.u32(sample.duration)
                            .u32(u32::try_from(sample.data.len()).unwrap_or(u32::MAX));
                        b.u32(if sample.key { 0x0200_0000 } else { 0x0101_0000 })
                            .put(&sample.offset.to_be_bytes());
                    }
                    b
                })
            });
        }
        b
    });
    let mut at = out.0.len() - moof + 8;
    for (place, (_, run)) in offsets.into_iter().zip(runs) {
        let offset = u32::try_from(at).unwrap_or(u32::MAX);
        out.0[place..place + 4].copy_from_slice(&offset.to_be_bytes());
        at += run.iter().map(|sample| sample.data.len()).sum::<usize>();
    }
    out.boxed(b"mdat", |b| {
        runs.iter()
            .flat_map(|(_, run)| run.iter())
            .for_each(|sample| b.0.extend_from_slice(&sample.data));
        b
    });
    let amended = last_duration - (moof + 8);
    let sum = checksum(&out.0[moof + 8..], amended).unwrap_or_default();
    let numbers = u64::from(u32::try_from(amended).unwrap_or(u32::MAX)) << 32 | u64::from(sum);
    out.0[moof - 8..moof].copy_from_slice(&numbers.to_be_bytes());
    Fragment {
        bytes: out.0,
        last_duration,
    }
}

/// NAL units with lengths instead of start codes.
pub(crate) fn with_lengths(units: &[Bytes]) -> Vec<u8> {
    let mut out = Vec::with_capacity(units.iter().map(|unit| unit.len() + 4).sum());
    for unit in units {
        out.extend_from_slice(&u32::try_from(unit.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(unit);
    }
    out
}

fn count<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

fn low(len: usize) -> u8 {
    u8::try_from(len).expect("parameter sets are counted when they are read, AAC set-ups cut")
}

/// Boxes being written: big-endian, a box's size filled in when it ends.
#[derive(Default)]
struct Boxes(Vec<u8>);

impl Boxes {
    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn u8(&mut self, value: u8) -> &mut Self {
        self.put(&[value])
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.put(&value.to_be_bytes())
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.put(&value.to_be_bytes())
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.put(&value.to_be_bytes())
    }

    fn zeros(&mut self, n: usize) -> &mut Self {
        self.0.resize(self.0.len() + n, 0);
        self
    }

    fn matrix(&mut self) -> &mut Self {
        for row in [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000] {
            self.u32(row);
        }
        self
    }

    fn all_sized(&mut self, units: &[Bytes]) {
        for unit in units {
            let length =
                u16::try_from(unit.len()).expect("parameter sets are measured when they are read");
            self.u16(length).put(unit);
        }
    }

    fn boxed(&mut self, name: &[u8; 4], body: impl FnOnce(&mut Self) -> &mut Self) -> &mut Self {
        let start = self.0.len();
        self.u32(0).put(name);
        body(self);
        let size = u32::try_from(self.0.len() - start).unwrap_or(u32::MAX);
        self.0[start..start + 4].copy_from_slice(&size.to_be_bytes());
        self
    }

    fn full(
        &mut self,
        name: &[u8; 4],
        version: u8,
        flags: u32,
        body: impl FnOnce(&mut Self) -> &mut Self,
    ) -> &mut Self {
        self.boxed(name, |b| body(b.u32(u32::from(version) << 24 | flags)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::CloseCause;
    use crate::archive::recover::recover_file;

    #[test]
    fn a_fragment_with_zeros_in_it_is_cut_off_and_an_amended_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let sample = |n: u64| Sample {
            dts: n * 960,
            offset: 0,
            duration: 960,
            key: true,
            data: vec![7; 9_000],
        };
        let header = header(&[TrackHeader {
            kind: SampleKind::Opus { channels: 2 },
            timescale: 48_000,
            delay: 0,
        }]);
        let time = |number| FragmentTime {
            number,
            ntp: 4_000_000_000 << 32,
        };
        let first = fragment(time(1), &[(1, &[sample(0), sample(1)])]);
        let second = fragment(time(2), &[(1, &[sample(2), sample(3)])]);
        let start = header.len() + first.bytes.len();
        let amended = start + second.last_duration;
        let file = [header, first.bytes, second.bytes].concat();
        let left = |file: &[u8]| {
            let name = "20261124T015310.123Z.mp4";
            std::fs::write(folder.path().join(name), file).expect("written");
            let read = recover_file(folder.path(), name, CloseCause::Recovered, false);
            let read = read.expect("readable").expect("it holds something");
            (read.tracks[0].samples, read.bytes)
        };
        let whole = (4, file.len() as u64);
        let mut longer = file.clone();
        longer[amended] = 9;
        assert_eq!([left(&file), left(&longer)], [whole; 2]);
        for block in (start..file.len()).step_by(512) {
            let mut torn = file.clone();
            let end = file.len().min(block + 512);
            torn[block..end].fill(0);
            assert_eq!(left(&torn), (2, start as u64), "at {block}");
        }
    }
}

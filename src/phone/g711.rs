//! Owns G.711 (ITU-T G.711, 1988): 16-bit samples to A-law and µ-law octets and back.

/// A law of G.711, by which telephone sound is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// A-law: everywhere but North America and Japan.
    A,
    /// µ-law.
    Mu,
}

impl Law {
    /// Its static RTP payload type (RFC 3551).
    pub fn payload_type(self) -> u8 {
        match self {
            Law::A => 8,
            Law::Mu => 0,
        }
    }

    /// The law of a static RTP payload type.
    pub fn of_payload_type(payload_type: u8) -> Option<Self> {
        match payload_type {
            8 => Some(Law::A),
            0 => Some(Law::Mu),
            _ => None,
        }
    }

    /// One sample as an octet.
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Law::A => encode_a(sample),
            Law::Mu => encode_mu(sample),
        }
    }

    /// One octet as a sample.
    pub fn decode(self, octet: u8) -> i16 {
        match self {
            Law::A => decode_a(octet),
            Law::Mu => decode_mu(octet),
        }
    }
}

/// The segment of a magnitude: how many bits it has above `lowest`, 0 to 7.
fn segment(magnitude: i32, lowest: u32) -> u32 {
    (32 - magnitude.leading_zeros())
        .saturating_sub(lowest)
        .min(7)
}

fn encode_a(sample: i16) -> u8 {
    // 13 bits; the sign bit is set for positive values, and every second bit is turned over
    let value = i32::from(sample) >> 3;
    let (sign, magnitude) = if value >= 0 {
        (0x80, value)
    } else {
        (0x00, -value - 1)
    };
    let segment = segment(magnitude, 5);
    let step = if segment < 2 {
        magnitude >> 1
    } else {
        magnitude >> segment
    };
    let octet = sign | (segment << 4) | (step.unsigned_abs() & 0x0f);
    u8::try_from(octet).expect("8 bits") ^ 0x55
}

fn decode_a(octet: u8) -> i16 {
    let octet = octet ^ 0x55;
    let segment = u32::from(octet & 0x70) >> 4;
    let step = i32::from(octet & 0x0f) << 4;
    let magnitude = match segment {
        0 => step + 8,
        1 => step + 0x108,
        _ => (step + 0x108) << (segment - 1),
    };
    let value = if octet & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    };
    i16::try_from(value).expect("16 bits")
}

fn encode_mu(sample: i16) -> u8 {
    const BIAS: i32 = 0x84;
    const CLIP: i32 = 32_635;
    let value = i32::from(sample);
    let sign = if value < 0 { 0x80 } else { 0x00 };
    let magnitude = value.abs().min(CLIP) + BIAS;
    let segment = segment(magnitude, 8);
    let step = (magnitude >> (segment + 3)).unsigned_abs() & 0x0f;
    !u8::try_from(sign | (segment << 4) | step).expect("8 bits")
}

fn decode_mu(octet: u8) -> i16 {
    let octet = !octet;
    let step = i32::from(octet & 0x0f);
    let magnitude = (((step << 3) + 0x84) << (u32::from(octet & 0x70) >> 4)) - 0x84;
    let value = if octet & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    };
    i16::try_from(value).expect("16 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // from the tables of G.711: the smallest and the largest of each law
        assert_eq!(Law::A.encode(0), 0xd5);
        assert_eq!(Law::A.decode(0xd5), 8);
        assert_eq!(Law::A.decode(0x2a), -32_256);
        assert_eq!(Law::A.decode(0xaa), 32_256);
        assert_eq!(Law::Mu.encode(0), 0xff);
        assert_eq!(Law::Mu.decode(0xff), 0);
        assert_eq!(Law::Mu.decode(0x00), -32_124);
        assert_eq!(Law::Mu.decode(0x80), 32_124);
    }

    #[test]
    fn what_was_decoded_encodes_to_itself() {
        for octet in 0..=255 {
            assert_eq!(Law::A.encode(Law::A.decode(octet)), octet, "A {octet:#x}");
            // µ-law has two zeros
            let mu = Law::Mu.encode(Law::Mu.decode(octet));
            assert!(mu == octet || octet == 0x7f, "µ {octet:#x}");
        }
    }

    #[test]
    fn the_error_is_that_of_the_law() {
        for sample in (i16::MIN..=i16::MAX).step_by(7) {
            for law in [Law::A, Law::Mu] {
                let error = (i32::from(law.decode(law.encode(sample))) - i32::from(sample)).abs();
                let allowed = (i32::from(sample).abs() / 16).max(16);
                assert!(
                    error <= allowed || sample.unsigned_abs() > 32_256,
                    "{law:?} {sample}: {error}"
                );
            }
        }
    }
}

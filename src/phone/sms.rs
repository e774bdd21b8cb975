//! PURE: text messages as modems send them: SMS-SUBMIT in PDU mode (3GPP TS 23.040), UCS-2, long ones in parts.

use super::number::Number;
use std::fmt;
use std::fmt::Write;
use zeroize::Zeroizing;

/// 16-bit units in a message of one part: 140 octets.
const WHOLE: usize = 70;
/// … and in a part of several, beside 6 octets that say which part it is.
const PART: usize = 67;
/// Parts at most: what the notice's fields come to is far below.
const MOST: usize = 10;

/// One part, ready for `AT+CMGS`. It holds the number: redacted when shown, wiped when dropped.
pub struct Pdu {
    hex: Zeroizing<String>,
    octets: usize,
}

impl fmt::Debug for Pdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pdu(…)")
    }
}

impl Pdu {
    /// In hexadecimal digits.
    pub fn hex(&self) -> &str {
        &self.hex
    }

    /// Its octets without the service centre's address, as `AT+CMGS` wants them counted.
    pub fn octets(&self) -> usize {
        self.octets
    }
}

/// The parts of a message, in their order; none where it is longer than ten. `reference` tells the parts of one message from those
/// of another.
pub fn parts(number: &Number, text: &str, reference: u8) -> Vec<Pdu> {
    let units: Vec<u16> = text.encode_utf16().collect();
    if units.len() <= WHOLE {
        return vec![pdu(number, &units, None)];
    }
    let cut = cut(&units);
    let count = u8::try_from(cut.len()).ok();
    let count = count.filter(|_| cut.len() <= MOST);
    let numbered = count.into_iter().flat_map(|count| {
        let place = move |no| [0x05, 0x00, 0x03, reference, count, no];
        (1..=count).map(place)
    });
    cut.iter()
        .zip(numbered)
        .map(|(units, place)| pdu(number, units, Some(place)))
        .collect()
}

/// Pieces of at most [`PART`]; two units that are one character stay together.
fn cut(mut units: &[u16]) -> Vec<&[u16]> {
    let mut cut = Vec::new();
    while units.len() > PART {
        let splits = (0xd800..0xdc00).contains(&units[PART - 1]);
        let (piece, rest) = units.split_at(if splits { PART - 1 } else { PART });
        cut.push(piece);
        units = rest;
    }
    cut.push(units);
    cut
}

fn pdu(number: &Number, units: &[u16], place: Option<[u8; 6]>) -> Pdu {
    let digits = number.digits();
    let data: Vec<u8> = place
        .into_iter()
        .flatten()
        .chain(units.iter().flat_map(|unit| unit.to_be_bytes()))
        .collect();
    let octet = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
    let mut octets = Zeroizing::new(vec![
        // SMS-SUBMIT, a validity period relative to now follows; with a header in the data
        if place.is_some() { 0x51 } else { 0x11 },
        // the modem gives the message its reference
        0x00,
        octet(digits.len()),
        // a number as it is dialled, in the telephone numbering plan
        0x81,
    ]);
    octets.extend(digits.as_bytes().chunks(2).map(|pair| {
        let low = pair[0] - b'0';
        let high = pair.get(1).map_or(0x0f, |digit| digit - b'0');
        high << 4 | low
    }));
    // no protocol above, UCS-2, valid for a day
    octets.extend([0x00, 0x08, 0xa7, octet(data.len())]);
    octets.extend(data);
    // the service centre is the SIM card's
    let mut hex = Zeroizing::new(String::from("00"));
    for octet in octets.iter() {
        // writing to a string never fails
        let _ = write!(hex, "{octet:02X}");
    }
    Pdu {
        octets: octets.len(),
        hex,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number() -> Number {
        Number::new("13800138000").unwrap()
    }

    #[test]
    fn a_short_message_is_one_part() {
        let parts = parts(&number(), "您好", 7);
        assert_eq!(parts.len(), 1);
        assert_eq!(
            parts[0].hex(),
            "0011000B813108108300F00008A704".to_owned() + "60A8597D"
        );
        assert_eq!(parts[0].octets(), parts[0].hex().len() / 2 - 1);
        assert_eq!(format!("{:?}", parts[0]), "Pdu(…)");
    }

    #[test]
    fn a_long_one_is_cut_and_no_character_is() {
        let whole = "评".repeat(WHOLE);
        assert_eq!(parts(&number(), &whole, 7).len(), 1);
        // the 67th and 68th unit are one character
        let text = format!("{}😀{}", "评".repeat(66), "审".repeat(70));
        let parts = parts(&number(), &text, 7);
        assert_eq!(parts.len(), 3);
        for (part, no) in parts.iter().zip(1..) {
            assert!(part.hex().starts_with("0051"), "{}", part.hex());
            let header = format!("0500030703{no:02X}");
            assert!(part.hex().contains(&header), "{}", part.hex());
            assert!(part.octets() <= 14 + 140, "{}", part.octets());
        }
        let text: String = "评".repeat(PART * MOST + 1);
        assert!(super::parts(&number(), &text, 7).is_empty());
    }
}

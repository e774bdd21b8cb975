//! Owns what a Chinese ID number and a mobile number are, however they were typed.

use zeroize::Zeroizing;

/// Why a text is no ID number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdNumberFault {
    /// Not 17 digits and a digit or X.
    Form,
    /// The date of birth in it is none.
    BirthDate,
    /// The last character does not fit the others: mistyped.
    Checksum,
}

/// The character as it is compared: full-width forms become ASCII, letters upper case;
/// nothing for spaces, dashes, dots and everything else that is neither letter nor digit.
pub(super) fn plain(c: char) -> Option<char> {
    let c = match u32::from(c) {
        // U+FF01..FF5E are ASCII 21..7E in full width
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(c),
        _ => c,
    };
    c.is_alphanumeric().then(|| c.to_ascii_uppercase())
}

/// All of a text as it is compared.
pub(crate) fn plain_text(text: &str) -> Zeroizing<String> {
    // reserved at once: a growing string would leave copies of itself behind
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    out.extend(text.chars().filter_map(plain));
    out
}

/// The ID number in its one form: 18 characters, X in upper case (GB 11643-1999).
///
/// # Errors
/// What is wrong; never what was given.
pub fn check_id_number(text: &str) -> Result<Zeroizing<String>, IdNumberFault> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let number = plain_text(text);
    let bytes = number.as_bytes();
    let body = bytes
        .get(..17)
        .filter(|b| bytes.len() == 18 && b.iter().all(u8::is_ascii_digit));
    let body = body
        .filter(|_| bytes[17].is_ascii_digit() || bytes[17] == b'X')
        .ok_or(IdNumberFault::Form)?;
    let digits = |from: usize, to: usize| {
        body[from..to]
            .iter()
            .fold(0_i16, |n, b| n * 10 + i16::from(b - b'0'))
    };
    let (year, month, day) = (digits(6, 10), digits(10, 12), digits(12, 14));
    let date = i8::try_from(month).ok().zip(i8::try_from(day).ok());
    let is_date = date.is_some_and(|(month, day)| jiff::civil::Date::new(year, month, day).is_ok());
    if !is_date || year < 1900 {
        return Err(IdNumberFault::BirthDate);
    }
    let sum: u32 = body
        .iter()
        .zip(WEIGHTS)
        .map(|(b, w)| u32::from(b - b'0') * w)
        .sum();
    if CHECKS[(sum % 11) as usize] != bytes[17] {
        return Err(IdNumberFault::Checksum);
    }
    Ok(number)
}

/// The mobile number in its one form: 11 digits; a country code 86 is taken off.
pub fn check_mobile(text: &str) -> Option<Zeroizing<String>> {
    let typed = plain_text(text);
    let digits = match typed
        .strip_prefix("0086")
        .or_else(|| typed.strip_prefix("86"))
    {
        Some(rest) if typed.len() > 11 => rest,
        Some(_) | None => typed.as_str(),
    };
    let is_mobile = digits.len() == 11
        && digits.bytes().all(|b| b.is_ascii_digit())
        && digits.starts_with('1')
        && digits.as_bytes()[1] >= b'3';
    is_mobile.then(|| Zeroizing::new(digits.to_owned()))
}

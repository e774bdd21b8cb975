//! Owns a phone number as it is dialled: digits and nothing else, so that no number is a command to a modem or a part of an address.

use std::fmt;
use zeroize::Zeroizing;

/// 3 to 20 digits. Wiped when dropped, redacted when shown.
#[derive(Clone)]
pub struct Number(Zeroizing<String>);

impl Number {
    /// The number, as it is in the vault or in the profile; none where it is not of digits alone.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (3..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The number of a caller as networks write it: spaced, with `+86`, `0086` or `86` before it, or with the 0 that a mobile of
    /// another province has; none where it is hidden.
    pub(in crate::phone) fn of_caller(text: &str) -> Option<Self> {
        let separators = ['+', '-', '.', '(', ')', ' '];
        let digits: Zeroizing<String> = Zeroizing::new(text.replace(separators, ""));
        let is_mobile = |rest: &&str| rest.len() == 11 && rest.starts_with('1');
        let mobile = ["0086", "86", "0"]
            .iter()
            .find_map(|before| digits.strip_prefix(before).filter(is_mobile));
        Self::new(mobile.unwrap_or(&digits))
    }

    /// Whether it is this number, as the vault has it.
    pub fn is(&self, text: &str) -> bool {
        *self.0 == *text
    }

    /// The number with a line's own digits before it, such as the 9 that gets an outside line.
    pub fn after(&self, prefix: &str) -> Option<Self> {
        let mut text = Zeroizing::new(String::with_capacity(prefix.len() + self.0.len()));
        text.push_str(prefix);
        text.push_str(&self.0);
        Self::new(&text)
    }

    /// Its digits. To be given to the line, and to nobody else.
    pub(in crate::phone) fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_known_however_their_network_writes_them() {
        for written in [
            "13800138000",
            "+8613800138000",
            "008613800138000",
            "8613800138000",
            "013800138000",
            "+86 138-0013-8000",
        ] {
            let caller = Number::of_caller(written).unwrap();
            assert!(caller.is("13800138000"), "{written}");
        }
        // a fixed line keeps the 0 of its area
        assert!(Number::of_caller("08751234567").unwrap().is("08751234567"));
        for hidden in ["", "anonymous", "138x0138000", "0"] {
            assert!(Number::of_caller(hidden).is_none(), "{hidden}");
        }
    }

    #[test]
    fn only_digits_are_a_number() {
        for wrong in [
            "",
            "12",
            "+8613800138000",
            "13800138000;ATH",
            "138 0013 8000",
            "138,1",
            "13800138000\r",
            "١٢٣٤",
            "p123",
            "123456789012345678901",
        ] {
            assert!(Number::new(wrong).is_none(), "{wrong}");
        }
        let number = Number::new("13800138000").unwrap();
        assert_eq!(number.after("9").unwrap().digits(), "913800138000");
        assert!(number.after("9,").is_none());
        assert_eq!(format!("{number:?}"), "Number(…)");
    }
}

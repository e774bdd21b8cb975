//! Owns whether a free text names somebody: what people write in notes must not carry a name,
//! a phone number or an ID number, however it is spaced, widened or spelt out.

use super::numbers::{plain, plain_text};
use super::person::Person;
use zeroize::Zeroizing;

/// This many last digits of a number give its owner away too.
const TAIL: usize = 8;

/// A text made ready to be compared with many people.
pub(super) struct Haystack {
    letters: Zeroizing<String>,
    digits: Zeroizing<String>,
}

impl Haystack {
    pub(super) fn new(text: &str) -> Self {
        let mut digits = Zeroizing::new(String::with_capacity(text.len()));
        digits.extend(text.chars().map(digit).filter_map(plain));
        Self {
            letters: plain_text(text),
            digits,
        }
    }

    /// Whether the text contains the person's name (or a part of a name that is written with a
    /// middle dot), his phone or ID number, or the last digits of one.
    pub(super) fn names(&self, person: &Person) -> bool {
        let whole = plain_text(&person.name);
        let parts = person
            .name
            .split(['·', '•', '・', '．', '.'])
            .map(plain_text);
        let named = std::iter::once(whole)
            .chain(parts)
            .any(|name| name.chars().count() >= 2 && self.letters.contains(name.as_str()));
        named || self.has_number(&person.phone) || self.has_number(&person.id_number)
    }

    fn has_number(&self, number: &str) -> bool {
        let number = plain_text(number);
        let tail = number
            .len()
            .checked_sub(TAIL)
            .and_then(|from| number.get(from..));
        tail.is_some_and(|tail| self.digits.contains(tail))
    }
}

/// Digits that are written in Chinese, on banknotes, or in circles, as digits.
fn digit(c: char) -> char {
    match c {
        '〇' | '零' | '○' => '0',
        '一' | '壹' | '幺' | '①' => '1',
        '二' | '贰' | '两' | '②' => '2',
        '三' | '叁' | '③' => '3',
        '四' | '肆' | '④' => '4',
        '五' | '伍' | '⑤' => '5',
        '六' | '陆' | '⑥' => '6',
        '七' | '柒' | '拐' | '⑦' => '7',
        '八' | '捌' | '⑧' => '8',
        '九' | '玖' | '勾' | '⑨' => '9',
        other => other,
    }
}

//! Owns the section `[call_out]`: when experts are drawn, how they are called, and what counts as unusual silence.

use super::document::{Section, Wrong};
use super::values::{Share, SpanOrOff};
use crate::room::{CallOutPolicies, Span};

/// Digits of a phone as the notice reads it out: an extension at least, a number with its area code at most.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 3..=12;

pub(super) fn call_out(mut s: Section<'_>) -> Option<CallOutPolicies> {
    let default = CallOutPolicies::default();
    let (second, hour) = (Span::seconds(1), Span::hours(1));
    let attempts = s.within("attempts", default.attempts, 1, 9);
    let spacing = s.within("spacing", default.spacing, second, hour);
    let soon = s.within("soon", default.soon, second, hour);
    let spare = s.within("spare", default.spare, 0, 5);
    let share = Share(default.unanswered.0, default.unanswered.1);
    let unanswered = s.or("unanswered", share).map(|s| (s.0, s.1));
    let line_rest = s.within("line_rest", default.line_rest, second, hour);
    let complete_before = s.within(
        "complete_before",
        default.complete_before,
        Span::ZERO,
        Span::hours(24 * 7),
    );
    let earliest = s.or("earliest", SpanOrOff(default.earliest)).map(|e| e.0);
    let look_back_years = s.within("look_back_years", default.look_back_years, 0, 20);
    let terminal_phone = terminal_phone(&mut s);
    s.close();
    Some(CallOutPolicies {
        attempts: attempts?,
        spacing: spacing?,
        soon: soon?,
        spare: spare?,
        unanswered: unanswered?,
        line_rest: line_rest?,
        complete_before: complete_before?,
        earliest: earliest?,
        look_back_years: look_back_years?,
        terminal_phone: terminal_phone?,
    })
}

/// The outer option is none where the value is wrong.
fn terminal_phone(s: &mut Section<'_>) -> Option<Option<String>> {
    if !s.has("terminal_phone") {
        return Some(None);
    }
    let phone = s.required::<String>("terminal_phone", "\"08751234567\"")?;
    let digits = phone.value.bytes().all(|b| b.is_ascii_digit());
    if digits && PHONE_DIGITS.contains(&phone.value.len()) {
        return Some(Some(phone.value));
    }
    let wrong = Wrong {
        what: text!(
            "不是可播报的电话号码",
            "not a phone number that can be read out"
        ),
        allowed: text!("3 至 12 位数字", "3 to 12 digits"),
        remedy: text!(
            "写终端的值班电话，如 \"08751234567\"，不要写个人号码",
            "give the terminal's phone, for example \"08751234567\", never a person's"
        ),
    };
    s.fault("terminal_phone", phone.offset, wrong);
    None
}

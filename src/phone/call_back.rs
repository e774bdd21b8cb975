//! PURE: what is said to somebody who calls us, and what his keys mean. No sound, no clock, no line.
//!
//! ```text
//! call back ──9──► confirm ──9──► journalled ──► thanks, hang up
//!     ▲               └── * ──┘ ; silence: said again, once; then 'your place is kept'
//! a stranger ──► 'nobody takes calls here', hang up
//! ```
//!
//! 9 is far from the 1 and 2 of the notice: who confirms from habit withdraws nothing.

use super::dialogue::{Act, DOUBLED, Heard, Piece};
use crate::room::{CallEnd, Key, Script};
use std::time::Duration;

/// How often silence has a piece said again.
const REPEATS: u8 = 1;
/// How often `*` does.
const ASKED_REPEATS: u8 = 5;

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not answered yet.
    Waiting,
    /// He hears that he has a place, and how to give it up.
    Told { repeats: u8 },
    /// 9 was pressed, and waits for the second one.
    Confirm { repeats: u8 },
    /// The withdrawal is being journalled.
    Keeping,
    /// The last words.
    Parting { end: CallEnd },
    /// Over.
    Over,
}

/// A dialogue with somebody who calls.
#[derive(Debug)]
pub struct CallBack {
    known: bool,
    state: State,
    asked: u8,
    last_key: Option<(Key, Duration)>,
}

impl CallBack {
    /// Before he is answered; whoever is not known by [`Script::CallBack`] is a stranger.
    pub fn new(script: Script) -> Self {
        Self {
            known: script == Script::CallBack,
            state: State::Waiting,
            asked: 0,
            last_key: None,
        }
    }

    /// Takes what happened; gives what is to be done, in this order.
    pub fn take(&mut self, heard: Heard) -> Vec<Act> {
        match (heard, self.state) {
            (Heard::Answered, State::Waiting) if self.known => {
                self.state = State::Told { repeats: 0 };
                vec![Act::Say(Piece::CallBack)]
            }
            (Heard::Answered, State::Waiting) => self.part(Piece::NoCalls),
            (Heard::Key(key, at), _) => self.key(key, at),
            (Heard::Said, State::Parting { end }) => {
                self.state = State::Over;
                vec![Act::End(end)]
            }
            (Heard::Silence, State::Told { repeats }) if repeats < REPEATS => {
                let repeats = repeats + 1;
                self.state = State::Told { repeats };
                vec![Act::Say(Piece::CallBack)]
            }
            (Heard::Silence, State::Confirm { repeats }) if repeats < REPEATS => {
                let repeats = repeats + 1;
                self.state = State::Confirm { repeats };
                vec![Act::Say(Piece::ConfirmWithdraws)]
            }
            (Heard::Silence, State::Told { .. } | State::Confirm { .. }) => {
                self.part(Piece::KeepsPlace)
            }
            (Heard::Kept { .. }, State::Keeping) => self.part(Piece::ThanksWithdraws),
            (Heard::NotKept, State::Keeping) => self.part(Piece::NotWithdrawn),
            (
                Heard::Answered
                | Heard::Said
                | Heard::Silence
                | Heard::Kept { .. }
                | Heard::NotKept
                | Heard::Released,
                _,
            ) => Vec::new(),
        }
    }

    fn key(&mut self, key: Key, at: Duration) -> Vec<Act> {
        let doubled = self
            .last_key
            .is_some_and(|(last, when)| last == key && at.saturating_sub(when) < DOUBLED);
        self.last_key = Some((key, at));
        match self.state {
            State::Told { .. } if key == Key::NINE && !doubled => {
                self.state = State::Confirm { repeats: 0 };
                vec![Act::Chosen(key), Act::Say(Piece::ConfirmWithdraws)]
            }
            State::Confirm { .. } if key == Key::NINE && !doubled => {
                self.state = State::Keeping;
                vec![Act::Chosen(key), Act::Withdraw]
            }
            State::Told { .. } | State::Confirm { .. }
                if key == Key::STAR && !doubled && self.asked < ASKED_REPEATS =>
            {
                self.asked += 1;
                self.state = State::Told { repeats: 0 };
                vec![Act::Idle(key), Act::Say(Piece::CallBack)]
            }
            State::Waiting
            | State::Told { .. }
            | State::Confirm { .. }
            | State::Keeping
            | State::Parting { .. }
            | State::Over => vec![Act::Idle(key)],
        }
    }

    fn part(&mut self, words: Piece) -> Vec<Act> {
        let end = CallEnd::Reached;
        self.state = State::Parting { end };
        vec![Act::Say(words)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a call: keys as they are, `.` for what was said to its end and then silence, `k` and `x` for what the journal
    /// says, `|` for the end of a piece alone.
    fn play(script: Script, line: &str) -> String {
        let mut dialogue = CallBack::new(script);
        let mut acts = dialogue.take(Heard::Answered);
        for (n, sign) in line.chars().enumerate() {
            let at = Duration::from_secs(u64::try_from(n).unwrap());
            let heard: Vec<Heard> = match sign {
                '.' => vec![Heard::Said, Heard::Silence],
                '|' => vec![Heard::Said],
                'k' => vec![Heard::Kept { placed: true }],
                'x' => vec![Heard::NotKept],
                key => vec![Heard::Key(Key::new(key).unwrap(), at)],
            };
            acts.extend(heard.into_iter().flat_map(|h| dialogue.take(h)));
        }
        let names = acts.iter().map(|act| match act {
            Act::Say(piece) => format!("{piece:?}"),
            Act::Chosen(key) => key.to_string(),
            Act::Idle(key) => format!("({key})"),
            Act::Withdraw => "withdraw".to_owned(),
            Act::Keep(_) => "keep".to_owned(),
            Act::End(end) => format!("{end}."),
        });
        names.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn nine_twice_withdraws_and_is_told_only_once_it_is_kept() {
        let known = |line| play(Script::CallBack, line);
        assert_eq!(known("99"), "CallBack 9 ConfirmWithdraws 9 withdraw");
        assert_eq!(
            known("99k|"),
            "CallBack 9 ConfirmWithdraws 9 withdraw ThanksWithdraws reached."
        );
        assert_eq!(
            known("99x|"),
            "CallBack 9 ConfirmWithdraws 9 withdraw NotWithdrawn reached."
        );
    }

    #[test]
    fn whatever_else_is_pressed_changes_nothing() {
        // all sequences of five of these
        let signs = ['1', '2', '9', '*', '.'];
        let mut lines = vec![String::new()];
        for _ in 0..5 {
            lines = lines
                .iter()
                .flat_map(|l| signs.iter().map(move |s| format!("{l}{s}")))
                .collect();
        }
        for line in lines {
            // 9, and 9 again before * takes it back or three silences end it
            let (mut chosen, mut silences, mut expected) = (false, 0, false);
            for sign in line.chars() {
                match sign {
                    '9' if chosen => expected = true,
                    '9' => (chosen, silences) = (true, 0),
                    '*' => (chosen, silences) = (false, 0),
                    '.' => silences += 1,
                    _ => {}
                }
                if expected || silences > 1 {
                    break;
                }
            }
            let played = play(Script::CallBack, &line);
            assert_eq!(played.contains("withdraw"), expected, "{line}: {played}");
        }
        assert_eq!(
            play(Script::CallBack, "..|"),
            "CallBack CallBack KeepsPlace reached."
        );
    }

    #[test]
    fn a_doubled_key_confirms_nothing() {
        let mut dialogue = CallBack::new(Script::CallBack);
        dialogue.take(Heard::Answered);
        dialogue.take(Heard::Key(Key::NINE, Duration::from_millis(3_000)));
        let acts = dialogue.take(Heard::Key(Key::NINE, Duration::from_millis(3_200)));
        assert_eq!(acts, [Act::Idle(Key::NINE)]);
    }

    #[test]
    fn a_stranger_hears_one_sentence_and_his_keys_say_nothing() {
        assert_eq!(play(Script::NoCalls, "99|"), "NoCalls (9) (9) reached.");
    }
}

//! PURE: what is said to a callee, and what his keys mean. No sound, no clock, no line.
//!
//! ```text
//! notice ──1──► confirm attends ──1──► journalled ──► thanks, hang up
//!   ▲  └──2──► confirm declines ──2──► journalled ──► thanks, hang up
//!   └──────*── (from anywhere before) ; silence: said again, twice; then 'no key'
//! ```

use crate::room::{Answer, CallEnd, Key, Script};
use std::time::Duration;

/// After a piece is said, it is waited so long for a key until it is said again.
pub const WAITS: Duration = Duration::from_secs(6);
/// How often silence has a piece said again.
const REPEATS: u8 = 2;
/// How often `*` does.
const ASKED_REPEATS: u8 = 5;
/// A second press so soon after the first is the first one doubled: by a worn key, or by the line.
pub(super) const DOUBLED: Duration = Duration::from_millis(400);

/// A piece of speech.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Piece {
    /// Greeting, place, time, duration, and which keys to press.
    Notice,
    /// Nothing was pressed; the notice once more.
    NoticeAgain,
    /// 1 was pressed: press it again.
    ConfirmAttends,
    /// 2 was pressed: press it again.
    ConfirmDeclines,
    /// He will come.
    ThanksAttends,
    /// He will not.
    ThanksDeclines,
    /// No key was confirmed.
    Goodbye,
    /// The committee is complete.
    Released,
    /// A fault of ours keeps his answer from being kept; he will be called again.
    Sorry,
    /// To somebody who calls back: he has a place, and how to give it up.
    CallBack,
    /// 9 was pressed: press it again.
    ConfirmWithdraws,
    /// He has withdrawn.
    ThanksWithdraws,
    /// His withdrawal could not be kept.
    NotWithdrawn,
    /// He did not withdraw.
    KeepsPlace,
    /// To any other caller.
    NoCalls,
}

impl Piece {
    /// All of them.
    pub const ALL: [Piece; 15] = [
        Piece::Notice,
        Piece::NoticeAgain,
        Piece::ConfirmAttends,
        Piece::ConfirmDeclines,
        Piece::ThanksAttends,
        Piece::ThanksDeclines,
        Piece::Goodbye,
        Piece::Released,
        Piece::Sorry,
        Piece::CallBack,
        Piece::ConfirmWithdraws,
        Piece::ThanksWithdraws,
        Piece::NotWithdrawn,
        Piece::KeepsPlace,
        Piece::NoCalls,
    ];
}

/// What happens in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Somebody answered.
    Answered,
    /// A key was pressed, and when since the call was answered.
    Key(Key, Duration),
    /// The piece was said to its end.
    Said,
    /// [`WAITS`] passed since.
    Silence,
    /// The answer is in the journal; whether there is still a place for him.
    Kept {
        /// There is one, or he wants none.
        placed: bool,
    },
    /// The committee became complete meanwhile: whoever has not confirmed is thanked.
    Released,
    /// The journal did not take it.
    NotKept,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Say this from its beginning, whatever is being said.
    Say(Piece),
    /// Report a key that waits for its confirmation.
    Chosen(Key),
    /// Report a key that says nothing here.
    Idle(Key),
    /// Journal the answer, then come back with [`Heard::Kept`] or [`Heard::NotKept`]; be silent meanwhile.
    Keep(Answer),
    /// Journal that he withdraws, then come back as with [`Act::Keep`].
    Withdraw,
    /// Hang up.
    End(CallEnd),
}

/// Where a dialogue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nobody answered yet.
    Waiting,
    /// The notice is being said, or was.
    Notice { repeats: u8 },
    /// A key waits for its confirmation.
    Confirm { answer: Answer, repeats: u8 },
    /// The answer is being journalled.
    Keeping { answer: Answer },
    /// The last words.
    Parting { end: CallEnd },
    /// Over.
    Over,
}

/// A dialogue with one callee.
#[derive(Debug)]
pub struct Dialogue {
    script: Script,
    state: State,
    asked: u8,
    last_key: Option<(Key, Duration)>,
}

impl Dialogue {
    /// Before anybody answers.
    pub fn new(script: Script) -> Self {
        Self {
            script,
            state: State::Waiting,
            asked: 0,
            last_key: None,
        }
    }

    /// Takes what happened; gives what is to be done, in this order.
    pub fn take(&mut self, heard: Heard) -> Vec<Act> {
        match heard {
            Heard::Answered => self.answered(),
            Heard::Key(key, at) => self.key(key, at),
            Heard::Said => match self.state {
                State::Parting { end } => self.end(end),
                State::Waiting
                | State::Notice { .. }
                | State::Confirm { .. }
                | State::Keeping { .. }
                | State::Over => Vec::new(),
            },
            Heard::Silence => self.silence(),
            Heard::Kept { placed } => match self.state {
                State::Keeping { answer } => {
                    let thanks = match answer {
                        Answer::Attends if placed => Piece::ThanksAttends,
                        Answer::Attends => Piece::Released,
                        Answer::Declines => Piece::ThanksDeclines,
                    };
                    self.part(thanks, CallEnd::Confirmed(answer))
                }
                State::Waiting
                | State::Notice { .. }
                | State::Confirm { .. }
                | State::Parting { .. }
                | State::Over => Vec::new(),
            },
            Heard::Released => match self.state {
                State::Waiting => {
                    self.script = Script::Thanks;
                    Vec::new()
                }
                State::Notice { .. } | State::Confirm { .. } => {
                    self.part(Piece::Released, CallEnd::Reached)
                }
                State::Keeping { .. } | State::Parting { .. } | State::Over => Vec::new(),
            },
            Heard::NotKept => match self.state {
                State::Keeping { .. } => self.part(
                    Piece::Sorry,
                    CallEnd::LineFault(crate::room::LineFault::Software),
                ),
                State::Waiting
                | State::Notice { .. }
                | State::Confirm { .. }
                | State::Parting { .. }
                | State::Over => Vec::new(),
            },
        }
    }

    fn answered(&mut self) -> Vec<Act> {
        if self.state != State::Waiting {
            return Vec::new();
        }
        match self.script {
            Script::Notice => {
                self.state = State::Notice { repeats: 0 };
                vec![Act::Say(Piece::Notice)]
            }
            Script::Thanks => self.part(Piece::Released, CallEnd::Reached),
            // those who call have a dialogue of their own
            Script::Probe | Script::CallBack | Script::NoCalls => self.end(CallEnd::Reached),
        }
    }

    fn key(&mut self, key: Key, at: Duration) -> Vec<Act> {
        let doubled = self
            .last_key
            .is_some_and(|(last, when)| last == key && at.saturating_sub(when) < DOUBLED);
        self.last_key = Some((key, at));
        let idle = vec![Act::Idle(key)];
        if doubled {
            return idle;
        }
        match (self.state, answer_of(key)) {
            (State::Notice { .. }, Some(answer)) => {
                self.state = State::Confirm { answer, repeats: 0 };
                vec![Act::Chosen(key), Act::Say(confirmation(answer))]
            }
            (State::Confirm { answer, .. }, Some(again)) if answer == again => {
                self.state = State::Keeping { answer };
                vec![Act::Chosen(key), Act::Keep(answer)]
            }
            (State::Notice { .. } | State::Confirm { .. }, None)
                if key == Key::STAR && self.asked < ASKED_REPEATS =>
            {
                self.asked += 1;
                self.state = State::Notice { repeats: 0 };
                vec![Act::Idle(key), Act::Say(Piece::Notice)]
            }
            // the first key holds until it is confirmed or taken back by *: he hears again what he chose
            (State::Confirm { answer, .. }, Some(_)) => {
                vec![Act::Idle(key), Act::Say(confirmation(answer))]
            }
            _ => idle,
        }
    }

    fn silence(&mut self) -> Vec<Act> {
        match self.state {
            State::Notice { repeats } if repeats < REPEATS => {
                self.state = State::Notice {
                    repeats: repeats + 1,
                };
                vec![Act::Say(Piece::NoticeAgain)]
            }
            State::Confirm { answer, repeats } if repeats < REPEATS => {
                let repeats = repeats + 1;
                self.state = State::Confirm { answer, repeats };
                vec![Act::Say(confirmation(answer))]
            }
            State::Notice { .. } | State::Confirm { .. } => {
                self.part(Piece::Goodbye, CallEnd::NoKey)
            }
            State::Waiting | State::Keeping { .. } | State::Parting { .. } | State::Over => {
                Vec::new()
            }
        }
    }

    fn part(&mut self, words: Piece, end: CallEnd) -> Vec<Act> {
        self.state = State::Parting { end };
        vec![Act::Say(words)]
    }

    fn end(&mut self, end: CallEnd) -> Vec<Act> {
        self.state = State::Over;
        vec![Act::End(end)]
    }

    /// What it has come to already, whatever becomes of the call; none while nothing is settled.
    pub fn kept(&self) -> Option<CallEnd> {
        match self.state {
            State::Parting { end } => Some(end),
            State::Waiting
            | State::Notice { .. }
            | State::Confirm { .. }
            | State::Keeping { .. }
            | State::Over => None,
        }
    }
}

fn answer_of(key: Key) -> Option<Answer> {
    match key {
        Key::ONE => Some(Answer::Attends),
        Key::TWO => Some(Answer::Declines),
        _ => None,
    }
}

fn confirmation(answer: Answer) -> Piece {
    match answer {
        Answer::Attends => Piece::ConfirmAttends,
        Answer::Declines => Piece::ConfirmDeclines,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::LineFault;

    /// Plays a call: keys as they are, `.` for what was said to its end and then silence, `k`, `l` and `x` for what the journal says
    /// (kept, kept too late for a place, not kept), `r` for a committee that became complete,
    /// `|` for the end of a piece alone. Gives the acts in short.
    fn play(script: Script, line: &str) -> (Vec<String>, Dialogue) {
        let mut dialogue = Dialogue::new(script);
        let mut acts = dialogue.take(Heard::Answered);
        for (n, sign) in line.chars().enumerate() {
            let at = Duration::from_secs(u64::try_from(n).unwrap());
            let heard: Vec<Heard> = match sign {
                '.' => vec![Heard::Said, Heard::Silence],
                '|' => vec![Heard::Said],
                'k' => vec![Heard::Kept { placed: true }],
                'l' => vec![Heard::Kept { placed: false }],
                'r' => vec![Heard::Released],
                'x' => vec![Heard::NotKept],
                key => vec![Heard::Key(Key::new(key).unwrap(), at)],
            };
            acts.extend(heard.into_iter().flat_map(|h| dialogue.take(h)));
        }
        (
            acts.iter().map(|act| format!("{act:?}")).collect(),
            dialogue,
        )
    }

    #[track_caller]
    fn check(line: &str, acts: &[&str]) {
        let (played, _) = play(Script::Notice, line);
        assert_eq!(played, acts, "{line}");
    }

    #[test]
    fn one_then_one_attends_and_two_then_two_declines() {
        check(
            "11k|",
            &[
                "Say(Notice)",
                "Chosen(Key(49))",
                "Say(ConfirmAttends)",
                "Chosen(Key(49))",
                "Keep(Attends)",
                "Say(ThanksAttends)",
                "End(Confirmed(Attends))",
            ],
        );
        check(
            "22k|",
            &[
                "Say(Notice)",
                "Chosen(Key(50))",
                "Say(ConfirmDeclines)",
                "Chosen(Key(50))",
                "Keep(Declines)",
                "Say(ThanksDeclines)",
                "End(Confirmed(Declines))",
            ],
        );
    }

    #[test]
    fn silence_and_other_keys_repeat_twice_then_end() {
        check(
            "...|",
            &[
                "Say(Notice)",
                "Say(NoticeAgain)",
                "Say(NoticeAgain)",
                "Say(Goodbye)",
                "End(NoKey)",
            ],
        );
        check("5", &["Say(Notice)", "Idle(Key(53))"]);
        check(
            "1...|",
            &[
                "Say(Notice)",
                "Chosen(Key(49))",
                "Say(ConfirmAttends)",
                "Say(ConfirmAttends)",
                "Say(ConfirmAttends)",
                "Say(Goodbye)",
                "End(NoKey)",
            ],
        );
    }

    #[test]
    fn another_key_does_not_change_the_choice_but_star_does() {
        check(
            "121k",
            &[
                "Say(Notice)",
                "Chosen(Key(49))",
                "Say(ConfirmAttends)",
                "Idle(Key(50))",
                "Say(ConfirmAttends)",
                "Chosen(Key(49))",
                "Keep(Attends)",
                "Say(ThanksAttends)",
            ],
        );
        check(
            "1*22k",
            &[
                "Say(Notice)",
                "Chosen(Key(49))",
                "Say(ConfirmAttends)",
                "Idle(Key(42))",
                "Say(Notice)",
                "Chosen(Key(50))",
                "Say(ConfirmDeclines)",
                "Chosen(Key(50))",
                "Keep(Declines)",
                "Say(ThanksDeclines)",
            ],
        );
    }

    #[test]
    fn a_doubled_key_confirms_nothing() {
        let mut dialogue = Dialogue::new(Script::Notice);
        dialogue.take(Heard::Answered);
        dialogue.take(Heard::Key(Key::ONE, Duration::from_millis(3_000)));
        let acts = dialogue.take(Heard::Key(Key::ONE, Duration::from_millis(3_200)));
        assert_eq!(acts, [Act::Idle(Key::ONE)]);
        let acts = dialogue.take(Heard::Key(Key::ONE, Duration::from_millis(3_900)));
        assert_eq!(acts, [Act::Chosen(Key::ONE), Act::Keep(Answer::Attends)]);
    }

    #[test]
    fn an_answer_counts_only_once_it_is_kept() {
        let (_, dialogue) = play(Script::Notice, "11");
        assert_eq!(dialogue.kept(), None, "the journal has not said yet");
        let (_, dialogue) = play(Script::Notice, "11k");
        assert_eq!(
            dialogue.kept(),
            Some(CallEnd::Confirmed(Answer::Attends)),
            "during the thanks"
        );
        let (acts, _) = play(Script::Notice, "11x|");
        let lost = CallEnd::LineFault(LineFault::Software);
        assert_eq!(acts.last().unwrap(), &format!("{:?}", Act::End(lost)));
    }

    /// What keys and silences come to, said again in another way.
    fn model(line: &str) -> Option<Answer> {
        let (mut chosen, mut silences) = (None, 0);
        for sign in line.chars() {
            let answer = match sign {
                '1' => Answer::Attends,
                '2' => Answer::Declines,
                '*' => {
                    (chosen, silences) = (None, 0);
                    continue;
                }
                '.' => {
                    silences += 1;
                    if silences == 3 {
                        return None;
                    }
                    continue;
                }
                _ => continue,
            };
            match chosen {
                None => (chosen, silences) = (Some(answer), 0),
                Some(first) if first == answer => return Some(answer),
                Some(_) => {}
            }
        }
        None
    }

    #[test]
    fn only_a_confirmed_key_is_an_answer_whatever_is_pressed() {
        // all sequences of up to six of these
        let signs = ['1', '2', '*', '7', '.'];
        let mut lines = vec![String::new()];
        for _ in 0..6 {
            lines = lines
                .iter()
                .flat_map(|l| signs.iter().map(move |s| format!("{l}{s}")))
                .collect();
            for line in &lines {
                let (acts, _) = play(Script::Notice, line);
                let kept: Vec<&String> = acts.iter().filter(|a| a.starts_with("Keep")).collect();
                let model: Vec<String> = model(line)
                    .map(|a| format!("Keep({a:?})"))
                    .into_iter()
                    .collect();
                assert_eq!(kept, model.iter().collect::<Vec<_>>(), "{line}: {acts:?}");
            }
        }
    }

    #[test]
    fn whoever_gets_no_place_any_more_is_thanked() {
        let (acts, dialogue) = play(Script::Notice, "11l");
        assert_eq!(acts.last().unwrap(), "Say(Released)");
        assert_eq!(dialogue.kept(), Some(CallEnd::Confirmed(Answer::Attends)));
        check(
            "1r|",
            &[
                "Say(Notice)",
                "Chosen(Key(49))",
                "Say(ConfirmAttends)",
                "Say(Released)",
                "End(Reached)",
            ],
        );
        let (acts, _) = play(Script::Notice, "11rk");
        assert_eq!(
            acts.last().unwrap(),
            "Say(ThanksAttends)",
            "what he confirmed counts"
        );
        let mut ringing = Dialogue::new(Script::Notice);
        assert_eq!(ringing.take(Heard::Released), []);
        assert_eq!(ringing.take(Heard::Answered), [Act::Say(Piece::Released)]);
    }

    #[test]
    fn thanks_and_probes_need_no_key() {
        let (acts, _) = play(Script::Thanks, "|");
        assert_eq!(acts, ["Say(Released)", "End(Reached)"]);
        let (acts, _) = play(Script::Probe, "");
        assert_eq!(acts, ["End(Reached)"]);
    }
}

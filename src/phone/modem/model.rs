//! Owns what differs between modems: how sound and keys are switched on, and how they tell of calls and keys.
//! (Quectel EC2x AT Commands Manual, EC2x Audio Design; SIMCom SIM7500/SIM7600 AT Command Manual.)

use crate::room::Key;

/// A modem whose commands are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// Quectel EC20 and EC25.
    QuectelEc25,
    /// SIMCom SIM7600.
    SimcomSim7600,
}

/// What a modem says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::phone) enum Notice {
    /// The other side's phone rings.
    Alerting,
    /// The call was answered.
    Connected,
    /// There is no call any more.
    Released,
    /// The other side is busy.
    Busy,
    /// Nobody answered.
    NoAnswer,
    /// The call ended, or did not come about.
    NoCarrier,
    /// A key was heard.
    Key(Key),
    /// Somebody calls.
    Ring,
}

impl Model {
    /// What is switched on once, after the start.
    pub(in crate::phone) fn prepare(self) -> &'static [&'static str] {
        match self {
            Model::QuectelEc25 => &["AT+CLIP=1", "AT+QINDCFG=\"ccinfo\",1,0", "AT+QTONEDET=1"],
            Model::SimcomSim7600 => &["AT+CLIP=1", "AT+DDET=1"],
        }
    }

    /// Asks how often the PIN may still be tried.
    pub(in crate::phone) fn pin_tries(self) -> &'static str {
        match self {
            Model::QuectelEc25 => "AT+QPINC=\"SC\"",
            Model::SimcomSim7600 => "AT+SPIC",
        }
    }

    /// How often it may: `+QPINC: "SC",3,10`, or `+SPIC: 3,10,0,10`.
    pub(in crate::phone) fn tries_left(self, line: &str) -> Option<u8> {
        let (_, fields) = line.split_once(':')?;
        let place = match self {
            Model::QuectelEc25 => 1,
            Model::SimcomSim7600 => 0,
        };
        fields.split(',').nth(place)?.trim().parse().ok()
    }

    /// Sound on; once the call is answered (a SIM7600 refuses it before).
    pub(in crate::phone) fn sound_on(self) -> &'static str {
        match self {
            Model::QuectelEc25 => "AT+QPCMV=1,0",
            Model::SimcomSim7600 => "AT+CPCMREG=1",
        }
    }

    /// Sound off.
    pub(in crate::phone) fn sound_off(self) -> &'static str {
        match self {
            Model::QuectelEc25 => "AT+QPCMV=0",
            Model::SimcomSim7600 => "AT+CPCMREG=0",
        }
    }

    /// What a line says that no command asked for.
    pub(in crate::phone) fn notice(self, line: &str) -> Option<Notice> {
        match line {
            "BUSY" => return Some(Notice::Busy),
            "NO ANSWER" => return Some(Notice::NoAnswer),
            "NO CARRIER" => return Some(Notice::NoCarrier),
            "RING" => return Some(Notice::Ring),
            _ => {}
        }
        match self {
            Model::QuectelEc25 => {
                if let Some(code) = line.strip_prefix("+QTONEDET:") {
                    // the key's ASCII code, in decimal
                    let code = code.trim().parse::<u8>().ok()?;
                    return Key::new(char::from(code)).map(Notice::Key);
                }
                let fields: Vec<&str> = line
                    .strip_prefix("+QIND: \"ccinfo\",")?
                    .split(',')
                    .map(str::trim)
                    .collect();
                // index, direction, state, mode: only our own voice call
                let (direction, state, mode) = (fields.get(1)?, fields.get(2)?, fields.get(3)?);
                match (*direction, *state, *mode) {
                    ("0", "3", "0") => Some(Notice::Alerting),
                    ("0", "0", "0") => Some(Notice::Connected),
                    ("0", "-1", "0") => Some(Notice::Released),
                    _ => None,
                }
            }
            Model::SimcomSim7600 => {
                if let Some(sign) = line.strip_prefix("+RXDTMF:") {
                    return Key::new(sign.trim().chars().next()?).map(Notice::Key);
                }
                match line {
                    "VOICE CALL: BEGIN" => Some(Notice::Connected),
                    _ => line
                        .starts_with("VOICE CALL: END")
                        .then_some(Notice::Released),
                }
            }
        }
    }
}

/// The number in `+CLIP: "138…",129,…`; empty where the network hides it.
pub(in crate::phone) fn caller(line: &str) -> Option<&str> {
    let number = line.strip_prefix("+CLIP:")?.split(',').next()?;
    Some(number.trim().trim_matches('"'))
}

/// A voice call's state in `+CLCC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::phone) enum CallState {
    /// Answered.
    Active,
    /// Not yet.
    Dialling,
    /// The other side rings.
    Alerting,
}

/// Our outgoing voice call among the rows of `+CLCC`: an EC25 lists data connections as active calls, too.
pub(in crate::phone) fn our_call(rows: &[String]) -> Option<CallState> {
    rows.iter().find_map(|row| {
        let fields: Vec<&str> = row
            .strip_prefix("+CLCC:")?
            .split(',')
            .map(str::trim)
            .collect();
        let (direction, state, mode) = (fields.get(1)?, fields.get(2)?, fields.get(3)?);
        match (*direction, *state, *mode) {
            ("0", "0" | "1", "0") => Some(CallState::Active),
            ("0", "2", "0") => Some(CallState::Dialling),
            ("0", "3", "0") => Some(CallState::Alerting),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_both() {
        assert_eq!(
            Model::QuectelEc25.notice("+QTONEDET: 49"),
            Some(Notice::Key(Key::ONE))
        );
        assert_eq!(
            Model::QuectelEc25.notice("+QTONEDET: 42"),
            Some(Notice::Key(Key::STAR))
        );
        assert_eq!(
            Model::SimcomSim7600.notice("+RXDTMF: 2"),
            Some(Notice::Key(Key::TWO))
        );
        assert_eq!(Model::QuectelEc25.notice("+QTONEDET: 300"), None);
    }

    #[test]
    fn callers() {
        let line = "+CLIP: \"+8613800138003\",145,,,,0";
        assert_eq!(caller(line), Some("+8613800138003"));
        assert_eq!(caller("+CLIP: \"\",128"), Some(""));
        assert_eq!(caller("RING"), None);
    }

    #[test]
    fn tries_of_the_pin() {
        let quectel = Model::QuectelEc25.tries_left("+QPINC: \"SC\",2,10");
        let simcom = Model::SimcomSim7600.tries_left("+SPIC: 3,10,0,10");
        assert_eq!((quectel, simcom), (Some(2), Some(3)));
        assert_eq!(Model::QuectelEc25.tries_left("+QPINC: "), None);
    }

    #[test]
    fn calls_of_both() {
        let quectel = |line| Model::QuectelEc25.notice(line);
        assert_eq!(
            quectel("+QIND: \"ccinfo\",1,0,3,0,0,\"138\",129"),
            Some(Notice::Alerting)
        );
        assert_eq!(
            quectel("+QIND: \"ccinfo\",1,0,0,0,0,\"138\",129"),
            Some(Notice::Connected)
        );
        assert_eq!(
            quectel("+QIND: \"ccinfo\",1,0,-1,0,0,\"138\",129"),
            Some(Notice::Released)
        );
        assert_eq!(
            quectel("+QIND: \"ccinfo\",1,0,0,1,0,\"\",128"),
            None,
            "data"
        );
        let simcom = |line| Model::SimcomSim7600.notice(line);
        assert_eq!(simcom("VOICE CALL: BEGIN"), Some(Notice::Connected));
        assert_eq!(simcom("VOICE CALL: END: 000010"), Some(Notice::Released));
    }

    #[test]
    fn data_rows_are_no_calls() {
        let rows = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let data = "+CLCC: 1,0,0,1,0,\"\",128";
        assert_eq!(our_call(&rows(data)), None);
        assert_eq!(
            our_call(&rows(&format!("{data}\n+CLCC: 2,0,3,0,0,\"138\",129"))),
            Some(CallState::Alerting)
        );
        assert_eq!(
            our_call(&rows("+CLCC: 2,1,4,0,0,\"138\",129")),
            None,
            "somebody calls us"
        );
    }
}

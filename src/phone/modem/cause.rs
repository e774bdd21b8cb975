//! Owns what a modem says about a call that did not come about: its result codes, and the network's cause (3GPP TS 24.008, 10.5.4.11)
//! that `AT+CEER` tells.

use crate::room::{CallEnd, LineFault};

/// The end of a call that was not answered, by `AT+CEER`'s answer; `rang` tells whether the other side had rung.
pub(super) fn end_of(report: &str, rang: bool) -> CallEnd {
    let number = report
        .split(|c: char| !c.is_ascii_digit())
        .rfind(|part| !part.is_empty())
        .and_then(|part| part.parse::<u16>().ok());
    if let Some(cause) = number
        && let Some(end) = of_cause(cause)
    {
        return end;
    }
    let words = report.to_ascii_lowercase();
    let says = |part: &str| words.contains(part);
    if says("busy") {
        CallEnd::Busy
    } else if says("reject") {
        CallEnd::Rejected
    } else if says("unassigned") || says("unallocated") || says("invalid number") {
        CallEnd::NoSuchNumber
    } else if says("no service") || says("congestion") {
        CallEnd::LineFault(LineFault::NoNetwork)
    } else if rang {
        CallEnd::NoAnswer
    } else {
        // what an announcement of the network says is not told: out of reach is what it mostly is
        CallEnd::Unreachable
    }
}

fn of_cause(cause: u16) -> Option<CallEnd> {
    match cause {
        1 | 22 | 28 => Some(CallEnd::NoSuchNumber),
        17 => Some(CallEnd::Busy),
        18 | 19 => Some(CallEnd::NoAnswer),
        20 | 27 => Some(CallEnd::Unreachable),
        21 => Some(CallEnd::Rejected),
        34 | 38 | 41 | 42 | 44 | 47 => Some(CallEnd::LineFault(LineFault::NoNetwork)),
        8 | 29 | 50 | 55 | 57 | 58 | 63 | 65 | 69 | 79 => {
            Some(CallEnd::LineFault(LineFault::Refused { status: cause }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes() {
        assert_eq!(end_of("+CEER: 5,17", true), CallEnd::Busy);
        assert_eq!(end_of("+CEER: User busy", false), CallEnd::Busy);
        assert_eq!(end_of("+CEER: 1", false), CallEnd::NoSuchNumber);
        assert_eq!(end_of("+CEER: 19", true), CallEnd::NoAnswer);
        assert_eq!(end_of("+CEER: Call rejected", true), CallEnd::Rejected);
        assert_eq!(
            end_of("+CEER: Normal call clearing", true),
            CallEnd::NoAnswer
        );
        assert_eq!(
            end_of("+CEER: Normal call clearing", false),
            CallEnd::Unreachable
        );
        assert_eq!(
            end_of("+CEER: 42", false),
            CallEnd::LineFault(LineFault::NoNetwork)
        );
    }
}

//! Owns what a SIP status says about a call that did not come about (RFC 3261 section 21; what gateways use them for).

use crate::room::{CallEnd, LineFault};

/// The end of a call that was refused with `status`; `reached` tells whether the phone had been reached by then.
pub(super) fn end_of(status: u16, reached: bool) -> CallEnd {
    match status {
        401 | 403 | 407 => CallEnd::AuthFault,
        404 | 410 | 484 | 485 | 604 => CallEnd::NoSuchNumber,
        // a gateway that does not answer is given up by ourselves with 408, too
        408 if !reached => CallEnd::LineFault(LineFault::NoReply),
        408 | 487 => CallEnd::NoAnswer,
        480 => CallEnd::Unreachable,
        486 | 600 => CallEnd::Busy,
        603 => CallEnd::Rejected,
        415 | 488 | 606 => CallEnd::LineFault(LineFault::NoCodec),
        status => CallEnd::LineFault(LineFault::Refused { status }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_the_callee_counts_against_him() {
        for status in 300..700 {
            let about_callee = matches!(
                status,
                404 | 410 | 480 | 484 | 485 | 486 | 487 | 600 | 603 | 604
            );
            let end = end_of(status, false);
            assert_eq!(end.fault().is_none(), about_callee, "{status}: {end}");
        }
        assert_eq!(end_of(408, true), CallEnd::NoAnswer);
    }
}

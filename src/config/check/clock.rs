//! Owns the check of the clock: whether the kernel's is synchronised, and how far it may be off.

use super::finding::{Finding, Level};
use crate::config::Profile;
use crate::config::units::show_span;
use crate::room::Span;
use std::io;

/// What the kernel says of its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelClock {
    /// Whether something (NTP, PTP, a receiver) disciplines it.
    pub synchronised: bool,
    /// How far it is still off, in microseconds; positive where it is slow.
    pub offset_us: i64,
    /// How far it is off at most, in microseconds.
    pub max_error_us: i64,
}

impl KernelClock {
    /// Asks the kernel (adjtimex(2)); changes nothing.
    ///
    /// # Errors
    /// Only where a sandbox forbids the call.
    #[expect(unsafe_code, reason = "rustix has no adjtimex")]
    pub fn read() -> io::Result<Self> {
        // SAFETY: `timex` is plain numbers, for which all zeroes are valid; with `modes` = 0 the
        // call only reads, and fills the struct it is given a valid pointer to.
        let (state, timex) = unsafe {
            let mut timex: libc::timex = std::mem::zeroed();
            (libc::adjtimex(&raw mut timex), timex)
        };
        if state < 0 {
            return Err(io::Error::last_os_error());
        }
        let unsynchronised = state == libc::TIME_ERROR || timex.status & libc::STA_UNSYNC != 0;
        let nanoseconds = timex.status & libc::STA_NANO != 0;
        Ok(Self {
            synchronised: !unsynchronised,
            offset_us: if nanoseconds {
                timex.offset / 1000
            } else {
                timex.offset
            },
            max_error_us: timex.maxerror,
        })
    }
}

pub(super) fn zone(profile: &Profile) -> Finding {
    let zone = profile.room.time_zone.iana_name().unwrap_or("UTC");
    Finding::ok(
        "time-zone",
        text!("时区", "Time zone"),
        text!("{zone}", "{zone}"),
    )
}

pub(super) fn check(profile: &Profile) -> Finding {
    judge(KernelClock::read(), profile.policies().clock_offset)
}

pub(super) fn judge(clock: io::Result<KernelClock>, allowed: Span) -> Finding {
    let subject = text!("系统时钟", "Clock");
    let limit = show_span(allowed);
    let sync = text!(
        "启用对时：systemctl enable --now systemd-timesyncd（或 chrony），并确认能连到授时服务器",
        "enable time synchronisation: systemctl enable --now systemd-timesyncd (or chrony), and check that it reaches its server"
    );
    let clock = match clock {
        Ok(clock) => clock,
        Err(error) => {
            let result = text!("无法查询", "cannot be asked");
            let cause = text!("内核拒绝：{error}", "the kernel refuses: {error}");
            return Finding::bad(Level::Warning, "clock", subject, result, cause, sync);
        }
    };
    let ms = |us: i64| format!("{}.{}", us.abs() / 1000, us.abs() % 1000 / 100);
    let (offset, most) = (ms(clock.offset_us), ms(clock.max_error_us));
    if !clock.synchronised {
        return Finding::bad(
            Level::Warning,
            "clock",
            subject,
            text!("未与标准时间同步", "not synchronised"),
            text!(
                "没有对时服务在校准内核时钟",
                "no time service disciplines the kernel's clock"
            ),
            sync,
        );
    }
    let allowed_us = i64::try_from(allowed.0)
        .unwrap_or(i64::MAX)
        .saturating_mul(1000);
    if clock.offset_us.abs() > allowed_us {
        return Finding::bad(
            Level::Fault,
            "clock",
            subject,
            text!("偏差 {offset} ms", "off by {offset} ms"),
            text!(
                "超过 clock_offset = {limit}，此时不允许开始评标",
                "more than clock_offset = {limit}: no session may start"
            ),
            text!(
                "等待对时完成，或检查授时服务器",
                "wait until it is synchronised, or look at the time server"
            ),
        );
    }
    if clock.max_error_us > allowed_us {
        return Finding::bad(
            Level::Warning,
            "clock",
            subject,
            text!(
                "偏差 {offset} ms，误差最多 {most} ms",
                "off by {offset} ms, {most} ms at most"
            ),
            text!(
                "授时服务器太远，或很久没有联系上",
                "the time server is far away, or was not reached for long"
            ),
            sync,
        );
    }
    let result = text!(
        "已同步，偏差 {offset} ms",
        "synchronised, off by {offset} ms"
    );
    Finding::ok("clock", subject, result)
}

//! Owns the way from a track's RTP timestamps to times on the feed's clock.
//!
//! RTP timestamps are what keeps pictures and sound evenly spaced; arrival says when that was. So times
//! run by the camera's clock, and are held to the box's by steps too small to see or hear. (The jitter
//! buffer's own times are bent by arrival: with B-frames they put pictures into a wrong order.)

use std::time::Duration;

/// Nothing arrives before it was taken: what comes so much before its time was stamped by a clock that
/// leapt ahead. (B-frames' neighbours come up to 0.3 s before their time from a camera of 10 pictures a second.)
const AHEAD_NS: i64 = 500_000_000;
/// No picture is reordered over such a distance: a clock leapt back.
const BACK_NS: i64 = 1_000_000_000;
/// What is later than this for a whole window is not held up by the network: a clock leapt back a little.
const LATE_NS: i64 = 400_000_000;
/// From one unit to the next no camera that is merely late or catches up strays so far from arrival.
const LEAP_NS: i64 = 400_000_000;
/// How long arrivals are looked at before a correction.
const WINDOW_NS: i64 = 5_000_000_000;
/// The largest correction a window: 1000 ppm, ten times the error of a bad quartz.
const STEP_NS: i64 = 5_000_000;
/// The largest step towards the other track is this part of the time since the last one: 5 %.
const ALIGN_SHARE: i64 = 20;
/// Tracks that lie further apart by the camera's own NTP times have NTP times that mean nothing.
const ALIGN_MAX_NS: i64 = 1_000_000_000;

/// One track's clock, of one connection.
#[derive(Debug, Default)]
pub(super) struct RtpClock {
    running: Option<Running>,
}

/// A unit's place in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    /// On the feed's clock.
    pub(super) time: Duration,
    /// Whether times before it do not compare with it.
    pub(super) anew: bool,
    /// Whether that is because the camera's clock leapt.
    pub(super) leapt: bool,
}

/// All times in ns on the feed's clock.
#[derive(Debug)]
struct Running {
    rate: u32,
    last: u32,
    last_arrival: i64,
    /// Ticks since the anchor, unwrapped.
    ticks: i64,
    /// The most of them so far.
    newest: i64,
    anchor: i64,
    window_began: i64,
    /// How much later than its time a unit arrived at least, in this window.
    least_delay: i64,
    /// When the other track's NTP time last steered this one, instead of arrival.
    aligned: Option<i64>,
}

impl RtpClock {
    /// The time of the unit that has this RTP timestamp, or begins `beyond` it in the same packet.
    pub(super) fn time(
        &mut self,
        rtp: u32,
        beyond: Duration,
        rate: u32,
        arrival: Duration,
    ) -> Placed {
        let arrival = nanos(arrival);
        let running = match &mut self.running {
            Some(running) if running.rate == rate => running,
            Some(_) | None => self.running.insert(Running::begin(rtp, rate, arrival)),
        };
        let stray = running.stray(rtp, arrival);
        let (time, anew) = match running.time(rtp, nanos(beyond), arrival) {
            Some(time) => (time, false),
            None => {
                *running = Running::begin(rtp, rate, arrival);
                (arrival, true)
            }
        };
        Placed {
            time: Duration::from_nanos(u64::try_from(time).unwrap_or(0)),
            anew,
            leapt: anew && stray > LEAP_NS,
        }
    }

    /// Moves the track towards where its unit at `time` ought to lie, if that is believable.
    pub(super) fn align(&mut self, time: Duration, ought: i64) {
        let Some(running) = &mut self.running else {
            return;
        };
        let time = nanos(time);
        let off = ought - time;
        if off.abs() > ALIGN_MAX_NS {
            running.aligned = None;
            return;
        }
        let most = (time - running.aligned.unwrap_or(time)).max(0) / ALIGN_SHARE;
        running.anchor += off.clamp(-most, most);
        running.aligned = Some(time);
    }

    /// The source was connected anew.
    pub(super) fn reconnected(&mut self) {
        *self = Self::default();
    }
}

impl Running {
    fn begin(rtp: u32, rate: u32, arrival: i64) -> Self {
        let (ticks, anchor) = (0, arrival);
        let (window_began, least_delay) = (arrival, i64::MAX);
        Self {
            rate,
            last: rtp,
            last_arrival: arrival,
            ticks,
            newest: ticks,
            anchor,
            window_began,
            least_delay,
            aligned: None,
        }
    }

    /// How far the timestamps strayed from arrival since the last unit.
    fn stray(&self, rtp: u32, arrival: i64) -> i64 {
        let sent = self.nanos_of(rtp.wrapping_sub(self.last).cast_signed().into());
        (sent - (arrival - self.last_arrival)).abs()
    }

    /// None where the camera's clock leapt.
    fn time(&mut self, rtp: u32, beyond: i64, arrival: i64) -> Option<i64> {
        self.ticks += i64::from(rtp.wrapping_sub(self.last).cast_signed());
        (self.last, self.last_arrival) = (rtp, arrival);
        let behind = self.nanos_of(self.newest - self.ticks);
        self.newest = self.newest.max(self.ticks);
        let time = self
            .anchor
            .saturating_add(self.nanos_of(self.ticks))
            .saturating_add(beyond);
        let delay = arrival.saturating_sub(time);
        if delay < -AHEAD_NS || behind > BACK_NS {
            return None;
        }
        self.least_delay = self.least_delay.min(delay);
        if arrival - self.window_began > WINDOW_NS {
            if self.least_delay > LATE_NS {
                return None;
            }
            if self.aligned.is_none() {
                self.anchor += self.least_delay.clamp(-STEP_NS, STEP_NS);
            }
            (self.window_began, self.least_delay) = (arrival, i64::MAX);
        }
        Some(time)
    }

    fn nanos_of(&self, ticks: i64) -> i64 {
        let nanos = i128::from(ticks) * 1_000_000_000 / i128::from(self.rate.max(1));
        i64::try_from(nanos).unwrap_or(i64::MAX)
    }
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 90_000;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn times_are_as_even_as_the_camera_sent_them() {
        let mut clock = RtpClock::default();
        let first = u32::MAX - 5 * 3_600;
        for i in 0..100_u32 {
            let jitter = u64::from(i * 7 % 30);
            let at = clock.time(
                first.wrapping_add(i * 3_600),
                Duration::ZERO,
                RATE,
                ms(1_000 + u64::from(i) * 40 + jitter),
            );
            assert_eq!(at.time, ms(1_000 + u64::from(i) * 40), "picture {i}");
        }
    }

    #[test]
    fn b_frames_keep_their_places() {
        let mut clock = RtpClock::default();
        clock.time(0, Duration::ZERO, RATE, ms(0));
        let times =
            [4_u32, 2, 1, 3].map(|i| clock.time(i * 3_600, Duration::ZERO, RATE, ms(160)).time);
        assert_eq!(times, [ms(160), ms(80), ms(40), ms(120)]);
    }

    #[test]
    fn a_clock_that_runs_wrong_is_held_to_the_boxs() {
        for error_ppm in [-300_i64, 300] {
            let mut clock = RtpClock::default();
            let mut worst = Duration::ZERO;
            for i in 0..90_000_u32 {
                let arrival = ms(u64::from(i) * 40);
                let ticks = (i64::from(i) * 3_600 * (1_000_000 + error_ppm) / 1_000_000) as u32;
                worst = worst.max(
                    clock
                        .time(ticks, Duration::ZERO, RATE, arrival)
                        .time
                        .abs_diff(arrival),
                );
            }
            assert!(worst < ms(10), "an hour at {error_ppm} ppm: {worst:?}");
        }
    }

    /// Pictures each 40 ms whose timestamps leap by `by_ms` at the two hundredth: the worst distance
    /// from arrival, the time that all of them span, and how many leaps were seen.
    fn leap(by_ms: i64) -> (Duration, Duration, usize) {
        let mut clock = RtpClock::default();
        let (mut leaps, mut worst, mut last) = (0, Duration::ZERO, Duration::ZERO);
        for i in 0..1_000_i64 {
            let arrival = ms(i.unsigned_abs() * 40);
            let leapt = if i < 200 { 0 } else { by_ms };
            let rtp = (i * 40 + leapt) * 90;
            let placed = clock.time(rtp as u32, Duration::ZERO, RATE, arrival);
            leaps += usize::from(placed.leapt);
            last = placed.time;
            // small leaps are found when they have lasted for a window
            if !(200..460).contains(&i) {
                worst = worst.max(placed.time.abs_diff(arrival));
            }
        }
        (worst, last, leaps)
    }

    #[test]
    fn a_camera_that_sets_its_clock_goes_on_at_arrival() {
        for by_ms in [
            600,
            1_500,
            5_000,
            3_600_000,
            36_000_000,
            -500,
            -1_500,
            -3_600_000,
            -36_000_000,
        ] {
            let (worst, last, leaps) = leap(by_ms);
            assert!(worst < ms(10), "{by_ms} ms: {worst:?} off");
            // a small step back looks like lateness until a window is over, and is then no news any more
            assert_eq!(leaps, usize::from(by_ms != -500), "{by_ms} ms");
            assert!(last.abs_diff(ms(999 * 40)) < ms(10), "{by_ms} ms: {last:?}");
        }
        assert_eq!(leap(0).2, 0);
    }

    #[test]
    fn a_network_that_stood_still_is_no_leap() {
        let mut clock = RtpClock::default();
        for i in 0..500_u64 {
            // nothing arrives for 2.4 s, then all at once
            let arrival = if (200..260).contains(&i) { 260 } else { i };
            let rtp = (i * 3_600) as u32;
            let placed = clock.time(rtp, Duration::ZERO, RATE, ms(arrival * 40));
            assert_eq!((placed.time, placed.leapt), (ms(i * 40), false));
        }
    }

    #[test]
    fn what_a_camera_kept_of_the_past_is_no_leap() {
        let mut clock = RtpClock::default();
        for i in 0..300_u64 {
            let arrival = ms(i.saturating_sub(100) * 40);
            let placed = clock.time((i * 3_600) as u32, Duration::ZERO, RATE, arrival);
            assert!(!placed.leapt);
            assert!(placed.time.abs_diff(arrival) <= ms(500));
        }
    }

    #[test]
    fn sound_moves_to_its_picture_in_small_steps() {
        let mut clock = RtpClock::default();
        let mut time = Duration::ZERO;
        for i in 0..200_u32 {
            time = clock
                .time(i * 160, Duration::ZERO, 8_000, ms(u64::from(i) * 20))
                .time;
            let ought = i64::from(i) * 20_000_000 - 120_000_000;
            clock.align(time, ought);
        }
        assert_eq!(time, ms(199 * 20 - 120));
        clock.align(time, nanos(time) + 3_600_000_000_000);
        assert_eq!(
            clock.time(200 * 160, Duration::ZERO, 8_000, ms(4_000)).time,
            ms(4_000 - 120),
            "no sense, no step"
        );
    }
}

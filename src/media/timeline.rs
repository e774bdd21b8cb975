//! Owns the time of a publisher's packets: RTP timestamps onto the feed's clock, tracks in step with
//! each other by the sender's own clock (RTCP sender reports, RFC 3550, 6.4.1).
//!
//! Until a report comes, a track's first packet is placed by its arrival. After that corrections are
//! slewed, so that no packet goes back in time and sound is not cut.

use std::time::Duration;

const NANOS: i128 = 1_000_000_000;
/// Beyond this a timestamp is a jump of the sender, and the arrival counts again.
const JUMP: i128 = 5 * NANOS;
/// Corrections take at most this part of the time that passes (2 %: 0.4 ms of a 20 ms packet).
const SLEW: i128 = 50;
/// The most that a report may move a publisher's clock towards the box's: 500 ppm at a report a
/// second, more than any two quartz clocks differ.
const DRIFT: i128 = NANOS / 2000;

/// What a publisher's tracks share.
#[derive(Debug, Default)]
pub struct Timeline {
    /// A moment on the sender's clock and the same on the feed's, in ns.
    base: Option<(i128, i128)>,
}

/// The time of one track.
#[derive(Debug)]
pub struct TrackTime {
    rate: i128,
    last: Option<(u32, i128)>,
    /// An extended RTP timestamp and its place on the feed's clock, in ns.
    anchor: Option<(i128, i128)>,
    report: Option<(i128, i128)>,
    /// What is still to be corrected, in ns.
    error: i128,
    last_pts: i128,
    /// Whether this track brought the timeline's base, and the lag it had then.
    leads: Option<i128>,
    /// The least that a packet came later than its time, since the last report.
    least_lag: Option<i128>,
}

/// A packet's place in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// On the feed's clock.
    pub pts: Duration,
    /// On the sender's clock, in ns since 1900, once it is known.
    pub ntp: Option<u64>,
}

/// NTP's 32.32 fixed point to ns.
fn ntp_nanos(ntp: u64) -> i128 {
    (i128::from(ntp) * NANOS) >> 32
}

impl TrackTime {
    /// A track whose RTP clock runs at `rate` Hz.
    pub fn new(rate: u32) -> Self {
        Self {
            rate: i128::from(rate.max(1)),
            last: None,
            anchor: None,
            report: None,
            error: 0,
            last_pts: 0,
            leads: None,
            least_lag: None,
        }
    }

    /// Places a packet that came `arrival` on the feed's clock, not before `floor`. Packets must be
    /// given in order.
    pub fn place(&mut self, rtp: u32, arrival: Duration, floor: Duration) -> Moment {
        let arrival = nanos(arrival);
        let (extended, passed) = self.extend(rtp);
        let (at, mut pts) = *self
            .anchor
            .get_or_insert((extended, arrival.max(nanos(floor))));
        pts += (extended - at) * NANOS / self.rate;
        if (pts - arrival).abs() > JUMP {
            pts = arrival;
            self.error = 0;
            self.report = None;
        }
        let step = (passed.max(0) * NANOS / self.rate / SLEW).min(self.error.abs());
        pts += step * self.error.signum();
        self.error -= step * self.error.signum();
        let early = nanos(floor) - pts;
        if early > 0 {
            // hold it back as a whole and let it catch up, rather than heap its packets on one moment
            pts += early;
            self.error -= early;
        }
        self.anchor = Some((extended, pts));
        let lag = arrival - pts;
        self.least_lag = Some(self.least_lag.map_or(lag, |least| least.min(lag)));
        self.last_pts = pts.max(self.last_pts);
        let ntp = self
            .report
            .map(|(at, ntp)| ntp + (extended - at) * NANOS / self.rate);
        Moment {
            pts: duration(self.last_pts),
            ntp: ntp.and_then(|ntp| u64::try_from(ntp).ok()),
        }
    }

    /// Takes a sender report: `ntp` (32.32 seconds since 1900) and `rtp` are one moment.
    pub fn report(&mut self, timeline: &mut Timeline, ntp: u64, rtp: u32) {
        let Some((at, pts)) = self.anchor else { return };
        if ntp == 0 {
            return; // the sender has no clock
        }
        let extended = self.peek(rtp);
        let ntp = ntp_nanos(ntp);
        self.report = Some((extended, ntp));
        let own = pts + (extended - at) * NANOS / self.rate;
        let lag = self.least_lag.take();
        match (&mut timeline.base, self.leads) {
            (None, _) => {
                timeline.base = Some((ntp, own));
                self.leads = Some(lag.unwrap_or(0));
            }
            (Some((_, base)), Some(usual)) => {
                // the sender's clock runs slower or faster than ours: follow, by little
                *base += (lag.unwrap_or(usual) - usual).clamp(-DRIFT, DRIFT);
            }
            (Some(_), None) => {}
        }
        if let Some((base_ntp, base_pts)) = timeline.base {
            let error = base_pts + (ntp - base_ntp) - own;
            // a sender whose clock jumped gets a new base rather than minutes of slewing
            if error.abs() > JUMP {
                timeline.base = Some((ntp, own));
                self.error = 0;
            } else {
                self.error = error;
            }
        }
    }

    /// The latest time given out.
    pub fn last(&self) -> Duration {
        duration(self.last_pts)
    }

    fn extend(&mut self, rtp: u32) -> (i128, i128) {
        let extended = self.peek(rtp);
        let before = self.last.map_or(extended, |(_, extended)| extended);
        self.last = Some((rtp, extended));
        (extended, extended - before)
    }

    fn peek(&self, rtp: u32) -> i128 {
        match self.last {
            // the distance of two 32-bit timestamps is a signed 32-bit one
            Some((last, extended)) => extended + i128::from(rtp.wrapping_sub(last) as i32),
            None => i128::from(rtp),
        }
    }
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

fn duration(nanos: i128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ntp(seconds: f64) -> u64 {
        (seconds * 4_294_967_296.0) as u64
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn time_follows_rtp_over_the_wrap_and_never_goes_back() {
        let mut video = TrackTime::new(90_000);
        let start = u32::MAX - 4_499;
        assert_eq!(video.place(start, ms(1000), ms(0)).pts, ms(1000));
        assert_eq!(
            video.place(start.wrapping_add(9_000), ms(1180), ms(0)).pts,
            ms(1100)
        );
        assert_eq!(
            video.place(start.wrapping_add(8_000), ms(1181), ms(0)).pts,
            ms(1100)
        );
        // an hour's jump of the sender: arrival counts
        assert_eq!(
            video
                .place(start.wrapping_add(9_000 + 324_000_000), ms(1200), ms(0))
                .pts,
            ms(1200)
        );
    }

    #[test]
    fn a_new_publisher_goes_on_after_the_old_one() {
        let mut audio = TrackTime::new(48_000);
        assert_eq!(audio.place(7, ms(900), ms(950)).pts, ms(950));
        // as does another layer, which then catches up by 2 % of the time
        let mut video = TrackTime::new(90_000);
        video.place(0, ms(1_000), ms(0));
        assert_eq!(video.place(9_000, ms(1_100), ms(1_150)).pts, ms(1_150));
        assert_eq!(video.place(18_000, ms(1_200), ms(0)).pts, ms(1_248));
    }

    #[test]
    fn tracks_are_brought_in_step_by_the_senders_clock() {
        let mut timeline = Timeline::default();
        let (mut video, mut audio) = (TrackTime::new(90_000), TrackTime::new(48_000));
        // both were captured at 100.0 s of the sender's clock; the picture came 80 ms later
        video.place(0, ms(5_080), ms(0));
        audio.place(0, ms(5_000), ms(0));
        audio.report(&mut timeline, ntp(100.0), 0);
        video.report(&mut timeline, ntp(100.0), 0);
        let mut last = ms(0);
        for n in 1..=500u32 {
            let at = 5_080 + u64::from(n) * 20;
            let moment = video.place(n * 1_800, ms(at), ms(0));
            assert!(moment.pts >= last);
            last = moment.pts;
            audio.place(n * 960, ms(at - 80), ms(0));
        }
        let moment = video.place(501 * 1_800, ms(15_100), ms(0));
        let sound = audio.place(501 * 960, ms(15_020), ms(0));
        let apart = moment.pts.abs_diff(sound.pts);
        assert!(apart < ms(1), "{apart:?}");
        assert_eq!(moment.ntp.map(|n| n / 1_000_000), Some(110_020));
    }
}

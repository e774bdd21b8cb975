//! Owns what has one home: the crate's name for WebRTC, the clocks, and tasks that nobody waits for.

use crate::source::{Source, names};

/// Something that may be named in few places only.
pub(crate) struct Home {
    /// What it is about.
    pub(crate) what: &'static str,
    /// Words, any of which is meant.
    words: &'static [&'static str],
    /// Folders and files where it may stand, and why.
    pub(crate) places: &'static [(&'static str, &'static str)],
}

pub(crate) const HOMES: &[Home] = &[
    Home {
        what: "webrtc",
        words: &["webrtc::", "rtc::"],
        places: &[
            ("src/media/peer/", "the folder that names webrtc"),
            (
                "src/media/capture/live.rs",
                "what cameras send is packed into the feed's RTP packets",
            ),
        ],
    },
    Home {
        what: "rumqttc",
        words: &["rumqttc::"],
        places: &[("src/hub/mqtt/client.rs", "the file that names rumqttc")],
    },
    Home {
        what: "the wall clock",
        words: &["SystemTime::now", "Timestamp::now", "Zoned::now"],
        places: &[
            ("src/app/", "its home: everybody else gets time as a value"),
            (
                "src/media/recorder/clock.rs",
                "recordings map arrival to wall time once, when they begin",
            ),
        ],
    },
    Home {
        what: "the monotonic clock",
        words: &["Instant::now"],
        places: &[
            ("src/app/", "its home"),
            ("src/media/", "arrival and pacing of packets, in the moment"),
            (
                "src/console/live.rs",
                "pages get their figures at intervals",
            ),
            ("src/config/check/", "measures the disk and the network"),
            (
                "src/phone/clock.rs",
                "sound is paced, and silence timed, in the moment",
            ),
        ],
    },
    Home {
        what: "a task that nobody owns",
        words: &["tokio::spawn", "task::spawn", "tokio::{spawn"],
        places: &[("src/app/", "its home: tasks are supervised there")],
    },
    Home {
        what: "a channel without a bound",
        words: &["unbounded_channel", "unbounded"],
        places: &[],
    },
];

impl Home {
    /// What is wrong with a file.
    pub(crate) fn breaches(&self, source: &Source) -> Vec<String> {
        if self.place_of(source).is_some() || !self.stands_in(source) {
            return Vec::new();
        }
        vec![format!("{}: names {}", source.path, self.what)]
    }

    /// Whether a file names it at all.
    pub(crate) fn stands_in(&self, source: &Source) -> bool {
        let code = source.code();
        !source.is_test() && self.words.iter().any(|word| names(&code, word))
    }

    /// The place of the list that a file lies in.
    pub(crate) fn place_of(&self, source: &Source) -> Option<&'static str> {
        let mut places = self.places.iter().map(|(place, _)| *place);
        places.find(|place| source.path.starts_with(place))
    }
}

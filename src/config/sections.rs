//! Owns what each section of a profile holds, and what stands in for the keys that are left out.

use super::detectors::{Detectors, detectors};
use super::document::{At, Section, Value, Wrong};
use super::hub::{self, HubLink, hub_link};
use super::phone::{Phone, phone};
use super::profile::{Access, Camera, Media, Microphone, Network, Profile, Room, RoomId, Storage};
use super::text::Lang;
use super::values::{Label, Retention, Share, TimeOrOff};
use super::{call_out, settings, sources};
use crate::room::{
    CallOutPolicies, FeedKind, PhaseKind, Policies, RecordRule, RuleNumbers, Seat, SeatNo, Span,
    TimeOfDay,
};
use jiff::tz::TimeZone;
use std::path::Path;

/// The sections of one file, as far as they were right.
pub(super) struct Parts {
    pub(super) room: Option<Room>,
    pub(super) seats: Vec<At<Seat>>,
    /// How many sections there are for seats, right or wrong.
    pub(super) seats_named: usize,
    pub(super) cameras: Vec<At<Camera>>,
    pub(super) microphones: Vec<At<Microphone>>,
    pub(super) policies: Option<Policies>,
    /// Where the smallest committee stands.
    pub(super) committee_min_at: usize,
    pub(super) storage: Option<Storage>,
    pub(super) network: Option<Network>,
    /// Where the port for media over TCP stands.
    pub(super) ice_tcp_port_at: usize,
    pub(super) access: Option<Access>,
    pub(super) media: Option<Media>,
    pub(super) detectors: Option<Detectors>,
    /// None where the section is wrong; none in it where it is not there.
    pub(super) hub: Option<Option<HubLink>>,
    pub(super) relays_at: usize,
    pub(super) phone: Option<Phone>,
}

impl Parts {
    /// The profile; none where a part was not right.
    pub(super) fn into_profile(self, file: &Path, sha256: [u8; 32]) -> Option<Profile> {
        let mut seats: Vec<Seat> = self.seats.into_iter().map(|s| s.value).collect();
        seats.sort_by_key(|s| s.no);
        Some(Profile {
            room: self.room?,
            seats,
            cameras: self.cameras.into_iter().map(|c| c.value).collect(),
            microphones: self.microphones.into_iter().map(|m| m.value).collect(),
            storage: self.storage?,
            network: self.network?,
            access: self.access?,
            media: self.media?,
            detectors: self.detectors?,
            hub: self.hub?,
            phone: self.phone?,
            policies: self.policies?,
            file: file.to_owned(),
            sha256,
        })
    }
}

/// Reads all sections; faults are noted in the document's log.
pub(super) fn read(mut root: Section<'_>, file: &Path) -> Parts {
    let room = room(root.section("room"));
    let seat_sections = root.sections("seats");
    let seats_named = seat_sections.len();
    let seats = seat_sections.into_iter().filter_map(seat).collect();
    if !root.has("seats") {
        let wrong = Wrong {
            what: text!("没有任何席位", "there is no seat"),
            allowed: text!("至少一个 [[seats]]", "at least one [[seats]]"),
            remedy: text!(
                "为每个席位写一节 [[seats]]，含 no、x、y",
                "write a section [[seats]] with no, x and y for each seat"
            ),
        };
        root.fault("seats", 0, wrong);
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    let cameras = root
        .sections("cameras")
        .into_iter()
        .filter_map(|s| sources::camera(s, folder))
        .collect();
    let microphones = root
        .sections("microphones")
        .into_iter()
        .filter_map(sources::microphone)
        .collect();
    let policy_section = root.section("policies");
    let committee_min_at = policy_section.place_of("committee_min");
    let rules = recording(root.sections("recording"));
    let call_out = call_out::call_out(root.section("call_out"));
    let numbers = super::rules::rules(root.section("rules"));
    let policies = policies(policy_section, rules, call_out, numbers);
    let storage = settings::storage(root.section("storage"));
    let network_section = root.section("network");
    let ice_tcp_port_at = network_section.place_of("ice_tcp_port");
    let network = settings::network(network_section);
    let access = settings::access(root.section("access"));
    let media = settings::media(root.section("media"));
    let detectors = detectors(root.section("detectors"));
    let named = root.has("hub");
    let hub_section = root.section("hub");
    let relays_at = hub_section.place_of("relays");
    let hub = match named {
        true => hub_link(hub_section, folder).map(Some),
        false => {
            hub_section.close();
            Some(None)
        }
    };
    let phone = phone(root.section("phone"), folder);
    root.close();
    Parts {
        room,
        seats,
        seats_named,
        cameras,
        microphones,
        policies,
        committee_min_at,
        storage,
        network,
        ice_tcp_port_at,
        access,
        media,
        detectors,
        hub,
        relays_at,
        phone,
    }
}

fn room(mut s: Section<'_>) -> Option<Room> {
    let id = s.required::<RoomId>("id", "\"baoshan-1\"");
    let id = id.filter(|id| !hub::reserved(id, &s));
    let name = s.required::<Label>("name", "\"评标一室\"");
    let city = s.required::<Label>("city", "\"保山市公共资源交易中心\"");
    let time_zone = s.required::<TimeZone>("time_zone", "\"Asia/Shanghai\"");
    let language = s.or("language", Lang::Zh);
    s.close();
    Some(Room {
        id: id?.value,
        name: name?.value.0,
        city: city?.value.0,
        time_zone: time_zone?.value,
        language: language?,
    })
}

fn seat(mut s: Section<'_>) -> Option<At<Seat>> {
    let no = s.required::<u8>("no", "1").and_then(|no| {
        let fits = (1..=99).contains(&no.value);
        if !fits {
            let wrong = Wrong {
                what: text!("席位号超出范围", "the seat's number is out of range"),
                allowed: text!("1 至 99", "1 to 99"),
                remedy: text!("从 1 起编号", "count from 1"),
            };
            s.fault("no", no.offset, wrong);
        }
        fits.then_some(no)
    });
    let x = on_map(&mut s, "x");
    let y = on_map(&mut s, "y");
    s.close();
    let no = no?;
    Some(At {
        value: Seat {
            no: SeatNo(no.value),
            x: x?,
            y: y?,
        },
        offset: no.offset,
    })
}

fn on_map(s: &mut Section<'_>, key: &'static str) -> Option<u8> {
    let percent = s.required::<u8>(key, "50")?;
    if percent.value <= 100 {
        return Some(percent.value);
    }
    let wrong = Wrong {
        what: text!("席位在席位图之外", "the seat lies outside the map"),
        allowed: text!(
            "0 至 100（席位图宽、高的百分比）",
            "0 to 100 (percent of the map's width and height)"
        ),
        remedy: text!(
            "x 从左到右，y 从上到下",
            "x runs from left to right, y from top to bottom"
        ),
    };
    s.fault(key, percent.offset, wrong);
    None
}

fn policies(
    mut s: Section<'_>,
    rules: Option<Vec<RecordRule>>,
    call_out: Option<CallOutPolicies>,
    numbers: Option<RuleNumbers>,
) -> Option<Policies> {
    let default = Policies::default();
    let (minute, hour) = (Span::minutes(1), Span::hours(1));
    let (none, day) = (Span::ZERO, Span::hours(24));
    let committee_min = s.within("committee_min", default.committee_min, 1, 99);
    let committee_odd = s.or("committee_odd", default.committee_odd);
    let share = Share(default.expert_share.0, default.expert_share.1);
    let expert_share = s.or("expert_share", share).map(|s| (s.0, s.1));
    let chair_is_expert = s.or("chair_is_expert", default.chair_is_expert);
    let grace = s.within("grace", default.grace, none, day);
    let outage_before_start = s.within(
        "outage_before_start",
        default.outage_before_start,
        minute,
        day,
    );
    let outage_in_session = s.within("outage_in_session", default.outage_in_session, minute, day);
    let overnight_lock = s
        .or("overnight_lock", TimeOrOff(default.overnight_lock))
        .map(|t| t.0);
    let rest_every = s.within("rest_every", default.rest_every, minute, day);
    let meals = match s.list::<TimeOfDay>("meals") {
        None => default.meals,
        Some(meals) => {
            let mut meals: Vec<_> = meals.into_iter().map(|m| m.value).collect();
            meals.sort();
            meals.dedup();
            meals
        }
    };
    let break_overdue = s.within(
        "break_overdue",
        default.break_overdue,
        minute,
        Span::hours(12),
    );
    let help_overdue = s.within(
        "help_overdue",
        default.help_overdue,
        Span::seconds(10),
        hour,
    );
    let clock_offset = s.within("clock_offset", default.clock_offset, Span(10), minute);
    let retention = s.or("retention", Retention(default.retention)).map(|r| r.0);
    let personal_retention = s.or("personal_retention", Retention(default.personal_retention));
    let scrub = s.within(
        "scrub",
        default.scrub,
        Span::seconds(10),
        Span::hours(366 * 24),
    );
    s.close();
    Some(Policies {
        committee_min: committee_min?,
        committee_odd: committee_odd?,
        expert_share: expert_share?,
        chair_is_expert: chair_is_expert?,
        grace: grace?,
        outage_before_start: outage_before_start?,
        outage_in_session: outage_in_session?,
        overnight_lock: overnight_lock?,
        rest_every: rest_every?,
        meals,
        break_overdue: break_overdue?,
        help_overdue: help_overdue?,
        clock_offset: clock_offset?,
        recording: rules.unwrap_or(default.recording),
        retention: retention?,
        personal_retention: personal_retention?.0,
        scrub: scrub?,
        call_out: call_out?,
        numbers: numbers?,
    })
}

/// The recording rules; none where the file gives none, and the defaults hold.
fn recording(sections: Vec<Section<'_>>) -> Option<Vec<RecordRule>> {
    if sections.is_empty() {
        return None;
    }
    let rules = sections.into_iter().map(|mut s| {
        let kinds = some::<FeedKind>(&mut s, "kinds", "[\"camera\"]");
        let phases = some::<PhaseKind>(&mut s, "phases", "[\"check-in\", \"in-session\"]");
        s.close();
        RecordRule {
            kinds: kinds.into_iter().collect(),
            phases: phases.into_iter().collect(),
        }
    });
    Some(rules.collect())
}

/// A list that must be there and hold something.
pub(super) fn some<T: Value>(s: &mut Section<'_>, key: &'static str, example: &str) -> Vec<T> {
    let listed = s.list::<T>(key);
    if listed.is_none() || s.is_empty_list(key) {
        refuse_empty(s, key, example);
    }
    listed
        .unwrap_or_default()
        .into_iter()
        .map(|at| at.value)
        .collect()
}

pub(super) fn refuse_empty(s: &Section<'_>, key: &str, example: &str) {
    let wrong = Wrong {
        what: text!("{key} 缺少或为空", "{key} is missing or empty"),
        allowed: text!(
            "至少一项，例如 {key} = {example}",
            "at least one, for example {key} = {example}"
        ),
        remedy: text!("补上 {key}", "add {key}"),
    };
    s.fault(key, s.place_of(key), wrong);
}

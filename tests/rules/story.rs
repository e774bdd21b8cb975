//! Owns the grammar of stories, and plays them against the room.
//!
//! ```text
//! given a plan of 5 experts and 2 representatives at 09:00     a room of 9 seats, and a planned session
//! given a convened committee of 5 experts at 09:00             … with its committee
//! given check-in of 5 experts at 09:00                         … with everybody seated and pledged
//! given a session of 5 experts at 09:00                        … started
//! given a second disk                                          archives must lie there too
//! given a relay of camera-1                                    the city may have that feed, live
//! wall clock: +20y                                             it is set, and no time passes
//! 08:30 technician: open check in                              a command, as on the wire; later times pass deadlines
//! 08:40 member 1: sign pledge pledge=integrity                 arguments are JSON or plain words
//! everybody: check in                                          each active member, at his seat
//! -> refused too_late                                          what the last command led to
//! -> event member_checked_in late=true                         one of the events since the last command
//! -> phase ready                                               where the session stands
//! -> no event                                                  nothing happened since the last command
//! ```
//!
//! Draw and call-out have words of their own, see `callout.rs`; the draw's worker answers by itself.
//!
//! ```text
//! ```

use bidroom::room::*;
use serde_json::{Map, Value, json};

const SEATS: u8 = 9;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// Beijing time.
const OFFSET_S: i32 = 8 * 3600;

pub(crate) fn check(story: &str) {
    let mut play = Play::new();
    let lines = story
        .lines()
        .enumerate()
        .map(|(no, line)| (no + 1, line.trim()));
    for (no, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        play.place = format!("line {no}: {line}");
        play.line(line);
    }
    play.nothing_unexpected();
}

pub(crate) struct Play {
    pub(crate) room: Room,
    pub(crate) now: Now,
    pub(crate) session: SessionId,
    /// People in the pool of the draw that is on.
    pub(crate) pool: u32,
    seq: Seq,
    events: Vec<Event>,
    refusal: Option<(String, Refusal)>,
    pub(crate) place: String,
}

impl Play {
    fn new() -> Self {
        let boot: BootId = "boot-1".parse().expect("valid");
        let stamp = Stamp {
            at: Utc(0),
            mono: 1_000_000,
            boot,
        };
        let mut play = Self {
            room: Room::default(),
            now: Now {
                stamp,
                utc_offset: OFFSET_S,
                seed: 7,
            },
            session: "S-1".parse().expect("valid"),
            pool: 0,
            seq: Seq(0),
            events: Vec::new(),
            refusal: None,
            place: String::new(),
        };
        play.set_clock(20_000, "07:00");
        play.give(&daemon(Part::App), None, configure(false));
        play
    }

    fn line(&mut self, line: &str) {
        if let Some(given) = line.strip_prefix("given ") {
            self.nothing_unexpected();
            self.given(given);
        } else if let Some(expected) = line.strip_prefix("-> ") {
            self.expect(expected);
        } else {
            self.nothing_unexpected();
            self.order(line);
        }
    }

    fn given(&mut self, given: &str) {
        let words: Vec<&str> = given.split_whitespace().collect();
        if self.given_of_callout(&words) {
            return;
        }
        let number = |word: &str| {
            let at = words.iter().position(|w| w.starts_with(word))?;
            words[at - 1].parse::<u8>().ok()
        };
        if words[..3] == ["test", "pictures", "in"] {
            return self.give(&daemon(Part::App), None, configure(true));
        }
        if words == ["a", "second", "disk"] {
            let mut command = configure(false);
            if let Command::ConfigureRoom { layout, .. } = &mut command {
                layout.replicas = ["second-disk".parse().expect("valid")].into();
            }
            return self.give(&daemon(Part::App), None, command);
        }
        if let ["a", "relay", "of", feed] = words[..] {
            let mut command = configure(false);
            if let Command::ConfigureRoom { layout, .. } = &mut command {
                layout.relays.push(RelaySpec {
                    id: "city".parse().expect("valid"),
                    host: "sfu.example.cn".to_owned(),
                    feeds: [feed.parse().expect("valid")].into(),
                    sound: false,
                });
            }
            return self.give(&daemon(Part::App), None, command);
        }
        let experts = number("expert").unwrap_or(5);
        let representatives = number("representative").unwrap_or(0);
        let at = words
            .iter()
            .position(|w| *w == "at")
            .map_or("09:00", |i| words[i + 1]);
        let kind = if given.contains("rehearsal") {
            "rehearsal"
        } else {
            "real"
        };
        let start = self.local(self.today(), at);
        let plan = json!({"type": "plan_session", "plan": {
            "id": self.session, "kind": kind, "start": start.0, "expected": 4 * 3600 * 1000,
            "experts": experts, "tenderer_representatives": representatives}});
        self.technician(plan);
        if words[..2] == ["a", "plan"] {
            return;
        }
        let member = |no: u8, kind: &str| json!({"person": format!("p{no}"), "kind": kind});
        let members: Vec<Value> = (1..=experts)
            .map(|no| member(no, "expert"))
            .chain((1..=representatives).map(|no| member(100 + no, "tenderer_representative")))
            .collect();
        self.technician(json!({"type": "convene_committee", "members": members}));
        if words[..2] == ["a", "convened"] {
            return;
        }
        for seat in 1..=SEATS {
            let workstation = format!("w{seat}").parse().expect("valid");
            let enrol = Command::EnrolWorkstation {
                seat: SeatNo(seat),
                workstation,
            };
            self.give(&daemon(Part::Access), None, enrol);
        }
        self.technician(json!({"type": "open_check_in"}));
        self.order("everybody: check in");
        self.order("everybody: sign pledge pledge=integrity");
        self.order("everybody: sign pledge pledge=recusal");
        if words[0] == "check-in" {
            return;
        }
        self.technician(json!({"type": "confirm_sign_in"}));
        self.order("media: all recorded");
        self.technician(json!({"type": "confirm_recording"}));
        if words[..2] == ["a", "ready"] {
            return;
        }
        self.order("supervisor: authorise start");
        self.set_clock(self.today(), at);
        self.technician(json!({"type": "start_session"}));
        if words[..2] == ["a", "closing"] {
            self.order("everybody: vote for chair candidate=1");
            self.technician(json!({"type": "begin_closing"}));
        }
    }

    fn order(&mut self, line: &str) {
        self.events.clear();
        let mut line = line;
        if let Some(rest) = line.strip_prefix("day ") {
            let (day, rest) = rest.split_once(' ').expect("a time after the day");
            let (time, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            self.advance(20_000 + day.parse::<i64>().expect("a day") - 1, time);
            line = rest;
        } else if line.as_bytes()[..2].iter().all(u8::is_ascii_digit) {
            let (time, rest) = line.split_once(' ').unwrap_or((line, ""));
            self.advance(self.today(), time);
            line = rest;
        }
        if line.is_empty() {
            return;
        }
        let (who, what) = line
            .split_once(':')
            .unwrap_or_else(|| panic!("{}: who?", self.place));
        let what = what.trim();
        match what {
            "all recorded" => self.all_recorded(),
            "restart" => self.restart(),
            _ if self.order_of_callout(who, what) => {}
            _ if who == "wall clock" => {
                let years = what.strip_suffix('y').expect("years");
                let years: i64 = years.parse().expect("years");
                self.now.stamp.at.0 += years * 366 * DAY_MS;
            }
            _ if who == "everybody" => self.everybody(what),
            _ => {
                let command = self.command(what);
                let session = self.session_of(&command);
                self.give(&self.actor(who), session, command);
            }
        }
    }

    fn everybody(&mut self, what: &str) {
        let members: Vec<Member> = self.session().committee.active().cloned().collect();
        for member in members {
            let seat = member.seat.expect("seats are assigned");
            if what == "check in" {
                let command = Command::CheckIn {
                    member: member.no,
                    seat,
                };
                let session = Some(self.session.clone());
                self.give(&daemon(Part::Access), session, command);
            } else if self.session().committee.chair.is_none() || !what.starts_with("vote") {
                let actor = Actor::Member {
                    session: self.session.clone(),
                    member: member.no,
                };
                let command = self.command(what);
                self.give(&actor, Some(self.session.clone()), command);
            }
        }
    }

    fn all_recorded(&mut self) {
        for feed in recorded_feeds(&self.room, self.session()) {
            let command = Command::ReportRecordingStarted { feed };
            self.give(&daemon(Part::Media), Some(self.session.clone()), command);
        }
    }

    fn restart(&mut self) {
        self.now.stamp.boot = "boot-2".parse().expect("valid");
        self.now.stamp.mono = 5_000;
        let started = Command::ReportStart {
            version: "test".to_owned(),
        };
        self.give(&daemon(Part::App), None, started);
    }

    fn technician(&mut self, command: Value) {
        let command = serde_json::from_value(command).expect("a command");
        self.give(&account("technician"), Some(self.session.clone()), command);
    }

    /// `begin break kind=rest` → `{"type": "begin_break", "kind": "rest"}`
    fn command(&self, words: &str) -> Command {
        let mut name = Vec::new();
        let mut fields = Map::new();
        for word in split(words) {
            match word.split_once('=') {
                None => name.push(word),
                Some((key, value)) => {
                    let value = if value == "*" {
                        self.seat_of(&fields)
                    } else {
                        json(value)
                    };
                    fields.insert(key.to_owned(), value);
                }
            }
        }
        fields.insert("type".to_owned(), Value::String(name.join("_")));
        serde_json::from_value(Value::Object(fields))
            .unwrap_or_else(|e| panic!("{}: no such command: {e}", self.place))
    }

    /// `seat=*` is the seat that chance gave the member named before it.
    fn seat_of(&self, fields: &Map<String, Value>) -> Value {
        let no = fields["member"]
            .as_u64()
            .and_then(|no| u8::try_from(no).ok())
            .expect("member=…");
        json!(self.session().committee.members[&MemberNo(no)].seat)
    }

    fn session_of(&self, command: &Command) -> Option<SessionId> {
        match command {
            Command::PlanSession { plan } => Some(plan.id.clone()),
            _ => Some(self.session.clone()),
        }
    }

    fn actor(&self, who: &str) -> Actor {
        if let Some(no) = who.strip_prefix("member ") {
            let member = MemberNo(no.parse().expect("a number"));
            return Actor::Member {
                session: self.session.clone(),
                member,
            };
        }
        if let Some(seat) = who.strip_prefix("workstation ") {
            return Actor::Workstation {
                seat: SeatNo(seat.parse().expect("a number")),
            };
        }
        match who {
            "access" => daemon(Part::Access),
            "app" => daemon(Part::App),
            "media" => daemon(Part::Media),
            "health" => daemon(Part::Health),
            "clock" => daemon(Part::Clock),
            "archive" => daemon(Part::Archive),
            "hub" => daemon(Part::Hub),
            "draw" => daemon(Part::Draw),
            "phones" => daemon(Part::Phones),
            _ => account(who),
        }
    }

    pub(crate) fn give(&mut self, actor: &Actor, session: Option<SessionId>, command: Command) {
        match decide(&self.room, &self.now, actor, session.as_ref(), &command) {
            Ok(drafts) => drafts
                .into_iter()
                .for_each(|draft| self.happen(actor, draft)),
            Err(refusal) => {
                self.nothing_unexpected();
                self.refusal = Some((self.place.clone(), refusal));
            }
        }
        self.draw_by_itself();
    }

    fn happen(&mut self, actor: &Actor, draft: Draft) {
        self.seq = self.seq.next();
        let entry = Entry {
            seq: self.seq,
            stamp: self.now.stamp.clone(),
            session: draft.session,
            actor: actor.clone(),
            command: None,
            event: draft.event,
        };
        apply(&mut self.room, &entry);
        // what happened can be read back from a journal, and what follows from it from a snapshot
        let line = serde_json::to_string(&entry).expect("json");
        assert_eq!(
            serde_json::from_str::<Entry>(&line).expect(&line),
            entry,
            "{}",
            self.place
        );
        let snapshot = serde_json::to_string(&self.room).expect("json");
        assert_eq!(
            serde_json::from_str::<Room>(&snapshot).expect("a room"),
            self.room,
            "{}",
            self.place
        );
        self.events.push(entry.event);
    }

    fn today(&self) -> i64 {
        (self.now.stamp.at.0 + i64::from(OFFSET_S) * 1000).div_euclid(DAY_MS)
    }

    fn local(&self, day: i64, time: &str) -> Utc {
        let (h, m) = time
            .split_once(':')
            .unwrap_or_else(|| panic!("{}: what time?", self.place));
        let minutes = h.parse::<i64>().expect("hours") * 60 + m.parse::<i64>().expect("minutes");
        Utc(day * DAY_MS + minutes * 60_000 - i64::from(OFFSET_S) * 1000)
    }

    fn set_clock(&mut self, day: i64, time: &str) {
        let at = self.local(day, time);
        let passed = at.0 - self.now.stamp.at.0;
        self.now.stamp.at = at;
        self.now.stamp.mono = self.now.stamp.mono.saturating_add_signed(passed);
        self.now.seed += 1;
    }

    /// Goes to a later time, and lets every deadline on the way pass at its own moment.
    fn advance(&mut self, day: i64, time: &str) {
        let target = self.local(day, time);
        assert!(
            target >= self.now.stamp.at,
            "{}: time runs forwards",
            self.place
        );
        while let Some(left) = next_deadline(&self.room, &self.now) {
            let at = self.now.stamp.at + left;
            if at > target {
                break;
            }
            self.now.stamp.mono += left.0;
            self.now.stamp.at = at;
            let before = self.events.len();
            self.give(&daemon(Part::Clock), None, Command::PassDeadlines);
            assert!(
                self.events.len() > before,
                "{}: a deadline led to nothing",
                self.place
            );
        }
        self.now.stamp.mono += u64::try_from(target.0 - self.now.stamp.at.0).expect("forwards");
        self.now.stamp.at = target;
    }

    pub(crate) fn session(&self) -> &Session {
        &self.room.sessions[&self.session]
    }

    fn expect(&mut self, expected: &str) {
        let mut words = split(expected);
        match words.remove(0) {
            "refused" => {
                let refusal = self
                    .refusal
                    .take()
                    .map(|(_, r)| serde_json::to_value(r).expect("json"));
                let found = refusal.as_ref().is_some_and(|r| matches(r, "code", &words));
                assert!(found, "{}: expected a refusal, got {refusal:?}", self.place);
            }
            "event" => {
                let found = self
                    .events
                    .iter()
                    .map(|e| serde_json::to_value(e).expect("json"));
                let found = found
                    .into_iter()
                    .any(|event| matches(&event, "type", &words));
                assert!(found, "{}: no such event in {:?}", self.place, self.events);
            }
            "phase" => {
                let phase = serde_json::to_value(self.session().phase.kind()).expect("json");
                assert_eq!(phase, json!(words[0]), "{}: expected the phase", self.place);
            }
            word if self.expect_of_callout(word, &words) => {}
            "no" => assert!(self.events.is_empty(), "{}: {:?}", self.place, self.events),
            "records" => {
                let feeds = recorded_feeds(&self.room, self.session());
                let expected = words.iter().map(|w| w.parse().expect("a feed"));
                let missing: Vec<FeedId> = expected.filter(|f| !feeds.contains(f)).collect();
                assert!(missing.is_empty(), "{}: not in {feeds:?}", self.place);
            }
            "records-not" => {
                let feeds = recorded_feeds(&self.room, self.session());
                let found = words
                    .iter()
                    .any(|w| feeds.contains(&w.parse().expect("a feed")));
                assert!(!found, "{}: {feeds:?}", self.place);
            }
            other => panic!("{}: what is {other}?", self.place),
        }
    }

    fn nothing_unexpected(&mut self) {
        if let Some((place, refusal)) = self.refusal.take() {
            panic!("{place} was refused, and nobody expected it: {refusal}");
        }
    }
}

/// Words, where quotes and brackets keep theirs together.
fn split(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut depth, mut quoted) = (0, 0, false);
    for (i, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            ' ' if depth == 0 && !quoted => {
                words.push(text[start..i].trim());
                start = i;
            }
            _ => {}
        }
    }
    words.push(text[start..].trim());
    words.retain(|word| !word.is_empty());
    words
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// Whether `value` has this tag, and these fields among its own.
fn matches(value: &Value, tag: &str, words: &[&str]) -> bool {
    value[tag] == json!(words[0])
        && words[1..].iter().all(|word| {
            let (key, expected) = word.split_once('=').expect("key=value");
            value[key] == json(expected)
        })
}

pub(crate) fn daemon(part: Part) -> Actor {
    Actor::Daemon { part }
}

pub(crate) fn account(role: &str) -> Actor {
    let account: AccountId = "somebody".parse().expect("valid");
    match role {
        "technician" => Actor::Technician { account },
        "supervisor" => Actor::Supervisor { account },
        "bidder" => Actor::Bidder { account },
        "administrator" => Actor::Administrator {
            account,
            of: Administration::System,
        },
        other => panic!("who is {other}?"),
    }
}

fn configure(simulated: bool) -> Command {
    let seats = (1..=SEATS)
        .map(|no| Seat {
            no: SeatNo(no),
            x: 10 * no,
            y: 50,
        })
        .collect();
    let feed = |id: String, kind: FeedKind, place: Place| FeedSpec {
        id: id.parse().expect("valid"),
        name: id,
        kind,
        place,
        simulated,
    };
    let mut feeds = vec![
        feed(
            "camera-1".to_owned(),
            FeedKind::Camera,
            Place::EvaluationRoom,
        ),
        feed(
            "talkback".to_owned(),
            FeedKind::TalkBack,
            Place::SupervisionRoom,
        ),
    ];
    for no in 1..=SEATS {
        let place = Place::Seat(SeatNo(no));
        feeds.push(feed(format!("seat-{no}-face"), FeedKind::Face, place));
        feeds.push(feed(format!("seat-{no}-screen"), FeedKind::Screen, place));
    }
    let layout = Layout {
        name: "评标一室".to_owned(),
        city: "保山".to_owned(),
        seats,
        feeds,
        replicas: Default::default(),
        relays: Vec::new(),
    };
    let profile_sha256 = if simulated { "test" } else { "real" }.to_owned();
    Command::ConfigureRoom {
        layout,
        policies: Policies {
            personal_retention: Some(Span::hours(10 * 366 * 24)),
            ..Policies::default()
        },
        profile_sha256,
    }
}

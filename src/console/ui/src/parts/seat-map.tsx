// Owns the room's map: one card a seat where the profile puts it, large enough to be read across the room.
// Colour marks exceptions; a seat where all is well is neutral.
import { AudioOutlined, DesktopOutlined, IdcardOutlined, LaptopOutlined, SafetyCertificateOutlined, VideoCameraOutlined } from "@ant-design/icons";
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { size as bytesText, span, useNow } from "../clock";
import { useT, type Dictionary } from "../i18n";
import { anomalyOf, hasSound, mask } from "../names";
import type { Anomaly, FeedView, RoomView, SeatView } from "../wire";
import { Mark, type MarkLevel } from "./mark";

const GAP = 8;
const WIDTHS = { most: 380, least: 150, step: 10 };
const HEIGHTS = { most: 184, least: 72, step: 4 };
/** Width to height: between a card of three lines and one of two. */
const SHAPE = { least: 1.7, most: 3.6, wide: 2.3 };

export interface CardSize {
  w: number;
  h: number;
  /** Two lines instead of three. */
  wide: boolean;
  /** How large its letters can be. */
  type: "xl" | "l" | "m" | "s" | "xs";
}

export interface Placed {
  no: number;
  left: number;
  top: number;
}

function cardSize(w: number, h: number): CardSize {
  const wide = w / h > SHAPE.wide;
  // what one line has, were it a card of three
  const line = wide ? Math.min(h * 1.45, w * 0.46) : Math.min(h, w * 0.56);
  const type = line >= 168 ? "xl" : line >= 144 ? "l" : line >= 124 ? "m" : line >= 104 ? "s" : "xs";
  return { w, h, wide, type };
}

/** Where the cards go, and how large they can be: the largest with which no two overlap. */
export function place(seats: { no: number; x: number; y: number }[], width: number, height: number): { size: CardSize; cards: Placed[] } {
  const at = (w: number, h: number) => seats.map((seat) => ({
    no: seat.no,
    left: clamp((seat.x / 100) * width, w / 2, width - w / 2),
    top: clamp((seat.y / 100) * height, h / 2, height - h / 2),
  }));
  let best: [number, number] = [WIDTHS.least, HEIGHTS.least];
  for (let h = HEIGHTS.most; h >= HEIGHTS.least; h -= HEIGHTS.step) {
    for (let w = Math.min(WIDTHS.most, h * SHAPE.most); w >= Math.max(WIDTHS.least, h * SHAPE.least); w -= WIDTHS.step) {
      if (w * h <= best[0] * best[1]) break;
      const cards = at(w, h);
      const apart = cards.every((a, i) => cards.slice(i + 1).every((b) => Math.abs(a.left - b.left) >= w + GAP || Math.abs(a.top - b.top) >= h + GAP));
      if (apart) best = [Math.round(w), h];
    }
  }
  return { size: cardSize(...best), cards: at(...best) };
}

const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), Math.max(low, high));

export function SeatMap({ view, onSeat }: { view: RoomView; onSeat: (no: number) => void }) {
  const t = useT();
  const box = useRef<HTMLDivElement>(null);
  const [area, setArea] = useState({ width: 1100, height: 620 });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setArea({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const positions = JSON.stringify(view.seats.map(({ no, x, y }) => ({ no, x, y })));
  const { size, cards } = useMemo(() => place(JSON.parse(positions), area.width, area.height), [positions, area]);
  return (
    <div className="map" ref={box}>
      <ul className="map-seats" aria-label={t.tech.map}>
        {view.seats.map((seat) => {
          const card = cards.find((c) => c.no === seat.no);
          return (
            <li key={seat.no} className="map-place" style={{ left: card?.left, top: card?.top, width: size.w, height: size.h }}>
              <SeatCard seat={seat} feeds={view.feeds} size={size} onSeat={onSeat} />
            </li>
          );
        })}
      </ul>
    </div>
  );
}

interface Trouble {
  level: "warn" | "bad";
  text: string;
}

function SeatCard({ seat, feeds, size, onSeat }: { seat: SeatView; feeds: FeedView[]; size: CardSize; onSeat: (no: number) => void }) {
  const t = useT();
  const now = useNow();
  const face = feeds.find((feed) => feed.id === seat.face);
  const screen = feeds.find((feed) => feed.id === seat.screen);
  const member = seat.member;
  const trouble = troubleOf(t, seat, face, screen, now);
  const present = member?.presence === "present";
  const level = trouble?.level ?? (member == null ? "empty" : present ? "ok" : "waiting");
  return (
    <button type="button" className={`seat seat-${level} seat-type-${size.type} ${size.wide ? "seat-wide" : ""}`} onClick={() => onSeat(seat.no)}>
      <span className="seat-no" aria-label={t.common.seat(seat.no)}>{seat.no}</span>
      <span className="seat-who">
        <span className="seat-mask">{member == null ? t.tech.seat.empty : mask(t, member)}</span>
        {member?.chair === true && <span className="tag">{t.tech.seat.chair}</span>}
      </span>
      <Recording seat={seat} face={face} screen={screen} />
      <span className="seat-lights">
        <Light icon={<LaptopOutlined />} label={t.tech.seat.enrolled} state={seat.enrolled ? "ok" : "missing"} />
        <Light icon={<IdcardOutlined />} label={t.tech.seat.checkedIn} state={present ? "ok" : "missing"} />
        <Light icon={<SafetyCertificateOutlined />} label={t.tech.seat.pledges} state={(member?.pledges.length ?? 0) >= 2 ? "ok" : "missing"} />
        <Light icon={<VideoCameraOutlined />} label={t.tech.seat.face} state={lightOf(face)} anomaly={wrong(face, ["frozen", "black"])} />
        <Light icon={<AudioOutlined />} label={t.tech.seat.mic} state={face?.source === "live" ? (hasSound(face) ? "ok" : "lost") : lightOf(face)} anomaly={wrong(face, ["silent", "too_loud"])} />
        <Light icon={<DesktopOutlined />} label={t.tech.seat.screen} state={lightOf(screen)} anomaly={wrong(screen, ["frozen", "black"])} />
      </span>
      <span className={`seat-line ${trouble === null ? "" : `text-${trouble.level}`}`}>
        {trouble === null ? quietLine(t, seat, face, screen) : trouble.text}
      </span>
    </button>
  );
}

function quietLine(t: Dictionary, seat: SeatView, face?: FeedView, screen?: FeedView): ReactNode {
  const member = seat.member;
  if (!seat.enrolled) return t.tech.seat.notEnrolled;
  if (member == null) return "";
  if (member.presence === "expected") return member.code_handed_out ? t.tech.seat.coded : t.tech.seat.expected;
  const bytes = (face?.recording.bytes ?? 0) + (screen?.recording.bytes ?? 0);
  if (member.signed != null) return t.tech.members.signed;
  return bytes > 0 ? t.tech.seat.written(bytesText(bytes)) : t.words.kinds.presence[member.presence];
}

function troubleOf(t: Dictionary, seat: SeatView, face: FeedView | undefined, screen: FeedView | undefined, now: number): Trouble | null {
  const age = (since?: number | null) => (since == null ? "" : span(now - since));
  if (seat.help != null) {
    const urgent = seat.help.overdue || seat.help.kind === "unwell";
    return { level: urgent ? "bad" : "warn", text: t.tech.seat.helpCall(t.words.kinds.help[seat.help.kind], age(seat.help.since)) };
  }
  const feeds: [FeedView | undefined, string][] = [[face, t.tech.seat.face], [screen, t.tech.seat.screen]];
  for (const [feed, word] of feeds) {
    if (feed?.source === "lost" && seat.member != null) return { level: "bad", text: t.tech.seat.lost(word, age(feed.since)) };
    if (feed?.recording.state === "gap") return { level: "bad", text: t.tech.seat.gap(age(feed.recording.since)) };
  }
  const member = seat.member;
  for (const [feed] of feeds) {
    const anomaly = anomalyOf(t, feed);
    if (anomaly?.level === "bad") return anomaly;
  }
  if (member?.conflict != null && member.conflict.ruling == null) return { level: "warn", text: t.tech.seat.conflict };
  if (seat.warning != null) return { level: "warn", text: t.tech.seat.warned };
  if (!seat.enrolled && member != null) return { level: "warn", text: t.tech.seat.notEnrolled };
  return anomalyOf(t, face) ?? anomalyOf(t, screen);
}

const lightOf = (feed?: FeedView): "ok" | "missing" | "lost" => (feed?.source === "live" ? "ok" : feed?.source === "lost" ? "lost" : "missing");

const wrong = (feed: FeedView | undefined, what: Anomaly["what"][]): Anomaly | undefined => feed?.anomalies.find((anomaly) => what.includes(anomaly.what));

function Light({ icon, label, state, anomaly }: { icon: ReactNode; label: string; state: "ok" | "missing" | "lost"; anomaly?: Anomaly }) {
  const t = useT();
  const words = anomaly === undefined ? `${label} ${t.tech.seat.states[state]}` : `${label} ${t.words.kinds.anomaly[anomaly.what]}`;
  const mark = state === "lost" ? "bad" : anomaly?.level;
  return (
    <span className={`light light-${anomaly === undefined || state === "lost" ? state : anomaly.level}`} role="img" aria-label={words} title={words}>
      {icon}
      {mark !== undefined && <Mark level={mark} size={12} />}
    </span>
  );
}

function Recording({ seat, face, screen }: { seat: SeatView; face?: FeedView; screen?: FeedView }) {
  const t = useT();
  const states = [face, screen].flatMap((feed) => (feed === undefined ? [] : [feed.recording.state]));
  let [level, text]: [MarkLevel, string] = ["none", t.tech.seat.notRecorded];
  if (states.includes("gap")) [level, text] = ["bad", t.tech.seat.recordingGap];
  else if (states.includes("starting")) [level, text] = ["warn", t.tech.seat.starting];
  else if (states.includes("writing")) [level, text] = ["rec", t.tech.seat.recording];
  if (level === "none" && seat.member == null) return null;
  return <span className={`seat-rec state-${level}`}><Mark level={level} size={14} /><span className="seat-rec-text"> {text}</span></span>;
}

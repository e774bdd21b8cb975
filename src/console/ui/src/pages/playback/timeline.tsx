// Owns the timeline: every feed's recording with its gaps, the moments below, the position above; it fits the
// session and zooms.
import { useRef } from "react";
import { hourMinute, timeOfDay } from "../../clock";
import { useT } from "../../i18n";
import type { Names } from "../../i18n/shape";
import { feedName, told } from "../../names";
import type { RecordedFeed, RecordedSession } from "../../wire";

export interface Range {
  from: number;
  to: number;
}

/** The whole of a session's recordings, a little wider. */
export function rangeOf(session: RecordedSession): Range {
  const segments = session.feeds.flatMap((feed) => feed.segments);
  if (segments.length === 0) return { from: 0, to: 1 };
  const from = Math.min(...segments.map((s) => s.from));
  const to = Math.max(...segments.map((s) => s.to));
  const margin = Math.max(1000, (to - from) * 0.01);
  return { from: from - margin, to: to + margin };
}

/** Zooms around a moment, inside the whole. */
export function zoom(range: Range, whole: Range, around: number, factor: number): Range {
  const width = Math.min(whole.to - whole.from, Math.max(20_000, (range.to - range.from) / factor));
  const share = (Math.min(Math.max(around, range.from), range.to) - range.from) / (range.to - range.from);
  const from = Math.min(Math.max(around - width * share, whole.from), whole.to - width);
  return { from, to: from + width };
}

/** Segments that follow one another are one bar. */
export function runs(feed: RecordedFeed): Range[] {
  const all: Range[] = [];
  for (const segment of feed.segments) {
    const last = all[all.length - 1];
    if (last !== undefined && segment.from - last.to < 1500) last.to = Math.max(last.to, segment.to);
    else all.push({ from: segment.from, to: segment.to });
  }
  return all;
}

const STEPS = [5, 10, 30, 60, 300, 600, 1800, 3600, 7200].map((s) => s * 1000);

function ticks(range: Range, atMost: number): number[] {
  const step = STEPS.find((s) => (range.to - range.from) / s <= atMost) ?? 4 * 3600_000;
  const out: number[] = [];
  for (let at = Math.ceil(range.from / step) * step; at < range.to; at += step) out.push(at);
  return out;
}

const LABEL = 170;
const WIDTH = 1800;
const ROW = 26;
const TOP = 30;

export function Timeline(props: { session: RecordedSession; names: Names; range: Range; position: number; feed: string | null; onPick: (feed: string | null, at: number) => void; onStep: (by: number) => void }) {
  const t = useT();
  const svg = useRef<SVGSVGElement>(null);
  const { session, range, position } = props;
  const x = (at: number) => LABEL + ((at - range.from) / (range.to - range.from)) * (WIDTH - LABEL - 10);
  const clip = (r: Range): Range | null => (r.to < range.from || r.from > range.to ? null : { from: Math.max(r.from, range.from), to: Math.min(r.to, range.to) });
  const height = TOP + session.feeds.length * ROW + 30;
  const moments = session.moments.filter((m) => m.at >= range.from && m.at <= range.to && !["feed_went_live", "recording_started", "recording_ended"].includes(m.event.type));
  const fine = range.to - range.from < 600_000;
  const pick = (event: React.MouseEvent) => {
    const box = svg.current?.getBoundingClientRect();
    if (box === undefined) return;
    const sx = ((event.clientX - box.left) / box.width) * WIDTH;
    const sy = ((event.clientY - box.top) / box.height) * height;
    if (sx < LABEL) return;
    const at = range.from + ((sx - LABEL) / (WIDTH - LABEL - 10)) * (range.to - range.from);
    const row = session.feeds[Math.floor((sy - TOP) / ROW)];
    props.onPick(row?.id ?? null, at);
  };
  return (
    <div
      className="timeline"
      role="slider"
      tabIndex={0}
      aria-label={t.playback.position}
      aria-valuemin={Math.round(range.from)}
      aria-valuemax={Math.round(range.to)}
      aria-valuenow={Math.round(position)}
      aria-valuetext={timeOfDay(position)}
      onKeyDown={(event) => {
        if (event.key === "ArrowLeft") props.onStep(-10_000);
        else if (event.key === "ArrowRight") props.onStep(10_000);
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <svg ref={svg} viewBox={`0 0 ${WIDTH} ${height}`} onClick={pick} aria-hidden="true">
        <defs>
          <pattern id="gap" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="8" height="8" fill="#3a1f25" />
            <rect width="4" height="8" fill="#f0707a" />
          </pattern>
        </defs>
        {ticks(range, 12).map((at) => (
          <g key={at}>
            <line x1={x(at)} x2={x(at)} y1={TOP - 6} y2={height - 24} className="tick" />
            <text x={x(at)} y={18} textAnchor="middle" className="tick-text">{fine ? timeOfDay(at) : hourMinute(at)}</text>
          </g>
        ))}
        {session.feeds.map((feed, row) => {
          const y = TOP + row * ROW;
          const chosen = feed.id === props.feed;
          return (
            <g key={feed.id}>
              <text x={8} y={y + 17} className={chosen ? "row-text row-text-on" : "row-text"}>{feedName(t, feed.id, session.feeds)}</text>
              {runs(feed).map(clip).filter((r) => r !== null).map((r) => (
                <rect key={r.from} x={x(r.from)} y={y + 4} width={Math.max(1.5, x(r.to) - x(r.from))} height={ROW - 8} rx="3" className={chosen ? "run run-on" : "run"} />
              ))}
              {feed.gaps.map((gap) => clip({ from: gap.from, to: gap.to ?? range.to })).filter((r) => r !== null).map((r) => (
                <rect key={r.from} x={x(r.from)} y={y + 4} width={Math.max(4, x(r.to) - x(r.from))} height={ROW - 8} fill="url(#gap)" stroke="#f0707a" />
              ))}
            </g>
          );
        })}
        {moments.map((moment) => {
          const { what, level } = told(t, moment.event, props.names);
          return (
            <path key={moment.seq} d={`M${x(moment.at)} ${height - 24}l6 12h-12z`} className={`moment moment-${level ?? "info"}`}>
              <title>{`${timeOfDay(moment.at)} ${what}`}</title>
            </path>
          );
        })}
        {position >= range.from && position <= range.to && <line x1={x(position)} x2={x(position)} y1={TOP - 8} y2={height - 8} className="position" />}
      </svg>
    </div>
  );
}

// Owns the timeline: all feeds on one wall clock, as SVG; click to play from there, wheel to zoom, drag to move.
import { Button, Tooltip } from "antd";
import { ColumnWidthOutlined, LeftOutlined, RightOutlined, ZoomInOutlined, ZoomOutOutlined } from "@ant-design/icons";
import { useEffect, useLayoutEffect, useMemo, useRef, useState, type PointerEvent } from "react";
import { dayTime, hourMinute, size, span, timeOfDay } from "../../clock";
import { useT } from "../../i18n";
import { lanesOf, stretches, type Point, type Row, type Tape } from "./tape";
import { axis, fit, pan, zoom, type Window } from "./window";

const AXIS = 28;
const LANE = 26;
const NEAR = 9;

interface Props {
  tape: Tape;
  points: Point[];
  view: Window;
  onView: (view: Window) => void;
  at: number;
  feed: string | null;
  onFeed: (feed: string) => void;
  onSeek: (feed: string | null, at: number) => void;
}

export function Timeline(props: Props) {
  const { tape, points, view, onView, at, feed, onFeed, onSeek } = props;
  const t = useT();
  const whole = useMemo(() => fit(tape), [tape]);
  const [frame, width] = useWidth();
  const lanes = useMemo(() => lanesOf(tape.rows), [tape]);
  const height = lanes.length > 12 ? 22 : 28;
  const x = (time: number) => ((time - view.from) / (view.to - view.from)) * width;
  const time = (pixel: number) => view.from + (pixel / width) * (view.to - view.from);
  const { step, marks } = axis(view, width);
  const label = (mark: number) => (step < 60_000 ? timeOfDay(mark) : hourMinute(mark));
  const now = useRef({ view, whole, width });
  now.current = { view, whole, width };

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const wheel = (event: WheelEvent) => {
      const { view: seen, whole: all, width: wide } = now.current;
      event.preventDefault();
      const length = seen.to - seen.from;
      const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (sideways) return onView(pan(seen, all, ((event.deltaX || event.deltaY) / wide) * length));
      const pixel = event.clientX - element.getBoundingClientRect().left;
      onView(zoom(seen, all, Math.exp(-event.deltaY / 400), seen.from + (pixel / wide) * length));
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [frame, onView]);

  const drag = useRef<{ pixel: number; view: Window; moved: boolean } | null>(null);
  const down = (event: PointerEvent<SVGSVGElement>) => {
    if (event.button !== 0) return;
    drag.current = { pixel: event.clientX, view, moved: false };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent<SVGSVGElement>) => {
    const from = drag.current;
    if (from === null) return;
    const by = event.clientX - from.pixel;
    if (Math.abs(by) > 4) from.moved = true;
    if (from.moved) onView(pan(from.view, whole, (-by / width) * (from.view.to - from.view.from)));
  };
  const up = (event: PointerEvent<SVGSVGElement>, seek: (pixel: number, y: number) => void) => {
    const from = drag.current;
    drag.current = null;
    if (from === null || from.moved) return;
    const box = event.currentTarget.getBoundingClientRect();
    seek(event.clientX - box.left, event.clientY - box.top);
  };
  const seekRow = (pixel: number, y: number) => {
    const rows = lanes[Math.floor(y / height)]?.rows ?? [];
    const part = Math.min(rows.length - 1, Math.max(0, Math.floor((((y % height) - 2) / (height - 4)) * rows.length)));
    onSeek(rows[part]?.row.feed ?? null, time(pixel));
  };
  const seekPoint = (pixel: number) => {
    const near = clusters(points, x).find((cluster) => Math.abs(cluster.x - pixel) <= NEAR);
    if (near === undefined) onSeek(null, time(pixel));
    else onSeek(null, near.points[0]?.at ?? time(pixel));
  };
  const fits = view.to - view.from >= whole.to - whole.from - 1;
  const handlers = (seek: (pixel: number, y: number) => void) => ({
    onPointerDown: down,
    onPointerMove: move,
    onPointerUp: (event: PointerEvent<SVGSVGElement>) => up(event, seek),
    onPointerCancel: () => (drag.current = null),
  });

  return (
    <section className="timeline" aria-label={t.playback.timeline}>
      <div className={`timeline-body lanes-${height}`}>
        <div className="timeline-names" role="group" aria-label={t.playback.feeds}>
          {lanes.map(({ seat, rows }) => (
            <div className="timeline-lane-name" key={rows[0]?.row.feed}>
              {seat !== null && <span className="timeline-seat">{t.common.seat(seat)}</span>}
              {rows.map(({ row, part }) => (
                <button
                  key={row.feed}
                  type="button"
                  className="timeline-name"
                  aria-pressed={row.feed === feed}
                  aria-label={`${t.playback.choose(row.name)} ${summary(t, row)}`}
                  title={`${row.name} ${summary(t, row)}`}
                  onClick={() => onFeed(row.feed)}
                >
                  <span>{part === null ? row.name : t.words.kinds.feed[part]}</span>
                  {row.holes.length > 0 && <i className="timeline-holes" data-count={row.holes.length} />}
                </button>
              ))}
            </div>
          ))}
        </div>
        <div
          className="timeline-frame"
          data-from={view.from}
          data-to={view.to}
          ref={frame}
          role="slider"
          tabIndex={0}
          aria-label={t.playback.position}
          aria-valuemin={Math.floor(tape.from / 1000)}
          aria-valuemax={Math.ceil(tape.to / 1000)}
          aria-valuenow={Math.round(at / 1000)}
          aria-valuetext={`${dayTime(at).slice(0, 5)} ${timeOfDay(at)}`}
        >
          <svg className="timeline-axis" width={width} height={AXIS} aria-hidden="true" {...handlers((pixel) => onSeek(null, time(pixel)))}>
            {marks.map((mark) => (
              <text key={mark.at} x={x(mark.at)} y={18} textAnchor={x(mark.at) < 30 ? "start" : x(mark.at) > width - 30 ? "end" : "middle"} className={mark.day ? "axis-day" : "axis-time"}>
                {mark.day ? dayTime(mark.at).slice(0, 5) : label(mark.at)}
              </text>
            ))}
          </svg>
          <svg className="timeline-rows" width={width} height={lanes.length * height} aria-hidden="true" {...handlers(seekRow)}>
            <Hatch id="hatch" />
            {marks.map((mark) => <line key={mark.at} x1={x(mark.at)} x2={x(mark.at)} y1={0} y2={lanes.length * height} className="axis-line" />)}
            {lanes.map(({ rows }, index) => {
              const top = index * height + 2;
              const each = (height - 4) / rows.length;
              return rows.map(({ row }, part) => (
                <RowBars key={row.feed} row={row} top={top + part * each} height={each} view={view} width={width} chosen={row.feed === feed} />
              ));
            })}
            <line x1={x(at)} x2={x(at)} y1={0} y2={lanes.length * height} className="tape-playhead" />
          </svg>
          <svg className="timeline-points" width={width} height={LANE} aria-hidden="true" {...handlers(seekPoint)}>
            {clusters(points, x).map((cluster) => <Tick key={cluster.points[0]?.seq} {...cluster} many={t.playback.many} />)}
            <path d={`M${x(at) - 6} ${LANE} L${x(at)} ${LANE - 8} L${x(at) + 6} ${LANE} Z`} className="tape-playhead-foot" />
          </svg>
        </div>
      </div>
      {!fits && <Overview whole={whole} tape={tape} view={view} at={at} onView={onView} />}
    </section>
  );
}

/** The timeline's buttons; they stand beside the player's. */
export function ZoomTools({ whole, view, at, onView }: { whole: Window; view: Window; at: number; onView: (view: Window) => void }) {
  const words = useT().playback;
  const fits = view.to - view.from >= whole.to - whole.from - 1;
  const centre = at >= view.from && at <= view.to ? at : (view.from + view.to) / 2;
  const half = (view.to - view.from) / 2;
  return (
    <span className="zoom-tools" role="group" aria-label={words.timeline}>
      <Tool label={words.earlier} icon={<LeftOutlined />} disabled={fits} onClick={() => onView(pan(view, whole, -half))} />
      <Tool label={words.zoomOut} icon={<ZoomOutOutlined />} disabled={fits} onClick={() => onView(zoom(view, whole, 0.5, centre))} />
      <Tool label={words.fit} icon={<ColumnWidthOutlined />} disabled={fits} onClick={() => onView(whole)} />
      <Tool label={words.zoomIn} icon={<ZoomInOutlined />} onClick={() => onView(zoom(view, whole, 2, centre))} />
      <Tool label={words.later} icon={<RightOutlined />} disabled={fits} onClick={() => onView(pan(view, whole, half))} />
    </span>
  );
}

/** What the hatching means. */
export function Legend() {
  return (
    <span className="timeline-legend">
      <svg width="28" height="12" aria-hidden="true"><Hatch id="hatch-key" /><rect width="28" height="12" className="tape-hole" fill="url(#hatch-key)" /></svg>
      {useT().playback.hatch}
    </span>
  );
}

function summary(t: ReturnType<typeof useT>, row: Row): string {
  return t.playback.rowSummary(row.pieces.length, size(row.bytes), row.holes.length);
}

function Tool(props: { label: string; icon: React.ReactNode; disabled?: boolean; onClick: () => void }) {
  return (
    <Tooltip title={props.label}>
      <Button size="small" icon={props.icon} aria-label={props.label} disabled={props.disabled} onClick={props.onClick} />
    </Tooltip>
  );
}

function Hatch({ id }: { id: string }) {
  return (
    <defs>
      <pattern id={id} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect width="6" height="6" className="hatch-ground" />
        <rect width="3" height="6" className="hatch-line" />
      </pattern>
    </defs>
  );
}

function RowBars(props: { row: Row; top: number; height: number; view: Window; width: number; chosen: boolean }) {
  const t = useT();
  const { row, top, height, view, width, chosen } = props;
  const all = useMemo(() => stretches(row.pieces), [row]);
  const x = (time: number) => ((time - view.from) / (view.to - view.from)) * width;
  const seen = (part: Window) => part.to >= view.from && part.from <= view.to;
  const box = (part: Window) => {
    const left = Math.max(-4, x(part.from));
    return { x: left, width: Math.max(2, Math.min(width + 4, x(part.to)) - left) };
  };
  const bar = height > 14 ? height - 8 : height - 2;
  const y = top + (height - bar) / 2;
  return (
    <g>
      {chosen && <rect x={0} y={top} width={width} height={height} className="tape-row-chosen" />}
      {all.filter(seen).map((part) => <rect key={part.from} {...box(part)} y={y} height={bar} rx={2} className={chosen ? "tape-bar tape-bar-chosen" : "tape-bar"} />)}
      {row.holes.filter(seen).map((hole) => {
        const half = hole.tracks !== "both" && all.some((part) => part.from < hole.to && part.to > hole.from);
        return (
          <rect
            key={`${hole.from}-${hole.tracks}`}
            {...box(hole)}
            y={half && hole.tracks === "audio" ? y + bar / 2 : y}
            height={half ? bar / 2 : bar}
            className="tape-hole"
            fill="url(#hatch)"
          >
            <title>{`${t.words.kinds.gap[hole.cause]} ${timeOfDay(hole.from)} – ${hole.open ? "…" : timeOfDay(hole.to)} (${span(hole.to - hole.from)})`}</title>
          </rect>
        );
      })}
    </g>
  );
}

interface Cluster {
  x: number;
  points: Point[];
}

/** Points that would cover each other stand as one. */
export function clusters(points: Point[], x: (time: number) => number): Cluster[] {
  const all: Cluster[] = [];
  for (const point of points) {
    const pixel = x(point.at);
    const last = all.at(-1);
    if (last !== undefined && pixel - last.x < 2 * NEAR) last.points.push(point);
    else all.push({ x: pixel, points: [point] });
  }
  return all;
}

const WORST = { plain: 0, good: 1, warn: 2, bad: 3 };

function Tick({ x, points, many }: Cluster & { many: (count: number) => string }) {
  const level = points.reduce<Point["level"]>((worst, point) => (WORST[point.level] > WORST[worst] ? point.level : worst), "plain");
  const shown = points.slice(0, 12).map((point) => `${timeOfDay(point.at)} ${point.text}`);
  const title = points.length > 1 ? [many(points.length), ...shown, ...(points.length > 12 ? ["…"] : [])].join("\n") : shown.join("");
  return (
    <g className={`tape-tick tape-tick-${level}`}>
      {level === "bad" && <rect x={x - 5} y={4} width={10} height={10} />}
      {level === "warn" && <path d={`M${x} 3 L${x + 7} 15 L${x - 7} 15 Z`} />}
      {(level === "plain" || level === "good") && <circle cx={x} cy={9} r={5} />}
      {points.length > 1 && <text x={x} y={24} textAnchor="middle">{points.length}</text>}
      <title>{title}</title>
    </g>
  );
}

function Overview(props: { whole: Window; tape: Tape; view: Window; at: number; onView: (view: Window) => void }) {
  const { whole, tape, view, at, onView } = props;
  const [frame, width] = useWidth();
  const x = (time: number) => ((time - whole.from) / (whole.to - whole.from)) * width;
  const centre = (event: PointerEvent<SVGSVGElement>) => {
    if (event.buttons !== 1) return;
    const time = whole.from + ((event.clientX - event.currentTarget.getBoundingClientRect().left) / width) * (whole.to - whole.from);
    onView(pan(view, whole, time - (view.from + view.to) / 2));
  };
  return (
    <div className="timeline-overview" ref={frame}>
      <svg width={width} height={16} aria-hidden="true" onPointerDown={centre} onPointerMove={centre}>
        <rect x={x(tape.from)} y={6} width={Math.max(0, x(tape.to) - x(tape.from))} height={4} className="tape-bar" />
        <rect x={x(view.from)} y={1} width={Math.max(6, x(view.to) - x(view.from))} height={14} rx={3} className="overview-window" />
        <line x1={x(at)} x2={x(at)} y1={0} y2={16} className="tape-playhead" />
      </svg>
    </div>
  );
}

function useWidth(): [React.RefObject<HTMLDivElement | null>, number] {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(1000);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const measure = () => setWidth(Math.max(100, Math.floor(element.clientWidth)));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [frame, width];
}

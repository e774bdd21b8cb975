// Owns the playback of one session: tiles, controls, moments and timeline on one clock.
import { Button, Input, Segmented, Select } from "antd";
import { ArrowLeftOutlined, CameraOutlined, CaretRightFilled, ExportOutlined, FullscreenExitOutlined, FullscreenOutlined, MutedOutlined, PauseOutlined, ReloadOutlined, SoundOutlined, StepBackwardOutlined, StepForwardOutlined } from "@ant-design/icons";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { No } from "../../api";
import { boxNow, dateTime, span, timeOfDay } from "../../clock";
import { useT } from "../../i18n";
import { names, problemText } from "../../names";
import { Mark } from "../../parts/mark";
import { useNotices } from "../../parts/notice";
import { Empty } from "../../parts/shell";
import { ClipDialog } from "./clip";
import { Deck, type Clock } from "./deck";
import { Points } from "./points";
import { Screen } from "./screen";
import { exactly, save, still } from "./still";
import { CATEGORIES, groupsOf, nextStop, previousStop, stops, tapeOf, type Category, type Row } from "./tape";
import { Legend, Timeline, ZoomTools } from "./timeline";
import { momentTyped } from "./typed";
import { Voices } from "./voices";
import { fit, follow, pan, zoom, type Window } from "./window";
import { fileUrl, type RecordedSession } from "./wire";

export const RATES = [0.5, 1, 1.5, 2, 4, 8];
const SKIP = 10_000;
/** A list that grows is read again when the clock is so near its end, ms, and no sooner than that after the last time. */
const NEAR_END = 6000;
const NO_ROWS: Row[] = [];

interface Props {
  recorded: RecordedSession;
  busy: boolean;
  /** Said on stills. */
  place: { city: string; room: string; account: string };
  onBack: () => void;
  onRefresh: () => void;
  /** A file was not given: perhaps the sign-in is over or locked. */
  onRefused: () => void;
}

export function Session({ recorded, busy, place, onBack, onRefresh, onRefused }: Props) {
  const t = useT();
  const words = t.playback;
  const { say } = useNotices();
  const tape = useMemo(() => tapeOf(t, recorded, boxNow()), [t, recorded]);
  const whole = useMemo(() => fit(tape), [tape]);
  const groups = useMemo(() => groupsOf(tape.rows), [tape]);
  const [view, setView] = useState<Window>(whole);
  const [groupKey, setGroup] = useState<string | null>(null);
  // feeds that were wanted and never came are known by their gaps alone
  const opening = groups.find((candidate) => candidate.rows.some((one) => one.pieces.length > 0)) ?? groups[0] ?? null;
  const [feed, setFeed] = useState<string | null>(() => opening?.rows[0]?.feed ?? null);
  const [large, setLarge] = useState(false);
  const [categories, setCategories] = useState<Category[]>(CATEGORIES);
  const [rate, setRate] = useState(1);
  const [muted, setMuted] = useState(false);
  const [clipping, setClipping] = useState(false);
  const isSealed = recorded.moments.some(({ event }) => event.type === "archive_sealed");
  const [speakers, setSpeakers] = useState<string[]>([]);
  const [deck] = useState(() => new Deck(Math.min(...(opening?.rows.flatMap((one) => one.pieces[0]?.from ?? []) ?? []), tape.to), (of, file) => fileUrl(recorded.id, of, file)));
  const [{ clock }, setShown] = useState<{ clock: Clock; changes: number }>(() => ({ clock: deck.current(), changes: 0 }));
  const voices = useRef<Voices | null>(null);
  const box = useRef<HTMLDivElement>(null);

  const group = groups.find((candidate) => candidate.key === groupKey) ?? opening;
  const row = tape.rows.find((candidate) => candidate.feed === feed) ?? null;
  const shown = useMemo(() => (large && row !== null ? [row] : group?.rows ?? NO_ROWS), [large, row, group]);
  const points = useMemo(() => tape.points.filter((point) => categories.includes(point.category)), [tape, categories]);
  const inTape = useMemo(() => points.filter((point) => point.at >= whole.from && point.at <= whole.to), [points, whole]);
  const all = useMemo(() => stops(row, inTape), [row, inTape]);
  const marks = useMemo(() => tape.points.filter((point) => point.category === "mark").map((point) => point.at), [tape]);
  const { at } = clock;

  const latest = useRef({ row, group, groups, view, whole, all, marks, tape, large, rate });
  latest.current = { row, group, groups, view, whole, all, marks, tape, large, rate };

  useEffect(() => deck.subscribe(() => setShown({ clock: deck.current(), changes: deck.changes() })), [deck]);
  useEffect(() => {
    let frame = requestAnimationFrame(function beat() {
      deck.tick();
      frame = requestAnimationFrame(beat);
    });
    // a page out of sight gets no frames, but is heard
    const timer = setInterval(() => deck.tick(), 250);
    return () => {
      cancelAnimationFrame(frame);
      clearInterval(timer);
    };
  }, [deck]);

  const onElements = useCallback((of: Row, videos: [HTMLVideoElement, HTMLVideoElement]) => {
    voices.current ??= new Voices();
    const silent = voices.current.attach(of.feed, videos);
    const off = deck.mount(of, videos);
    return () => {
      off();
      silent();
    };
  }, [deck]);
  useEffect(() => () => {
    voices.current?.close();
    voices.current = null;
  }, []);
  useEffect(() => voices.current?.hear(muted ? null : feed), [muted, feed, shown]);
  useEffect(() => {
    const timer = setInterval(() => {
      const now = deck.current().on ? voices.current?.speaking() ?? [] : [];
      setSpeakers((old) => (old.join() === now.join() ? old : now));
    }, 150);
    return () => clearInterval(timer);
  }, [deck]);

  useEffect(() => deck.update(shown), [deck, shown]);
  useEffect(() => deck.setRate(rate), [deck, rate]);
  useEffect(() => {
    if (clock.on) setView((seen) => follow(seen, latest.current.whole, at));
  }, [at, clock.on]);

  const asked = useRef(0);
  useEffect(() => {
    if (!tape.growing || !clock.on || busy || tape.to - at > NEAR_END * rate || boxNow() - asked.current < NEAR_END) return;
    asked.current = boxNow();
    onRefresh();
  }, [at, clock.on, busy, tape, rate, onRefresh]);

  // why a file is not given is asked once for each
  const broken = shown.flatMap((one) => {
    const sight = deck.shows(one.feed)?.sight;
    return sight?.is === "trouble" && sight.trouble === "unplayable" ? [`${one.feed}\n${sight.piece.file}`] : [];
  }).join("\n\n");
  useEffect(() => {
    for (const each of broken === "" ? [] : broken.split("\n\n")) {
      const [of = "", file = ""] = each.split("\n");
      fetch(fileUrl(recorded.id, of, file), { method: "HEAD", cache: "no-store" }).then(({ status }) => {
        if (status === 404) deck.lost(of, file);
        if (status === 401 || status === 403) onRefused();
      }, () => undefined);
    }
  }, [broken, deck, recorded.id, onRefused]);

  const choose = useCallback((wanted: string) => {
    setFeed(wanted);
    const now = latest.current;
    if (!now.group?.rows.some((one) => one.feed === wanted)) setGroup(now.groups.find((one) => one.rows.some((of) => of.feed === wanted))?.key ?? null);
  }, []);
  const seek = useCallback((wanted: string | null, to: number) => {
    const { tape: now, whole: span } = latest.current;
    const target = Math.min(Math.max(to, now.from), now.to - 1);
    if (wanted !== null) choose(wanted);
    deck.seek(target);
    setView((seen) => follow(seen, span, target));
  }, [deck, choose]);
  const toggle = useCallback(() => {
    voices.current?.wake();
    deck.toggle();
  }, [deck]);
  const playFrom = useCallback((from: number) => {
    seek(null, from);
    voices.current?.wake();
    deck.play();
  }, [deck, seek]);
  const jump = useCallback((to: number | null) => {
    if (to !== null) seek(null, to);
  }, [seek]);
  const look = (key: string) => {
    setGroup(key);
    setLarge(false);
    const rows = groups.find((one) => one.key === key)?.rows ?? [];
    if (!rows.some((one) => one.feed === feed)) setFeed(rows[0]?.feed ?? null);
  };

  const take = useCallback(async () => {
    const { row: of } = latest.current;
    const playing = of === null ? null : deck.shows(of.feed);
    const video = of === null ? undefined : box.current?.querySelectorAll<HTMLVideoElement>(`[data-feed="${CSS.escape(of.feed)}"] video`)[playing?.front ?? 0];
    if (of === null || playing?.sight.is !== "picture" || video === undefined) return say("bad", words.stillNone);
    const { piece } = playing.sight;
    const moment = Math.round(piece.from + video.currentTime * 1000);
    const { place: where, session, time, source } = words.stillLines;
    const lines = [where(place.city, place.room), session(recorded.id, of.name), time(exactly(moment)), source(piece.file, place.account)];
    const name = `${recorded.id}-${of.feed}-${new Date(moment).toISOString().replace(/[-:]/g, "")}.png`;
    try {
      save(await still(video, { session: recorded.id, feed: of.feed, file: piece.file, at: moment, lines }), name);
      say("ok", words.stillSaved(name));
    } catch (no) {
      if (!(no instanceof No)) throw no;
      say("bad", problemText(t, no.problem, names(t, {})));
    }
  }, [deck, say, place, recorded.id, t, words]);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey || isTyped(event.target)) return;
      const { view: seen, whole: span, tape: now, all: every, marks: marked, large: one, rate: speed } = latest.current;
      const { at: here } = deck.current();
      const faster = (by: 1 | -1) => setRate(RATES[Math.min(RATES.length - 1, Math.max(0, RATES.indexOf(speed) + by))] ?? 1);
      const acts: Record<string, () => void> = {
        ArrowLeft: () => seek(null, here - SKIP),
        ArrowRight: () => seek(null, here + SKIP),
        PageUp: () => seek(null, here - 6 * SKIP),
        PageDown: () => seek(null, here + 6 * SKIP),
        Home: () => seek(null, now.from),
        End: () => seek(null, now.to),
        "[": () => jump(previousStop(marked, here)),
        "]": () => jump(nextStop(marked, here)),
        p: () => jump(previousStop(every, here)),
        n: () => jump(nextStop(every, here)),
        j: () => faster(-1),
        k: toggle,
        l: () => (deck.current().on ? faster(1) : toggle()),
        f: () => setLarge(!one),
        Escape: () => setLarge(false),
        s: () => void take(),
        m: () => setMuted((was) => !was),
        "+": () => setView(zoom(seen, span, 2, here)),
        "=": () => setView(zoom(seen, span, 2, here)),
        "-": () => setView(zoom(seen, span, 0.5, here)),
        "0": () => setView(span),
        ",": () => setView(pan(seen, span, (seen.from - seen.to) / 4)),
        ".": () => setView(pan(seen, span, (seen.to - seen.from) / 4)),
        " ": toggle,
      };
      // a focused button is pressed by the space bar, but a tile by a click
      if (event.key === " " && event.target instanceof HTMLElement && event.target.closest("button:not(.screen-press), a, [role=combobox]") !== null) return;
      const act = acts[event.key] ?? acts[event.key.toLowerCase()];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [deck, seek, jump, toggle, take]);

  const head = (
    <div className="playback-head">
      <Button icon={<ArrowLeftOutlined />} onClick={onBack}>{words.back}</Button>
      <strong className="identifier">{recorded.id}</strong>
      {recorded.kind === "rehearsal" && <span className="tag tag-warn">{words.rehearsal}</span>}
      {groups.length > 0 && (
        <Segmented
          aria-label={words.views}
          value={group?.key}
          onChange={look}
          options={groups.map(({ key, kind, part }) => ({ value: key, label: words.viewPart(words.view[kind], part) }))}
        />
      )}
      <span className="playback-growing">{tape.growing ? words.growing : ""}</span>
      {tape.rows.length > 0 && <Legend />}
      <Button icon={<ReloadOutlined />} loading={busy} onClick={onRefresh}>{words.refresh}</Button>
    </div>
  );
  if (tape.rows.length === 0) {
    return (
      <div className="playback playback-bare">
        {head}
        <section className="panel"><Empty title={words.noFeeds}><p>{words.noFeedsHelp}</p></Empty></section>
      </div>
    );
  }
  const columns = shown.length <= 1 ? 1 : shown.length <= 4 ? 2 : 3;
  return (
    <div className="playback">
      {head}
      <div className="playback-top">
        <div className="playback-picture">
          <div className={`screens screens-${columns}`} ref={box}>
            {shown.map((one) => (
              <Screen
                key={one.feed}
                session={recorded.id}
                row={one}
                playing={deck.shows(one.feed)}
                at={at}
                chosen={one.feed === feed}
                speaking={speakers.includes(one.feed)}
                large={shown.length === 1}
                onElements={onElements}
                onChoose={() => choose(one.feed)}
                onLarge={() => {
                  choose(one.feed);
                  setLarge(!large);
                }}
                onRetry={() => deck.retry(one.feed)}
                onPlayFrom={playFrom}
              />
            ))}
          </div>
          <div className="playback-told" role="status">
            {clock.skipped !== null && (
              <span className="screen-tag screen-tag-warn">
                <Mark level="warn" /> {clock.skipped.hole === null
                  ? words.skippedEmpty(span(clock.skipped.to - clock.skipped.from))
                  : words.skipped(span(clock.skipped.to - clock.skipped.from), t.words.kinds.gap[clock.skipped.hole.cause])}
              </span>
            )}
            {clock.ended && <span className="screen-tag">{tape.growing ? words.endedGrowing : words.ended}</span>}
          </div>
        </div>
        <Points points={inTape} at={at} categories={categories} onCategories={setCategories} onSeek={(to) => seek(null, to)} />
      </div>
      <div className="controls" role="group" aria-label={words.position}>
        <time className="controls-clock" dateTime={new Date(at).toISOString()} data-at={Math.round(at)}>
          <span className="controls-date">{dateTime(at).slice(0, 10)}</span>
          <span className="controls-time">{timeOfDay(at)}</span>
        </time>
        <Goto at={at} onGo={(to) => seek(null, to)} />
        <Button icon={<StepBackwardOutlined />} disabled={previousStop(all, at) === null} title={words.stopsHelp} onClick={() => jump(previousStop(all, at))}>{words.previous}</Button>
        <Button className="controls-play" type="primary" icon={clock.on ? <PauseOutlined /> : <CaretRightFilled />} onClick={toggle}>
          {clock.on ? words.pause : words.play}
        </Button>
        <Button icon={<StepForwardOutlined />} iconPlacement="end" disabled={nextStop(all, at) === null} title={words.stopsHelp} onClick={() => jump(nextStop(all, at))}>{words.next}</Button>
        <Select className="controls-rate" aria-label={words.rate} value={rate} onChange={setRate} options={RATES.map((value) => ({ value, label: `${value}×` }))} />
        <Button icon={muted ? <MutedOutlined /> : <SoundOutlined />} aria-pressed={muted} aria-label={muted ? words.unmute : words.mute} title={muted ? words.unmute : words.mute} onClick={() => setMuted(!muted)} />
        <Button icon={large ? <FullscreenExitOutlined /> : <FullscreenOutlined />} aria-label={large ? words.small : words.large} title={large ? words.small : words.large} onClick={() => setLarge(!large)} />
        <Button icon={<CameraOutlined />} onClick={() => void take()}>{words.still}</Button>
        <Button icon={<ExportOutlined />} disabled={!isSealed || row === null} title={isSealed ? words.clip.title : words.clip.notSealed} onClick={() => setClipping(true)}>{words.clip.open}</Button>
        <ZoomTools whole={whole} view={view} at={at} onView={setView} />
      </div>
      <Timeline tape={tape} points={inTape} view={view} onView={setView} at={at} feed={feed} onFeed={choose} onSeek={seek} />
      <p className="playback-keys">{words.keys}</p>
      {clipping && row !== null && (
        <ClipDialog session={recorded.id} row={row} rows={group?.rows ?? NO_ROWS} from={Math.max(view.from, tape.from)} to={Math.min(view.to, tape.to)} onClose={() => setClipping(false)} />
      )}
    </div>
  );
}

/** A time of day, typed: of the day that is shown, or of the next where the session went past midnight. */
function Goto({ at, onGo }: { at: number; onGo: (to: number) => void }) {
  const words = useT().playback;
  const [text, setText] = useState("");
  const go = () => {
    const to = momentTyped(text, at);
    if (to === null) return;
    setText("");
    onGo(to);
  };
  return <Input className="controls-goto figures" aria-label={words.goto} title={words.goto} placeholder={words.gotoHint} value={text} onChange={(event) => setText(event.target.value)} onPressEnter={go} />;
}

const isTyped = (target: EventTarget | null): boolean => target instanceof HTMLElement && target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [role=combobox], [role=listbox]") !== null;

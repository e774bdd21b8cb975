// Owns the playback of one session: picture, controls, moments and timeline on one clock.
import { Button, Select } from "antd";
import { ArrowLeftOutlined, CaretRightFilled, DownloadOutlined, FullscreenOutlined, MutedOutlined, PauseOutlined, ReloadOutlined, SoundOutlined, StepBackwardOutlined, StepForwardOutlined } from "@ant-design/icons";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { boxNow, dateTime, timeOfDay } from "../../clock";
import { useT } from "../../i18n";
import { Empty } from "../../parts/shell";
import { Player, type Playing } from "./player";
import { Points } from "./points";
import { Screen } from "./screen";
import { CATEGORIES, nextStop, previousStop, stops, tapeOf, type Category } from "./tape";
import { Legend, Timeline, ZoomTools } from "./timeline";
import { fit, follow, pan, zoom, type Window } from "./window";
import { fileUrl, type RecordedSession } from "./wire";

export const RATES = [0.5, 1, 1.5, 2, 4];
const STILL: Playing = { at: 0, on: false, piece: null, front: 0, trouble: null, skipped: null, ended: false, waiting: false };
const SKIP = 10_000;

interface Props {
  recorded: RecordedSession;
  busy: boolean;
  onBack: () => void;
  onRefresh: () => void;
  /** A file was not given: perhaps the sign-in is over or locked. */
  onRefused: () => void;
}

export function Session({ recorded, busy, onBack, onRefresh, onRefused }: Props) {
  const t = useT();
  const words = t.playback;
  const tape = useMemo(() => tapeOf(t, recorded, boxNow()), [t, recorded]);
  const whole = useMemo(() => fit(tape), [tape]);
  const [view, setView] = useState<Window>(whole);
  const [feed, setFeed] = useState<string | null>(() => tape.rows[0]?.feed ?? null);
  const [categories, setCategories] = useState<Category[]>(CATEGORIES);
  const [rate, setRate] = useState(1);
  const [muted, setMuted] = useState(false);
  const [playing, setPlaying] = useState<Playing>(() => ({ ...STILL, at: tape.rows[0]?.pieces[0]?.from ?? tape.from }));
  const player = useRef<Player | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const row = tape.rows.find((candidate) => candidate.feed === feed) ?? null;
  const points = useMemo(() => tape.points.filter((point) => categories.includes(point.category)), [tape, categories]);
  const inTape = useMemo(() => points.filter((point) => point.at >= whole.from && point.at <= whole.to), [points, whole]);
  const all = useMemo(() => stops(row, inTape), [row, inTape]);

  const latest = useRef({ row, at: playing.at, view, whole, all, tape });
  latest.current = { row, at: playing.at, view, whole, all, tape };

  const onElements = useCallback((videos: [HTMLVideoElement, HTMLVideoElement]) => {
    const made = new Player(videos, (of, file) => fileUrl(recorded.id, of, file));
    player.current = made;
    const off = made.subscribe(() => setPlaying(made.current()));
    const { row: first, at } = latest.current;
    if (first !== null) made.show(first, at);
    return () => {
      off();
      made.close();
      player.current = null;
    };
  }, [recorded.id]);

  useEffect(() => {
    if (row !== null) player.current?.update(row);
  }, [row]);
  useEffect(() => player.current?.setRate(rate), [rate]);
  useEffect(() => player.current?.setMuted(muted), [muted]);
  useEffect(() => {
    if (playing.on) setView((seen) => follow(seen, latest.current.whole, playing.at));
  }, [playing.at, playing.on]);

  const refused = playing.trouble === "unplayable";
  useEffect(() => {
    if (refused) onRefused();
  }, [refused, onRefused]);

  const seek = useCallback((wanted: string | null, to: number) => {
    const { tape: now, row: here } = latest.current;
    const at = Math.min(Math.max(to, now.from), now.to - 1);
    const target = now.rows.find((candidate) => candidate.feed === wanted) ?? here;
    if (target === null) return;
    setFeed(target.feed);
    if (here?.feed === target.feed) player.current?.seek(at);
    else player.current?.show(target, at);
    setView((seen) => follow(seen, latest.current.whole, at));
  }, []);
  const choose = useCallback((wanted: string) => seek(wanted, latest.current.at), [seek]);
  const playFrom = useCallback((at: number) => {
    seek(null, at);
    player.current?.play();
  }, [seek]);
  const jump = useCallback((find: (all: number[], at: number) => number | null) => {
    const to = find(latest.current.all, latest.current.at);
    if (to !== null) seek(null, to);
  }, [seek]);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey || isTyped(event.target)) return;
      const { at, view: seen, whole: span, tape: now } = latest.current;
      const acts: Record<string, () => void> = {
        ArrowLeft: () => seek(null, at - SKIP),
        ArrowRight: () => seek(null, at + SKIP),
        PageUp: () => seek(null, at - 6 * SKIP),
        PageDown: () => seek(null, at + 6 * SKIP),
        Home: () => seek(null, now.from),
        End: () => seek(null, now.to),
        "[": () => jump(previousStop),
        "]": () => jump(nextStop),
        "+": () => setView(zoom(seen, span, 2, at)),
        "=": () => setView(zoom(seen, span, 2, at)),
        "-": () => setView(zoom(seen, span, 0.5, at)),
        "0": () => setView(span),
        ",": () => setView(pan(seen, span, (seen.from - seen.to) / 4)),
        ".": () => setView(pan(seen, span, (seen.to - seen.from) / 4)),
        " ": () => player.current?.toggle(),
      };
      // a focused button is pressed by the space bar
      if (event.key === " " && event.target instanceof HTMLElement && event.target.closest("button, a, [role=combobox]") !== null) return;
      const act = acts[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [seek, jump]);

  const head = (
    <div className="playback-head">
      <Button icon={<ArrowLeftOutlined />} onClick={onBack}>{words.back}</Button>
      <strong className="identifier">{recorded.id}</strong>
      {recorded.kind === "rehearsal" && <span className="tag tag-warn">{words.rehearsal}</span>}
      <span className="playback-growing">{tape.growing ? words.growing : ""}</span>
      {tape.rows.length > 0 && <><span className="playback-keys">{words.keys}</span><Legend /></>}
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
  return (
    <div className="playback">
      {head}
      <div className="playback-top">
        <div className="playback-picture" ref={box}>
          <Screen session={recorded.id} row={row} playing={playing} player={player} onElements={onElements} onPlayFrom={playFrom} onRefresh={onRefresh} />
        </div>
        <Points points={inTape} at={playing.at} categories={categories} onCategories={setCategories} onSeek={(at) => seek(null, at)} />
      </div>
      <div className="controls" role="group" aria-label={words.position}>
        <time className="controls-clock" dateTime={new Date(playing.at).toISOString()}>
          <span className="controls-date">{dateTime(playing.at).slice(0, 10)}</span>
          <span className="controls-time">{timeOfDay(playing.at)}</span>
        </time>
        <span className="controls-feed">{row?.name}</span>
        <Button icon={<StepBackwardOutlined />} disabled={previousStop(all, playing.at) === null} title={words.stopsHelp} onClick={() => jump(previousStop)}>{words.previous}</Button>
        <Button className="controls-play" type="primary" icon={playing.on ? <PauseOutlined /> : <CaretRightFilled />} onClick={() => player.current?.toggle()}>
          {playing.on ? words.pause : words.play}
        </Button>
        <Button icon={<StepForwardOutlined />} iconPlacement="end" disabled={nextStop(all, playing.at) === null} title={words.stopsHelp} onClick={() => jump(nextStop)}>{words.next}</Button>
        <Select className="controls-rate" aria-label={words.rate} value={rate} onChange={setRate} options={RATES.map((value) => ({ value, label: `${value}×` }))} />
        <Button icon={muted ? <MutedOutlined /> : <SoundOutlined />} aria-pressed={muted} aria-label={muted ? words.unmute : words.mute} title={muted ? words.unmute : words.mute} onClick={() => setMuted(!muted)} />
        <Button icon={<FullscreenOutlined />} aria-label={words.full} title={words.full} onClick={() => void box.current?.requestFullscreen?.()} />
        {playing.piece !== null && row !== null && (
          <Button icon={<DownloadOutlined />} aria-label={words.download} title={words.download} href={fileUrl(recorded.id, row.feed, playing.piece.file)} download={`${row.feed}-${playing.piece.file}`} />
        )}
        <ZoomTools whole={whole} view={view} at={playing.at} onView={setView} />
      </div>
      <Timeline tape={tape} points={inTape} view={view} onView={setView} at={playing.at} feed={feed} onFeed={choose} onSeek={seek} />
    </div>
  );
}

const isTyped = (target: EventTarget | null): boolean => target instanceof HTMLElement && target.closest("input:not([type=checkbox]), textarea, select, [role=combobox], [role=listbox]") !== null;

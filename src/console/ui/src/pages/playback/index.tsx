// Owns playback: sessions, their feeds on one timeline, one feed played at a time.
import { Button, Segmented, Select } from "antd";
import { CaretRightOutlined, DownloadOutlined, PauseOutlined, StepBackwardOutlined, StepForwardOutlined, ZoomInOutlined, ZoomOutOutlined } from "@ant-design/icons";
import { useEffect, useMemo, useRef, useState } from "react";
import { request } from "../../api";
import { dateTime, dayTime, size } from "../../clock";
import { useT } from "../../i18n";
import { feedName, names as namesOf } from "../../names";
import { Events } from "../../parts/events";
import { useAttempt } from "../../parts/notice";
import { Empty, Panel, Shell } from "../../parts/shell";
import type { RecordedSession, SessionLine } from "../../wire";
import type { PageProps } from "../common";
import { fileUrl, isH265, Player, segmentAt, type PlayerHandle } from "./player";
import { rangeOf, Timeline, zoom, type Range } from "./timeline";

export function Playback({ welcome, account }: PageProps) {
  const t = useT();
  const attempt = useAttempt();
  const [sessions, setSessions] = useState<SessionLine[] | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [session, setSession] = useState<RecordedSession | null>(null);
  useEffect(() => {
    void attempt(async () => {
      const list = await request<SessionLine[]>("/api/recordings");
      setSessions(list);
      setChosen((now) => now ?? list[0]?.id ?? null);
    });
  }, [attempt]);
  useEffect(() => {
    if (chosen === null) return;
    let wanted = true;
    void attempt(async () => {
      const got = await request<RecordedSession>(`/api/recordings/${encodeURIComponent(chosen)}`);
      if (wanted) setSession(got);
    });
    return () => {
      wanted = false;
    };
  }, [attempt, chosen]);
  return (
    <Shell
      title={t.playback.title}
      className="page-playback"
      room={welcome.room}
      city={welcome.city}
      role={t.words.kinds.role.supervisor}
      account={account}
      nav={[{ href: "/supervisor", label: t.nav.supervisor }, { href: "/playback", label: t.nav.playback }]}
    >
      {sessions !== null && sessions.length === 0 && <Empty title={t.playback.none}><p>{t.playback.noneHelp}</p></Empty>}
      {sessions === null && <p className="connecting" role="status">{t.common.loading}</p>}
      {sessions !== null && sessions.length > 0 && (
        <div className="playback-head">
          <Select
            className="playback-session"
            aria-label={t.playback.choose}
            value={chosen}
            onChange={setChosen}
            options={sessions.map((line) => ({ value: line.id, label: `${line.id} · ${t.words.kinds.session[line.kind]} · ${dayTime(line.start)} · ${t.words.phases[line.phase]}` }))}
          />
          <span className="help">{t.playback.logged}</span>
        </div>
      )}
      {session !== null && session.id === chosen && <Recorded key={session.id} session={session} />}
    </Shell>
  );
}

export function Recorded({ session }: { session: RecordedSession }) {
  const t = useT();
  const names = useMemo(() => namesOf(t, { feeds: session.feeds }), [t, session]);
  const whole = useMemo(() => rangeOf(session), [session]);
  const [range, setRange] = useState<Range>(whole);
  const first = session.feeds.find((feed) => feed.segments.length > 0 && !isH265(feed.segments[0]?.codecs ?? [])) ?? session.feeds.find((feed) => feed.segments.length > 0);
  const [feedId, setFeedId] = useState<string | null>(first?.id ?? null);
  const [position, setPosition] = useState(() => first?.segments[0]?.from ?? whole.from);
  const [playing, setPlaying] = useState(false);
  const [rate, setRate] = useState(1);
  const [fault, setFault] = useState(false);
  const player = useRef<PlayerHandle>(null);
  const feed = session.feeds.find((f) => f.id === feedId) ?? null;
  const at = feed === null ? undefined : feed.segments[segmentAt(feed, position)];
  const h265 = at !== undefined && isH265(at.codecs);
  const inGap = feed?.gaps.find((gap) => position >= gap.from && position < (gap.to ?? whole.to));
  const seek = (to: number) => {
    const bounded = Math.min(Math.max(to, whole.from), whole.to);
    setPosition(bounded);
    setFault(false);
    player.current?.seek(bounded);
  };
  const keys = (event: React.KeyboardEvent) => {
    if ((event.target as HTMLElement).closest("button, [role=combobox], [role=slider], input") !== null && event.key !== "+" && event.key !== "-") return;
    if (event.code === "Space") setPlaying(!playing);
    else if (event.key === "ArrowLeft") seek(position - 10_000);
    else if (event.key === "ArrowRight") seek(position + 10_000);
    else if (event.key === "+") setRange(zoom(range, whole, position, 2));
    else if (event.key === "-") setRange(zoom(range, whole, position, 0.5));
    else return;
    event.preventDefault();
  };
  const bytes = feed?.segments.reduce((sum, segment) => sum + segment.bytes, 0) ?? 0;
  return (
    <div className="playback-body" onKeyDown={keys}>
      <div className="playback-top">
        <section className="panel player-panel" aria-label={t.playback.feeds}>
          <div className="player-box">
            {feed === null ? <p className="player-words">{t.playback.noFeed}</p> : h265 ? (
              <div className="player-words"><strong>{t.playback.h265}</strong><span>{t.playback.h265Help}</span></div>
            ) : (
              <Player key={feed.id} ref={player} session={session.id} feed={feed} label={feedName(t, feed.id, session.feeds)} start={position} playing={playing} rate={rate} onPosition={setPosition} onEnd={() => setPlaying(false)} onFault={() => {
                setPlaying(false);
                setFault(true);
              }} />
            )}
            {inGap !== undefined && <p className="player-gap">{t.playback.gap(t.words.kinds.gap[inGap.cause])}</p>}
            {fault && <p className="player-gap" role="alert">{t.playback.failed}</p>}
          </div>
          <div className="tile-foot">
            <strong>{feed === null ? "" : feedName(t, feed.id, session.feeds)}</strong>
            <span className="tile-name">{feed === null ? "" : t.playback.segments(feed.segments.length, size(bytes))}{feed !== null && feed.gaps.length > 0 ? ` · ${t.playback.gaps(feed.gaps.length)}` : ""}</span>
            {feed?.fault != null && <span className="text-bad">{t.playback.fault(feed.fault)}</span>}
          </div>
        </section>
        <Panel title={t.playback.moments} className="moments-panel">
          <Events lines={[...session.moments].reverse()} names={names} />
        </Panel>
      </div>
      <div className="transport" role="group" aria-label={t.playback.keys}>
        <time className="transport-clock">{dateTime(position)}</time>
        <Button icon={<StepBackwardOutlined />} aria-label={t.playback.back10} title={t.playback.back10} onClick={() => seek(position - 10_000)} />
        <Button className="transport-play" type="primary" icon={playing ? <PauseOutlined /> : <CaretRightOutlined />} disabled={feed === null || h265} onClick={() => setPlaying(!playing)}>{playing ? t.playback.pause : t.playback.play}</Button>
        <Button icon={<StepForwardOutlined />} aria-label={t.playback.forward10} title={t.playback.forward10} onClick={() => seek(position + 10_000)} />
        <Segmented aria-label={t.playback.rate} value={rate} onChange={setRate} options={[1, 2, 4, 8].map((value) => ({ value, label: `${value}×` }))} />
        <span className="help transport-help">{t.playback.keys}</span>
        <Button icon={<ZoomOutOutlined />} aria-label={t.playback.zoomOut} onClick={() => setRange(zoom(range, whole, position, 0.5))} />
        <Button onClick={() => setRange(whole)}>{t.playback.fit}</Button>
        <Button icon={<ZoomInOutlined />} aria-label={t.playback.zoomIn} onClick={() => setRange(zoom(range, whole, position, 2))} />
        <Button icon={<DownloadOutlined />} disabled={feed === null || at === undefined} href={feed === null || at === undefined ? undefined : fileUrl(session.id, feed.id, at.file)} download={at === undefined ? undefined : `${feed?.id}-${at.file}`}>{t.playback.download}</Button>
      </div>
      <section className="panel timeline-panel" aria-label={t.playback.timeline}>
        <Timeline session={session} names={names} range={range} position={position} feed={feedId} onPick={(id, to) => {
          if (id !== null && id !== feedId) {
            setFeedId(id);
            setPosition(to);
            setFault(false);
          } else seek(to);
        }} onStep={(by) => seek(position + by)} />
      </section>
      
    </div>
  );
}

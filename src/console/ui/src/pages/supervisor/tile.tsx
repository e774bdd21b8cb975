// Owns a tile of the wall: a feed's picture, its state in words, its level; the screen as an inset of the face.
import { FullscreenExitOutlined, FullscreenOutlined, SoundOutlined } from "@ant-design/icons";
import { useCallback, useState } from "react";
import { span, useNow } from "../../clock";
import { useT } from "../../i18n";
import type { Layer } from "../../media/whep";
import { spaced } from "../../names";
import { Mark, type MarkLevel } from "../../parts/mark";
import { LevelBar, loud, SoundBlocked, StreamVideo, useWhep } from "../../parts/video";
import type { FeedView } from "../../wire";

interface TileProps {
  feed: FeedView | undefined;
  /** The seat's screen. */
  inset?: FeedView;
  number?: number;
  name: string;
  note?: string;
  /** What stands there when nobody sits. */
  empty?: string;
  layer: Layer;
  selected: boolean;
  sounding: boolean;
  enlarged: boolean;
  /** What somebody should look at here. */
  alarm?: string;
  onSelect: () => void;
  onEnlarge: () => void;
  onListen: () => void;
}

export function Tile(props: TileProps) {
  const t = useT();
  const now = useNow();
  const { feed, inset } = props;
  const state = tileState(feed);
  const shown = feed !== undefined && feed.viewable && feed.source === "live";
  const steady = feed?.kind !== "screen";
  const watching = useWhep(shown ? feed.id : null, props.layer, { steady, sound: feed?.kind !== "screen" });
  const [blocked, setBlocked] = useState(false);
  const onBlocked = useCallback(() => setBlocked(true), []);
  const age = (since?: number | null) => (since == null ? "" : span(now - since));
  const overlay = words();
  const level: MarkLevel = state === "gap" || state === "lost" ? "bad" : feed?.recording.state === "writing" ? "rec" : "none";
  return (
    <article className={`tile tile-${state} ${props.selected ? "tile-selected" : ""} ${props.alarm !== undefined ? "tile-alarm" : ""}`} aria-label={props.name}>
      <div className="tile-picture">
        {shown && <StreamVideo stream={watching.stream} label={t.wall.video(props.name)} muted={!props.sounding || blocked} onBlocked={onBlocked} />}
        {inset !== undefined && inset.viewable && inset.source === "live" && <Inset feed={inset} large={props.enlarged} label={t.wall.video(props.name)} />}
        {overlay !== null && (
          <div className={`tile-overlay ${state === "lost" ? "text-bad" : ""}`}>
            {state === "lost" && <strong>{t.wall.noPicture}</strong>}
            <span>{overlay}</span>
            {feed?.fault != null && (state !== "live" || !feed.viewable) && <span>{spaced(t.words.source(feed.fault).what)}</span>}
          </div>
        )}
        {props.alarm !== undefined && <span className="tile-alarm-text"><Mark level="warn" size={14} /> {props.alarm}</span>}
        {blocked && props.sounding && <SoundBlocked onUnblock={() => setBlocked(false)} />}
        <button type="button" className="tile-select" data-tile onClick={props.onSelect} onDoubleClick={props.onEnlarge} aria-pressed={props.selected} aria-label={props.name} />
      </div>
      <footer className="tile-foot">
        {props.number !== undefined && <strong className="tile-number">{props.number}</strong>}
        <span className="tile-name">{props.number === undefined ? props.name : (props.note ?? "")}</span>
        {feed !== undefined && feed.kind !== "screen" && <LevelBar level={() => loud(watching.level())} label={t.wall.sound(props.name)} />}
        <span className={`tile-rec state-${level}`}>
          <Mark level={level} size={14} />
          <span className="tile-rec-text">{state === "lost" || state === "gap" ? t.wall.gap(age(feed?.recording.since ?? feed?.since)) : feed?.recording.state === "writing" ? t.wall.recording : t.wall.notRecorded}</span>
        </span>
        <button type="button" className={`tile-button ${props.sounding ? "tile-button-on" : ""}`} onClick={props.onListen} aria-pressed={props.sounding} aria-label={`${props.sounding ? t.wall.mute : t.wall.listen} ${props.name}`} title={props.sounding ? t.wall.mute : t.wall.listen}><SoundOutlined /></button>
        <button type="button" className="tile-button" onClick={props.onEnlarge} aria-label={`${props.enlarged ? t.wall.shrink : t.wall.enlarge} ${props.name}`} title={props.enlarged ? t.wall.shrink : t.wall.enlarge}>
          {props.enlarged ? <FullscreenExitOutlined /> : <FullscreenOutlined />}
        </button>
      </footer>
    </article>
  );

  function words(): string | null {
    if (props.empty !== undefined && !shown) return props.empty;
    if (feed === undefined || state === "absent") return t.wall.waiting;
    if (state === "lost") return t.wall.lost(age(feed.since));
    if (!feed.viewable) return t.wall.notViewable;
    if (watching.state === "connecting") return t.wall.connecting;
    if (watching.state === "retrying" || watching.state === "refused") return t.wall.retrying;
    return null;
  }
}

type TileState = "absent" | "lost" | "gap" | "live";

function tileState(feed: FeedView | undefined): TileState {
  if (feed === undefined || feed.source === "absent") return "absent";
  if (feed.source === "lost") return "lost";
  return feed.recording.state === "gap" ? "gap" : "live";
}

function Inset({ feed, large, label }: { feed: FeedView; large: boolean; label: string }) {
  const t = useT();
  const watching = useWhep(feed.id, large ? "main" : "small", { steady: false, sound: false });
  return (
    <div className={large ? "inset inset-large" : "inset"}>
      <StreamVideo stream={watching.stream} label={`${label} ${t.words.kinds.feed.screen}`} />
    </div>
  );
}

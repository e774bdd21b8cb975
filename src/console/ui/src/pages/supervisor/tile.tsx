// Owns a tile of the wall: a feed's picture, its state in words, its level; the screen as an inset of the face.
import { FullscreenExitOutlined, FullscreenOutlined, SoundOutlined } from "@ant-design/icons";
import { useCallback, useRef, useState } from "react";
import { hourMinute, span, useNow } from "../../clock";
import { useT } from "../../i18n";
import type { Layer } from "../../media/whep";
import { Mark, type MarkLevel } from "../../parts/mark";
import { lossText } from "../../names";
import { LevelBar, loud, SoundBlocked, useVisible, useWatch, WatchedVideo } from "../../parts/video";
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
  /** Out of sight for a while. */
  hidden?: boolean;
  /** It has the large place among others. */
  first?: boolean;
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
  const place = useRef<HTMLElement>(null);
  const visible = useVisible(place);
  // a lost source is waited for on the same connection: its picture is back at once
  const watched = feed !== undefined && feed.viewable && feed.source !== "absent";
  const shown = watched && feed.source === "live";
  const watching = useWatch(watched && (visible || props.sounding) ? feed.id : null, props.layer, { steady: shown && feed.kind !== "screen", sound: feed?.kind !== "screen" });
  const [blocked, setBlocked] = useState(false);
  const onBlocked = useCallback(() => setBlocked(true), []);
  const age = (since?: number | null) => (since == null ? "" : span(now - since));
  const overlay = words();
  const level: MarkLevel = state === "gap" || state === "lost" ? "bad" : feed?.recording.state === "writing" ? "rec" : "none";
  return (
    <article ref={place} hidden={props.hidden} className={`tile tile-${state} ${props.selected ? "tile-selected" : ""} ${props.enlarged ? "tile-enlarged" : ""} ${props.first === true ? "tile-first" : ""} ${props.alarm !== undefined ? "tile-alarm" : ""}`} aria-label={props.name}>
      <div className="tile-picture">
        {watched && <WatchedVideo watching={watching} label={t.wall.video(props.name)} muted={!props.sounding || blocked} onBlocked={onBlocked} />}
        {inset !== undefined && inset.viewable && inset.source !== "absent" && <Inset feed={inset} visible={visible} large={props.enlarged} label={t.wall.video(props.name)} />}
        {overlay !== null && (
          <div className={`tile-overlay ${state === "lost" ? "text-bad" : ""}`}>
            {state === "lost" && <strong>{t.wall.noPicture}</strong>}
            {overlay.map((line) => <span key={line}>{line}</span>)}
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

  function words(): string[] | null {
    if (props.empty !== undefined && !watched) return [props.empty];
    if (feed === undefined || state === "absent") return [t.wall.waiting];
    if (state === "lost") return [lossText(t, feed.cause), t.wall.lost(feed.since == null ? "" : hourMinute(feed.since), age(feed.since))];
    if (!feed.viewable) return [t.wall.notViewable];
    if (watching.state === "full") return [t.wall.full, t.wall.fullHelp];
    if (watching.state === "retrying" || watching.state === "refused") return [t.wall.retrying];
    if (watching.streams.length === 0) return [t.wall.connecting];
    return null;
  }
}

type TileState = "absent" | "lost" | "gap" | "live";

function tileState(feed: FeedView | undefined): TileState {
  if (feed === undefined || feed.source === "absent") return "absent";
  if (feed.source === "lost") return "lost";
  return feed.recording.state === "gap" ? "gap" : "live";
}

function Inset({ feed, visible, large, label }: { feed: FeedView; visible: boolean; large: boolean; label: string }) {
  const t = useT();
  const watching = useWatch(visible ? feed.id : null, large ? "main" : "small", { steady: false, sound: false });
  const lost = feed.source === "lost";
  return (
    <div className={`inset ${large ? "inset-large" : ""} ${lost ? "inset-lost" : ""}`}>
      <WatchedVideo watching={watching} label={`${label} ${t.words.kinds.feed.screen}`} />
      {lost && <div className="inset-overlay text-bad"><strong>{t.wall.screenLost}</strong>{large && <span>{lossText(t, feed.cause)}</span>}</div>}
    </div>
  );
}

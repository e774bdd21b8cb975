// Owns playing a feed across its segments: two video elements take turns, so that the next file is there in time.
import { useEffect, useImperativeHandle, useRef, useState, type Ref } from "react";
import { useT } from "../../i18n";
import type { RecordedFeed, RecordedSegment } from "../../wire";

export interface PlayerHandle {
  seek: (at: number) => void;
}

interface Props {
  ref: Ref<PlayerHandle>;
  session: string;
  feed: RecordedFeed;
  label: string;
  start: number;
  playing: boolean;
  rate: number;
  onPosition: (at: number) => void;
  onEnd: () => void;
  onFault: (segment: RecordedSegment) => void;
}

export const fileUrl = (session: string, feed: string, file: string): string => `/api/recordings/${encodeURIComponent(session)}/${encodeURIComponent(feed)}/${encodeURIComponent(file)}`;

/** The segment that holds a moment, or the next one after it. */
export function segmentAt(feed: RecordedFeed, at: number): number {
  const index = feed.segments.findIndex((segment) => segment.to > at);
  return index;
}

export const isH265 = (codecs: string[]): boolean => codecs.some((codec) => /h\.?265|hevc|hvc1|hev1/i.test(codec));

export function Player(props: Props) {
  const t = useT();
  const { feed, session, playing, rate } = props;
  const videos = [useRef<HTMLVideoElement>(null), useRef<HTMLVideoElement>(null)] as const;
  const [turn, setTurn] = useState<0 | 1>(0);
  const [index, setIndex] = useState(() => segmentAt(feed, props.start));
  const wish = useRef<number | null>(props.start);
  const url = (i: number) => {
    const segment = feed.segments[i];
    return segment === undefined ? undefined : fileUrl(session, feed.id, segment.file);
  };

  useImperativeHandle(props.ref, () => ({
    seek: (at) => {
      const found = segmentAt(feed, at);
      if (found < 0) {
        props.onEnd();
        return;
      }
      wish.current = at;
      if (found !== index) setIndex(found);
      else apply(videos[turn].current);
    },
  }));

  function apply(video: HTMLVideoElement | null): void {
    const segment = feed.segments[index];
    if (video === null || segment === undefined || wish.current === null || video.readyState < 1) return;
    const first = video.seekable.length > 0 ? video.seekable.start(0) : 0;
    video.currentTime = first + Math.max(0, wish.current - segment.from) / 1000;
    wish.current = null;
  }

  const current = url(index);
  const next = url(index + 1);
  useEffect(() => {
    const video = videos[turn].current;
    if (video === null || current === undefined) return;
    const wanted = new URL(current, location.href).href;
    if (video.src !== wanted) video.src = wanted;
    else apply(video);
    const other = videos[turn === 0 ? 1 : 0].current;
    if (other !== null) {
      other.pause();
      if (next === undefined) other.removeAttribute("src");
      else if (other.src !== new URL(next, location.href).href) other.src = next;
    }
  }, [current, next, turn]);

  useEffect(() => {
    const video = videos[turn].current;
    if (video === null) return;
    video.playbackRate = rate;
    if (playing) video.play().catch(() => undefined);
    else video.pause();
  }, [playing, rate, turn, current]);

  const ended = () => {
    if (index + 1 >= feed.segments.length) {
      props.onEnd();
      return;
    }
    setIndex(index + 1);
    setTurn(turn === 0 ? 1 : 0);
  };

  return (
    <>
      {([0, 1] as const).map((slot) => (
        <video
          key={slot}
          ref={videos[slot]}
          className={slot === turn ? "player player-on" : "player"}
          aria-label={slot === turn ? props.label : undefined}
          aria-hidden={slot !== turn}
          preload="auto"
          playsInline
          onLoadedMetadata={(event) => slot === turn && apply(event.currentTarget)}
          onCanPlay={(event) => {
            if (slot === turn && playing && event.currentTarget.paused) event.currentTarget.play().catch(() => undefined);
          }}
          onTimeUpdate={(event) => {
            const segment = feed.segments[index];
            if (slot !== turn || segment === undefined || wish.current !== null) return;
            const video = event.currentTarget;
            const first = video.seekable.length > 0 ? video.seekable.start(0) : 0;
            props.onPosition(segment.from + (video.currentTime - first) * 1000);
          }}
          onEnded={() => slot === turn && ended()}
          onError={(event) => {
            const segment = feed.segments[index];
            if (slot === turn && segment !== undefined && event.currentTarget.hasAttribute("src")) props.onFault(segment);
          }}
        />
      ))}
      {index < 0 && <p className="player-words">{t.playback.nothing}</p>}
    </>
  );
}

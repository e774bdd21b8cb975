// Owns pictures and meters: a stream in a video element, a feed watched while it is on the page, a level as a bar.
import { useCallback, useEffect, useRef, useState, type RefObject } from "react";
import { useT } from "../i18n";
import { Watch, type Watched } from "../media/watch";
import type { Layer } from "../media/whep";

interface StreamProps {
  stream: MediaStream | null;
  label: string;
  muted?: boolean;
  mirrored?: boolean;
  /** Not to be seen yet. */
  coming?: boolean;
  onShown?: (stream: MediaStream) => void;
  onBlocked?: () => void;
}

/** Shows a stream; muted unless it is the one that sounds. */
export function StreamVideo({ stream, label, muted = true, mirrored = false, coming = false, onShown, onBlocked }: StreamProps) {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = element.current;
    if (video === null) return;
    if (video.srcObject !== stream) video.srcObject = stream;
    if (stream === null) return;
    video.muted = muted;
    video.play().catch((reason: unknown) => {
      if (reason instanceof DOMException && reason.name === "AbortError") return;
      // sound before the first click is refused by browsers without the kiosk's policy: show the picture at least
      video.muted = true;
      onBlocked?.();
      video.play().catch(() => undefined);
    });
  }, [stream, muted, onBlocked]);
  useEffect(() => {
    const video = element.current;
    if (video === null || stream === null || onShown === undefined || !("requestVideoFrameCallback" in video)) return;
    const waiting = video.requestVideoFrameCallback(() => onShown(stream));
    return () => video.cancelVideoFrameCallback(waiting);
  }, [stream, onShown]);
  const classes = [mirrored && "mirrored", coming && "coming"].filter(Boolean).join(" ");
  return <video ref={element} className={classes || undefined} autoPlay playsInline muted={muted} aria-label={label} aria-hidden={coming || undefined} />;
}

/** How long a picture that is out of sight goes on, so that a glance elsewhere costs nothing. */
const LINGER = 5000;

/** Whether an element is in sight: on the page's visible part, of a tab that is shown. */
export function useVisible(element: RefObject<HTMLElement | null>): boolean {
  const [visible, setVisible] = useState(true);
  useEffect(() => {
    let inside = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      clearTimeout(timer);
      if (inside && !document.hidden) setVisible(true);
      else timer = setTimeout(() => setVisible(false), LINGER);
    };
    const observer = typeof IntersectionObserver === "undefined" ? null : new IntersectionObserver((entries) => {
      inside = entries.at(-1)?.isIntersecting === true;
      look();
    });
    if (element.current !== null) observer?.observe(element.current);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      observer?.disconnect();
      document.removeEventListener("visibilitychange", look);
    };
  }, [element]);
  return visible;
}

export interface Watching extends Watched {
  level: () => number;
  onShown: (stream: MediaStream) => void;
}

const NOTHING: Watched = { state: "connecting", streams: [] };

/** Watches a feed while it is wanted. `steady`: its pictures have to come all the time. */
export function useWatch(feed: string | null, layer: Layer, { steady, sound }: { steady: boolean; sound: boolean }): Watching {
  const [watched, setWatched] = useState<Watched>(NOTHING);
  const watch = useRef<Watch | null>(null);
  useEffect(() => {
    if (feed === null) return;
    const made = new Watch(feed, { sound, onChange: setWatched });
    watch.current = made;
    return () => {
      watch.current = null;
      made.stop();
      setWatched(NOTHING);
    };
  }, [feed, sound]);
  useEffect(() => watch.current?.show(layer), [feed, sound, layer]);
  useEffect(() => watch.current?.expect(steady), [feed, sound, steady]);
  const onShown = useCallback((stream: MediaStream) => watch.current?.shown(stream), []);
  return { ...watched, level: () => watch.current?.level() ?? 0, onShown };
}

/** The picture of a watched feed; a new one lies over the old one, unseen until its first frame is there. */
export function WatchedVideo({ watching, label, muted = true, onBlocked }: { watching: Watching; label: string; muted?: boolean; onBlocked?: () => void }) {
  return watching.streams.map((stream, place) => (
    <StreamVideo key={stream.id} stream={stream} label={label} muted={muted || place > 0} coming={place > 0} onShown={watching.onShown} onBlocked={onBlocked} />
  ));
}

/** A level, drawn ten times a second without drawing the page anew. */
export function LevelBar({ level, label }: { level: () => number; label: string }) {
  const bar = useRef<HTMLSpanElement>(null);
  const read = useRef(level);
  read.current = level;
  useEffect(() => {
    const timer = setInterval(() => {
      if (bar.current !== null) bar.current.style.width = `${Math.round(Math.min(1, read.current()) * 100)}%`;
    }, 100);
    return () => clearInterval(timer);
  }, []);
  return <span className="level" role="img" aria-label={label}><span ref={bar} className="level-bar" /></span>;
}

/** The loudness WebRTC reports (linear) on a scale that the ear knows. */
export const loud = (linear: number): number => (linear <= 0.001 ? 0 : Math.min(1, Math.max(0, (20 * Math.log10(linear) + 60) / 60)));

/** Says so when sound waits for a click; a click anywhere unblocks it. */
export function SoundBlocked({ onUnblock }: { onUnblock: () => void }) {
  const t = useT();
  useEffect(() => {
    window.addEventListener("pointerdown", onUnblock, { once: true });
    return () => window.removeEventListener("pointerdown", onUnblock);
  }, [onUnblock]);
  return <button type="button" className="banner banner-warn" onClick={onUnblock}>{t.wall.clickToHear}</button>;
}

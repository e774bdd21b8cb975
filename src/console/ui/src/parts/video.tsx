// Owns pictures and meters: a stream in a video element, a feed watched while it is on the page, a level as a bar.
import { useEffect, useRef, useState } from "react";
import { useT } from "../i18n";
import type { MediaState } from "../media/resource";
import { Whep, type Layer } from "../media/whep";

/** Shows a stream; muted unless it is the one that sounds. */
export function StreamVideo({ stream, label, muted = true, mirrored = false, onBlocked }: { stream: MediaStream | null; label: string; muted?: boolean; mirrored?: boolean; onBlocked?: () => void }) {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = element.current;
    if (video === null) return;
    if (video.srcObject !== stream) video.srcObject = stream;
    if (stream === null) return;
    video.muted = muted;
    video.play().catch(() => {
      // sound before the first click is refused by browsers without the kiosk's policy: show the picture at least
      video.muted = true;
      onBlocked?.();
      video.play().catch(() => undefined);
    });
  }, [stream, muted, onBlocked]);
  return <video ref={element} className={mirrored ? "mirrored" : undefined} autoPlay playsInline muted={muted} aria-label={label} />;
}

export interface Watching {
  stream: MediaStream | null;
  state: MediaState;
  level: () => number;
}

/** Watches a feed while it is wanted. A new layer takes over only when its picture is there. */
export function useWhep(feed: string | null, layer: Layer, options: { steady: boolean; sound: boolean; headers?: Record<string, string> }): Watching {
  const [state, setState] = useState<MediaState>("connecting");
  const [stream, setStream] = useState<MediaStream | null>(null);
  const line = useRef<Whep | null>(null);
  const { steady, sound, headers } = options;
  useEffect(() => {
    if (feed === null) {
      setStream(null);
      return;
    }
    const watch = new Whep(feed, layer, {
      steady,
      sound,
      headers,
      onState: (next) => {
        if (line.current === watch) setState(next);
      },
      onStream: (next) => {
        if (line.current === watch) setStream(next);
      },
    });
    line.current = watch;
    setState("connecting");
    watch.start();
    return () => watch.stop();
  }, [feed, layer, steady, sound, headers]);
  useEffect(() => {
    if (feed === null) line.current = null;
  }, [feed]);
  return { stream: feed === null ? null : stream, state, level: () => line.current?.level() ?? 0 };
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

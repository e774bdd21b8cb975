// Owns push-to-talk: the room is told first, then the voice is sent; both end when the key is let go.
import { useCallback, useEffect, useRef, useState } from "react";
import { Whip } from "../../media/whip";
import type { Give } from "../../parts/notice";

export type Talking = "idle" | "opening" | "on" | "failed";

export function useTalk(give: Give, seats: number[]): { state: Talking; press: () => void; release: () => void } {
  const [state, setState] = useState<Talking>("idle");
  const held = useRef(false);
  const running = useRef(false);
  const microphone = useRef<MediaStream | null>(null);
  const letGo = useRef<() => void>(() => undefined);

  const run = useCallback(async () => {
    if (running.current) return;
    running.current = true;
    setState("opening");
    let line: Whip | null = null;
    let told = false;
    try {
      microphone.current ??= await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } });
      const stream = microphone.current;
      if (!held.current) return;
      told = await give({ type: "start_talk_back", seats });
      if (!told) return;
      for (const track of stream.getAudioTracks()) track.enabled = true;
      line = new Whip("talkback", stream, { sends: ["audio"], onState: (next) => setState(next === "live" ? "on" : next === "stopped" ? "idle" : "opening") });
      line.start();
      if (held.current) await new Promise<void>((resolve) => (letGo.current = resolve));
    } catch {
      setState("failed");
      return;
    } finally {
      line?.stop();
      for (const track of microphone.current?.getAudioTracks() ?? []) track.enabled = false;
      if (told) await give({ type: "end_talk_back" });
      running.current = false;
      setState((now) => (now === "failed" ? "failed" : "idle"));
    }
  }, [give, seats]);

  const press = useCallback(() => {
    if (held.current) return;
    held.current = true;
    void run();
  }, [run]);
  const release = useCallback(() => {
    held.current = false;
    letGo.current();
  }, []);
  useEffect(() => {
    window.addEventListener("blur", release);
    return () => {
      window.removeEventListener("blur", release);
      release();
      for (const track of microphone.current?.getTracks() ?? []) track.stop();
    };
  }, [release]);
  return { state, press, release };
}

// Owns the sound of the tiles: which feed is heard, and who speaks. All are decoded, one is let through.
import { loudness } from "../../media/meter";

/** Over the quietest of the last seconds by so much, on the meter's scale (60 dB): speech, not a hum. */
const OVER_FLOOR = 0.15;
/** Quieter than this nobody speaks, on the meter's scale: -48 dB. */
const AUDIBLE = 0.2;
/** A pause for breath, ms. */
const BREATH = 700;
/** How fast the floor rises to a lasting sound, a second. */
const RISE = 0.1;

interface Voice {
  analyser: AnalyserNode;
  gain: GainNode;
  floor: number;
  read: number;
  spoke: number;
}

export class Voices {
  private readonly context = new AudioContext();
  private readonly voices = new Map<string, Voice>();
  private readonly samples = new Float32Array(1024);
  private heard: string | null = null;

  /** Takes the sound of a feed's elements. An element gives it to one context only, once. */
  attach(feed: string, videos: readonly HTMLVideoElement[]): () => void {
    const analyser = this.context.createAnalyser();
    analyser.fftSize = this.samples.length;
    const gain = this.context.createGain();
    gain.gain.value = feed === this.heard ? 1 : 0;
    analyser.connect(gain).connect(this.context.destination);
    for (const video of videos) this.context.createMediaElementSource(video).connect(analyser);
    const voice: Voice = { analyser, gain, floor: 1, read: performance.now(), spoke: -Infinity };
    this.voices.set(feed, voice);
    return () => {
      gain.disconnect();
      if (this.voices.get(feed) === voice) this.voices.delete(feed);
    };
  }

  /** To be called by a click or a key: a browser lets no page sound before. */
  wake(): void {
    if (this.context.state === "suspended") void this.context.resume();
  }

  hear(feed: string | null): void {
    this.heard = feed;
    for (const [of, { gain }] of this.voices) gain.gain.setTargetAtTime(of === feed ? 1 : 0, this.context.currentTime, 0.02);
  }

  /** Who speaks now. */
  speaking(): string[] {
    const now = performance.now();
    return [...this.voices].flatMap(([feed, voice]) => {
      voice.analyser.getFloatTimeDomainData(this.samples);
      if (isSpeech(voice, loudness(this.samples), now)) voice.spoke = now;
      return now - voice.spoke < BREATH ? [feed] : [];
    });
  }

  close(): void {
    void this.context.close();
  }
}

/** Whether a level stands out of the sound that is always there. */
export function isSpeech(voice: { floor: number; read: number }, level: number, now: number): boolean {
  // the digital silence of a file that is not playing is no floor
  if (level === 0) return false;
  voice.floor = Math.min(level, voice.floor + (RISE * (now - voice.read)) / 1000);
  voice.read = now;
  return level > AUDIBLE && level - voice.floor > OVER_FLOOR;
}

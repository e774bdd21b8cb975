// Owns what a workstation sends: camera and microphone, and the whole screen; from enrolment on, by itself, for as
// long as the page is open. A lost device is named, waited for, and taken again.
import { SEAT } from "../api";
import type { Pictures } from "../wire";
import { type MediaState } from "./resource";
import { Whip } from "./whip";

export type DeviceFault = "camera_missing" | "microphone_missing" | "denied" | "busy" | "camera_lost" | "microphone_lost" | "screen_wrong" | "screen_refused" | "screen_ask";

export interface SourceState {
  state: "idle" | "asking" | "connecting" | "live" | "retrying" | "failed";
  fault: DeviceFault | null;
  /** The device that was lost. */
  device: string;
  stream: MediaStream | null;
}

export interface WorkstationState {
  face: SourceState;
  screen: SourceState;
}

type Device = "camera" | "microphone";
const KIND = { camera: "video", microphone: "audio" } as const;

const idle: SourceState = { state: "idle", fault: null, device: "", stream: null };
const AGAIN = 3000;
/** A screen that has not sent its first picture so long after connecting is taken anew. */
const FIRST_PICTURE = 6000;

export class WorkstationMedia {
  private state: WorkstationState = { face: idle, screen: idle };
  private readonly listeners = new Set<() => void>();
  private readonly lines: { face: Whip | null; screen: Whip | null } = { face: null, screen: null };
  private closed = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly seat: number, private readonly pictures: Pictures) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly current = (): WorkstationState => this.state;

  bitrate(source: "face" | "screen"): number {
    return this.lines[source]?.bitrate ?? 0;
  }

  start(): void {
    this.closed = false;
    navigator.mediaDevices.addEventListener("devicechange", this.devicesChanged);
    void this.face();
    void this.screen(true);
  }

  stop(): void {
    this.closed = true;
    clearTimeout(this.timer);
    navigator.mediaDevices.removeEventListener("devicechange", this.devicesChanged);
    for (const source of ["face", "screen"] as const) this.release(source);
  }

  private set(source: "face" | "screen", change: Partial<SourceState>): void {
    this.state = { ...this.state, [source]: { ...this.state[source], ...change } };
    for (const listener of this.listeners) listener();
  }

  private release(source: "face" | "screen"): void {
    this.lines[source]?.stop();
    this.lines[source] = null;
    for (const track of this.state[source].stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
  }

  private readonly devicesChanged = (): void => {
    if (this.state.face.state === "failed" || this.state.face.fault !== null) this.later(0);
  };

  /** Takes camera and microphone, and sends them: the one that is there goes without the other. */
  async face(): Promise<void> {
    clearTimeout(this.timer);
    if (this.closed || this.state.face.state === "asking") return;
    this.release("face");
    this.set("face", { state: "asking", stream: null });
    const stream = new MediaStream();
    let refusal: unknown = null;
    for (const devices of [["camera", "microphone"], ["camera"], ["microphone"]] as Device[][]) {
      if (stream.getTracks().length > 0) break;
      try {
        for (const track of await this.open(devices)) stream.addTrack(track);
      } catch (error) {
        refusal ??= error;
      }
    }
    if (this.closed) return stream.getTracks().forEach((track) => track.stop());
    const missing = this.missing(stream);
    if (missing.length === 2) {
      const before = this.state.face.fault;
      const lost = before === "camera_lost" || before === "microphone_lost";
      this.set("face", { state: "failed", fault: lost ? before : faultOf(refusal) });
      return this.later();
    }
    const device = missing[0];
    this.set("face", { stream, fault: device === undefined ? null : `${device}_missing`, device: "" });
    this.publish("face", stream);
    if (device !== undefined) this.later();
  }

  private async open(devices: Device[]): Promise<MediaStreamTrack[]> {
    const { width, height, fps } = this.pictures.face;
    const stream = await navigator.mediaDevices.getUserMedia({
      video: devices.includes("camera") && { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: fps } },
      audio: devices.includes("microphone") && { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    for (const track of stream.getTracks()) {
      track.onended = () => {
        this.state.face.stream?.removeTrack(track);
        this.set("face", { fault: track.kind === "video" ? "camera_lost" : "microphone_lost", device: track.label });
        this.later();
      };
    }
    return stream.getTracks();
  }

  private missing(stream: MediaStream): Device[] {
    return (["camera", "microphone"] as const).filter((device) => !stream.getTracks().some((track) => track.kind === KIND[device] && track.readyState === "live"));
  }

  /** Takes the devices that are missing, while what is there goes on. */
  private async refill(): Promise<void> {
    const { stream } = this.state.face;
    const line = this.lines.face;
    if (this.closed) return;
    if (stream === null || line === null) return this.face();
    const found: MediaStreamTrack[] = [];
    for (const device of this.missing(stream)) {
      // one that is not there is named already, and tried again
      found.push(...(await this.open([device]).catch(() => [])));
    }
    if (this.closed || this.lines.face !== line) return found.forEach((track) => track.stop());
    for (const track of found) await line.replace(track);
    // another object, so that who shows it looks anew
    const whole = new MediaStream([...stream.getTracks(), ...found]);
    const missing = this.missing(whole).length > 0;
    this.set("face", { ...(found.length > 0 && { stream: whole }), ...(!missing && { fault: null, device: "" }) });
    if (missing) this.later();
  }

  private later(after = AGAIN): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.refill(), after);
  }

  /** Takes the whole screen, and sends it. `alone`: without a click, which only a kiosk's policy allows. */
  async screen(alone = false): Promise<void> {
    if (this.closed || this.state.screen.state === "asking") return;
    this.release("screen");
    this.set("screen", { state: "asking", fault: null, stream: null });
    const { width, height, fps } = this.pictures.screen;
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({
        video: { displaySurface: "monitor", width: { max: width }, height: { max: height }, frameRate: { ideal: fps, max: fps } },
        audio: false,
        monitorTypeSurfaces: "include",
        selfBrowserSurface: "exclude",
        surfaceSwitching: "exclude",
      } as DisplayMediaStreamOptions);
      const track = stream.getVideoTracks()[0];
      const surface = track?.getSettings().displaySurface;
      if (track === undefined || this.closed) return stream.getTracks().forEach((each) => each.stop());
      if (surface !== "monitor") {
        track.stop();
        this.set("screen", { state: "failed", fault: "screen_wrong" });
        return;
      }
      track.contentHint = "detail";
      track.onended = () => {
        this.lines.screen?.stop();
        this.set("screen", { state: "failed", fault: "screen_refused", stream: null });
        void this.screen(true);
      };
      this.set("screen", { stream });
      this.publish("screen", stream);
    } catch (error) {
      const unasked = alone || (error instanceof DOMException && error.name === "InvalidStateError");
      this.set("screen", { state: "failed", fault: unasked ? "screen_ask" : "screen_refused" });
    }
  }

  private publish(source: "face" | "screen", stream: MediaStream): void {
    const states: Record<MediaState, SourceState["state"]> = {
      connecting: "connecting", live: "live", retrying: "retrying", refused: "retrying", full: "retrying", stopped: "idle",
    };
    const pictures = source === "face"
      ? { full: this.pictures.face, small: this.pictures.face_small }
      : { full: this.pictures.screen, small: this.pictures.screen_small };
    const line: Whip = new Whip(`seat-${this.seat}-${source}`, stream, {
      headers: SEAT,
      sends: source === "face" ? ["audio", "video"] : ["video"],
      pictures,
      keep: source === "face" ? "maintain-framerate" : "maintain-resolution",
      onState: (state) => {
        if (this.lines[source] === line && this.state[source].state !== "failed") this.set(source, { state: states[state] });
        if (source === "screen" && state === "live") setTimeout(() => this.expectPicture(line), FIRST_PICTURE);
      },
    });
    this.lines[source] = line;
    this.set(source, { state: "connecting" });
    line.start();
  }

  /** A screen sends nothing while nothing moves, but always a first picture: without it, the capture has died. */
  private expectPicture(line: Whip): void {
    if (this.lines.screen === line && this.state.screen.state === "live" && line.carried === 0) void this.screen(true);
  }
}

function faultOf(error: unknown): DeviceFault {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotReadableError" || name === "AbortError") return "busy";
  return "camera_missing";
}

// Owns what WHIP and WHEP share: one HTTP resource a connection (POST, PATCH for ICE restarts, DELETE), and how a
// connection is kept up: ICE is restarted when the network changed, everything is made anew when that did not help.

import { RESTARTED } from "../live";

export type MediaState = "connecting" | "live" | "retrying" | "refused" | "full" | "stopped";

export interface MediaOptions {
  headers?: Record<string, string>;
  onState: (state: MediaState) => void;
}

const RETRY = [300, 600, 1200, 2500, 5000];
/** A box that is not heard for so long, though it has something to say, has moved out of reach, or we have: browsers
 * themselves notice after 6 s. */
const UNHEARD = 2000;
/** Said on the window by a line that has lost the box: others look whether they have too. */
const MOVED = "bidroom:moved";
/** How long a restart is tried: the box keeps a peer that it does not hear for 15 s. */
const RESTART = 10_000;
/** One request of a restart: on a network that is changing, answers get lost. */
const ASK = 1500;
/** How long a found way may take to prove itself. */
const SETTLE = 4000;
const CONNECT = 6000;
/** Without a byte for so long, a connection that says it is connected is believed no more. */
const SILENT = 6000;

/** One peer connection to the box, kept up until `stop`. */
export abstract class MediaLine {
  protected peer: RTCPeerConnection | null = null;
  private resource: string | null = null;
  private answer = "";
  private stopped = false;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pulse: ReturnType<typeof setInterval> | undefined;
  private endTurn: () => void = () => undefined;
  /** The request for a connection that is under way, and when the last was made. */
  private asking = new AbortController();
  private asked = 0;
  /** Which attempt to connect waits for its turn. */
  private wanted = 0;
  private restarting = false;
  private bytes = 0;
  private grown = 0;
  /** What came from the box so far, RTCP too, and when it was last more. */
  private received = 0;
  private heard = 0;
  /** Bits a second of the last second. */
  bitrate = 0;

  /** Bytes that this connection carried so far. */
  get carried(): number {
    return this.bytes;
  }

  constructor(
    protected readonly url: string,
    protected readonly options: MediaOptions,
  ) {}

  protected abstract prepare(peer: RTCPeerConnection): void | Promise<void>;
  /** Whether bytes must grow for the line to count as alive. */
  protected abstract expectsBytes(): boolean;
  protected abstract counts(report: RTCStats & Record<string, unknown>): number;
  /** Waits until this line may connect; gives what ends its turn. */
  protected turn(): Promise<() => void> {
    return Promise.resolve(() => undefined);
  }

  start(): void {
    this.stopped = false;
    window.addEventListener("online", this.moved);
    window.addEventListener(MOVED, this.lookAround);
    window.addEventListener(RESTARTED, this.renew);
    void this.connect();
  }

  stop(): void {
    this.stopped = true;
    window.removeEventListener("online", this.moved);
    window.removeEventListener(MOVED, this.lookAround);
    window.removeEventListener(RESTARTED, this.renew);
    this.drop();
    this.options.onState("stopped");
  }

  /** Counts the silence from now on: bytes were not to be expected before. */
  protected expectFromNow(): void {
    this.grown = this.heard = performance.now();
  }

  private drop(): void {
    clearTimeout(this.timer);
    clearInterval(this.pulse);
    this.endTurn();
    // an offer that is given up must not take the place of the next one
    this.asking.abort();
    this.wanted += 1;
    this.restarting = false;
    this.bytes = this.received = 0;
    const { resource, peer } = this;
    this.resource = null;
    this.peer = null;
    peer?.close();
    if (resource !== null) void fetch(resource, { method: "DELETE", headers: this.options.headers, keepalive: true }).catch(() => undefined);
  }

  private async connect(): Promise<void> {
    this.drop();
    const wanted = this.wanted;
    this.options.onState(this.attempt === 0 ? "connecting" : "retrying");
    const endTurn = await this.turn();
    if (this.wanted !== wanted) return endTurn();
    this.endTurn = endTurn;
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.peer = peer;
    peer.onconnectionstatechange = () => this.changed(peer);
    this.timer = setTimeout(() => this.again(peer), CONNECT);
    try {
      await this.prepare(peer);
      await peer.setLocalDescription();
      const headers = { "content-type": "application/sdp", accept: "application/sdp", ...this.options.headers };
      this.asking = new AbortController();
      this.asked = performance.now();
      const reply = await fetch(this.url, { method: "POST", headers, body: peer.localDescription?.sdp ?? "", signal: this.asking.signal });
      if (this.peer !== peer) return;
      if (!reply.ok) return this.no(peer, reply);
      const location = reply.headers.get("location");
      this.resource = location === null ? null : new URL(location, new URL(this.url, window.location.href)).href;
      this.answer = await reply.text();
      if (this.peer !== peer) return;
      await peer.setRemoteDescription({ type: "answer", sdp: this.answer });
    } catch {
      this.again(peer);
    }
  }

  private no(peer: RTCPeerConnection, reply: Response): void {
    const full = reply.status === 503;
    // 401 and 403 may change with the phase: asked again, more slowly
    const refused = reply.status < 500 && reply.status !== 409 && reply.status !== 429;
    const seconds = Number(reply.headers.get("retry-after") ?? Number.NaN);
    this.again(peer, full ? "full" : refused ? "refused" : "retrying", Number.isFinite(seconds) ? seconds * 1000 : undefined);
  }

  private changed(peer: RTCPeerConnection): void {
    if (this.peer !== peer) return;
    if (peer.connectionState === "connected") {
      clearTimeout(this.timer);
      this.endTurn();
      this.attempt = 0;
      this.restarting = false;
      this.expectFromNow();
      this.options.onState("live");
      clearInterval(this.pulse);
      this.pulse = setInterval(() => void this.measure(peer), 1000);
      const transport = peer.getTransceivers()[0]?.receiver.transport;
      // the box said goodbye: it ended the session, or is stopping
      if (transport != null) transport.onstatechange = () => transport.state === "closed" && this.again(peer);
    } else if (peer.connectionState === "disconnected") {
      this.moved();
    } else if (peer.connectionState === "failed" && !this.restarting) {
      this.again(peer);
    }
  }

  private async measure(peer: RTCPeerConnection): Promise<void> {
    const stats = await peer.getStats();
    if (this.peer !== peer) return;
    let [bytes, received] = [0, 0];
    stats.forEach((report: RTCStats & Record<string, unknown>) => {
      bytes += this.counts(report);
      if (report.type === "transport") received = Number(report["bytesReceived"] ?? 0);
    });
    this.bitrate = Math.max(0, bytes - this.bytes) * 8;
    const [now, quiet] = [performance.now(), !this.expectsBytes()];
    if (bytes > this.bytes || quiet) this.grown = now;
    if (received > this.received || quiet) this.heard = now;
    [this.bytes, this.received] = [bytes, received];
    if (this.restarting) return;
    if (now - this.grown > SILENT) this.again(peer);
    else if (now - this.heard > UNHEARD) {
      window.dispatchEvent(new Event(MOVED));
      this.moved();
    }
  }

  private again(peer: RTCPeerConnection, state: MediaState = "retrying", after?: number): void {
    if (this.peer !== peer || this.stopped) return;
    this.drop();
    this.options.onState(state);
    const wait = after ?? RETRY[Math.min(this.attempt, RETRY.length - 1)] ?? 5000;
    this.attempt += 1;
    this.timer = setTimeout(() => void this.connect(), wait * (0.8 + Math.random() * 0.4));
  }

  /** The box was started anew and knows nothing of this line: do not wait until the network finds out. */
  private readonly renew = (event: Event): void => {
    const { lost } = (event as CustomEvent<{ lost: number }>).detail;
    if (this.stopped || (this.peer !== null && this.asked > lost)) return;
    this.attempt = 0;
    void this.connect();
  };

  private readonly lookAround = (): void => {
    if (performance.now() - this.heard > UNHEARD / 2 || !this.expectsBytes()) this.moved();
  };

  /** The network changed, or does not carry any more: finds a new way for the same media (RFC 9725, section 4.3). */
  private readonly moved = (): void => {
    const { peer, resource } = this;
    if (peer === null || this.stopped || this.restarting) return;
    if (resource === null) {
      this.again(peer);
      return;
    }
    this.options.onState("retrying");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.again(peer), RESTART);
    this.restarting = true;
    void this.restart(peer, resource);
  };

  private async restart(peer: RTCPeerConnection, resource: string): Promise<void> {
    while (this.peer === peer && this.restarting) {
      try {
        if (await this.patch(peer, resource)) return;
      } catch {
        // no network yet, or the answer got lost: with new credentials again
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  /** Restarts ICE; false where the box did not carry it out and is to be asked again. */
  private async patch(peer: RTCPeerConnection, resource: string): Promise<boolean> {
    await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
    await gathered(peer, 500);
    const headers: Record<string, string> = { "content-type": "application/trickle-ice-sdpfrag", "if-match": "*", ...this.options.headers };
    const body = fragmentOf(peer.localDescription?.sdp ?? "");
    const reply = await fetch(resource, { method: "PATCH", headers, body, signal: AbortSignal.timeout(ASK) });
    if (this.peer !== peer) return true;
    if (reply.status === 200) {
      this.answer = withIce(this.answer, await reply.text());
      if (this.peer !== peer) return true;
      await peer.setRemoteDescription({ type: "answer", sdp: this.answer });
      clearTimeout(this.timer);
      // a connection that never broke says nothing when it is on its new way
      this.timer = setTimeout(() => (peer.connectionState === "connected" ? this.changed(peer) : this.again(peer)), SETTLE);
      return true;
    }
    if (reply.status >= 500) throw new Error(String(reply.status));
    // the box does not know the session any more
    this.again(peer);
    return true;
  }
}

function gathered(peer: RTCPeerConnection, atMost: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, atMost);
    const look = () => {
      if (peer.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      resolve();
    };
    peer.onicegatheringstatechange = look;
    look();
  });
}

/** The ICE part of an offer, as a fragment for PATCH (RFC 8840). */
export function fragmentOf(sdp: string): string {
  const kept = /^(a=group:BUNDLE|m=|a=mid:|a=ice-ufrag:|a=ice-pwd:|a=ice-options:|a=candidate:|a=end-of-candidates)/;
  const sections = sdp.split(/\r\n(?=m=)/);
  const session = (sections[0] ?? "").split("\r\n").filter((line) => kept.test(line));
  const first = (sections[1] ?? "").split("\r\n").filter((line) => kept.test(line));
  const ice = first.filter((line) => /^a=ice-/.test(line));
  const media = first.filter((line) => !/^a=ice-/.test(line));
  return [...session, ...ice, ...media, ""].join("\r\n");
}

/** The last answer with the ICE part of a fragment. */
export function withIce(answer: string, fragment: string): string {
  const lines = fragment.split(/\r?\n/);
  const of = (prefix: string) => lines.find((line) => line.startsWith(prefix));
  const candidates = [...new Set(lines.filter((line) => line.startsWith("a=candidate:")))];
  const [ufrag, pwd] = [of("a=ice-ufrag:"), of("a=ice-pwd:")];
  let placed = false;
  const out = answer.split("\r\n").flatMap((line) => {
    if (line.startsWith("a=candidate:") || line.startsWith("a=end-of-candidates")) return [];
    if (line.startsWith("a=ice-ufrag:")) return [ufrag ?? line];
    if (line.startsWith("a=ice-pwd:")) {
      const more = placed ? [] : candidates;
      placed = true;
      return [pwd ?? line, ...more];
    }
    return [line];
  });
  return out.join("\r\n");
}

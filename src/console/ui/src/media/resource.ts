// Owns what WHIP and WHEP share: one HTTP resource a connection (POST, PATCH for ICE restarts, DELETE), and how a
// connection is kept up: ICE is restarted when the network changed, everything is made anew when that did not help.

export type MediaState = "connecting" | "live" | "retrying" | "refused" | "stopped";

export interface MediaOptions {
  headers?: Record<string, string>;
  onState: (state: MediaState) => void;
}

const RETRY = [300, 600, 1200, 2500, 5000];
/** How long a connection may be disturbed before ICE is restarted, and how long that may take. */
const DISTURBED = 2000;
const RESTART = 4000;
const CONNECT = 8000;
/** Without a byte for so long, a connection that says it is connected is believed no more. */
const SILENT = 6000;

/** One peer connection to the box, kept up until `stop`. */
export abstract class MediaLine {
  protected peer: RTCPeerConnection | null = null;
  private resource: string | null = null;
  private etag: string | null = null;
  private answer = "";
  private stopped = false;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pulse: ReturnType<typeof setInterval> | undefined;
  private bytes = 0;
  private grown = 0;
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

  start(): void {
    this.stopped = false;
    window.addEventListener("online", this.restartIce);
    network()?.addEventListener("change", this.restartIce);
    void this.connect();
  }

  stop(): void {
    this.stopped = true;
    window.removeEventListener("online", this.restartIce);
    network()?.removeEventListener("change", this.restartIce);
    this.drop();
    this.options.onState("stopped");
  }

  private drop(): void {
    clearTimeout(this.timer);
    clearInterval(this.pulse);
    const { resource, peer } = this;
    this.resource = null;
    this.peer = null;
    peer?.close();
    if (resource !== null) void fetch(resource, { method: "DELETE", headers: this.options.headers, keepalive: true }).catch(() => undefined);
  }

  protected async connect(): Promise<void> {
    this.drop();
    this.options.onState(this.attempt === 0 ? "connecting" : "retrying");
    const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.peer = peer;
    peer.onconnectionstatechange = () => this.changed(peer);
    this.timer = setTimeout(() => this.again(peer), CONNECT);
    try {
      await this.prepare(peer);
      await peer.setLocalDescription();
      const headers = { "content-type": "application/sdp", accept: "application/sdp", ...this.options.headers };
      const reply = await fetch(this.url, { method: "POST", headers, body: peer.localDescription?.sdp ?? "" });
      if (this.peer !== peer) return;
      if (!reply.ok) {
        // 401 and 403 may change with the phase: asked again, more slowly
        if (reply.status < 500 && reply.status !== 409 && reply.status !== 429) this.options.onState("refused");
        this.again(peer);
        return;
      }
      const location = reply.headers.get("location");
      this.resource = location === null ? null : new URL(location, new URL(this.url, window.location.href)).href;
      this.etag = reply.headers.get("etag");
      this.answer = await reply.text();
      if (this.peer !== peer) return;
      await peer.setRemoteDescription({ type: "answer", sdp: this.answer });
    } catch {
      this.again(peer);
    }
  }

  private changed(peer: RTCPeerConnection): void {
    if (this.peer !== peer) return;
    if (peer.connectionState === "connected") {
      clearTimeout(this.timer);
      this.attempt = 0;
      this.grown = performance.now();
      this.options.onState("live");
      clearInterval(this.pulse);
      this.pulse = setInterval(() => void this.measure(peer), 1000);
    } else if (peer.connectionState === "disconnected") {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.restartIce(), DISTURBED);
    } else if (peer.connectionState === "failed") {
      this.again(peer);
    }
  }

  private async measure(peer: RTCPeerConnection): Promise<void> {
    const stats = await peer.getStats();
    if (this.peer !== peer) return;
    let bytes = 0;
    stats.forEach((report: RTCStats & Record<string, unknown>) => {
      bytes += this.counts(report);
    });
    this.bitrate = Math.max(0, bytes - this.bytes) * 8;
    if (bytes > this.bytes) this.grown = performance.now();
    this.bytes = bytes;
    if (this.expectsBytes() && performance.now() - this.grown > SILENT) this.again(peer);
  }

  private again(peer: RTCPeerConnection): void {
    if (this.peer !== peer || this.stopped) return;
    this.drop();
    this.options.onState("retrying");
    const wait = RETRY[Math.min(this.attempt, RETRY.length - 1)] ?? 5000;
    this.attempt += 1;
    this.bytes = 0;
    this.timer = setTimeout(() => void this.connect(), wait * (0.8 + Math.random() * 0.4));
  }

  /** Finds a new way through the network for the same media (RFC 9725, section 4.3). */
  private readonly restartIce = (): void => {
    const { peer, resource } = this;
    if (peer === null || this.stopped) return;
    if (resource === null) {
      this.again(peer);
      return;
    }
    this.options.onState("retrying");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.again(peer), RESTART);
    this.patch(peer, resource).catch(() => this.again(peer));
  };

  private async patch(peer: RTCPeerConnection, resource: string): Promise<void> {
    await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
    await gathered(peer, 800);
    const headers: Record<string, string> = { "content-type": "application/trickle-ice-sdpfrag", "if-match": "*", ...this.options.headers };
    const reply = await fetch(resource, { method: "PATCH", headers, body: fragmentOf(peer.localDescription?.sdp ?? "") });
    if (this.peer !== peer) return;
    if (reply.status !== 200) {
      this.again(peer);
      return;
    }
    this.etag = reply.headers.get("etag") ?? this.etag;
    this.answer = withIce(this.answer, await reply.text());
    await peer.setRemoteDescription({ type: "answer", sdp: this.answer });
  }
}

interface NetworkInformation extends EventTarget {}

const network = (): NetworkInformation | undefined => (navigator as { connection?: NetworkInformation }).connection;

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

// Owns watching a feed (WHEP).
import { MediaLine, type MediaOptions } from "./resource";
import { Turns } from "./turns";

export type Layer = "small" | "main";

export interface WhepOptions extends MediaOptions {
  onStream: (stream: MediaStream) => void;
  sound: boolean;
  /** Somebody waits for just this one: it does not stand in line. */
  urgent?: boolean;
}

/** The page's turns to connect. */
const turns = new Turns();

export class Whep extends MediaLine {
  private receiver: RTCRtpReceiver | null = null;
  private steady = false;

  constructor(feed: string, private readonly layer: Layer, private readonly watch: WhepOptions) {
    super(`/api/whep/${encodeURIComponent(feed)}${layer === "small" ? "?layer=small" : ""}`, watch);
  }

  protected prepare(peer: RTCPeerConnection): void {
    const stream = new MediaStream();
    peer.addTransceiver("video", { direction: "recvonly" });
    if (this.watch.sound) peer.addTransceiver("audio", { direction: "recvonly" });
    this.receiver = null;
    peer.ontrack = ({ track, receiver }) => {
      if (track.kind === "audio") this.receiver = receiver;
      stream.addTrack(track);
      this.watch.onStream(stream);
    };
  }

  /** Whether pictures have to come all the time: not of a screen on which nothing moves, nor of a source that is lost. */
  expect(steady: boolean): void {
    if (steady && !this.steady) this.expectFromNow();
    this.steady = steady;
  }

  protected override turn(): Promise<() => void> {
    return this.watch.urgent === true ? super.turn() : turns.take(this.layer === "small" ? 0 : 1);
  }

  protected expectsBytes(): boolean {
    return this.steady;
  }

  protected counts(report: RTCStats & Record<string, unknown>): number {
    return report.type === "inbound-rtp" ? Number(report["bytesReceived"] ?? 0) : 0;
  }

  /** How loud it is now, 0 to 1. */
  level(): number {
    return this.receiver?.getSynchronizationSources()[0]?.audioLevel ?? 0;
  }
}

/** Listening only, for the voice of the supervisor. */
export class WhepVoice extends Whep {
  protected override prepare(peer: RTCPeerConnection): void {
    super.prepare(peer);
    for (const transceiver of peer.getTransceivers()) {
      if (transceiver.receiver.track.kind === "video") transceiver.stop();
    }
  }
}

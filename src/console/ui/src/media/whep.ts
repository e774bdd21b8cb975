// Owns watching a feed (WHEP).
import { MediaLine, type MediaOptions } from "./resource";

export type Layer = "small" | "main";

export interface WhepOptions extends MediaOptions {
  onStream: (stream: MediaStream) => void;
  /** Whether pictures have to come all the time; a static screen is not a fault. */
  steady: boolean;
  sound: boolean;
}

export class Whep extends MediaLine {
  private receiver: RTCRtpReceiver | null = null;

  constructor(feed: string, layer: Layer, private readonly watch: WhepOptions) {
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

  protected expectsBytes(): boolean {
    return this.watch.steady;
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

// Owns sending a feed (WHIP): face and microphone, a screen, or a voice.
import type { Picture } from "../wire";
import { MediaLine, type MediaOptions } from "./resource";

export interface WhipOptions extends MediaOptions {
  /** What is sent, though there may be no device for it yet. */
  sends: ("audio" | "video")[];
  /** Full size and small, as simulcast `h` and `l`; none for a voice. */
  pictures?: { full: Picture; small: Picture };
  /** A screen keeps its resolution; a face its rate. */
  keep?: "maintain-resolution" | "maintain-framerate";
}

export class Whip extends MediaLine {
  constructor(feed: string, private readonly stream: MediaStream, private readonly send: WhipOptions) {
    super(`/api/whip/${encodeURIComponent(feed)}`, send);
  }

  protected async prepare(peer: RTCPeerConnection): Promise<void> {
    const streams = [this.stream];
    for (const kind of this.send.sends) {
      const track = this.stream.getTracks().find((each) => each.kind === kind && each.readyState === "live");
      const sendEncodings = kind === "video" ? this.encodings(track) : undefined;
      const transceiver = peer.addTransceiver(track ?? kind, { direction: "sendonly", streams, sendEncodings });
      if (kind === "audio") continue;
      transceiver.setCodecPreferences(preferH264());
      const parameters = transceiver.sender.getParameters();
      parameters.degradationPreference = this.send.keep ?? "balanced";
      await transceiver.sender.setParameters(parameters).catch(() => undefined);
    }
  }

  /** Goes on with another device; the connection stays. */
  async replace(track: MediaStreamTrack): Promise<void> {
    for (const old of this.stream.getTracks()) if (old.kind === track.kind) this.stream.removeTrack(old);
    this.stream.addTrack(track);
    const place = this.peer?.getTransceivers()[this.send.sends.indexOf(track.kind as "audio" | "video")];
    await place?.sender.replaceTrack(track);
  }

  private encodings(track?: MediaStreamTrack): RTCRtpEncodingParameters[] {
    const pictures = this.send.pictures;
    if (pictures === undefined) return [{}];
    const width = track?.getSettings().width ?? pictures.full.width;
    const encoding = (rid: string, picture: Picture): RTCRtpEncodingParameters => ({
      rid,
      maxBitrate: picture.bits_per_second,
      maxFramerate: picture.fps,
      scaleResolutionDownBy: Math.max(1, width / picture.width),
    });
    return [encoding("h", pictures.full), encoding("l", pictures.small)];
  }

  protected expectsBytes(): boolean {
    // a screen on which nothing moves sends nothing, for minutes
    if (this.send.keep === "maintain-resolution") return false;
    return this.stream.getTracks().some((track) => track.readyState === "live" && !track.muted);
  }

  protected counts(report: RTCStats & Record<string, unknown>): number {
    return report.type === "outbound-rtp" ? Number(report["bytesSent"] ?? 0) : 0;
  }
}

/** H.264 first: every recording and every browser takes it; the others stay as a way out. */
function preferH264(): RTCRtpCodec[] {
  const codecs = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
  const rank = (codec: RTCRtpCodec) => {
    if (codec.mimeType !== "video/H264") return 2;
    return codec.sdpFmtpLine?.includes("profile-level-id=42e0") === true && codec.sdpFmtpLine.includes("packetization-mode=1") ? 0 : 1;
  };
  return [...codecs].sort((a, b) => rank(a) - rank(b));
}

// Owns the load's WebRTC peers: viewers that count, a publisher that passes RTP on. By libdatachannel (npm:
// node-datachannel), which scripts/bench installs.

import { createRequire } from "node:module";

const library = createRequire(new URL("../../../target/tools/bench/package.json", import.meta.url))("node-datachannel");

export const VIDEO = 96;
export const AUDIO = 111;

/** One line of JSON for whoever started this. */
export function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

/** The description with all candidates in it, when they are gathered. */
function gathered(connection) {
  return new Promise((resolve) => {
    const done = () => resolve(connection.localDescription());
    if (connection.gatheringState() === "complete") return done();
    connection.onGatheringStateChange((state) => state === "complete" && done());
  });
}

function sections(direction, ssrc) {
  const video = new library.Video("0", direction);
  video.addH264Codec(VIDEO, "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1");
  const audio = new library.Audio("1", direction);
  audio.addOpusCodec(AUDIO);
  if (ssrc) {
    video.addSSRC(ssrc, "bench", "bench", "video");
    audio.addSSRC(ssrc + 1, "bench", "bench", "audio");
  }
  return [video, audio];
}

/** Sequence numbers of one stream: how many there should have been, and how many came. */
class Sequence {
  first = null;
  highest = 0;
  came = 0;
  take(number) {
    if (this.first === null) {
      this.first = number;
      this.highest = number;
    }
    const step = (number - this.highest) & 0xffff;
    if (step < 0x8000) this.highest += step;
    this.came += 1;
  }
  /** Packets that did not come since the last time; then counts anew. */
  lost() {
    const lost = this.first === null ? 0 : this.highest - this.first + 1 - this.came;
    this.first = this.first === null ? null : this.highest + 1;
    this.came = 0;
    return lost;
  }
}

class Peer {
  constructor(name, bindAddress) {
    this.connection = new library.PeerConnection(name, { iceServers: [], bindAddress, disableAutoNegotiation: true });
    this.tracks = [];
  }
  state() {
    return this.connection.state();
  }
  close() {
    this.connection.close();
  }
}

/** Receives a picture and a sound, and counts both. */
export class Viewer extends Peer {
  constructor(name, bindAddress, drop = 0) {
    super(name, bindAddress);
    this.bytes = 0;
    this.drop = drop;
    this.sequences = new Map();
  }
  async offer() {
    for (const section of sections("RecvOnly")) this.listen(this.connection.addTrack(section));
    this.connection.setLocalDescription("offer");
    return (await gathered(this.connection)).sdp;
  }
  take(answer) {
    this.connection.setRemoteDescription(answer, "answer");
  }
  async answer(offer) {
    this.connection.onTrack((track) => this.listen(track));
    this.connection.setRemoteDescription(offer, "offer");
    this.connection.setLocalDescription("answer");
    return (await gathered(this.connection)).sdp;
  }
  listen(track) {
    this.tracks.push(track);
    track.onMessage((packet) => {
      const kind = packet[1];
      // RTCP (RFC 5761, 4)
      if (packet.length < 12 || (kind >= 192 && kind <= 223)) return;
      if (this.drop > 0 && Math.random() < this.drop) return;
      this.bytes += packet.length;
      const ssrc = packet.readUInt32BE(8);
      let sequence = this.sequences.get(ssrc);
      if (sequence === undefined) this.sequences.set(ssrc, (sequence = new Sequence()));
      sequence.take(packet.readUInt16BE(2));
    });
  }
  hasPicture() {
    return [...this.sequences.values()].reduce((sum, { came }) => sum + came, 0) > 100;
  }
  /** What came since the last count. */
  count() {
    const counted = { bytes: this.bytes, packets: 0, lost: 0 };
    for (const sequence of this.sequences.values()) {
      counted.packets += sequence.came;
      counted.lost += sequence.lost();
    }
    this.bytes = 0;
    return counted;
  }
}

/** Sends RTP as it is given: payload types VIDEO and AUDIO, SSRCs `ssrc` and `ssrc + 1`. */
export class Publisher extends Peer {
  constructor(name, bindAddress, ssrc) {
    super(name, bindAddress);
    this.ssrc = ssrc;
  }
  async offer() {
    for (const section of sections("SendOnly", this.ssrc)) this.tracks.push(this.connection.addTrack(section));
    this.connection.setLocalDescription("offer");
    return (await gathered(this.connection)).sdp;
  }
  take(answer) {
    this.connection.setRemoteDescription(answer, "answer");
  }
  isUp() {
    return this.tracks.every((track) => track.isOpen());
  }
  send(packet) {
    const track = this.tracks[(packet[1] & 0x7f) === VIDEO ? 0 : 1];
    if (track.isOpen()) track.sendMessageBinary(packet);
  }
}

// Owns a coded clip on its way out: packets by picture, and numbers that go on over the clip's turns.

import { readFileSync } from "node:fs";

/** The packets of each picture (up to the one with the marker) or of each piece of sound. */
export function units(file, hasMarkers) {
  const data = readFileSync(file);
  const found = [[]];
  for (let at = 0; at < data.length; ) {
    const length = data.readUInt16BE(at);
    const packet = data.subarray(at + 2, at + 2 + length);
    at += 2 + length;
    found.at(-1).push(packet);
    if (!hasMarkers || packet[1] & 0x80) found.push([]);
  }
  return found.filter((packets) => packets.length > 0);
}

/** A stream of a clip, a unit each `every` ms and `step` ticks of the RTP clock. */
export class Stream {
  constructor(units, payloadType, ssrc, every, step) {
    Object.assign(this, { units, payloadType, ssrc, every, step, sent: 0, number: 0 });
  }

  /** When the next unit is to be sent, in ms from the beginning. */
  due() {
    return this.sent * this.every;
  }

  next() {
    const packets = this.units[this.sent % this.units.length].map((packet) => {
      const copy = Buffer.from(packet);
      copy[1] = (copy[1] & 0x80) | this.payloadType;
      copy.writeUInt16BE(this.number & 0xffff, 2);
      copy.writeUInt32BE((this.sent * this.step) >>> 0, 4);
      copy.writeUInt32BE(this.ssrc, 8);
      this.number += 1;
      return copy;
    });
    this.sent += 1;
    return packets;
  }

  kbps() {
    const bytes = this.units.flat().reduce((sum, packet) => sum + packet.length, 0);
    return (bytes * 8) / (this.units.length * this.every);
  }
}

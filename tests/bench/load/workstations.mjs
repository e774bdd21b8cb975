#!/usr/bin/env node
// Plays the workstations of a room: each feed is published by WHIP in a connection of its own, its picture in two
// layers (simulcast, RFC 8853) and, for a face, with sound. Coded clips are sent in real time, over and over.
//   workstations.mjs --whip URL --token TOKEN --bind ADDRESS --large FILE --large-fps N --small FILE --small-fps N --sound FILE FEED…
// Says {"up": N, "kbps": {"large": N, "small": N, "sound": N}} once all are connected, and ends with its input.

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Stream, units } from "./clip.mjs";
import { AUDIO, Publisher, VIDEO, say } from "./peers.mjs";
import { whipSession } from "./signalling.mjs";

const { values: asked, positionals: feeds } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(["whip", "token", "bind", "large", "large-fps", "small", "small-fps", "sound"].map((name) => [name, { type: "string" }])),
});
const LAYERS = ["h", "l"];
const MID = 1;
const RID = 2;

/** A publisher whose picture comes in two layers, told apart by the RTP stream id in each packet. */
class Workstation extends Publisher {
  async offer() {
    const [head, ...sections] = (await super.offer()).split(/(?=^m=)/m);
    const layered = sections.map((section) => {
      if (!section.startsWith("m=video")) return section;
      const lines = section.split("\r\n").filter((line) => line !== "" && !line.startsWith("a=ssrc"));
      lines.push(`a=extmap:${MID} urn:ietf:params:rtp-hdrext:sdes:mid`, `a=extmap:${RID} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id`);
      lines.push(...LAYERS.map((rid) => `a=rid:${rid} send`), `a=simulcast:send ${LAYERS.join(";")}`, "");
      return lines.join("\r\n");
    });
    return [head, ...layered].join("");
  }
}

/** The packet with its section's and its layer's name in it (RFC 8285, 8852): one character each. */
function named(packet, mid, rid) {
  const extension = Buffer.from([0xbe, 0xde, 0, 1, MID << 4, mid.charCodeAt(0), RID << 4, rid.charCodeAt(0)]);
  const whole = Buffer.concat([packet.subarray(0, 12), extension, packet.subarray(12)]);
  whole[0] |= 0x10;
  return whole;
}

const clips = { large: units(asked.large, true), small: units(asked.small, true), sound: units(asked.sound, false) };
const clip = (name, kind, ssrc) => {
  const perSecond = kind === AUDIO ? 50 : Number(asked[`${name}-fps`]);
  return new Stream(clips[name], kind, ssrc, 1000 / perSecond, (kind === AUDIO ? 48_000 : 90_000) / perSecond);
};

const streams = [];
const sessions = [];
for (const [n, feed] of feeds.entries()) {
  const ssrc = 1000 * (n + 1);
  const publisher = new Workstation(feed, asked.bind, ssrc);
  sessions.push(await whipSession(publisher, `${asked.whip}/${feed}`, { token: asked.token }));
  for (let waited = 0; !publisher.isUp(); waited += 20) {
    if (waited > 10_000) throw new Error(`${feed} does not connect: ${publisher.state()}`);
    await sleep(20);
  }
  const [large, small, sound] = [clip("large", VIDEO, ssrc + 2), clip("small", VIDEO, ssrc + 3), clip("sound", AUDIO, ssrc + 1)];
  // workstations do not send in step
  const offset = (n * 37) % 40;
  streams.push({ stream: large, offset, send: (packet) => publisher.send(named(packet, "0", "h")) });
  streams.push({ stream: small, offset, send: (packet) => publisher.send(named(packet, "0", "l")) });
  if (feed.endsWith("face")) streams.push({ stream: sound, offset, send: (packet) => publisher.send(packet) });
}

let isOver = false;
process.stdin.resume().on("end", () => (isOver = true));
const kbps = (name, kind) => clip(name, kind, 0).kbps();
say({ up: feeds.length, kbps: { large: kbps("large", VIDEO), small: kbps("small", VIDEO), sound: kbps("sound", AUDIO) } });
const began = performance.now();
while (!isOver) {
  const now = performance.now() - began;
  for (const { stream, offset, send } of streams) {
    while (stream.due() + offset <= now) stream.next().forEach(send);
  }
  await sleep(4);
}
await Promise.all(sessions.map((session) => session.leave()));
process.exit(0);

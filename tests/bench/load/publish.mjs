#!/usr/bin/env node
// Sends a coded clip in real time, over and over, as one publisher: by WHIP, or as bare RTP to Janus.
//   publish.mjs --picture FILE --fps N --sound FILE  --whip URL --token TOKEN [--bind ADDRESS] | --udp HOST:PORT
// The files hold RTP packets, each behind its length (RFC 4571). By --udp the sound goes to the port after PORT.
// Says {"up": true, "kbps": N} once it sends, and ends with its input.

import { createSocket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Stream, units } from "./clip.mjs";
import { AUDIO, Publisher, VIDEO, say } from "./peers.mjs";
import { whipSession } from "./signalling.mjs";

const { values: asked } = parseArgs({
  options: {
    picture: { type: "string" },
    fps: { type: "string" },
    sound: { type: "string" },
    whip: { type: "string" },
    token: { type: "string" },
    bind: { type: "string" },
    udp: { type: "string" },
  },
});
const SSRC = 7000;

const fps = Number(asked.fps);
const streams = [
  new Stream(units(asked.picture, true), VIDEO, SSRC, 1000 / fps, 90_000 / fps),
  new Stream(units(asked.sound, false), AUDIO, SSRC + 1, 20, 960),
];

async function byWhip() {
  const publisher = new Publisher("source", asked.bind, SSRC);
  const session = await whipSession(publisher, asked.whip, { token: asked.token });
  for (let waited = 0; !publisher.isUp(); waited += 20) {
    if (waited > 10_000) throw new Error(`the source does not connect: ${publisher.state()}`);
    await sleep(20);
  }
  return { send: (packet) => publisher.send(packet), leave: () => session.leave() };
}

function byUdp() {
  const [host, port] = asked.udp.split(":");
  const socket = createSocket("udp4");
  const to = (packet) => Number(port) + ((packet[1] & 0x7f) === AUDIO ? 1 : 0);
  return { send: (packet) => socket.send(packet, to(packet), host), leave: () => socket.close() };
}

const way = asked.whip ? await byWhip() : byUdp();
let isOver = false;
process.stdin.resume().on("end", () => (isOver = true));
say({ up: true, kbps: streams.reduce((sum, stream) => sum + stream.kbps(), 0) });
const began = performance.now();
while (!isOver) {
  const stream = streams[0].due() <= streams[1].due() ? streams[0] : streams[1];
  const wait = began + stream.due() - performance.now();
  if (wait > 0) await sleep(wait);
  stream.next().forEach(way.send);
}
await way.leave();
process.exit(0);

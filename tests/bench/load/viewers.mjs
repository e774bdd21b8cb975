#!/usr/bin/env node
// Many real viewers in one process: each is a WebRTC peer of its own (libdatachannel, which is neither the daemon's
// library nor Janus'), and counts what it really got.
//   viewers.mjs --whep URL | --janus URL   [--socket FILE] [--viewers 60] [--bind ADDRESS] [--drop SHARE]
// Reads commands, a line each, and answers each with a line of JSON:
//   count   bytes, packets and lost packets of each viewer since the last count
//   leave   says goodbye, and ends
// It says {"viewers": N, "joined_ms": M} once all of them get pictures.
// --drop throws that share of the arriving packets away before it counts: what a run must not survive.

import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Viewer, say } from "./peers.mjs";
import { janusSession, whepSession } from "./signalling.mjs";

const { values: asked } = parseArgs({
  options: {
    whep: { type: "string" },
    janus: { type: "string" },
    socket: { type: "string" },
    token: { type: "string" },
    viewers: { type: "string", default: "60" },
    bind: { type: "string" },
    drop: { type: "string", default: "0" },
  },
});
const FIRST_PICTURE_MS = 20_000;

const began = Date.now();
const viewers = [];
for (let number = 0; number < Number(asked.viewers); number += 1) {
  const viewer = new Viewer(`viewer-${number}`, asked.bind, Number(asked.drop));
  const session = asked.janus
    ? await janusSession(viewer, asked.janus)
    : await whepSession(viewer, asked.whep, { socketPath: asked.socket, token: asked.token });
  viewers.push({ viewer, session });
}
while (viewers.some(({ viewer }) => !viewer.hasPicture())) {
  if (Date.now() - began > FIRST_PICTURE_MS) {
    const dark = viewers.filter(({ viewer }) => !viewer.hasPicture());
    console.error(`${dark.length} of ${viewers.length} viewers have no picture: ${dark[0].viewer.state()}`);
    process.exit(1);
  }
  await sleep(20);
}
viewers.forEach(({ viewer }) => viewer.count());
say({ viewers: viewers.length, joined_ms: Date.now() - began });

for await (const command of createInterface({ input: process.stdin })) {
  if (command === "count") {
    say(viewers.map(({ viewer }) => viewer.count()));
  } else if (command === "leave") {
    break;
  }
}
for (const { viewer, session } of viewers) {
  await session.leave();
  viewer.close();
}
say({ left: viewers.length });
process.exit(0);

#!/usr/bin/env node
// Joins and leaves again and again, ten at a time; each third leaves without a word.
//   hop.mjs --whep URL --token TOKEN --times N [--bind ADDRESS]
// Says {"hopped": N} at the end.

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Viewer, say } from "./peers.mjs";
import { whepSession } from "./signalling.mjs";

const { values: asked } = parseArgs({
  options: { whep: { type: "string" }, token: { type: "string" }, times: { type: "string" }, bind: { type: "string" } },
});
const AT_ONCE = 10;
const TO_CONNECT_MS = 10_000;

let left = Number(asked.times);
async function hopper() {
  while (left > 0) {
    left -= 1;
    const quiet = left % 3 === 0;
    const viewer = new Viewer(`hop-${left}`, asked.bind);
    const session = await whepSession(viewer, asked.whep, { token: asked.token });
    for (let waited = 0; viewer.state() !== "connected"; waited += 5) {
      if (waited > TO_CONNECT_MS) throw new Error(`does not connect: ${viewer.state()}`);
      await sleep(5);
    }
    if (!quiet) await session.leave();
    viewer.close();
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, hopper));
say({ hopped: Number(asked.times) });
process.exit(0);

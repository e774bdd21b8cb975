// Owns the test of a workstation whose cable is pulled. In a network namespace of its own, whose only link is the cable:
//   unshare --net sh -c 'ip link set lo up && node --test tests/console/cable.test.mjs'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Room, until } from "./room.mjs";

const SESSION = "T-1";
let room;
let no;
let seat;
before(async () => {
  const links = execFileSync("ip", ["-brief", "link"]).toString().trim().split("\n");
  assert.equal(links.length, 1, `a namespace of its own, not ${links}`);
  room = await Room.start();
  await room.rehearse(SESSION);
  no = (await room.ctl("status")).session.members[0].seat;
  seat = await room.seat(await room.browser({}), no);
  await room.live(`seat-${no}-face`, `seat-${no}-screen`);
});
after(() => room.close());

const cable = (state) => execFileSync("ip", ["link", "set", "lo", state]);
const gaps = (feed, from) => room.index(SESSION, feed).filter((line) => line.record === "gap" && line.from >= from);

for (const [seconds, again] of [[3, 10_000], [40, 60_000]]) {
  test(`${seconds} s without a cable: named, and published again without a click`, async () => {
    const pulled = Date.now();
    cable("down");
    await sleep(seconds * 1000);
    cable("up");
    const back = Date.now();
    await until("both again", async () => {
      const states = await Promise.all([room.feed(`seat-${no}-face`), room.feed(`seat-${no}-screen`)]);
      return states.every((state) => state.source === "live" && state.recording.state === "writing");
    }, again);
    const gap = await until("the gap is named", () => gaps(`seat-${no}-face`, pulled - 2000).find((line) => line.track === "video"), again);
    console.log(`${seconds} s: published again after ${Date.now() - back} ms, gap from ${gap.from - pulled} to ${gap.to - back} ms`);
    assert.ok(Math.abs(gap.from - pulled) < 2000, `from ${gap.from - pulled} ms after the cable was pulled`);
    assert.ok(gap.to >= back - 500, `to ${gap.to - back} ms after it was put in`);
    // the page says nothing is amiss any more
    await seat.locator("body").waitFor();
    assert.equal(await seat.evaluate(() => window.peers.filter((peer) => peer.connectionState === "connected").length >= 2), true);
  });
}

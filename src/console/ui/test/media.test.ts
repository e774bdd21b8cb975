import { expect, test } from "vitest";
import { loudness } from "../src/media/meter";
import { fragmentOf, withIce } from "../src/media/resource";

const OFFER = [
  "v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1",
  "m=video 9 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=ice-ufrag:abcd", "a=ice-pwd:secret", "a=ice-options:trickle", "a=mid:0", "a=candidate:1 1 udp 1 10.0.0.1 5000 typ host", "a=sendonly",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=ice-ufrag:abcd", "a=ice-pwd:secret", "a=mid:1", "",
].join("\r\n");

test("a restart sends the ICE part of the offer only", () => {
  expect(fragmentOf(OFFER).split("\r\n")).toEqual([
    "a=group:BUNDLE 0 1", "a=ice-ufrag:abcd", "a=ice-pwd:secret", "a=ice-options:trickle",
    "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:0", "a=candidate:1 1 udp 1 10.0.0.1 5000 typ host", "",
  ]);
});

test("the answer takes the new credentials and candidates, and keeps the rest", () => {
  const fragment = "a=ice-ufrag:new\r\na=ice-pwd:fresh\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=candidate:9 1 udp 1 10.0.0.2 6000 typ host\r\n";
  const answer = withIce(OFFER, fragment);
  expect(answer).not.toContain("abcd");
  expect(answer.match(/a=ice-ufrag:new/g)).toHaveLength(2);
  expect(answer.match(/a=candidate:/g)).toEqual(["a=candidate:"]);
  expect(answer).toContain("10.0.0.2 6000");
  expect(answer).toContain("a=sendonly");
});

test("loudness goes from silence to full scale", () => {
  expect(loudness(new Float32Array(512))).toBe(0);
  expect(loudness(new Float32Array(512).fill(1))).toBeCloseTo(1);
  expect(loudness(new Float32Array(512).fill(0.03))).toBeGreaterThan(0.4);
});

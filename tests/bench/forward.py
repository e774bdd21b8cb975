"""Forwarding: what a packet that reaches a viewer costs, and what a viewer weighs. Beside it Janus, with the same viewers.

One published feed of 720p at 2 Mbit/s with sound goes to 60 viewers, each a WebRTC peer of its own that counts
what it got. All of the server's CPU counts, the receiving of the source too.
"""

import json
import time

from lib import clips, cost
from lib.box import Box, profile
from lib.figure import OURS, Line
from lib.janus import Janus
from lib.stage import ROOT, VIEWERS_IP, Failed, Void

VIEWERS = 60
LEAST_SHARE = 0.95
LINES = (
    Line("packet", f"CPU a delivered packet, {VIEWERS} viewers", "µs", 9, 5),
    Line("memory", "resident a viewer", "MiB", 1),
    Line("lost", "packets lost on the way", "", 0, 0),
)
_LOAD = ROOT / "tests" / "bench" / "load"
_CLIP = clips.Clip(1280, 720, 25, 2000, 2)
_FEED = "seat-1-face"
_SETTLE_S = 3


class Talker:
    """A program of the load: it says lines of JSON, and is told words. It trusts the box's CA."""

    def __init__(self, stage, script, *words):
        trust = {"NODE_EXTRA_CA_CERTS": stage.folder / "data" / "keys" / "ca.pem"}
        self.program = stage.start(script, ["node", _LOAD / script, *words], talks=True, env=trust)

    def line(self):
        said = self.program.process.stdout.readline()
        if not said:
            raise Failed(f"{self.program.name} ended:\n{self.program.said()[-2000:]}")
        return json.loads(said)

    def tell(self, word):
        self.program.process.stdin.write(f"{word}\n")
        self.program.process.stdin.flush()
        return self.line()


def source(stage, *words):
    """The publisher; gives what it sends in kbit/s."""
    clip = ["--picture", _CLIP.rtp, "--fps", _CLIP.fps, "--sound", clips.opus()]
    return Talker(stage, "publish.mjs", *clip, *words).line()["kbps"]


def count(viewers, pid, kbps, seconds):
    """What the server spent on what its viewers got in that time; void where one got too little."""
    viewers.tell("count")
    began, meter = time.monotonic(), cost.Meter(pid)
    time.sleep(seconds)
    spent_us = meter.spent_us()
    took = time.monotonic() - began
    counted = viewers.tell("count")
    least = min(viewer["bytes"] for viewer in counted) * 8 / took / 1000
    if least < LEAST_SHARE * kbps:
        raise Void(f"a viewer got {least:.0f} of {kbps:.0f} kbit/s")
    packets = sum(viewer["packets"] for viewer in counted)
    return spent_us / packets, sum(viewer["lost"] for viewer in counted)


def crowd(stage, pid, kbps, *words):
    """A run's three readings with viewers who come by these words."""
    before = cost.rss_mib(pid)
    viewers = Talker(stage, "viewers.mjs", "--viewers", VIEWERS, "--bind", VIEWERS_IP, *words)
    viewers.line()
    time.sleep(_SETTLE_S)
    packet, lost = count(viewers, pid, kbps, 8 if stage.quick else 20)
    memory = (cost.rss_mib(pid) - before) / VIEWERS
    viewers.tell("leave")
    return packet, memory, lost


def bidroom(stage, *words):
    box = Box(stage, profile())
    publish, view = box.token({"publish": _FEED}), box.token("view_all")
    kbps = source(stage, "--whip", f"{box.url}/api/whip/{_FEED}", "--token", publish, "--bind", VIEWERS_IP)
    time.sleep(_SETTLE_S)
    readings = crowd(stage, box.pid, kbps, "--whep", f"{box.url}/api/whep/{_FEED}", "--token", view, *words)
    box.program.end()
    return readings


def janus(stage):
    server = Janus(stage, sound=True)
    kbps = source(stage, "--udp", server.rtp)
    time.sleep(_SETTLE_S)
    readings = crowd(stage, server.pid, kbps, "--janus", f"{server.url}/janus")
    server.program.end()
    return readings


def measure(stage):
    readings = {OURS: bidroom(stage), "Janus": janus(stage)}
    return {line.key: {who: reading[n] for who, reading in readings.items()} for n, line in enumerate(LINES)}


def is_void_with_loss(stage):
    """Whether viewers who lose a tenth make a run void, as they must."""
    try:
        bidroom(stage, "--drop", "0.1")
    except Void:
        return True
    return False

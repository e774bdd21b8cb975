"""Forwarding: what a packet that reaches a viewer costs, and what a viewer weighs. Beside it Janus, with the same viewers.

One published feed of 720p at 2 Mbit/s with sound goes to 60 viewers, each a WebRTC peer of its own that counts
what it got. All of the server's CPU counts, the receiving of the source too.
"""

import json
import shutil
import socket
import time

from lib import clips, cost
from lib.box import Box, profile
from lib.figure import OURS, Line
from lib.stage import BOX, BOX_IP, ROOT, VIEWERS_IP, Failed, Void

VIEWERS = int(__import__("os").environ.get("V", "60"))
LEAST_SHARE = 0.95
JANUS = "janus"
LINES = (
    Line("packet", f"CPU a delivered packet, {VIEWERS} viewers", "µs", 9, 5),
    Line("memory", "resident a viewer", "MiB", 1),
    Line("lost", "packets lost on the way", "", 0, 0),
)
_LOAD = ROOT / "tests" / "bench" / "load"
_CLIP = clips.Clip(1280, 720, 25, 2000, 2)
_FEED = "seat-1-face"
_JANUS_RTP = 5004
_JANUS_HTTP = 8088
_SETTLE_S = 3


class Talker:
    """A program of the load: it says lines of JSON, and is told words."""

    def __init__(self, stage, script, *words):
        self.program = stage.start(script, ["node", _LOAD / script, *words], talks=True, env={"NODE_TLS_REJECT_UNAUTHORIZED": "0", "NODE_NO_WARNINGS": "1"})

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


def is_listening(host, port):
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def janus(stage):
    folder = stage.folder / "janus"
    folder.mkdir()
    library = "/usr/lib/x86_64-linux-gnu/janus"
    (folder / "janus.jcfg").write_text(
        f'general: {{ plugins_folder = "{library}/plugins"\n transports_folder = "{library}/transports"\n debug_level = 3 }}\n'
        f'nat: {{ ice_enforce_list = "{BOX_IP}" }}\n'
    )
    (folder / "janus.transport.http.jcfg").write_text(f'general: {{ json = "plain"\n base_path = "/janus"\n http = true\n port = {_JANUS_HTTP} }}\n')
    (folder / "janus.plugin.streaming.jcfg").write_text(
        'feed: { type = "rtp"\n id = 1\n audio = true\n video = true\n'
        f' videoport = {_JANUS_RTP}\n videopt = 96\n videocodec = "h264"\n videofmtp = "profile-level-id=42e01f;packetization-mode=1"\n'
        f' audioport = {_JANUS_RTP + 1}\n audiopt = 111\n audiocodec = "opus" }}\n'
    )
    server = stage.start("janus", [shutil.which("janus") or "janus", "-F", folder], BOX)
    server.until(lambda: is_listening(BOX_IP, _JANUS_HTTP))
    kbps = source(stage, "--udp", f"{BOX_IP}:{_JANUS_RTP}")
    time.sleep(_SETTLE_S)
    readings = crowd(stage, server.pid, kbps, "--janus", f"http://{BOX_IP}:{_JANUS_HTTP}/janus")
    server.end()
    return readings


def measure(stage):
    readings = {OURS: bidroom(stage), JANUS: janus(stage)}
    return {line.key: {who: reading[n] for who, reading in readings.items()} for n, line in enumerate(LINES)}


def control(stage):
    """What must not count: viewers that lose a tenth."""
    try:
        bidroom(stage, "--drop", "0.1")
    except Void:
        return
    raise Failed("a run whose viewers lost a tenth was taken for good")

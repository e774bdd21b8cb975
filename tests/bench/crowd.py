"""Viewers that come and go, and those that only ask: what of them stays, and whether those who watch notice."""

import os
import pathlib
import time

import forward
from lib import cost
from lib.box import Box, Caller, profile
from lib.figure import OURS, Line
from lib.stage import VIEWERS_IP, Failed

TIMES = 1000
RUNS = 1
LINES = (
    Line("joins-fds", f"file descriptors left by {TIMES} joins and leaves", "", 2, 0),
    Line("joins-memory", "resident left by them", "MiB", 8, 2),
    Line("posts-fds", f"file descriptors left by {TIMES} offers without a peer", "", 2, 0),
    Line("posts-memory", "resident left by them", "MiB", 8, 2),
    Line("posts-answered", "of them told to come later", "", TIMES // 2, None, more=True),
    Line("others", "packets that ten other viewers lost meanwhile", "", 0, 0),
)
_OTHERS = 10
_PATIENCE_S = 60
_FEED = forward._FEED
# An offer as a browser makes it, cut short. Nobody is behind it.
_SECTION = (
    "m={kind} 9 UDP/TLS/RTP/SAVPF {number}\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
    "a=fingerprint:sha-256 9E:5E:1E:2C:4F:F6:E7:70:D3:DC:84:35:35:7F:FC:7F:31:8B:5D:2C:A0:16:1D:34:2B:85:5E:23:08:97:05:41\r\n"
    "a=setup:actpass\r\na=mid:{mid}\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:{number} {codec}\r\na=fmtp:{number} {format}\r\n"
)
_OFFER = (
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
    + _SECTION.format(kind="video", number=96, mid=0, codec="H264/90000", format="packetization-mode=1;profile-level-id=42e01f")
    + _SECTION.format(kind="audio", number=111, mid=1, codec="opus/48000/2", format="minptime=10")
)


def held(pid):
    """File descriptors and resident MiB."""
    return len(os.listdir(pathlib.Path(f"/proc/{pid}/fd"))), cost.rss_mib(pid)


def settle(box):
    """Waits until only the others are there."""
    deadline = time.monotonic() + _PATIENCE_S
    while box.metric("bidroom_viewers") > _OTHERS:
        if time.monotonic() > deadline:
            raise Failed(f"{box.metric('bidroom_viewers'):.0f} viewers are still there after {_PATIENCE_S} s")
        time.sleep(0.5)
    # connections of HTTP that nobody uses are let go
    time.sleep(2)


def hop(stage, whep, times):
    hopping = forward.Talker(stage, "hop.mjs", "--whep", whep[0], "--token", whep[1], "--times", times, "--bind", VIEWERS_IP)
    hopping.line()


def measure(stage):
    times = TIMES // 10 if stage.quick else TIMES
    box = Box(stage, profile())
    publish, view = box.token({"publish": _FEED}), box.token("view_all")
    whep = (f"{box.url}/api/whep/{_FEED}", view)
    forward.source(stage, "--whip", f"{box.url}/api/whip/{_FEED}", "--token", publish, "--bind", VIEWERS_IP)
    others = forward.Talker(stage, "viewers.mjs", "--viewers", _OTHERS, "--bind", VIEWERS_IP, "--whep", whep[0], "--token", view)
    others.line()
    hop(stage, whep, times // 5)
    settle(box)
    before = held(box.pid)
    others.tell("count")
    hop(stage, whep, times)
    settle(box)
    joined = held(box.pid)
    stranger = Caller(box, box.token("view_all"))
    answers = [stranger.ask("POST", f"/api/whep/{_FEED}", _OFFER, "application/sdp")[0] for _ in range(times)]
    if set(answers) - {201, 503}:
        raise Failed(f"offers without a peer were answered with {set(answers)}")
    settle(box)
    asked = held(box.pid)
    lost = sum(viewer["lost"] for viewer in others.tell("count"))
    values = (joined[0] - before[0], joined[1] - before[1], asked[0] - joined[0], asked[1] - joined[1], answers.count(503), lost)
    return {line.key: {OURS: value} for line, value in zip(LINES, values)}

"""Owns a full room: a box with 9 seats, cameras, and workstations that publish face and screen of each seat."""

import json

from .box import Box, profile
from .cameras import Cameras
from .clips import Clip, opus
from .stage import ROOT, VIEWERS_IP, Failed

SEATS = 9
LARGE = Clip(1280, 720, 25, 1500, 2)
# what a profile asks of workstations where it says nothing else
SMALL = Clip(320, 180, 10, 150, 2)


class Room:
    """All feeds of a room, live. `records` says what kinds are recorded."""

    def __init__(self, stage, cameras, records=()):
        # both streams of a camera, as its viewers and its recorder want them
        self.large = Cameras(stage, LARGE, count=cameras)
        self.small = Cameras(stage, SMALL, count=cameras, silent=True)
        self.cameras = [f"camera-{n}" for n in range(1, cameras + 1)]
        addresses = [(f"camera-{n}", self.large.address(n), self.small.address(n)) for n in range(1, cameras + 1)]
        self.seats = [f"seat-{no}-{kind}" for no in range(1, SEATS + 1) for kind in ("face", "screen")]
        self.box = Box(stage, profile(addresses, SEATS, records))
        if records:
            self.box.begin_rehearsal(experts=SEATS)
        token = self.box.token(*({"publish": feed} for feed in self.seats))
        words = ["--whip", f"{self.box.url}/api/whip", "--token", token, "--bind", VIEWERS_IP]
        words += ["--large", LARGE.rtp, "--large-fps", LARGE.fps, "--small", SMALL.rtp, "--small-fps", SMALL.fps, "--sound", opus(), *self.seats]
        environment = {"NODE_TLS_REJECT_UNAUTHORIZED": "0", "NODE_NO_WARNINGS": "1"}
        script = ROOT / "tests/bench/load/workstations.mjs"
        self.workstations = stage.start("workstations", ["node", script, *words], talks=True, env=environment)
        said = self.workstations.process.stdout.readline()
        if not said:
            raise Failed(f"the workstations ended:\n{self.workstations.said()[-2000:]}")
        self.kbps = json.loads(said)["kbps"]
        feeds = {*self.cameras, *self.seats}
        self.box.until("all feeds", lambda view: feeds == {f["id"] for f in view["feeds"] if f["id"] in feeds and f["source"] == "live"})
        if records:
            self.box.until("all is written", lambda view: view["recording"]["wanted"] == view["recording"]["writing"] == len(feeds))

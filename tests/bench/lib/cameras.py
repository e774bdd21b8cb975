"""Owns the simulated cameras of a run: a clip sent in real time by a program of its own (source.py)."""

import json

from .stage import ROOT, VIEWERS_IP, Void


class Cameras:
    """Cameras that all send one clip, and bare RTP of it to the addresses in `to`."""

    def __init__(self, stage, clip, count=1, to=(), silent=False):
        self.clip = clip
        words = ["/usr/bin/python3", ROOT / "tests/bench/source.py", "--h264", clip.h264, "--fps", clip.fps]
        words += ["--cameras", count, "--host", VIEWERS_IP, *(["--silent"] if silent else [])]
        if to:
            words += ["--rtp", clip.rtp, *(word for address in to for word in ("--to", address))]
        self.program = stage.start("cameras", words)
        said = json.loads(self.program.line())
        self.port = said["port"]
        self.began = said["began"]

    def address(self, camera=1):
        """Where a camera's picture is got."""
        return f"rtsp://{VIEWERS_IP}:{self.port}/camera-{camera}"

    def clock(self):
        """What a page needs to read a shown picture's age."""
        return {"began": self.began * 1000, "fps": self.clip.fps, "pictures": self.clip.seconds * self.clip.fps}


def demand_bitrate(kbps, of_source, who):
    """The rule that a run says nothing where a viewer got less than 95 % of the source."""
    if kbps < 0.95 * of_source:
        raise Void(f"{who} got {kbps:.0f} of {of_source:.0f} kbit/s")

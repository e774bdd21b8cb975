"""Measures how soon a viewer sees: POST to the first live picture in Chromium, at any phase of a 4 s group."""

import random

from lib.box import Box, profile
from lib.browser import Browser
from lib.cameras import Cameras
from lib.clips import Clip
from lib.figure import Line, median, percentile
from lib.janus import Janus
from lib.stage import Void

CLIP = Clip(1280, 720, 25, 2000, 4)
LINES = (
    Line("browser", "POST to first live frame, browser feed, median", "ms", 160, 100),
    Line("camera-median", "… camera, 4 s GOP, median", "ms", None, 100),
    Line("camera", "… camera, 4 s GOP, p95", "ms", 250, 100),
    Line("fresh", "… camera, to the first picture younger than 500 ms, p95", "ms", 2000),
    Line("age", "… camera, shown age 2 s after, p95", "ms", 500),
)


def measure(stage):
    count = 10 if stage.quick else 30
    janus = Janus(stage)
    cameras = Cameras(stage, CLIP, to=[janus.rtp])
    box = Box(stage, profile([("camera-1", cameras.address(), None)]))
    token = box.token("view_all")
    box.until("the camera", lambda view: is_live(view, "camera-1"))
    ours = Browser(stage, box.url)
    theirs = Browser(stage, janus.url)
    clock = cameras.clock()
    # anywhere in the group of 4 s; the joins themselves take 2 s and some
    pauses = [random.uniform(0, 2000) for _ in range(count)]
    camera = joins(ours, {"url": f"{box.url}/api/whep/camera-1", "token": token}, pauses, clock)
    beside = joins(theirs, janus.target(), pauses, clock)
    publisher = Browser(stage, box.url)
    whip = {"url": f"{box.url}/api/whip/seat-1-face", "token": box.token({"publish": "seat-1-face"})}
    publisher.act("publisher", "publish", **whip)
    box.until("the face", lambda view: is_live(view, "seat-1-face"))
    face = joins(ours, {"url": f"{box.url}/api/whep/seat-1-face", "token": token}, pauses, None)
    return {
        "browser": {"bidroom": median(firsts(face))},
        "camera-median": {"bidroom": median(firsts(camera)), "Janus": median(firsts(beside))},
        "camera": {"bidroom": percentile(firsts(camera), 95), "Janus": percentile(firsts(beside), 95)},
        "fresh": {"bidroom": percentile(freshes(camera), 95), "Janus": percentile(freshes(beside), 95)},
        "age": {"bidroom": percentile(ages(camera), 95), "Janus": percentile(ages(beside), 95)},
    }


def is_live(view, feed):
    """Whether the technician sees that a feed lives."""
    return any(seen["id"] == feed and seen["source"] == "live" for seen in view["feeds"])


def joins(browser, target, pauses, clock):
    """The joins of one browser, one after the other; void where one saw nothing."""
    seen = browser.act("viewer", "joins", target=target, pauses=pauses, **({"clock": clock} if clock else {}))
    blind = [join for join in seen if join["first"] is None or (clock and join["age"] is None)]
    if blind:
        raise Void(f"{len(blind)} of {len(seen)} joins saw no live picture: {blind[0]}")
    return seen


def firsts(seen):
    """Times to the first live picture."""
    return [join["first"] for join in seen]


def freshes(seen):
    """Times to the first picture that is younger than 500 ms; a stay where none was."""
    return [join["fresh"] for join in seen]


def ages(seen):
    """Ages of what is shown 2 s after."""
    return [join["age"] for join in seen]

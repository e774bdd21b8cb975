"""Measures glass to glass on one machine, beyond the encoder: how old a picture is when it is shown."""

from join import CLIP, is_live
from lib.box import Box, profile
from lib.browser import Browser
from lib.cameras import Cameras, demand_bitrate
from lib.figure import Line, median, percentile
from lib.janus import Janus
from lib.stage import Void

LINES = (
    Line("median", "glass to glass beyond the encoder, median", "ms", 60, 30),
    Line("p95", "… p95", "ms"),
)


def measure(stage):
    janus = Janus(stage)
    # with sound the RTSP server holds pictures back until sound of their time is there, 40 ms
    cameras = Cameras(stage, CLIP, to=[janus.rtp], silent=True)
    # one after the other: two decoders at once would measure each other
    seen = {"bidroom": ours(stage, cameras), "Janus": watch(stage, janus.url, janus.target(), cameras)}
    return {
        "median": {who: median(ages) for who, ages in seen.items()},
        "p95": {who: percentile(ages, 95) for who, ages in seen.items()},
    }


def ours(stage, cameras):
    """The ages of the pictures that a viewer of the daemon shows."""
    box = Box(stage, profile([("camera-1", cameras.address(), None)]))
    box.until("the camera", lambda view: is_live(view, "camera-1"))
    target = {"url": f"{box.url}/api/whep/camera-1", "token": box.token("view_all")}
    return watch(stage, box.url, target, cameras)


def watch(stage, origin, target, cameras):
    """The ages of the pictures that one viewer shows; void where it got too little."""
    seconds = 10 if stage.quick else 20
    browser = Browser(stage, origin)
    seen = browser.act("viewer", "glass", target=target, clock=cameras.clock(), seconds=seconds)
    browser.end()
    demand_bitrate(seen["bytes"] * 8 / 1000 / seen["seconds"], cameras.clip.kbps, "a viewer")
    if len(seen["ages"]) < 0.8 * cameras.clip.fps * seen["seconds"]:
        raise Void(f"{len(seen['ages'])} pictures read in {seen['seconds']:.0f} s, {seen['unread']} unread")
    return seen["ages"]

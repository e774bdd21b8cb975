"""Measures how soon a workstation is connected: WHIP POST to connected, in Chromium."""

from lib.box import Box, profile
from lib.browser import Browser
from lib.figure import Line, median, percentile

LINES = (
    Line("median", "WHIP POST to connected, median", "ms", 50, 20),
    Line("p95", "… p95", "ms"),
)


def measure(stage):
    box = Box(stage, profile())
    browser = Browser(stage, box.url)
    whip = {"url": f"{box.url}/api/whip/seat-1-face", "token": box.token({"publish": "seat-1-face"})}
    took = []
    for _ in range(6 if stage.quick else 20):
        took.append(browser.act("workstation", "publish", width=640, height=360, kbps=500, **whip))
        browser.act("workstation", "unpublish")
    # the first one also sets up the browser's own media
    took = took[1:]
    return {"median": {"bidroom": median(took)}, "p95": {"bidroom": percentile(took, 95)}}

"""Measures the supervisor's real page in one Chromium: pictures a second on each tile of a full wall."""

import time

from lib.browser import Browser
from lib.cost import Meter
from lib.figure import Line, median
from lib.room import SEATS, SMALL, Room

CAMERAS = 4
TILES = 2 * SEATS + CAMERAS
LINES = (
    Line("tiles", f"the supervisor's wall: tiles that move, of {TILES} (9 faces, 9 screens, 4 cameras)", "", TILES, more=True),
    Line("median", f"… pictures a second of a tile, median (sources send {SMALL.fps})", "1/s", 9, more=True),
    Line("slowest", "… of the slowest tile", "1/s", 8, more=True),
    Line("cpu", "… the daemon's CPU meanwhile", "cores"),
)


def measure(stage):
    room = Room(stage, CAMERAS)
    supervisor = room.box.signed_in("supervisor")
    browser = Browser(stage, room.box.url)
    cookies = [{"name": name, "value": value, "url": room.box.url} for name, value in supervisor.cookies.items()]
    browser.visit("wall", f"{room.box.url}/supervisor", viewport={"width": 1920, "height": 1080}, cookies=cookies)
    deadline = time.monotonic() + 30
    while len(browser.act("wall", "tiles", seconds=1)) < TILES and time.monotonic() < deadline:
        pass
    time.sleep(3)
    meter = Meter(room.box.pid)
    tiles = browser.act("wall", "tiles", seconds=10 if stage.quick else 20)
    cores = meter.ms_per_s() / 1000
    rates = [tile["fps"] for tile in tiles] or [0]
    return {
        "tiles": {"bidroom": sum(rate > 1 for rate in rates)},
        "median": {"bidroom": median(rates)},
        "slowest": {"bidroom": min(rates)},
        "cpu": {"bidroom": cores},
    }

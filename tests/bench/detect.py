"""Measures the detectors of a full room: their thread's CPU while all feeds are recorded and judged."""

import pathlib
import time

from lib.figure import Line
from lib.room import Room
from lib.stage import Failed

CAMERAS = 8
# faces and cameras; nobody judges screens by default
JUDGED = 9 + CAMERAS
RUNS = 3
LINES = (
    Line("cpu", "detectors over a full room: CPU a judged feed", "ms/s", 1, 0.5),
    Line("false", "… alarms of a room that moves", "", 0, 0),
)


def measure(stage):
    seconds = 20 if stage.quick else 60
    box = Room(stage, CAMERAS, ["camera", "face", "screen"]).box
    # the first round of each feed makes its decoder
    time.sleep(10)
    thread = thread_of(box.pid)
    before, began = ran_ns(thread), time.monotonic()
    time.sleep(seconds)
    spent = (ran_ns(thread) - before) / 1e6 / (time.monotonic() - began)
    alarms = sum(box.metric(f"bidroom_feed_{what}") for what in ("frozen", "black", "silent", "too_loud"))
    return {"cpu": {"bidroom": spent / JUDGED}, "false": {"bidroom": alarms}}


def thread_of(pid):
    """The detectors' thread, by its name."""
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() == "detectors":
            return task
    raise Failed("the daemon has no thread of detectors")


def ran_ns(task):
    """Nanoseconds a thread was on a CPU."""
    return int((task / "schedstat").read_text().split()[0])

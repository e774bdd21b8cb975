"""Measures a start: from the daemon's first instruction to its answer, on a box that has been at work for years."""

import subprocess

from lib.box import Box, profile
from lib.figure import Line
from lib.stage import ROOT

EVENTS = 1_000_000
SEGMENTS = 50_000
LINES = (
    Line("old", f"start to ready, {EVENTS:,} old events and {SEGMENTS:,} old segments", "s", 2, 1),
    Line("new", "… a new box, its keys made", "s"),
    Line("again", "… the same box started again", "s"),
)
_KEPT = ROOT / "target" / "bench" / "aged"


def measure(stage):
    new = Box(stage, profile())
    took = new.ready_s
    new.program.end()
    new.start()
    again = new.ready_s
    new.program.end()
    data = aged(stage, new.place)
    old = Box(stage, profile(), data)
    # what a first start does to such a folder was done when it was made
    return {"old": {"bidroom": old.ready_s}, "new": {"bidroom": took}, "again": {"bidroom": again}}


def aged(stage, place):
    """A copy of the folder of a box that was at work for years; made once, as that takes minutes."""
    if not _KEPT.exists():
        # with the tests' profile, whose build the tests share
        subprocess.run(["cargo", "build", "--locked", "--example", "aged"], cwd=ROOT, check=True)
        unfinished = _KEPT.with_suffix(".new")
        words = [ROOT / "target/debug/examples/aged", place, unfinished, EVENTS, SEGMENTS]
        subprocess.run([str(word) for word in words], check=True)
        unfinished.rename(_KEPT)
    data = stage.folder / "aged"
    subprocess.run(["cp", "--archive", "--reflink=auto", _KEPT, data], check=True)
    return data

"""Is the bench's positive control: a viewer whose network is cut for a while must make the run void."""

import threading

import glass
from join import CLIP
from lib.cameras import Cameras
from lib.figure import Line
from lib.stage import Failed, Void

RUNS = 1
LINES = (Line("void", "runs with a cut network that came out void, of 1", "", 1, more=True),)
# the viewer counts from 3 s after it has joined, for 10 s at least
_CUT_AFTER_S = 10
_CUT_S = 3


def measure(stage):
    cameras = Cameras(stage, CLIP, silent=True)
    cut = threading.Timer(_CUT_AFTER_S, stage.network.cut, [_CUT_S])
    cut.start()
    try:
        glass.ours(stage, cameras)
    except Void:
        return {"void": {"bidroom": 1}}
    finally:
        cut.join()
    raise Failed(f"a viewer whose network was cut for {_CUT_S} s counted: the rule does not hold")

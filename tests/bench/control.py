"""Is the bench's positive control: a viewer whose network is cut, or loses a tenth, must make the run void."""

import threading

import forward
import glass
from join import CLIP
from lib.cameras import Cameras
from lib.figure import OURS, Line
from lib.stage import Failed, Stage, Void

RUNS = 1
LINES = (
    Line("void", "runs with a cut network that came out void, of 1", "", 1, more=True),
    Line("lossy", "runs whose viewers lost a tenth that came out void, of 1", "", 1, more=True),
)
# the viewer counts from 3 s after it has joined, for 10 s at least
_CUT_AFTER_S = 10
_CUT_S = 3


def measure(stage):
    # each in a stage of its own, whose programs are gone before the next one's begin
    for is_void, what in ((is_void_with_cut, f"whose network was cut for {_CUT_S} s"), (forward.is_void_with_loss, "that lost a tenth")):
        with Stage(stage.network, quick=True) as alone:
            if not is_void(alone):
                raise Failed(f"viewers {what} counted: the rule does not hold")
    return {"void": {OURS: 1}, "lossy": {OURS: 1}}


def is_void_with_cut(stage):
    """Whether a network that is cut for a while makes a run void, as it must."""
    cameras = Cameras(stage, CLIP, silent=True)
    cut = threading.Timer(_CUT_AFTER_S, stage.network.cut, [_CUT_S])
    cut.start()
    try:
        glass.ours(stage, cameras)
    except Void:
        return True
    finally:
        cut.join()
    return False

"""Measures eight calls at once: how evenly their sound leaves, and what a call costs.

The phones (scripts/phones.py: Kamailio, SIPp) are in the box's namespace, take every call, talk, and press nothing.
"""

import base64
import hashlib
import json
import sys
import time

from lib.box import Box, _id_number, profile
from lib.cost import Meter
from lib.figure import Line
from lib.stage import BOX, ROOT, Void

CALLS = 8
PORT = 5070
SECRET = "5f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
SESSION = "BENCH-9"
LINES = (
    Line("jitter", "eight calls: frames of 20 ms, p99 of how far two are from 20 ms apart", "ms", 5, 2),
    Line("cpu", "… CPU a call, of one core", "%", 2, 1),
)


def measure(stage):
    phones = stage.start("phones", [sys.executable, ROOT / "scripts/phones.py", "--port", PORT, "--folder", stage.folder / "phones", "--faults"], BOX)
    phones.line()
    text = profile(seats=9) + f'[phone.speech]\nengine = "espeak-ng"\n[[phone.lines]]\nid = "sip"\nkind = "sip"\ngateway = "127.0.0.1:{PORT}"\nchannels = {CALLS}\n'
    box = Box(stage, text)
    idle = Meter(box.pid)
    time.sleep(5)
    at_rest = idle.ms_per_s()
    begin(box)
    box.until("eight calls are open", lambda view: talking(view) == CALLS, 90)
    time.sleep(2)
    meter = Meter(box.pid)
    # the notice lasts half a minute, and is said three times
    seconds = 10 if stage.quick else 30
    sniffer = stage.start("rtp", [sys.executable, ROOT / "tests/bench/lib/rtp.py", seconds], BOX)
    heard = json.loads(sniffer.until(lambda: line(sniffer), seconds + 10))
    spent = meter.ms_per_s() - at_rest
    if heard["streams"] < CALLS or heard["frames"] < CALLS * seconds * 40:
        raise Void(f"calls ended meanwhile: {heard}")
    return {"jitter": {"bidroom": heard["p99_ms"]}, "cpu": {"bidroom": spent / CALLS / 10}}


def line(program):
    return next((line for line in program.said().splitlines() if line.startswith("{")), None)


def talking(view):
    candidates = (view["convening"][0]["callout"] or {}).get("candidates", []) if view["convening"] else []
    last = [one["attempts"][-1] for one in candidates if one["attempts"]]
    return sum(1 for attempt in last if attempt["end"] is None and (attempt["progress"] or {}).get("state") in ("answered", "key"))


def begin(box):
    """Draws nine people, who are all called."""
    technician, supervisor = box.signed_in("technician"), box.signed_in("supervisor")

    def order(who, command):
        who.post("/api/commands", {"id": f"bench-{time.time_ns()}", "session": SESSION, "command": command})

    start = int(time.time() * 1000) + 4 * 3_600_000
    plan = {"id": SESSION, "kind": "real", "start": start, "expected": 4 * 3_600_000, "experts": 9, "tenderer_representatives": 0}
    order(technician, {"type": "plan_session", "plan": plan})
    rows = [f"评专家,138001{40 + n}893,{_id_number(300 + n)},设计院,房屋建筑" for n in range(9)]
    pool = "\n".join(["姓名,手机号,身份证号,单位,专业", *rows]) + "\n"
    tables = {"pool": base64.b64encode(pool.encode()).decode(), "groups": [{"speciality": "房屋建筑", "count": 9}]}
    technician.post(f"/api/sessions/{SESSION}/draw", tables)
    order(supervisor, {"type": "commit_to_draw", "commitment": hashlib.sha256(SECRET.encode()).hexdigest()})
    order(supervisor, {"type": "reveal_to_draw", "secret": SECRET})

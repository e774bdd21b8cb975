"""Measures a full room: 18 workstation feeds in two layers and 8 cameras recorded, 6 viewers, on this machine."""

import json
import os
import time

from lib.cameras import demand_bitrate
from lib.cost import Meter
from lib.figure import Line
from lib.room import LARGE, Room
from lib.stage import ROOT, VIEWERS_IP, Failed

CAMERAS = 8
VIEWERS = 6
# ten minutes of it are worth one run
RUNS = 1
LINES = (
    Line("cpu", "a full room: 26 feeds recorded, 6 viewers; the daemon's CPU", "cores", 2, 1),
    Line("memory", "… resident memory, largest", "MiB", 400, 250),
    Line("growth", "… resident memory, end over start", "%", 5),
    Line("gaps", "… recordings' gaps", "", 0, 0),
    Line("lost", "… packets lost on the way to viewers", "", 0, 0),
)


def measure(stage):
    seconds = 60 if stage.quick else 600
    room = Room(stage, CAMERAS, ["camera", "face", "screen"])
    box = room.box
    viewers = watchers(stage, room)
    # buffers fill, allocators grow
    time.sleep(20)
    sessions = box.data / "sessions"
    viewers("count")
    written, known, meter = size(sessions), gaps(sessions), Meter(box.pid)
    memory = []
    for _ in range(seconds):
        time.sleep(1)
        memory.append(box.rss_mib())
    cores = meter.ms_per_s() / 1000
    counted = viewers("count")
    for viewer in counted:
        demand_bitrate(viewer["bytes"] * 8 / 1000 / seconds, LARGE.kbps, "a viewer")
    recorded = 18 * room.kbps["large"] + 9 * room.kbps["sound"] + CAMERAS * LARGE.kbps
    demand_bitrate((size(sessions) - written) * 8 / 1000 / seconds, recorded, "the disk")
    tenth = max(1, len(memory) // 10)
    start, end = (sum(part) / tenth for part in (memory[:tenth], memory[-tenth:]))
    return {
        "cpu": {"bidroom": cores},
        "memory": {"bidroom": max(memory)},
        "growth": {"bidroom": (end / start - 1) * 100},
        "gaps": {"bidroom": gaps(sessions) - known},
        "lost": {"bidroom": sum(viewer["lost"] for viewer in counted)},
    }


def watchers(stage, room):
    """Viewers of faces and cameras; gives what asks them for their counts."""
    feeds = [*room.seats[: VIEWERS // 2], *room.cameras[: VIEWERS // 2]]
    programs = []
    for feed in feeds:
        words = ["--whep", f"{room.box.url}/api/whep/{feed}", "--token", room.box.token("view_all"), "--viewers", 1, "--bind", VIEWERS_IP]
        environment = {"NODE_TLS_REJECT_UNAUTHORIZED": "0", "NODE_NO_WARNINGS": "1"}
        program = stage.start(f"viewer-{feed}", ["node", ROOT / "tests/bench/load/viewers.mjs", *words], talks=True, env=environment)
        if not program.process.stdout.readline():
            raise Failed(f"{program.name} ended:\n{program.said()[-2000:]}")
        programs.append(program)

    def ask(word):
        for program in programs:
            program.process.stdin.write(f"{word}\n")
            program.process.stdin.flush()
        return [viewer for program in programs for viewer in json.loads(program.process.stdout.readline())]

    return ask


def size(folder):
    """Bytes of all recorded files."""
    return sum(os.stat(file).st_size for file in folder.rglob("*.mp4"))


def gaps(sessions):
    """Gaps that the indexes tell of."""
    lines = (line for index in sessions.rglob("index.jsonl") for line in index.read_text().splitlines())
    return sum(json.loads(line)["record"] == "gap" for line in lines)

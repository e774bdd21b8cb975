"""Measures what recording costs: CPU of a process that takes a camera's feed by RTSP and writes it to files.

The daemon does more than its peers: it hashes, chains, syncs each second, watches for faults, and serves the feed
to viewers. Its whole CPU counts, shared by the feeds; what it costs without any feed stands apart.
"""

import subprocess
import time

from lib.box import Box, profile
from lib.cameras import Cameras, demand_bitrate
from lib.clips import Clip
from lib.cost import Meter
from lib.figure import Line
from lib.stage import ROOT

FEEDS = 8
CLIP = Clip(1280, 720, 25, 2000, 2)
LINES = (
    Line("feed", f"recording a 720p 2 Mbit/s camera ({FEEDS} at once, all of the daemon)", "ms CPU/s", 10, 5),
    Line("idle", "… the daemon with no feed at all", "ms CPU/s"),
    Line("memory", "… resident memory", "MiB"),
    Line("hashing", "… hashing by SHA-256 and SM3, beside the rest of a feed's recording", "%", 15),
)


def measure(stage):
    seconds = 15 if stage.quick else 30
    cameras = Cameras(stage, CLIP, count=FEEDS)
    readings = {"feed": {}, "idle": {}, "memory": {}, "hashing": {}}

    idle = Box(stage, profile(records=["camera"]))
    time.sleep(2)
    meter = Meter(idle.pid)
    time.sleep(5)
    readings["idle"]["bidroom"] = meter.ms_per_s()
    idle.program.end()

    feeds = [(f"camera-{n}", cameras.address(n), None) for n in range(1, FEEDS + 1)]
    box = Box(stage, profile(feeds, records=["camera"]), stage.folder / "recording")
    box.begin_rehearsal()
    box.until("all is written", lambda view: view["recording"] == {"wanted": FEEDS, "writing": FEEDS})
    time.sleep(3)
    sessions = box.data / "sessions"
    before, meter = size(sessions), Meter(box.pid)
    time.sleep(seconds)
    readings["feed"]["bidroom"] = meter.ms_per_s() / FEEDS
    readings["memory"]["bidroom"] = box.rss_mib()
    demand_bitrate((size(sessions) - before) * 8 / 1000 / seconds, CLIP.kbps * FEEDS, "the disk")
    box.program.end()
    alone, both = (float(word) for word in subprocess.check_output([hashes()], text=True).split())
    megabytes = CLIP.kbps / 8 / 1000
    rest = readings["feed"]["bidroom"] - alone * megabytes
    readings["hashing"]["bidroom"] = both * megabytes / rest * 100

    for who, words in peers(stage, cameras.address(1)):
        peer = stage.start(who.split()[0], words)
        time.sleep(3)
        before, meter = size(stage.folder / who.split()[0]), Meter(peer.pid)
        time.sleep(seconds)
        readings["feed"][who] = meter.ms_per_s()
        demand_bitrate((size(stage.folder / who.split()[0]) - before) * 8 / 1000 / seconds, CLIP.kbps, who)
        peer.end()
    return readings


def hashes():
    """The program that measures the recorder's hashing."""
    subprocess.run(["cargo", "build", "--locked", "--release", "--example", "hashes"], cwd=ROOT, check=True)
    return ROOT / "target/release/examples/hashes"


def size(folder):
    """Bytes of all files below."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def peers(stage, address):
    """Who records the same beside it: as users of these tools do, in crash-safe pieces of 10 s."""
    for who in ("ffmpeg", "GStreamer"):
        (stage.folder / who).mkdir()
    ffmpeg = f"ffmpeg -v error -rtsp_transport tcp -i {address} -c copy -f segment -segment_time 10 -segment_format matroska"
    yield "ffmpeg -c copy", [*ffmpeg.split(), stage.folder / "ffmpeg" / "%04d.mkv"]
    pipeline = (
        f"rtspsrc location={address} protocols=tcp latency=200 name=camera "
        f"splitmuxsink name=files muxer-factory=matroskamux async-finalize=true max-size-time=10000000000 location={stage.folder / 'GStreamer'}/%04d.mkv "
        "camera. ! application/x-rtp,media=video ! rtph264depay ! h264parse ! queue ! files.video "
        "camera. ! application/x-rtp,media=audio ! rtppcmadepay ! queue ! files.audio_0"
    )
    yield "GStreamer", ["gst-launch-1.0", "-q", *pipeline.split()]

#!/usr/bin/python3
"""Serves cameras that look at a still room: sensor noise, light that drifts slowly, a quiet hum.

Debian: gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-{base,good,bad,ugly}.
Prints one JSON line with the port, e.g. {"port": 8554}, serves /<camera>/main and /<camera>/sub, and takes
one word a line from its input: fine, frozen, black, silent, loud. All cameras obey at once.
"""

import argparse
import json
import math
import random
import struct
import sys
import zlib

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

FPS = 10
# white noise of this alpha has a deviation of about 1.5 luma levels, as a good sensor's in a lit room
GRAIN = 0.02
# uniform noise of this amplitude has -60 dBFS
HUM = 0.00173
DRIFT_S = 90

ENCODERS = {
    # what most cameras do: constant bit rate, a small buffer
    "cbr": "x264enc tune=zerolatency speed-preset=ultrafast threads=1 bitrate={kbps} key-int-max={gop}",
    # strong noise reduction at constant quality: nearly all predicted blocks are skipped
    "reduced": "x264enc tune=zerolatency speed-preset=veryfast threads=1 pass=quant quantizer=28 noise-reduction=1000 key-int-max={gop}",
    # variable bit rate with B-frames in the main stream
    "vbr": "x264enc speed-preset=veryfast threads=1 bframes=2 b-adapt=false pass=qual quantizer=24 key-int-max={gop}",
}
CAMERAS = {"cbr": "pcma", "reduced": "aac", "vbr": "pcmu"}
AUDIO = {
    "aac": "audio/x-raw,rate=16000,channels=1 ! voaacenc bitrate=32000 ! aacparse ! rtpmp4gpay pt=97 name=pay1",
    "pcma": "audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay pt=8 name=pay1",
    "pcmu": "audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay pt=0 name=pay1",
}


def still_room(path: str, width: int, height: int) -> None:
    """Draws walls, desks and wallpaper into a PNG."""
    dice = random.Random(1)
    boxes = [(dice.randrange(width), dice.randrange(height), dice.randrange(20, 120), dice.randrange(20, 90), dice.randrange(40, 200)) for _ in range(40)]
    rows = []
    for y in range(height):
        row = [90 + 40 * math.sin(x / 140) + 20 * math.cos(y / 80) + (6 * math.sin(x * 1.3) * math.sin(y * 1.1) if y > height // 2 else 0) for x in range(width)]
        for left, top, wide, high, level in boxes:
            if top <= y < top + high:
                for x in range(left, min(width, left + wide)):
                    row[x] = level + (x - left) * 0.2
        rows.append(b"\0" + bytes(max(16, min(235, int(value))) for value in row))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b""))


class Room:
    """What all cameras see and hear."""

    def __init__(self) -> None:
        self.state = "fine"
        self.medias = []
        self.began = GLib.get_monotonic_time()

    def add(self, _factory, media) -> None:
        element = media.get_element()
        self.medias.append(element)
        media.connect("unprepared", lambda _media: self.medias.remove(element))
        self.show(element)

    def set(self, state: str) -> None:
        self.state = state
        for element in self.medias:
            self.show(element)

    def show(self, element) -> None:
        element.get_by_name("grain").set_property("drop", self.state == "frozen")
        scene = element.get_by_name("eye").get_static_pad("sink_0")
        scene.set_property("alpha", 0.0 if self.state == "black" else 1.0)
        ear = element.get_by_name("ear")
        if ear:
            ear.set_property("volume", {"silent": 0.0, "loud": 1.0}.get(self.state, HUM))

    def drift(self) -> bool:
        if self.state != "frozen":
            passed = (GLib.get_monotonic_time() - self.began) / 1e6
            level = 0.015 * math.sin(passed * 2 * math.pi / DRIFT_S)
            for element in self.medias:
                element.get_by_name("light").set_property("brightness", level)
        return True


def description(camera: str, role: str, picture: str, width: int, height: int, kbps: int, gop: int) -> str:
    encoder = ENCODERS[camera].format(kbps=kbps, gop=gop)
    if role == "sub":
        encoder = encoder.replace("bframes=2", "bframes=0")
    size = f"video/x-raw,format=I420,width={width},height={height},framerate={FPS}/1"
    video = (
        f"compositor name=eye background=black sink_1::alpha={GRAIN} ! {size} ! queue max-size-buffers=3 "
        f"! {encoder} ! h264parse config-interval=-1 ! rtph264pay pt=96 config-interval=-1 name=pay0 "
        f"filesrc location={picture} ! pngdec ! videoconvert ! videoscale ! imagefreeze is-live=true ! {size} ! videobalance name=light ! eye.sink_0 "
        f"videotestsrc is-live=true pattern=snow ! {size} ! valve name=grain ! eye.sink_1 "
    )
    audio = f"audiotestsrc name=ear is-live=true wave=white-noise volume={HUM} samplesperbuffer=480 ! audioconvert ! audioresample ! {AUDIO[CAMERAS[camera]]}"
    return f"( {video} {audio if role == 'main' else ''} )"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", required=True, help="where the drawn room goes, a PNG")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--only", default=",".join(CAMERAS), help="these cameras only (%(default)s)")
    parser.add_argument("--main", default="640x360x500", help="width, height and kbit/s (%(default)s)")
    parser.add_argument("--sub", default="320x180x150", help="the same of the small stream (%(default)s)")
    parser.add_argument("--gop", type=int, default=2, help="seconds between key frames (%(default)s)")
    asked = parser.parse_args()
    Gst.init(None)
    room = Room()
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(asked.port))
    still_room(asked.picture, 640, 360)
    for camera in asked.only.split(","):
        for role, form in (("main", asked.main), ("sub", asked.sub)):
            width, height, kbps = (int(n) for n in form.split("x"))
            factory = GstRtspServer.RTSPMediaFactory()
            factory.set_launch(description(camera, role, asked.picture, width, height, kbps, asked.gop * FPS))
            factory.set_shared(True)
            factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
            factory.connect("media-constructed", room.add)
            server.get_mount_points().add_factory(f"/{camera}/{role}", factory)
    if server.attach(None) == 0:
        print("cannot listen", file=sys.stderr)
        return 1
    loop = GLib.MainLoop()

    def hear(stream, _condition) -> bool:
        word = stream.readline().strip()
        if not word:
            loop.quit()
            return False
        room.set(word)
        return True

    GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, hear)
    GLib.timeout_add(200, room.drift)
    print(json.dumps({"port": server.get_bound_port()}), flush=True)
    loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""Sends a coded clip in real time, over and over: as RTSP cameras, and as bare RTP to whoever is named.

Prints one JSON line when it sends: {"port": …, "began": epoch seconds at which picture 0 was due}. Picture N of the
clip is sent at began + N / fps, and again each turn of the clip. Nothing is encoded here, and no wish for a key
frame brings one forward. All cameras send the same.
"""

import argparse
import json
import pathlib
import signal
import socket
import struct
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstApp, GstRtsp, GstRtspServer  # noqa: E402, F401

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from cameras import refuse_seeks  # noqa: E402

DELIMITER = b"\0\0\0\1\x09"
SOUND = (
    "audiotestsrc name=ear is-live=true samplesperbuffer=160 volume=0.1 ! audio/x-raw,rate=8000,channels=1 ! alawenc "
    "! rtppcmapay pt=8 min-ptime=20000000 max-ptime=20000000 name=pay1"
)


def units_of(picture):
    """A picture's NAL units."""
    units = picture.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]
    return [unit for unit in units if unit[0] & 0x1F != 9]


def caps(first, fps):
    """What a payloader must know before the first key frame comes (ISO/IEC 14496-15, 5.3.3)."""
    sps, pps = (next(unit for unit in first if unit[0] & 0x1F == kind) for kind in (7, 8))
    known = b"\1" + sps[1:4] + b"\xff\xe1" + struct.pack(">H", len(sps)) + sps + b"\1" + struct.pack(">H", len(pps)) + pps
    return f"video/x-h264,stream-format=avc,alignment=au,framerate={fps}/1,codec_data=(buffer){known.hex()}"


def factory(kind, sound, sources):
    picture = (
        f"appsrc name=eye is-live=true format=time do-timestamp=true max-buffers=100 leaky-type=upstream "
        f"caps={kind} ! rtph264pay pt=96 mtu=1400 name=pay0"
    )
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(f"( {picture} {SOUND if sound else ''} )")
    made.set_shared(True)
    made.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
    made.set_latency(0)

    def configured(_, media):
        eye, ear = (media.get_element().get_by_name(name) for name in ("eye", "ear"))
        for element in filter(None, (eye, ear)):
            refuse_seeks(element)
        sources.add(eye)
        media.connect("unprepared", lambda _: sources.discard(eye))

    made.connect("media-configure", configured)
    return made


def pictures_of_packets(place):
    """RTP packets of each picture: up to the one with the marker."""
    data, at, packets, pictures = place.read(), 0, [], []
    while at < len(data):
        (length,) = struct.unpack_from(">H", data, at)
        packet = data[at + 2 : at + 2 + length]
        at += 2 + length
        packets.append(packet)
        if packet[1] & 0x80:
            pictures.append(packets)
            packets = []
    return pictures


class Bare:
    """RTP by UDP, numbered without a break over the clip's turns."""

    def __init__(self, address, pictures, fps):
        host, port = address.split(":")
        self.to = (host, int(port))
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.pictures = pictures
        self.step = 90_000 // fps
        self.number = 0

    def send(self, picture):
        for packet in self.pictures[picture % len(self.pictures)]:
            head = struct.pack(">HI", self.number & 0xFFFF, (picture * self.step) & 0xFFFFFFFF)
            self.socket.sendto(packet[:2] + head + packet[8:], self.to)
            self.number += 1


def play(pictures, fps, sources, bare, began):
    picture = 0
    while True:
        time.sleep(max(0.0, began + picture / fps - time.time()))
        data = pictures[picture % len(pictures)]
        for source in tuple(sources):
            source.emit("push-buffer", Gst.Buffer.new_wrapped(data))
        for receiver in bare:
            receiver.send(picture)
        picture += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--h264", required=True, type=argparse.FileType("rb"))
    parser.add_argument("--rtp", type=argparse.FileType("rb"), help="the same clip as packets, for --to")
    parser.add_argument("--fps", required=True, type=int)
    parser.add_argument("--cameras", type=int, default=1, help="rtsp://…/camera-1 and so on (%(default)s)")
    parser.add_argument("--silent", action="store_true", help="pictures only")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--to", action="append", default=[], help="HOST:PORT that gets bare RTP")
    asked = parser.parse_args()
    Gst.init(None)
    pictures = [units_of(unit) for unit in asked.h264.read().split(DELIMITER)[1:]]
    packets = pictures_of_packets(asked.rtp) if asked.rtp else []
    if packets and len(packets) != len(pictures):
        sys.exit(f"{len(pictures)} pictures, but packets of {len(packets)}")
    server = GstRtspServer.RTSPServer()
    server.set_address(asked.host)
    server.set_service("0")
    sources = set()
    kind = caps(pictures[0], asked.fps)
    # behind their lengths: where a unit ends is known without the next one
    pictures = [b"".join(struct.pack(">I", len(unit)) + unit for unit in units) for units in pictures]
    for camera in range(1, asked.cameras + 1):
        server.get_mount_points().add_factory(f"/camera-{camera}", factory(kind, not asked.silent, sources))
    if server.attach(None) == 0:
        sys.exit(f"cannot listen on {asked.host}")
    loop = GLib.MainLoop()
    for stop in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, stop, loop.quit)
    began = time.time() + 0.2
    bare = [Bare(to, packets, asked.fps) for to in asked.to]
    threading.Thread(target=play, args=(pictures, asked.fps, sources, bare, began), daemon=True).start()
    print(json.dumps({"port": server.get_bound_port(), "began": began}), flush=True)
    loop.run()


if __name__ == "__main__":
    main()

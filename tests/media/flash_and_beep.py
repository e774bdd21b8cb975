#!/usr/bin/python3
"""Serves one file by RTSP, once, as `rtsp://127.0.0.1:PORT/main`: H.264 and G.711 A-law, as they are in it.

    flash_and_beep.py FILE

Prints {"port": N} once it listens.
"""

import json
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

Gst.init(None)
server = GstRtspServer.RTSPServer(address="127.0.0.1", service="0")
factory = GstRtspServer.RTSPMediaFactory(shared=True)
factory.set_launch(
    f"( filesrc location={sys.argv[1]} ! qtdemux name=file "
    "file.video_0 ! queue ! h264parse ! rtph264pay pt=96 config-interval=-1 name=pay0 "
    "file.audio_0 ! queue ! rtppcmapay pt=8 min-ptime=20000000 max-ptime=20000000 name=pay1 )"
)
server.get_mount_points().add_factory("/main", factory)
server.attach(None)
print(json.dumps({"port": server.get_bound_port()}), flush=True)
GLib.MainLoop().run()

#!/usr/bin/python3
"""Serves the demo room's cameras by RTSP, as IP cameras would: digest sign-in, main and sub streams.

Debian: gir1.2-gst-rtsp-server-1.0 gir1.2-gdkpixbuf-2.0 python3-gi gstreamer1.0-plugins-{base,good,bad,ugly}.
Prints one JSON line with the port and the streams once it listens, e.g.
    {"port": 8554, "streams": ["camera-1/main", "camera-1/sub"]}
and serves until SIGTERM or SIGINT. Every picture carries its camera's name and the wall clock in
milliseconds, for people and as a strip for machines (`strip_cells`); every camera sounds a tone of its
own. A stream is encoded once, whoever watches.
"""

import argparse
import ctypes
import dataclasses
import datetime
import json
import signal
import sys
import time

import gi

gi.require_version("GdkPixbuf", "2.0")
gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GdkPixbuf, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

KEY_FRAME_EVERY_S = 2


@dataclasses.dataclass(frozen=True)
class Picture:
    """One encoding of a camera's picture."""

    codec: str
    width: int
    height: int
    fps: int
    kbps: int


@dataclasses.dataclass(frozen=True)
class Camera:
    """A camera: what it sees, what it sounds like, how it sends both."""

    name: str
    pattern: str
    tone_hz: int
    audio: str
    main: Picture
    sub: Picture


SUB = Picture("h264", 640, 360, 10, 250)

CAMERAS = (
    Camera("camera-1", "smpte", 330, "aac", Picture("h264", 1280, 720, 15, 1500), SUB),
    # the one whose main stream no browser shows
    Camera("camera-2", "smpte75", 392, "aac", Picture("h265", 1280, 720, 10, 800), SUB),
    Camera("camera-3", "smpte100", 440, "pcma", Picture("h264", 960, 540, 10, 800), SUB),
    Camera("camera-4", "bar", 494, "pcmu", Picture("h264", 960, 540, 10, 800), SUB),
    Camera("qa-camera", "gradient", 523, "aac", Picture("h264", 640, 360, 10, 500), Picture("h264", 320, 180, 10, 150)),
    Camera("supervision-camera", "pinwheel", 587, "pcma", Picture("h264", 640, 360, 10, 500), Picture("h264", 320, 180, 10, 150)),
)

# of motion JPEG alone, which neither recorder nor browsers take over RTP; asked for by name
OLD = Camera("old-camera", "smpte", 330, "aac", Picture("jpeg", 640, 360, 10, 0), Picture("jpeg", 320, 180, 10, 0))

AUDIO = {
    "aac": "audioconvert ! audioresample ! audio/x-raw,rate=16000,channels=1 ! voaacenc bitrate=32000 ! aacparse ! rtpmp4gpay pt=97 name=pay1",
    "pcma": "audioconvert ! audioresample ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay pt=8 min-ptime=20000000 max-ptime=40000000 name=pay1",
    "pcmu": "audioconvert ! audioresample ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay pt=0 min-ptime=20000000 max-ptime=40000000 name=pay1",
}


def encoder(picture: Picture, b_frames: bool) -> str:
    if picture.codec == "jpeg":
        return "jpegenc ! rtpjpegpay pt=26 name=pay0"
    keyint = picture.fps * KEY_FRAME_EVERY_S
    if picture.codec == "h265":
        return (
            f"x265enc speed-preset=ultrafast tune=zerolatency bitrate={picture.kbps} key-int-max={keyint} "
            'option-string="pools=1:frame-threads=1:log-level=none" '
            "! h265parse config-interval=-1 ! rtph265pay pt=96 config-interval=-1 name=pay0"
        )
    manner = "bframes=3 b-adapt=false b-pyramid=true dct8x8=true" if b_frames else "tune=zerolatency bframes=0"
    profile = "high" if b_frames else "constrained-baseline"
    return (
        f"x264enc speed-preset=ultrafast {manner} threads=1 bitrate={picture.kbps} key-int-max={keyint} "
        f"! video/x-h264,profile={profile} ! h264parse config-interval=-1 ! rtph264pay pt=96 config-interval=-1 name=pay0"
    )


def description(camera: Camera, picture: Picture, b_frames: bool) -> str:
    """The pipeline of one stream, as gst-launch reads it."""
    size = max(10, picture.height // 24)
    video = (
        f"videotestsrc name=eye is-live=true pattern={camera.pattern} "
        f"! video/x-raw,format=I420,width={picture.width},height={picture.height},framerate={picture.fps}/1 "
        f'! textoverlay name=clock text="{camera.name}" font-desc="Monospace Bold {size}" valignment=top halignment=left '
        "auto-resize=false shaded-background=true ! gdkpixbufoverlay name=strip "
        f"! queue max-size-buffers=3 ! {encoder(picture, b_frames)}"
    )
    if picture is not camera.main:
        return f"( {video} )"
    audio = f"audiotestsrc name=ear is-live=true freq={camera.tone_hz} volume=0.05 samplesperbuffer=480 ! {AUDIO[camera.audio]}"
    return f"( {video} {audio} )"


def refuse_seeks(element: Gst.Element) -> None:
    """Makes the stream live as a camera is: else each viewer's PLAY seeks it back to 0 for all viewers."""

    def refuse(_pad: Gst.Pad, probe: Gst.PadProbeInfo) -> Gst.PadProbeReturn:
        asks_to_seek = probe.get_query().type == Gst.QueryType.SEEKING
        return Gst.PadProbeReturn.DROP if asks_to_seek else Gst.PadProbeReturn.OK

    element.get_static_pad("src").add_probe(Gst.PadProbeType.QUERY_UPSTREAM, refuse)


def strip_cells(ms: int) -> list[bool]:
    """The 40 cells of the time strip, from left to right; `True` is white.

    The strip is the lowest twelfth of the picture, as wide as the picture; its cells are equally wide.
        0       white   1       black           what is white and black here
        2-33    milliseconds since 1970 modulo 2^32 in Gray code, the highest bit first
        34-37   the exclusive or of the Gray code's eight half-bytes, the highest bit first
        38      black   39      white           so that a cut picture is no strip
    Readers: tests/support/time_strip.{rs,mjs}.
    """
    gray = (ms ^ (ms >> 1)) % 2**32
    check = 0
    for shift in range(0, 32, 4):
        check ^= gray >> shift & 15
    digits = [bool(gray >> bit & 1) for bit in reversed(range(32))] + [bool(check >> bit & 1) for bit in reversed(range(4))]
    return [True, False, *digits, False, True]


def strip_image(ms: int, width: int, height: int) -> GdkPixbuf.Pixbuf:
    cells = strip_cells(ms)
    edges = [width * i // len(cells) for i in range(len(cells) + 1)]
    row = b"".join((b"\xff" if white else b"\0") * 3 * (end - begin) for white, begin, end in zip(cells, edges, edges[1:]))
    rgb = GLib.Bytes.new(row * height)
    return GdkPixbuf.Pixbuf.new_from_bytes(rgb, GdkPixbuf.Colorspace.RGB, False, 8, width, height, 3 * width)


def burn_in_clock(media: GstRtspServer.RTSPMedia, name: str, picture: Picture) -> None:
    """Writes name and wall clock into each frame: clockoverlay cannot show milliseconds."""
    overlay, strip = (media.get_element().get_by_name(element) for element in ("clock", "strip"))
    height = picture.height // 12
    strip.set_property("offset-y", picture.height - height)

    def write(pad: Gst.Pad, _probe: Gst.PadProbeInfo) -> Gst.PadProbeReturn:
        # found anew: an element that its own pad's probe holds is never freed
        overlay = pad.get_parent_element()
        strip = overlay.get_static_pad("src").get_peer().get_parent_element()
        ms = time.time_ns() // 1_000_000
        now = datetime.datetime.fromtimestamp(ms // 1000)
        overlay.set_property("text", f"{name} {now:%Y-%m-%d %H:%M:%S}.{ms % 1000:03d}")
        strip.set_property("pixbuf", strip_image(ms, picture.width, height))
        return Gst.PadProbeReturn.OK

    overlay.get_static_pad("video_sink").add_probe(Gst.PadProbeType.BUFFER, write)


def key_frame_on_play(_client: GstRtspServer.RTSPClient, context: GstRtspServer.RTSPContext) -> None:
    """Whoever begins to watch gets a key frame at once, as from most cameras."""
    pay = context.media.get_element().get_by_name("pay0") if context.media else None
    if pay:
        force = Gst.Structure.new_from_string("GstForceKeyUnit, all-headers=(boolean)true")
        pay.get_static_pad("sink").push_event(Gst.Event.new_custom(Gst.EventType.CUSTOM_UPSTREAM, force))


def factory(camera: Camera, picture: Picture, b_frames: bool, role: str) -> GstRtspServer.RTSPMediaFactory:
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(description(camera, picture, b_frames))
    made.set_shared(True)
    made.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
    made.set_latency(0)
    permissions = GstRtspServer.RTSPPermissions()
    for action in ("access", "construct"):
        permissions.add_permission_for_role(role, f"media.factory.{action}", True)
    made.set_permissions(permissions)

    def constructed(_factory: GstRtspServer.RTSPMediaFactory, media: GstRtspServer.RTSPMedia) -> None:
        burn_in_clock(media, camera.name, picture)
        for source in ("eye", "ear"):
            element = media.get_element().get_by_name(source)
            if element:
                refuse_seeks(element)

    made.connect("media-constructed", constructed)
    return made


def digest_auth(user: str, password: str, role: str) -> GstRtspServer.RTSPAuth:
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", role)
    auth.add_digest(user, password, token)
    return auth


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (%(default)s)")
    parser.add_argument("--user", default="viewer", help="digest user (%(default)s)")
    parser.add_argument("--password", default="rehearsal", help="digest password (%(default)s)")
    parser.add_argument("--only", default="", help="these cameras only, e.g. camera-1,qa-camera")
    parser.add_argument("--b-frames", action="store_true", help="H.264 main streams of High profile with B-frames")
    asked = parser.parse_args()
    names = [name for name in asked.only.split(",") if name]
    unknown = set(names) - {camera.name for camera in (*CAMERAS, OLD)}
    if unknown:
        parser.error(f"no such camera: {', '.join(sorted(unknown))}")
    asked.cameras = [camera for camera in (*CAMERAS, OLD) if camera.name in (names or {camera.name for camera in CAMERAS})]
    return asked


def main() -> int:
    asked = arguments()
    # each stream's threads come anew with each viewer: glibc would keep an arena of its own for every one (M_ARENA_MAX)
    ctypes.CDLL(None).mallopt(-8, 2)
    Gst.init(None)
    role = "viewer"
    server = GstRtspServer.RTSPServer()
    server.set_address(asked.host)
    server.set_service(str(asked.port))
    server.set_auth(digest_auth(asked.user, asked.password, role))
    server.connect("client-connected", lambda _server, client: client.connect("play-request", key_frame_on_play))
    mounts = server.get_mount_points()
    streams = []
    for camera in asked.cameras:
        for kind, picture in (("main", camera.main), ("sub", camera.sub)):
            mounts.add_factory(f"/{camera.name}/{kind}", factory(camera, picture, asked.b_frames and kind == "main", role))
            streams.append(f"{camera.name}/{kind}")
    if server.attach(None) == 0:
        print(f"cannot listen on {asked.host}:{asked.port}", file=sys.stderr)
        return 1
    loop = GLib.MainLoop()
    for stop in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, stop, loop.quit)
    print(json.dumps({"port": server.get_bound_port(), "streams": streams}), flush=True)
    loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""A WHIP or WHEP client that knows nothing of bidroom nor of Chromium: GStreamer's webrtcbin.

usage: stranger.py publish|watch URL TOKEN
Prints one JSON line when media flow, and goes on until its standard input ends; then it says goodbye.
"""
import json
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402

Gst.init(None)
act, url, token = sys.argv[1:4]
HEAD = {"authorization": f"Bearer {token}"}

SEND = (
    "webrtcbin name=rtc bundle-policy=max-bundle "
    "videotestsrc is-live=true ! video/x-raw,width=640,height=360,framerate=25/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=50 "
    "! video/x-h264,profile=constrained-baseline ! rtph264pay config-interval=-1 aggregate-mode=zero-latency mtu=1200 "
    "! application/x-rtp,media=video,encoding-name=H264,payload=96 ! rtc. "
    "audiotestsrc is-live=true ! audioconvert ! audioresample ! opusenc ! rtpopuspay "
    "! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! rtc."
)

if act == "publish":
    pipeline = Gst.parse_launch(SEND)
else:
    pipeline = Gst.Pipeline.new(None)
    rtc = Gst.ElementFactory.make("webrtcbin", "rtc")
    rtc.set_property("bundle-policy", "max-bundle")
    pipeline.add(rtc)
rtc = pipeline.get_by_name("rtc")
# libnice leaves loopback out unless it is told
ice = rtc.get_property("ice-agent")  # kept: webrtcbin 1.22 does not hold it for itself
ice.emit("add-local-ip-address", "127.0.0.1")
gathered = threading.Event()
counts = {}


def promised(signal, *given):
    promise = Gst.Promise.new()
    rtc.emit(signal, *given, promise)
    promise.wait()
    return promise.get_reply()


def on_gathering(*_):
    if rtc.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
        gathered.set()


def on_pad(_, pad):
    kind = pad.get_current_caps().get_structure(0).get_string("encoding-name")
    text = {
        "H264": "rtph264depay ! h264parse ! fakesink name=end signal-handoffs=true",
        "OPUS": "rtpopusdepay ! fakesink name=end signal-handoffs=true",
        "PCMA": "rtppcmadepay ! fakesink name=end signal-handoffs=true",
    }[kind]
    end = Gst.parse_bin_from_description(text, True)
    pipeline.add(end)

    def count(*_):
        counts[kind] = counts.get(kind, 0) + 1

    end.get_by_name("end").connect("handoff", count)
    end.sync_state_with_parent()
    pad.link(end.get_static_pad("sink"))


rtc.connect("notify::ice-gathering-state", on_gathering)
rtc.connect("pad-added", on_pad)
if act == "watch":
    for caps in (
        "application/x-rtp,media=video,encoding-name=H264,payload=96,clock-rate=90000,packetization-mode=(string)1",
        "application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000,encoding-params=(string)2",
    ):
        rtc.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, Gst.Caps.from_string(caps))
pipeline.set_state(Gst.State.PLAYING)
pipeline.get_state(5 * Gst.SECOND)
time.sleep(0.5 if act == "publish" else 0)  # caps must have reached webrtcbin's pads

reply = promised("create-offer", None)
promised("set-local-description", reply.get_value("offer"))
if not gathered.wait(5):
    sys.exit("candidates were not gathered")
offer = rtc.get_property("local-description").sdp.as_text()
request = urllib.request.Request(url, offer.encode(), {**HEAD, "content-type": "application/sdp"}, method="POST")
try:
    with urllib.request.urlopen(request, timeout=10) as response:
        answer = response.read()
        resource = urllib.parse.urljoin(url, response.headers["location"])
except urllib.error.HTTPError as error:
    sys.exit(f"{error.code} {error.read().decode()}\n{offer}")
_, message = GstSdp.SDPMessage.new_from_text(answer.decode())
description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
promised("set-remote-description", description)

deadline = time.time() + 15
while time.time() < deadline:
    state = rtc.get_property("connection-state")
    up = state == GstWebRTC.WebRTCPeerConnectionState.CONNECTED
    if up and (act == "publish" or all(counts.get(k, 0) > 25 for k in ("H264", "OPUS"))):
        break
    time.sleep(0.05)
else:
    sys.exit(f"no media: {rtc.get_property('connection-state')} {counts}\n{offer}\n{answer.decode()}")
print(json.dumps({"flows": True, "counts": counts}), flush=True)

sys.stdin.read()
urllib.request.urlopen(urllib.request.Request(resource, headers=HEAD, method="DELETE"), timeout=5)
pipeline.set_state(Gst.State.NULL)

#!/usr/bin/python3
"""A media server that takes feeds by WHIP and knows nothing of bidroom: GStreamer's webrtcbin behind Python's own HTTP server.

usage: sfu.py CERTIFICATE TOKEN
Prints its port, then a JSON line for everything that happens: `post`, `decoded` (each 25 pictures: how many, their size, how many
differ), `sound`, `gone`, `delete`. A line `drop` on standard input ends all connections as a server that dies does; `deaf` makes it
refuse what is posted (503), `hear` take it again.
"""
import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402

Gst.init(None)
certificate, token = sys.argv[1:3]
sessions, deaf, lock = {}, threading.Event(), threading.Lock()


def say(**what):
    with lock:
        print(json.dumps(what), flush=True)


class Session:
    def __init__(self, path, offer):
        self.path, self.pictures, self.seen = path, 0, set()
        self.pipeline = Gst.Pipeline.new(None)
        self.rtc = Gst.ElementFactory.make("webrtcbin", "rtc")
        self.rtc.set_property("bundle-policy", "max-bundle")
        self.pipeline.add(self.rtc)
        # libnice leaves loopback out unless it is told; kept, for webrtcbin 1.22 does not hold it for itself
        self.ice = self.rtc.get_property("ice-agent")
        self.ice.emit("add-local-ip-address", "127.0.0.1")
        gathered = threading.Event()

        def gathering(*_):
            if self.rtc.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
                gathered.set()

        self.rtc.connect("notify::ice-gathering-state", gathering)
        self.rtc.connect("pad-added", self.pad)
        self.pipeline.set_state(Gst.State.PLAYING)
        _, message = GstSdp.SDPMessage.new_from_text(offer)
        self.ask("set-remote-description", GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.OFFER, message))
        reply = self.ask("create-answer", None)  # kept: the answer goes with it
        self.ask("set-local-description", reply.get_value("answer"))
        gathered.wait(5)
        self.answer = self.rtc.get_property("local-description").sdp.as_text()

    def ask(self, signal, *given):
        promise = Gst.Promise.new()
        self.rtc.emit(signal, *given, promise)
        promise.wait()
        return promise.get_reply()

    def pad(self, _, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        kind = pad.get_current_caps().get_structure(0).get_string("encoding-name")
        decode = {
            "H264": "rtph264depay ! h264parse ! openh264dec ! videoconvert ! video/x-raw,format=GRAY8 ! fakesink name=end signal-handoffs=true",
            "OPUS": "rtpopusdepay ! opusdec ! fakesink name=end signal-handoffs=true",
        }[kind]
        end = Gst.parse_bin_from_description(decode, True)
        self.pipeline.add(end)
        end.get_by_name("end").connect("handoff", self.picture if kind == "H264" else self.sound)
        end.sync_state_with_parent()
        pad.link(end.get_static_pad("sink"))

    def picture(self, _, buffer, pad):
        self.pictures += 1
        whole = buffer.extract_dup(0, buffer.get_size())
        self.seen.add(hash(whole))
        if self.pictures % 25 == 0:
            size = pad.get_current_caps().get_structure(0)
            say(decoded=self.path, pictures=self.pictures, width=size.get_value("width"), height=size.get_value("height"), different=len(self.seen), shades=len(set(whole)))

    def sound(self, *_):
        self.sounds = getattr(self, "sounds", 0) + 1
        if self.sounds == 50:
            say(sound=self.path)

    def end(self):
        self.pipeline.set_state(Gst.State.NULL)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body="", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def allowed(self):
        return self.headers.get("authorization") == f"Bearer {token}"

    def do_POST(self):
        offer = self.rfile.read(int(self.headers["content-length"])).decode()
        say(post=self.path, allowed=self.allowed(), type=self.headers["content-type"], offer=offer)
        if not self.allowed():
            return self.reply(401)
        if deaf.is_set():
            return self.reply(503)
        session = Session(self.path, offer)
        resource = f"{self.path}/{len(sessions)}"
        sessions[resource] = session
        self.reply(201, session.answer, content_type="application/sdp", location=resource)

    def do_DELETE(self):
        session = sessions.pop(self.path, None)
        say(delete=self.path, allowed=self.allowed(), known=session is not None)
        if session is not None:
            session.end()
        self.reply(200 if session is not None else 404)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(certificate)
server.socket = tls.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
say(port=server.server_address[1])
for line in sys.stdin:
    if line.strip() == "deaf":
        deaf.set()
    elif line.strip() == "hear":
        deaf.clear()
    elif line.strip() == "drop":
        for session in list(sessions.values()):
            session.end()
        sessions.clear()
        say(gone=True)

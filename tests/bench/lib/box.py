"""Owns the daemon under test: a profile, its start, who signs in to it, and a session that records."""

import http.client
import json
import re
import ssl
import subprocess
import time
import uuid

from . import cost
from .stage import BOX, BOX_IP, ROOT, Failed

PROGRAM = ROOT / "target" / "release" / "bidroom"
_PORT = 8443
_PASSWORD = "correct horse battery"
_ALL_PHASES = '["check-in", "ready", "in-session", "suspended", "overnight", "closing"]'


def profile(cameras=(), seats=9, records=(), viewers=200, media=""):
    """A room's profile. `cameras` holds (id, main address, sub address or none); `records` kinds of feeds."""
    text = f"""
[room]
id = "bench"
name = "评标一室"
city = "保山市公共资源交易中心"
time_zone = "Asia/Shanghai"
language = "zh"
[policies]
overnight_lock = "off"
[storage]
min_free = "1 GB"
ballast = "8 MB"
[network]
bind = ["{BOX_IP}"]
https_port = {_PORT}
host_names = ["{BOX_IP}"]
webrtc_udp_port = 8444
ice_tcp_port = 8444
announce = ["{BOX_IP}"]
viewers = {viewers}
[access]
second_factor = "off"
"""
    if media:
        text += f"[media]\n{media}\n"
    if records:
        text += f"[[recording]]\nkinds = {json.dumps(list(records))}\nphases = {_ALL_PHASES}\n"
    for no in range(1, seats + 1):
        text += f"[[seats]]\nno = {no}\nx = {10 * no}\ny = 50\n"
    for name, main, sub in cameras:
        text += f'[[cameras]]\nid = "{name}"\nname = "{name}"\nplace = "evaluation-room"\nmain = "{main}"\n'
        text += f'sub = "{sub}"\n' if sub else ""
    return text


class Refused(Failed):
    """The box said no."""


class Caller:
    """Somebody who asks the box: by cookie, or by a bearer token."""

    def __init__(self, box, token=None):
        self.box = box
        self.token = token
        self.cookies = {}

    def ask(self, method, path, body=None, kind="application/json"):
        """An answer's status, headers and text."""
        context = ssl.create_default_context(cafile=str(self.box.data / "keys" / "ca.pem"))
        connection = http.client.HTTPSConnection(BOX_IP, _PORT, context=context, timeout=30)
        headers = {"content-type": kind} if body is not None else {}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body if body is None else body.encode(), headers)
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("set-cookie") or []:
                name, _, value = cookie.split(";")[0].partition("=")
                self.cookies[name] = value
            return answer.status, dict(answer.headers.items()), answer.read().decode()
        finally:
            connection.close()

    def post(self, path, value):
        """Posts JSON, and gives the JSON that came back."""
        status, _, text = self.ask("POST", path, json.dumps(value))
        if status >= 300:
            raise Refused(f"POST {path}: {status} {text}")
        return json.loads(text) if text else None


class Box:
    """A running daemon."""

    def __init__(self, stage, text, data=None):
        self.stage = stage
        self.data = data or stage.folder / "data"
        self.place = stage.folder / "profile.toml"
        self.place.write_text(text)
        self.start()

    url = f"https://{BOX_IP}:{_PORT}"

    def start(self):
        """Starts it; `ready_s` is how long that took."""
        port = self.data / "port"
        port.unlink(missing_ok=True)
        began = time.monotonic()
        words = [PROGRAM, "run", "--profile", self.place, "--data", self.data]
        self.program = self.stage.start("bidroom", words, BOX, env={"BIDROOM_LOG": "info,rtc=error,webrtc=error"})
        self.program.until(port.exists)
        self.ready_s = time.monotonic() - began

    @property
    def pid(self):
        return self.program.pid

    def rss_mib(self):
        return cost.rss_mib(self.pid)

    def signed_in(self, account):
        """Somebody with an account."""
        passwords = (self.data / "first-passwords.txt").read_text().splitlines()
        first = next(line.split("\t")[-1] for line in passwords if line.split("\t")[0] == account)
        caller = Caller(self)
        caller.post("/api/sign-in", {"account": account, "password": first})
        caller.post("/api/password", {"old": first, "new": _PASSWORD})
        return caller

    def token(self, *scopes):
        """A bearer token, e.g. for `{"publish": "seat-1-face"}` or `"view_all"`."""
        if not hasattr(self, "_security"):
            self._security = self.signed_in("security")
        order = {"name": f"bench {uuid.uuid4().hex[:8]}", "scopes": list(scopes), "expires": None}
        return self._security.post("/api/tokens", order)["token"]

    def ctl(self, *words):
        """`bidroom ctl`; its answer."""
        said = self.said_by_ctl(*words)
        return json.loads(said) if said.strip() else None

    def said_by_ctl(self, *words):
        """What `bidroom ctl` prints."""
        out = subprocess.run([PROGRAM, "ctl", "--json", "--data", self.data, *words], capture_output=True, text=True)
        if out.returncode:
            raise Refused(f"ctl {' '.join(map(str, words))}: {out.stderr}")
        return out.stdout

    def begin_rehearsal(self, experts=5, session="BENCH-1"):
        """Opens a session; what the profile records of its seats and of the room is recorded from now on."""
        table = self.stage.folder / "committee.csv"
        rows = [f"专家{'甲乙丙丁戊己庚辛壬'[n]},1380013{8000 + n},{_id_number(200 + n)},专家,某某公司" for n in range(experts)]
        table.write_text("\n".join(["姓名,手机号,身份证号,类别,单位", *rows]) + "\n")
        self.ctl("plan", session, "--start", "+30m", "--experts", str(experts), "--rehearsal")
        self.ctl("committee", session, table)
        self.ctl("order", "--session", session, "open", "check", "in")
        return session

    def until(self, what, seen, patience=30):
        """The room's view, as soon as `seen` is content with it."""
        deadline = time.monotonic() + patience
        while True:
            view = self.ctl("status")
            if seen(view):
                return view
            if time.monotonic() > deadline:
                feeds = [(feed["id"], feed.get("source")) for feed in view["feeds"]]
                raise Failed(f"not seen: {what}; recording {view.get('recording')}, feeds {feeds}\n{self.program.said()[-2000:]}")
            time.sleep(0.1)

    def metric(self, name):
        """The sum of a metric over its labels."""
        text = self.said_by_ctl("get", "/metrics")
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M))


def _id_number(serial):
    """A valid made ID number (GB 11643: weighted sum modulo 11)."""
    body = f"11010119900307{serial:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights)) % 11]

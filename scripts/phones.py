#!/usr/bin/python3
"""Phones for the demo room and for tests: a SIP gateway (Kamailio) with independent phones behind it (baresip, SIPp).

Debian: kamailio baresip-core sip-tester. What a phone does is told by the last digit of the number that is called:

    0 1 2 3  attends: answers, listens, presses 1, then 1 (0 and 1 baresip by keys beside the sound; 2 and 3 SIPp)
    4        declines: 2, then 2 (baresip)
    5        answers and presses nothing (baresip)
    6        busy
    7        rings, and never answers
    8        switched off
    9        no such number

and with --faults by the last three digits what gateways and networks do wrong:

    880 403   881 503   882 answers without a description of its sound   883 with port 0   884 without Contact
    885 an announcement before anybody answers, then 480   886 answers while it is given up   887 hangs up after the answer
    888 negotiates anew in the middle, then attends   889 answers, and is not heard   890 presses 7, then attends
    898 attends behind a rough network, whose packets come late, in another order, or (5 %) never; 897 the same with 40 % lost (baresip)
    891 presses 1, then 2, and no more   892 declines, as often as one likes at once   893 talks, and presses nothing

    phones.py --port 5070 --folder DIR [--user bidroom --password secret] [--hurry] [--faults] [--tls]

Lines on its standard input change the gateway: `403` and `503` refuse all calls, `forget` refuses registrations too, as if it had
lost them, `silent` answers nothing, `well` ends it. `call NUMBER KEYS` has somebody with that number call whoever is registered,
and press KEYS. Folders tell what became of it: DIR/answered/NUMBER, DIR/ended/NUMBER (we hung up), DIR/busy/NUMBER; and DIR/byes/884
that a BYE came to a phone that does wrong. DIR/kamailio.log has a line `dialled CALL-ID` for each call, and `freed CALL-ID INVITE`
or `freed CALL-ID BYE` once a phone has stopped ringing, or has been let go.

With --tls it also listens on the next port but one by TLS, as localhost; DIR/ca.pem is who says so (kamailio-tls-modules, openssl). With a user the gateway asks for that user and password (digest). The phones take the 300 ports from the given one on; port 0 stands for such a block that is free. Prints `{"port": 5070}` once all listen, and serves until SIGTERM.
"""

import argparse
import contextlib
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import wave

BARESIP_MODULES = "/usr/lib/baresip/modules"
SIPP_PCAP = "/usr/share/sip-tester"

BLOCK = 300
CALLERS = itertools.count()

GATEWAY = """#!KAMAILIO
children=2
log_stderror=yes
debug=1
disable_tcp=no
listen=udp:127.0.0.1:{port}
listen=tcp:127.0.0.1:{port}
{tls_listen}
mpath="{modules}"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
loadmodule "xlog.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
{tls_module}
modparam("pv", "shvset", "fault=i:0")
modparam("registrar", "max_expires", 60)
modparam("tm", "fr_timer", 5000)
modparam("tm", "fr_inv_timer", 120000)

request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    # what the gateway does wrong: told by a request of ours
    if (is_method("NOTIFY") && $rU =~ "^fault-[0-9]+$") {{ $shv(fault) = $(rU{{s.substr,6,0}}{{s.int}}); sl_send_reply("200", "OK"); exit; }}
    # what was dialled, once each however often it is sent
    if (is_method("INVITE") && !has_totag()) {{ xlog("L_NOTICE", "dialled $ci\n"); }}
    if ($shv(fault) == 1) {{ exit; }}
    if (is_method("OPTIONS") && !has_totag()) {{ sl_send_reply("200", "OK"); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) {{ t_relay(); }} exit; }}
    if (has_totag()) {{
        # who gave no address of his own is found by the number that was called
        if ($rU =~ "^[0-9]+$" && uri == myself) {{ remove_hf("Route"); route(NUMBERS); }}
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK")) {{ if (t_check_trans()) {{ t_relay(); }} exit; }}
        sl_send_reply("404", "Not Here"); exit;
    }}
    if ($shv(fault) == 2) {{ sl_send_reply("403", "Not Registered"); exit; }}
    if ($rU == "bidroom" && is_method("INVITE")) {{
        if (!lookup("location")) {{ sl_send_reply("480", "Not Registered"); exit; }}
        record_route(); t_relay(); exit;
    }}
    {challenge}
    if (is_method("REGISTER")) {{ save("location"); exit; }}
    if ($shv(fault) == 403 && is_method("INVITE")) {{ sl_send_reply("403", "Forbidden"); exit; }}
    if ($shv(fault) == 503 && is_method("INVITE")) {{ sl_send_reply("503", "Service Unavailable"); exit; }}
    if (!is_method("INVITE")) {{ sl_send_reply("405", "Method Not Allowed"); exit; }}
    record_route();
    route(NUMBERS);
}}

# a phone that stopped ringing because we said so, or was let go
onreply_route {{
    if (status == "487" && $rm == "INVITE" || status == "200" && $rm == "BYE") {{ xlog("L_NOTICE", "freed $ci $rm\n"); }}
}}

route[NUMBERS] {{
    {routes}
    sl_send_reply("404", "Not Found");
    exit;
}}
"""

CHALLENGE = """if (!pv_{kind}_authenticate("127.0.0.1", "{password}", "0")) {{ {kind}_challenge("127.0.0.1", "0"); exit; }}
        consume_credentials();"""

BARESIP_CONFIG = """sip_listen 127.0.0.1:{port}
module_path {modules}
audio_source aufile,{folder}/talk.wav
audio_player aufile,{folder}/heard.wav
audio_alert aufile,{folder}/heard.wav
call_max_calls 1
rtp_ports {sound}
module g711.so
module aufile.so
module account.so
module menu.so
module ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
{dump}"""

SIPP = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="phone">
  <recv request="INVITE" crlf="true" rrs="true">
    <action>
      <ereg regexp=":.*" search_in="hdr" header="From" assign_to="caller"/>
      <ereg regexp=".*" search_in="hdr" header="Via:" occurence="1" assign_to="via"/>
      <ereg regexp=".*" search_in="hdr" header="Via:" occurence="2" assign_to="next"/>
    </action>
  </recv>
  <Reference variables="caller,via,next"/>
  {acts}
</scenario>
"""

SIPP_REPLY = """<send {attributes}><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:];tag=[pid]SIPp[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:phone@[local_ip]:[local_port]>
{body}]]></send>"""

SIPP_SDP = """Content-Type: application/sdp
Content-Length: [len]

v=0
o=phone 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [auto_media_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:30
"""


def sipp_reply(status, body="Content-Length: 0\n\n", attributes=""):
    return SIPP_REPLY.format(status=status, body=body, attributes=attributes)


def sipp_invite_s_end(status, body="Content-Length: 0\n\n"):
    """An answer to the INVITE after a CANCEL has come: its ways back are the INVITE's own."""
    reply = sipp_reply(status, body).replace("[last_Via:]", "Via:[$via]\nVia:[$next]")
    return reply.replace("[last_CSeq:]", "CSeq: [last_cseq_number] INVITE")


def sipp_refuses(status):
    return sipp_reply("180 Ringing") + '<pause milliseconds="300"/>' + sipp_reply(status) + '<recv request="ACK"/>'


SIPP_RINGS = (
    sipp_reply("180 Ringing")
    + '<recv request="CANCEL" timeout="180000"/>'
    + sipp_reply("200 OK")
    + sipp_invite_s_end("487 Request Terminated")
    + '<recv request="ACK" timeout="5000"/>'
)


def sipp_presses(keys, first, apart):
    acts = [
        sipp_reply("180 Ringing"),
        '<pause milliseconds="800"/>',
        sipp_reply("200 OK", SIPP_SDP, 'retrans="500"'),
        '<recv request="ACK"/>',
        f'<nop><action><exec play_pcap_audio="{SIPP_PCAP}/g711a.pcap"/></action></nop>',
        f'<pause milliseconds="{first}"/>',
    ]
    for key in keys:
        acts.append(f'<nop><action><exec play_pcap_audio="{SIPP_PCAP}/dtmf_2833_{key}.pcap"/></action></nop>')
        acts.append(f'<pause milliseconds="{apart}"/>')
        acts.append(f'<nop><action><exec play_pcap_audio="{SIPP_PCAP}/g711a.pcap"/></action></nop>')
    acts.append('<recv request="BYE" timeout="120000"/>')
    acts.append(sipp_reply("200 OK"))
    return "\n".join(acts)


SIPP_TALKS = f'<nop><action><exec play_pcap_audio="{SIPP_PCAP}/g711a.pcap"/></action></nop>'

SIPP_BYE = """<recv request="BYE" timeout="60000"/>""" + sipp_reply("200 OK")


def sipp_told_bye(number):
    """A BYE that must come, and that leaves a trace."""
    return SIPP_BYE + f'<nop><action><exec command="mkdir -p byes/{number}"/></action></nop>'


# somebody who calls us: what he hears is counted, and his keys go out as events
SIPP_CALLS = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="caller">
  <send retrans="500"><![CDATA[
INVITE sip:bidroom@127.0.0.1:{gateway} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{number}@127.0.0.1>;tag=[pid]SIPp[call_number]
To: <sip:bidroom@127.0.0.1:{gateway}>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
{sdp}]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="486" optional="true" next="busy"/>
  <recv response="480" optional="true" next="busy"/>
  <recv response="200" rrs="true"/>
  {ack}
  <nop><action><exec play_pcap_audio="{pcap}/g711a.pcap"/></action></nop>
  <nop><action><exec command="mkdir -p answered/{number}"/></action></nop>
  {keys}
  <recv request="BYE" timeout="60000"/>
  {bye}
  <nop><action><exec command="mkdir -p ended/{number}"/></action></nop>
  <nop next="over"/>
  <label id="busy"/>
  {refused}
  <nop><action><exec command="mkdir -p busy/{number}"/></action></nop>
  <label id="over"/>
</scenario>
"""


def sipp_request(method, number, body="Content-Length: 0\n\n"):
    """A request of ours in the dialogue that the INVITE began."""
    return f"""<send retrans="500"><![CDATA[
{method} [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
From: <sip:phone@[local_ip]:[local_port]>;tag=[pid]SIPp[call_number]
To[$caller]
[last_Call-ID:]
CSeq: {number} {method}
Contact: <sip:phone@[local_ip]:[local_port]>
Max-Forwards: 70
{body}]]></send>"""


def sipp_faults(first, apart):
    answer = sipp_reply("200 OK", SIPP_SDP, 'retrans="500"')
    ringing = sipp_reply("180 Ringing") + '<pause milliseconds="300"/>'
    silent_body = "Content-Length: 0\n\n"
    no_contact = answer.replace("Contact: <sip:phone@[local_ip]:[local_port]>\n", "")
    in_the_middle = (
        sipp_request("INVITE", 1, "Session-Expires: 90;refresher=uac\n" + SIPP_SDP)
        + '<recv response="100" optional="true"/><recv response="200"/>'
        + sipp_request("ACK", 1).replace(' retrans="500"', "")
    )
    presses = sipp_presses("11", first, apart)
    return {
        880: sipp_refuses("403 Forbidden"),
        881: sipp_refuses("503 Service Unavailable"),
        882: ringing + sipp_reply("200 OK", silent_body, 'retrans="500"') + '<recv request="ACK"/>' + sipp_told_bye(882),
        883: ringing + answer.replace("[auto_media_port]", "0") + '<recv request="ACK"/>' + sipp_told_bye(883),
        884: ringing + no_contact + '<recv request="ACK" timeout="9000"/>' + sipp_told_bye(884),
        885: sipp_reply("183 Session Progress", SIPP_SDP)
        + f'<nop><action><exec play_pcap_audio="{SIPP_PCAP}/g711a.pcap"/></action></nop><pause milliseconds="1500"/>'
        + sipp_reply("480 Temporarily Unavailable")
        + '<recv request="ACK"/>',
        886: sipp_reply("180 Ringing")
        + '<recv request="CANCEL" timeout="180000"/>'
        + sipp_invite_s_end("200 OK", SIPP_SDP)
        + '<recv request="ACK" timeout="9000"/>'
        + SIPP_BYE,
        887: ringing + answer + '<recv request="ACK"/><pause milliseconds="1500"/>' + sipp_request("BYE", 1)
        + '<recv response="200"/>',
        888: presses.replace(
            '<recv request="ACK"/>', f'<recv request="ACK"/><pause milliseconds="500"/>{in_the_middle}', 1
        ),
        890: sipp_presses("711", first, apart),
        891: sipp_presses("12", first, apart),
        892: sipp_presses("22", first, apart),
        893: sipp_presses("", first, apart).replace("</nop>", '</nop><pause milliseconds="4000"/>' + SIPP_TALKS, 1),
        889: ringing + answer + '<recv request="ACK"/>' + SIPP_BYE,
    }


def certificates(folder):
    """A certificate for localhost, and the authority that issued it."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=gateways")
    openssl("req", *curve[:-2], "-keyout", "tls.key", "-out", "tls.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    openssl("x509", "-req", "-in", "tls.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-out", "tls.pem", "-extfile", "names")


class Rough:
    """A network between gateway and phone that delays each packet by 20 to 60 ms, so that many overtake others, and loses some."""

    def __init__(self, phone, loss):
        self.phone, self.loss, self.chance = phone, loss, random.Random(phone)
        self.box = None
        self.sides = {}
        for side in ("box", "phone"):
            self.sides[side] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.sides[side].bind(("127.0.0.1", 0))
        # what the box is told the phone's port is, and the other way round
        self.to_phone, self.to_box = (self.sides[side].getsockname()[1] for side in ("box", "phone"))
        for side in self.sides:
            threading.Thread(target=self.carry, args=(side,), daemon=True).start()

    def carry(self, side):
        while True:
            packet, source = self.sides[side].recvfrom(2000)
            if side == "box":
                self.box = source
            target = ("127.0.0.1", self.phone) if side == "box" else self.box
            if target is None or self.chance.random() < self.loss:
                continue
            other = self.sides["phone" if side == "box" else "box"]
            threading.Timer(self.chance.uniform(0.02, 0.06), other.sendto, (packet, target)).start()


class Baresip:
    """One phone that a program presses."""

    def __init__(self, folder, port, keys, first, apart, sound="28000-32700", dump=False):
        self.folder, self.port, self.keys, self.first, self.apart = folder, port, keys, first, apart
        folder.mkdir(parents=True, exist_ok=True)
        with wave.open(str(folder / "talk.wav"), "wb") as talk:
            talk.setnchannels(1)
            talk.setsampwidth(2)
            talk.setframerate(8000)
            # a room's noise, far below speech
            talk.writeframes(bytes((n * 7919 % 61) if n % 2 == 0 else 0 for n in range(8000 * 2)) * 180)
        (folder / "accounts").write_text(f"<sip:phone@127.0.0.1:{port}>;regint=0;answermode=auto\n")
        (folder / "config").write_text(
            BARESIP_CONFIG.format(port=port, sound=sound, dump=f"module sndfile.so\nsnd_path {folder}\n" if dump else "", control=port + 100, folder=folder, modules=BARESIP_MODULES)
        )
        self.process = subprocess.Popen(
            ["baresip", "-f", str(folder), "-n", "127.0.0.1"],
            stdin=subprocess.DEVNULL,
            stdout=open(folder / "log", "wb"),
            stderr=subprocess.STDOUT,
        )
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        control = None
        for _ in range(100):
            try:
                control = socket.create_connection(("127.0.0.1", self.port + 100))
                break
            except OSError:
                time.sleep(0.1)
        if control is None:
            return
        buffer = b""
        while True:
            try:
                more = control.recv(4096)
            except OSError:
                return
            if not more:
                return
            buffer += more
            # netstrings: length ':' json ','
            while b":" in buffer:
                length, rest = buffer.split(b":", 1)
                if len(rest) <= int(length):
                    break
                event, buffer = json.loads(rest[: int(length)]), rest[int(length) + 1 :]
                if event.get("type") == "CALL_ESTABLISHED":
                    threading.Thread(target=self.press, args=(control,), daemon=True).start()

    def press(self, control):
        time.sleep(self.first)
        for key in self.keys:
            command = json.dumps({"command": "sndcode", "params": key})
            try:
                control.sendall(f"{len(command)}:{command},".encode())
            except OSError:
                return
            time.sleep(self.apart)


def is_free(port):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def free_block():
    """A block of ports that nothing uses, and the socket on its last port that keeps others of us from it."""
    # below the ports that the system gives out, and those of baresip's sound
    blocks = list(range(10_000, 28_000, BLOCK))
    random.shuffle(blocks)
    for block in blocks:
        keeper = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            keeper.bind(("127.0.0.1", block + BLOCK - 1))
        except OSError:
            keeper.close()
            continue
        if all(is_free(port) for port in range(block, block + BLOCK - 1)):
            return block, keeper
        keeper.close()
    sys.exit("no block of ports is free")


def listening():
    """The UDP ports on which somebody listens."""
    sockets = pathlib.Path("/proc/net/udp").read_text().splitlines()[1:]
    return {int(line.split()[1].split(":")[1], 16) for line in sockets}


def tell_gateway(port, fault):
    """Has the gateway do wrong from now on, or well again."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as teller:
        teller.settimeout(0.5)
        teller.bind(("127.0.0.1", 0))
        mine = teller.getsockname()[1]
        for _ in range(10):
            teller.sendto(request("NOTIFY", f"fault-{fault}@", port, mine), ("127.0.0.1", port))
            try:
                teller.recv(2000)
                return
            except OSError:
                continue


def request(method, user, port, mine):
    return (
        f"{method} sip:{user}127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{mine};branch=z9hG4bK{mine}{random.random()}\r\n"
        f"From: <sip:ready@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: {method}-{mine}\r\nCSeq: 1 {method}\r\n"
        "Max-Forwards: 5\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def call_in(folder, gateway, number, keys, first, apart):
    """Somebody calls whoever is registered, and presses keys."""
    pressed = f'<pause milliseconds="{first}"/>'
    for place, key in enumerate(keys, 1):
        # the other side may hang up soon after the last one
        pause = apart if place < len(keys) else 300
        pressed += f'<nop><action><exec play_pcap_audio="{SIPP_PCAP}/dtmf_2833_{key}.pcap"/></action></nop><pause milliseconds="{pause}"/>'
    ack = """<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
[last_From:]
[last_To:]
[last_Call-ID:]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>"""
    refused = ack.replace("[next_url]", f"sip:bidroom@127.0.0.1:{gateway}").replace("[routes]\n", "").replace("[branch]", "[branch-3]")
    scenario = folder / f"caller-{number}.xml"
    scenario.write_text(
        SIPP_CALLS.format(
            gateway=gateway, number=number, pcap=SIPP_PCAP, sdp=SIPP_SDP, ack=ack, refused=refused,
            keys=pressed if keys else "", bye=sipp_reply("200 OK"),
        )
    )
    with open(folder / f"caller-{number}.log", "wb") as log:
        subprocess.run(
            ["sipp", f"127.0.0.1:{gateway}", "-sf", str(scenario), "-i", "127.0.0.1", "-mi", "127.0.0.1", "-mp", str(gateway + 220 + 4 * (next(CALLERS) % 7)), "-m", "1", "-nostdin", "-timeout", "90s"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, cwd=folder, check=False,
        )


def answers(port):
    """Whether the gateway answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(0.2)
        asker.bind(("127.0.0.1", 0))
        mine = asker.getsockname()[1]
        asker.sendto(request("OPTIONS", "", port, mine), ("127.0.0.1", port))
        try:
            asker.recv(2000)
            return True
        except OSError:
            return False


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--port", type=int, default=5070)
    arguments.add_argument("--folder", type=pathlib.Path, required=True)
    arguments.add_argument("--user")
    arguments.add_argument("--password", default="")
    arguments.add_argument("--faults", action="store_true", help="also phones that do wrong")
    arguments.add_argument("--tls", action="store_true", help="also by TLS")
    arguments.add_argument("--hurry", action="store_true", help="press after seconds instead of listening to the end")
    arguments.add_argument("--listen", type=float, help="seconds after which 898 and 897 press; what they heard is in DIR/phone-898/dump-…-dec.wav")
    given = arguments.parse_args()
    folder = given.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    first, apart = (2.5, 2.0) if given.hurry else (12.0, 5.0)
    port, _keeper = (given.port, None) if given.port else free_block()
    processes = []
    routes = []
    for n, keys in ((0, "11"), (1, "11"), (4, "22"), (5, "")):
        phone = Baresip(folder / f"phone-{n}", port + 10 + 2 * n, keys, first, apart)
        processes.append(phone.process)
        routes.append((n, phone.port))
    rough = {}
    if given.faults:
        for n, loss, place in ((898, 0.05, 0), (897, 0.4, 1)):
            # baresip takes an even port of these and the next
            sound = port + 230 + 4 * place
            phone = Baresip(folder / f"phone-{n}", port + 24 + 2 * place, "11", given.listen or first, apart, f"{sound}-{sound + 1}", dump=given.listen is not None)
            processes.append(phone.process)
            routes.append((n, phone.port))
            rough[n] = Rough(sound, loss)
    presses = sipp_presses("11", int(first * 1000), int(apart * 1000))
    scenarios = {
        2: presses,
        3: presses,
        6: sipp_refuses("486 Busy Here"),
        7: SIPP_RINGS,
        8: sipp_refuses("480 Temporarily Unavailable"),
        9: sipp_refuses("404 Not Found"),
    }
    if given.faults:
        scenarios |= sipp_faults(int(first * 1000), int(apart * 1000))
    for place, (n, acts) in enumerate(scenarios.items()):
        scenario = folder / f"phone-{n}.xml"
        scenario.write_text(SIPP.format(acts=acts))
        command = ["sipp", "-sf", str(scenario), "-i", "127.0.0.1", "-p", str(port + 40 + place), "-nostdin", "-aa"]
        command += ["-mi", "127.0.0.1", "-mp", str(port + 130 + 4 * place), "-cp", str(port + 250 + place)]
        processes.append(
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=open(folder / f"phone-{n}.log", "wb"),
                cwd=folder,
            )
        )
        routes.append((n, port + 40 + place))
    challenge = ""
    if given.user:
        www = CHALLENGE.format(kind="www", password=given.password)
        proxy = CHALLENGE.format(kind="proxy", password=given.password)
        challenge = f'if (is_method("REGISTER")) {{ {www} }} else {{ {proxy} }}'
    def route(n, to):
        by = ""
        if n in rough:
            by = f"subst_body('/m=audio [0-9]+/m=audio {rough[n].to_box}/'); t_on_reply(\"ROUGH{n}\"); "
        return f'if ($rU =~ "{n}$") {{ {by}$ru = "sip:phone@127.0.0.1:{to}"; t_relay(); exit; }}'

    lines = [route(n, to) for n, to in sorted(routes, reverse=True)]
    replies = [
        f"onreply_route[ROUGH{n}] {{ if (has_body(\"application/sdp\")) {{ subst_body('/m=audio [0-9]+/m=audio {way.to_phone}/'); }} }}"
        for n, way in rough.items()
    ]
    modules = next(pathlib.Path("/usr/lib").glob("*/kamailio/modules"))
    tls_listen = tls_module = ""
    if given.tls:
        certificates(folder)
        tls_listen = f"enable_tls=yes\nlisten=tls:127.0.0.1:{port + 2}"
        tls_module = f'loadmodule "tls.so"\nmodparam("tls", "private_key", "{folder}/tls.key")\nmodparam("tls", "certificate", "{folder}/tls.pem")\nmodparam("tls", "tls_method", "TLSv1.2+")'
    config = folder / "kamailio.cfg"
    config.write_text("\n".join([GATEWAY.format(port=port, tls_listen=tls_listen, tls_module=tls_module, modules=modules, challenge=challenge, routes="\n    ".join(lines)), *replies]) + "\n")
    gateway = subprocess.Popen(
        ["kamailio", "-DD", "-E", "-f", str(config), "-Y", str(folder), "-P", str(folder / "pid"), "-m", "64", "-M", "8"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=open(folder / "kamailio.log", "wb"),
        # it has processes of its own, which end with it, whatever ends it
        process_group=0,
    )
    processes.append(gateway)

    def end(*_, code=0):
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(gateway.pid, signal.SIGKILL)
        sys.exit(code)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)

    def watch():
        for process in processes:
            if process.poll() is not None:
                print(f"a phone ended: {process.args[:4]}, {process.returncode}", file=sys.stderr, flush=True)
                end(code=1)

    phones = {to for _, to in routes}
    deadline = time.monotonic() + 60
    while not (phones <= listening() and answers(port)):
        watch()
        if time.monotonic() > deadline:
            print(f"not listening: {sorted(phones - listening())}, gateway {answers(port)}", file=sys.stderr, flush=True)
            end(code=1)
        time.sleep(0.1)
    print(json.dumps({"port": port}), flush=True)

    def listen():
        faults = {"well": 0, "silent": 1, "forget": 2, "403": 403, "503": 503}
        for line in sys.stdin:
            words = line.split()
            if len(words) == 1 and words[0] in faults:
                tell_gateway(port, faults[words[0]])
            elif len(words) in (2, 3) and words[0] == "call" and words[1].isdigit():
                caller = (folder, port, words[1], (words + [""])[2], int(first * 1000), int(apart * 1000))
                threading.Thread(target=call_in, args=caller, daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    while True:
        watch()
        time.sleep(0.5)


if __name__ == "__main__":
    main()

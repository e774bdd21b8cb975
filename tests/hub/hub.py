#!/usr/bin/python3
"""A hub of a hundred lines, written from README's "Another hub" alone: stores every entry once, and signs receipts.

hub.py HOST PORT CITY DATABASE KEYFILE
"""

import hashlib
import json
import sqlite3
import sys
import time

import paho.mqtt.client as mqtt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

host, port, city, database, keyfile = sys.argv[1:]
key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(open(keyfile).read().strip()))
public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
prefix = f"bidroom/v1/{city}"

db = sqlite3.connect(database)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA synchronous = FULL")
db.execute("CREATE TABLE IF NOT EXISTS boxes (room TEXT PRIMARY KEY, box TEXT, upto INTEGER, head TEXT)")
db.execute("CREATE TABLE IF NOT EXISTS events (room TEXT, seq INTEGER, line TEXT, PRIMARY KEY (room, seq))")
db.commit()


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def message(kind, data):
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return compact({
        "specversion": "1.0", "id": f"{kind}/{time.time_ns()}", "source": f"/bidroom/{city}", "type": kind,
        "time": stamp, "datacontenttype": "application/json", "data": data,
    })


def signed(kind, statement):
    signature = key.sign(f"{kind}\n{compact(statement)}".encode())
    return message(kind, {"statement": statement, "key": public, "signature": signature.hex()})


def receipt(client, room):
    row = db.execute("SELECT box, upto, head FROM boxes WHERE room = ?", [room]).fetchone()
    if row:
        statement = {
            "room": room, "box": row[0], "epoch": 1, "upto": row[1], "head_sha256": row[2], "at": time.time_ns() // 1_000_000,
        }
        client.publish(f"{prefix}/{room}/receipt", signed("bidroom.receipt.v1", statement), qos=1, retain=True)


def sign_draw(client, room, line):
    """Signs what a draw has committed to, once that is stored."""
    if line["event"]["type"] != "draw_signature_asked":
        return
    of, session = line["event"]["commitments"], line["session"]
    lines = ["bidroom-draw-hub/1", f"{session} {of['attempt']}", of["root"], of["rules"], of["commitment"], of["supervisor"]]
    signature = key.sign("\n".join(lines).encode()).hex()
    now = time.time_ns() // 1_000_000
    client.publish(f"{prefix}/{room}/commands", signed("bidroom.command.v1", {
        "id": f"draw-{session}-{of['attempt']}", "room": room, "issued": now, "expires": now + 600_000,
        "order": {"type": "sign_draw", "session": session, "attempt": of["attempt"], "signature": signature},
    }), qos=1)


def presence(online):
    return message("bidroom.hub-presence.v1", {"online": online, "run": "python", "key": public})


def connected(client, *_):
    client.subscribe([(f"{prefix}/+/events", 1), (f"{prefix}/+/presence", 1)])
    for (room,) in db.execute("SELECT room FROM boxes").fetchall():
        receipt(client, room)
    client.publish(f"{prefix}/hub/presence", presence(True), qos=1, retain=True)


def heard(client, _, published):
    room, kind = published.topic.split("/")[3:]
    if room == "hub":
        return
    event = json.loads(published.payload)
    known = db.execute("SELECT box, upto, head FROM boxes WHERE room = ?", [room]).fetchone()
    if known is None:
        known = (event["box"], 0, "0" * 64)
        db.execute("INSERT INTO boxes VALUES (?, ?, ?, ?)", (room, *known))
        db.commit()
    if kind == "events" and event["box"] == known[0] and event["data"]["seq"] == known[1] + 1:
        line = compact(event["data"])
        digest = hashlib.sha256(line.encode()).hexdigest()
        if digest != event["sha256"] or event["data"]["prev"] != known[2]:
            sys.exit(f"entry {event['data']['seq']} of {room} does not hold together")
        db.execute("INSERT INTO events VALUES (?, ?, ?)", (room, event["data"]["seq"], line))
        db.execute("UPDATE boxes SET upto = ?, head = ? WHERE room = ?", (event["data"]["seq"], digest, room))
        db.commit()
        sign_draw(client, room, event["data"])
    receipt(client, room)


try:
    client = mqtt.Client("python-hub", protocol=mqtt.MQTTv311)
except (TypeError, ValueError):  # paho 2 wants to be told which callbacks
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, "python-hub", protocol=mqtt.MQTTv311)
client.on_connect, client.on_message = connected, heard
client.will_set(f"{prefix}/hub/presence", presence(False), qos=1, retain=True)
client.connect(host, int(port), keepalive=10)
client.loop_forever(retry_first_connection=True)

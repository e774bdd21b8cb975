#!/usr/bin/python3
"""A GSM/4G voice modem for the demo room and for tests: two serial ports (ptys), commands as a Quectel EC25 or a SIMCom SIM7600.

What the phone at the other end does is told by the last digit of the number, as in phones.py:

    0 to 3 attends (1, then 1) · 4 declines (2, then 2) · 5 presses nothing · 6 busy · 7 never answers · 8 out of reach · 9 no such number

    modem.py --folder DIR [--model quectel-ec25|simcom-sim7600] [--hurry]

Makes the links DIR/at and DIR/pcm to its ports, prints one line of JSON, and serves until SIGTERM. Lines on its standard input change
it: `stall` (no more sound), `unplug` (both ports go away for good), `no-sim`, `pin`, `no-network`, `well`; `stale` has each hang-up
followed by a late NO CARRIER; `refuse-texts` has text messages refused (+CMS ERROR: 500), `hold-texts` leaves them unanswered; `ring NUMBER KEYS` has somebody call, who presses
KEYS once he is answered: DIR/answered/NUMBER and DIR/refused/NUMBER tell what became of it. It lists a data connection as an active call, as an EC25 does. What is dialled is written to DIR/dialled,
what was heard to DIR/heard.raw, text messages to DIR/texts (a line of JSON a part: number, part, parts, text) and their PDUs as
they came to DIR/pdus.
"""

import argparse
import json
import os
import pathlib
import pty
import signal
import sys
import threading
import time
import tty

FRAME = 320


class Modem:
    """A modem with one call at a time."""

    def __init__(self, folder, model, hurry):
        self.folder, self.model = folder, model
        self.first, self.apart = (2.5, 2.0) if hurry else (12.0, 5.0)
        self.lock = threading.RLock()
        self.at, self.at_name = self.port("at")
        self.pcm, self.pcm_name = self.port("pcm")
        os.set_blocking(self.pcm, False)
        self.condition = "well"
        self.texts = "taken"
        self.awaits_pdu = None
        self.pin_tries = 3
        self.stale = False
        self.stalled = False
        self.call = None
        self.sounding = False
        self.cause = 16
        self.heard = open(folder / "heard.raw", "wb")

    def port(self, name):
        master, slave = pty.openpty()
        tty.setraw(master)
        tty.setraw(slave)
        link = self.folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(slave))
        # the slave stays open, so that the port is there while nobody uses it
        setattr(self, f"{name}_slave", slave)
        return master, os.ttyname(slave)

    def say(self, *lines):
        with self.lock:
            for line in lines:
                os.write(self.at, f"\r\n{line}\r\n".encode())

    def commands(self):
        buffer = b""
        while True:
            try:
                buffer += os.read(self.at, 1024)
            except OSError:
                return
            while self.awaits_pdu is not None or b"\r" in buffer:
                if self.awaits_pdu is not None:
                    ends = [at for at in (buffer.find(b"\x1a"), buffer.find(b"\x1b")) if at >= 0]
                    if not ends:
                        break
                    pdu, end, buffer = buffer[: min(ends)], buffer[min(ends)], buffer[min(ends) + 1 :]
                    length, self.awaits_pdu = self.awaits_pdu, None
                    if end == 0x1A:
                        self.text(pdu.decode(errors="replace").strip(), length)
                    continue
                command, buffer = buffer.split(b"\r", 1)
                self.command(command.decode(errors="replace").strip())

    def command(self, command):
        with self.lock:
            if command.startswith("ATD"):
                self.dial(command[3:])
            elif command == "AT+CPIN?":
                if self.condition == "no-sim":
                    self.say("+CME ERROR: 10")
                else:
                    self.say("+CPIN: SIM PIN" if self.condition == "pin" else "+CPIN: READY", "OK")
            elif command == 'AT+QPINC="SC"':
                self.say(f'+QPINC: "SC",{self.pin_tries},10', "OK")
            elif command == "AT+SPIC":
                self.say(f"+SPIC: {self.pin_tries},10,0,10", "OK")
            elif command.startswith("AT+CPIN="):
                with open(self.folder / "pins", "a") as pins:
                    pins.write("tried\n")
                if command == 'AT+CPIN="1234"':
                    self.condition = "well"
                    self.pin_tries = 3
                    self.say("OK")
                else:
                    self.pin_tries -= 1
                    self.say("+CME ERROR: 16")
            elif command.startswith("AT+CMGS="):
                self.awaits_pdu = int(command[8:])
                os.write(self.at, b"\r\n> ")
            elif command == "AT+CREG?":
                self.say("+CREG: 0,2", "OK")
            elif command == "AT+CEREG?":
                self.say(f"+CEREG: 0,{2 if self.condition == 'no-network' else 1}", "OK")
            elif command == "AT+CLCC":
                self.say('+CLCC: 1,0,0,1,0,"",128')
                if self.call:
                    state = {"dialling": 2, "alerting": 3, "active": 0, "incoming": 4}[self.call["state"]]
                    self.say(f'+CLCC: 2,{1 if self.call.get("keys") is not None else 0},{state},0,0,"{self.call["number"]}",129')
                self.say("OK")
            elif command == "AT+CEER":
                self.say(f"+CEER: 5,{self.cause}" if self.model == "quectel-ec25" else f"+CEER: {self.cause}", "OK")
            elif command == "ATA":
                if self.call and self.call["state"] == "incoming":
                    self.call["state"] = "active"
                    self.became("answered", self.call)
                    self.say("OK")
                    if self.model == "simcom-sim7600":
                        self.say("VOICE CALL: BEGIN")
                    threading.Thread(target=self.press, args=(self.call, self.call["keys"]), daemon=True).start()
                else:
                    self.say("NO CARRIER")
            elif command in ("AT+CHUP", "ATH"):
                if self.call and self.call["state"] == "incoming":
                    self.became("refused", self.call)
                had, self.call, self.sounding = self.call, None, False
                self.say("OK")
                if had:
                    self.released(had)
                    if self.stale:
                        threading.Timer(0.25, self.say, ("NO CARRIER",)).start()
            elif command in ("AT+QPCMV=1,0", "AT+CPCMREG=1"):
                connected = self.call and self.call["state"] == "active"
                mine = command.startswith("AT+Q") == (self.model == "quectel-ec25")
                if mine and (connected or self.model == "quectel-ec25"):
                    self.sounding = True
                    self.say("OK")
                else:
                    self.say("ERROR")
            elif command in ("AT+QPCMV=0", "AT+CPCMREG=0"):
                self.sounding = False
                self.say("OK")
            elif command.startswith("AT"):
                self.say("OK")
            elif command:
                self.say("ERROR")

    def text(self, pdu, length):
        """Takes a part of a text message (3GPP TS 23.040, SMS-SUBMIT)."""
        with open(self.folder / "pdus", "a") as pdus:
            pdus.write(pdu + "\n")
        if self.texts == "held":
            return
        try:
            octets = bytes.fromhex(pdu)
            octets = octets[1 + octets[0] :]
            kind, digits = octets[0], octets[2]
            assert kind & 3 == 1 and len(octets) == length
            address = octets[4 : 4 + (digits + 1) // 2]
            number = "".join(f"{octet & 15:x}{octet >> 4:x}" for octet in address)[:digits]
            rest = octets[4 + len(address) :]
            assert rest[1] == 8 and kind & 0x18 == 0x10 and rest[3] == len(rest) - 4
            data, part, parts = rest[4:], 1, 1
            if kind & 0x40:
                assert data[:3] == b"\5\0\3"
                parts, part, data = data[4], data[5], data[6:]
            told = {"number": number, "part": part, "parts": parts, "text": data.decode("utf-16-be")}
        except (AssertionError, IndexError, ValueError):
            self.say("+CMS ERROR: 304")
            return
        if self.texts == "refused":
            self.say("+CMS ERROR: 500")
            return
        with open(self.folder / "texts", "a") as texts:
            texts.write(json.dumps(told, ensure_ascii=False) + "\n")
        self.say("+CMGS: 7", "OK")

    def dial(self, number):
        with open(self.folder / "dialled", "a") as dialled:
            dialled.write(number + "\n")
        if not number.endswith(";") or not number[:-1].isdigit() or self.call:
            self.say("ERROR")
            return
        self.call = {"number": number[:-1], "state": "dialling"}
        self.say("OK")
        threading.Thread(target=self.phone, args=(self.call,), daemon=True).start()

    def state(self, call, state):
        """Whether the call is still there; it has the new state then."""
        with self.lock:
            if self.call is not call:
                return False
            call["state"] = state
            number = {"dialling": 2, "alerting": 3, "active": 0}[state]
            if self.model == "quectel-ec25":
                self.say(f'+QIND: "ccinfo",2,0,{number},0,0,"{call["number"]}",129')
            elif state == "active":
                self.say("VOICE CALL: BEGIN")
            return True

    def released(self, call):
        if self.model == "quectel-ec25":
            self.say(f'+QIND: "ccinfo",2,0,-1,0,0,"{call["number"]}",129')
        elif call["state"] == "active":
            self.say("VOICE CALL: END: 000010")

    def end(self, call, result, cause):
        with self.lock:
            if self.call is call:
                self.call, self.sounding, self.cause = None, False, cause
                self.released(call)
                self.say(result)

    def phone(self, call):
        digit = call["number"][-1]
        time.sleep(0.6)
        if digit == "9":
            return self.end(call, "NO CARRIER", 1)
        if digit == "8":
            return self.end(call, "NO CARRIER", 20)
        if not self.state(call, "alerting"):
            return None
        if digit == "6":
            time.sleep(0.3)
            return self.end(call, "BUSY", 17)
        if digit == "7":
            return None
        time.sleep(1.2)
        if not self.state(call, "active"):
            return None
        return self.press(call, {"4": "22", "5": ""}.get(digit, "11"))

    def became(self, what, call):
        (self.folder / what / call["number"]).mkdir(parents=True, exist_ok=True)

    def ring(self, number, keys):
        with self.lock:
            if self.call:
                return
            self.call = call = {"number": number, "state": "incoming", "keys": keys}
        while call["state"] == "incoming":
            with self.lock:
                if self.call is not call:
                    return
                self.say("RING", f'+CLIP: "{number}",129,,,,0')
            time.sleep(3)

    def press(self, call, keys):
        time.sleep(self.first)
        for key in keys:
            with self.lock:
                if self.call is not call:
                    return None
                if self.model == "quectel-ec25":
                    self.say(f"+QTONEDET: {ord(key)}")
                else:
                    self.say(f"+RXDTMF: {key}")
            time.sleep(self.apart)
        return None

    def sound(self):
        """20 ms each 20 ms, while a call is on."""
        next_at = time.monotonic()
        noise = bytes((n * 7919 % 61) if n % 2 == 0 else 0 for n in range(FRAME))
        while True:
            next_at += 0.02
            time.sleep(max(0.0, next_at - time.monotonic()))
            try:
                came = os.read(self.pcm, 65536)
                self.heard.write(came)
                self.heard.flush()
            except BlockingIOError:
                pass
            except OSError:
                return
            if self.sounding and not self.stalled:
                try:
                    os.write(self.pcm, noise)
                except BlockingIOError:
                    pass
                except OSError:
                    return

    def unplug(self):
        for name in ("at", "pcm"):
            (self.folder / name).unlink(missing_ok=True)
            os.close(getattr(self, f"{name}_slave"))
            os.close(getattr(self, name))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folder", type=pathlib.Path, required=True)
    arguments.add_argument("--model", choices=("quectel-ec25", "simcom-sim7600"), default="quectel-ec25")
    arguments.add_argument("--hurry", action="store_true")
    given = arguments.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    modem = Modem(given.folder.resolve(), given.model, given.hurry)
    threading.Thread(target=modem.commands, daemon=True).start()
    threading.Thread(target=modem.sound, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    print(json.dumps({"device": str(given.folder / "at"), "sound": str(given.folder / "pcm")}), flush=True)
    for line in sys.stdin:
        word = line.strip()
        if word == "stall":
            modem.stalled = True
        elif word == "stale":
            modem.stale = True
        elif word == "unplug":
            modem.unplug()
        elif word == "hang-up":
            with modem.lock:
                if modem.call:
                    modem.end(modem.call, "NO CARRIER", 16)
        elif word == "well":
            modem.condition, modem.stalled = "well", False
        elif word.startswith("ring "):
            threading.Thread(target=modem.ring, args=(word.split() + [""])[1:3], daemon=True).start()
        elif word in ("refuse-texts", "hold-texts", "take-texts"):
            modem.texts = {"refuse-texts": "refused", "hold-texts": "held", "take-texts": "taken"}[word]
        elif word in ("no-sim", "pin", "no-network"):
            modem.condition = word
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()

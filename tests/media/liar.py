#!/usr/bin/python3
"""A camera that lies: stands between a client and a real RTSP server, and alters what the server sends.

Reads commands from standard input, one JSON object a line:
    {"open": "name", "upstream": 8554}      listens for `name`; answers {"name": "name", "port": 40123}
    {"lie": "name", "how": "marker"}    from now on; "honest" ends it
`altered` and `downstream` below say what each lie does. Requests pass as they are.
"""

import asyncio
import json
import os
import random
import struct
import sys

PICTURE, PICTURE_RTCP, SOUND = 0, 1, 2
HOUR = 3600


def header(packet: bytes) -> tuple[int, int, int, int, int]:
    return struct.unpack(">BBHII", packet[:12])


def with_header(packet: bytes, **changed: int) -> bytes:
    names = ("first", "second", "sequence", "timestamp", "ssrc")
    values = dict(zip(names, header(packet))) | changed
    return struct.pack(">BBHII", *(values[name] for name in names)) + packet[12:]


def described_wrongly(head: bytes, body: bytes) -> bytes:
    """An H.264 picture called H.265."""
    lines = [line for line in body.split(b"\r\n") if not line.startswith(b"a=fmtp:96")]
    body = b"\r\n".join(lines).replace(b"H264/90000", b"H265/90000")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length:")]
    return b"\r\n".join([lines[0], b"Content-Length: %d" % len(body), *lines[1:]]) + body


class Camera:
    """One listening port and the lie it tells now."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.how = "honest"
        self.packets = 0
        self.clients: set[asyncio.StreamWriter] = set()

    def altered(self, channel: int, packet: bytes) -> list[tuple[int, bytes]]:
        """What is sent instead of an interleaved packet."""
        self.packets += 1
        how, rtp = self.how, channel % 2 == 0 and len(packet) >= 12
        if how in ("silent", "cut"):
            return []
        if how == "picture only" and channel >= SOUND or how == "sound only" and channel < SOUND:
            return []
        if how == "report" and channel % 2 == 1 and len(packet) >= 16 and packet[1] == 200:
            return [(channel, packet[:8] + struct.pack(">I", (struct.unpack(">I", packet[8:12])[0] + HOUR) % 2**32) + packet[12:])]
        if how.startswith("leap ") and rtp:
            ticks = int(float(how[5:]) * (90_000 if channel == PICTURE else 16_000))
            return [(channel, with_header(packet, timestamp=(header(packet)[3] + ticks) % 2**32))]
        if how == "strange channel":
            return [(channel, packet), (77, os.urandom(random.randrange(1, 400)))]
        if channel != PICTURE or not rtp:
            return [(channel, packet)]
        first, second, sequence, _, _ = header(packet)
        match how:
            case "payload type":
                return [(channel, with_header(packet, second=second & 0x80 | 99))]
            case "ssrc":
                return [(channel, with_header(packet, ssrc=0x12345678))]
            case "ssrc changes":
                return [(channel, with_header(packet, ssrc=1000 + self.packets // 40))]
            case "sequence":
                return [(channel, with_header(packet, sequence=(sequence + self.packets // 60 * 1000) % 2**16))]
            case "sequence stands":
                return [(channel, with_header(packet, sequence=7))]
            case "marker":
                return [(channel, with_header(packet, second=second & 0x7F))]
            case "marker always":
                return [(channel, with_header(packet, second=second | 0x80))]
            case "version":
                return [(channel, with_header(packet, first=first & 0x3F | 0x40))]
            case "padding":
                return [(channel, with_header(packet, first=first | 0x20)[:-1] + b"\xff")]
            case "extension":
                return [(channel, with_header(packet, first=first | 0x10))]
            case "sources":
                return [(channel, with_header(packet, first=first | 0x0F))]
            case "truncated":
                return [(channel, packet[: 5 if self.packets % 3 else 14])]
            case "half":
                return [(channel, packet[: 12 + len(packet) // 2])]
            case "noise":
                return [(channel, packet[:12] + os.urandom(len(packet) - 12))]
            case "some lost":
                return [] if self.packets % 25 == 0 else [(channel, packet)]
            case "twice":
                return [(channel, packet), (channel, packet)]
        return [(channel, packet)]

    async def downstream(self, server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        taken = b""
        while more := await server.read(65536):
            taken += more
            at = 0
            passed = []
            while at < len(taken):
                if taken[at] == ord("$"):
                    if len(taken) < at + 4:
                        break
                    channel, length = struct.unpack(">BH", taken[at + 1 : at + 4])
                    if len(taken) < at + 4 + length:
                        break
                    packet = taken[at + 4 : at + 4 + length]
                    at += 4 + length
                    if self.how == "stall in a packet":
                        passed.append(b"$" + struct.pack(">BH", channel, length) + packet[: length // 2])
                        self.how = "silent"
                    else:
                        passed += [b"$" + struct.pack(">BH", c, len(p)) + p for c, p in self.altered(channel, packet)]
                    continue
                end = taken.find(b"\r\n\r\n", at)
                if end < 0:
                    break
                head = taken[at : end + 4]
                length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
                if len(taken) < end + 4 + length:
                    break
                body = taken[end + 4 : end + 4 + length]
                at = end + 4 + length
                described = b"application/sdp" in head
                if described and self.how == "called H.265":
                    passed.append(described_wrongly(head, body))
                elif self.how != "silent":
                    passed.append(head + body)
                if described and self.how == "hangs up":
                    client.write(b"".join(passed))
                    return
            taken = taken[at:]
            # a client that does not read must not hold up the server that others watch
            if self.how == "cut" or client.transport.is_closing() or client.transport.get_write_buffer_size() > 4_000_000:
                return
            client.write(b"".join(passed))

    async def serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self.clients.add(client)
        try:
            server, requests = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            client.close()
            return

        async def up() -> None:
            while data := await reader.read(65536):
                # in the request's first line: what was signed for stays
                if self.how.startswith("becomes "):
                    data = data.replace(b"/qa-camera/", b"/%s/" % self.how[8:].encode(), 1)
                requests.write(data)
                await requests.drain()

        tasks = [asyncio.ensure_future(up()), asyncio.ensure_future(self.downstream(server, client))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in (client, requests):
            writer.close()
        self.clients.discard(client)


async def main() -> None:
    cameras: dict[str, Camera] = {}
    keep = []
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        command = json.loads(line)
        if name := command.get("open"):
            camera = cameras[name] = Camera(command["upstream"])
            listener = await asyncio.start_server(camera.serve, "127.0.0.1", 0)
            keep.append(listener)
            print(json.dumps({"name": name, "port": listener.sockets[0].getsockname()[1]}), flush=True)
        else:
            camera = cameras[command["lie"]]
            camera.how = command["how"]
            # what a new connection shows
            if camera.how in ("cut", "hangs up", "called H.265") or camera.how.startswith("becomes "):
                for client in camera.clients:
                    client.transport.abort()


asyncio.run(main())

#!/usr/bin/python3
"""Owns how evenly G.711 frames of 20 ms leave: listens on `lo` for so many seconds, and prints the streams, and the 99th percentile of how far
two frames of one stream are from 20 ms apart, in ms. The kernel says when each came."""

import json
import socket
import struct
import sys
import time

STAMP = 35  # SO_TIMESTAMPNS
ETH_P_IP = 0x0800
HEADERS = 14 + 20 + 8
FRAME = HEADERS + 12 + 160
TO_US = 0


def main():
    sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
    sniffer.bind(("lo", 0))
    sniffer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
    sniffer.setsockopt(socket.SOL_SOCKET, STAMP, 1)
    sniffer.settimeout(0.5)
    last, apart = {}, []
    end = time.monotonic() + float(sys.argv[1])
    while time.monotonic() < end:
        try:
            packet, ancillary, _, (*_, kind, _, _) = sniffer.recvmsg(2000, 64)
        except TimeoutError:
            continue
        # the daemon's own: PCMA, 160 octets; phones send frames of 30 ms
        if kind != TO_US or len(packet) != FRAME or packet[HEADERS] >> 6 != 2 or packet[HEADERS + 1] & 0x7F != 8:
            continue
        sequence, _, source = struct.unpack_from(">HII", packet, HEADERS + 2)
        seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
        at = seconds * 1e3 + nanoseconds / 1e6
        known = last.get(source)
        if known and (known[0] + 1) % 65_536 == sequence:
            apart.append(abs(at - known[1] - 20))
        last[source] = (sequence, at)
    apart.sort()
    print(json.dumps({"streams": len(last), "frames": len(apart), "p50_ms": apart[len(apart) // 2] if apart else None, "p99_ms": apart[int(len(apart) * 0.99)] if apart else None, "most_ms": apart[-1] if apart else None}))


main()

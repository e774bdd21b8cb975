"""What Gammu (python3-gammu) reads of SMS-SUBMIT PDUs: hexadecimal lines in, a line of JSON each out."""

import json
import sys

import gammu

for line in sys.stdin:
    message = gammu.DecodePDU(bytes.fromhex(line.strip()), True)
    header = message["UDH"]
    told = {
        "number": message["Number"],
        "text": message["Text"],
        "kind": message["Type"],
        "part": max(header["PartNumber"], 1),
        "parts": max(header["AllParts"], 1),
    }
    print(json.dumps(told))

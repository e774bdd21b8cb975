"""Computes a draw anew from its public record, by the README alone; nothing of bidroom is used.

python3 stranger.py record.json   prints the rows in the order of drawing; exit code 1 where the record says otherwise.
"""

import hashlib
import json
import sys


def sha(data):
    return hashlib.sha256(data if isinstance(data, bytes) else data.encode()).hexdigest()


def root(lines):
    """Merkle Tree Hash, RFC 6962, section 2.1."""
    if not lines:
        return hashlib.sha256(b"").digest()
    if len(lines) == 1:
        return hashlib.sha256(b"\0" + lines[0].encode()).digest()
    split = 1
    while split * 2 < len(lines):
        split *= 2
    return hashlib.sha256(b"\1" + root(lines[:split]) + root(lines[split:])).digest()


def signed(who, lines):
    """Ed25519, RFC 8032."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(record[f"{who}_key"]))
    try:
        key.verify(bytes.fromhex(record[f"{who}_signature"]), "\n".join(lines).encode())
    except InvalidSignature:
        return False
    return True


record = json.load(open(sys.argv[1], encoding="utf-8"))
pool = [line.split(" ") for line in record["pool"]]
attempt = record.get("given_attempt", record["attempt"])
facts = [f"{record['session']} {attempt}"] + [record[key] for key in ("root", "rules", "box_commitment", "supervisor_commitment")]
secrets = [record["supervisor_secret"], record["box_secret"]]
signatures = [record["hub_signature"]] if "hub_key" in record else []
seed = sha("\n".join([f"bidroom-draw/{1 + len(signatures)}", *facts, *secrets, *signatures]))
right = [
    root(record["pool"]).hex() == record["root"],
    sha(record["box_secret"]) == record["box_commitment"],
    sha(record["supervisor_secret"]) == record["supervisor_commitment"],
    seed == record["seed"],
]
if "hub_key" in record:
    right.append(signed("hub", ["bidroom-draw-hub/1", *facts]))
if "given_key" in record:
    right.append(signed("given", ["bidroom-draw-given/1", *facts, *secrets]))
eligible = [row for row, (_, status) in enumerate(pool) if status[0].isdigit()]
order = sorted(eligible, key=lambda row: sha(seed + pool[row][0]))
drawn = []
for line in record["drawn"]:
    group = str(line["group"])
    row = next(r for r in order if r not in drawn and group in pool[r][1].split(","))
    drawn.append(row)
    right.append(row == line["row"])
print(*drawn)
sys.exit(0 if all(right) else 1)

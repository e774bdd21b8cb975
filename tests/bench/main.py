#!/usr/bin/python3
"""Runs the figures and prints them. scripts/bench starts it, in the viewers' network namespace.

Each figure is a module of this folder with LINES and `measure(stage)`, which gives {line's key: {who: value}} of
one run, from fresh processes. A run that raises `Void` is told and repeated.
"""

import argparse
import importlib
import json
import pathlib
import sys
import time

from lib.figure import table
from lib.stage import Failed, Network, Stage, Void

FIGURES = ("join", "whip", "glass", "forward", "crowd", "record", "room", "start", "wall", "detect", "calls")
CONTROL = "control"
_TRIES = 3


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"{', '.join(FIGURES)} (default: all), or {CONTROL}")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs")
    parser.add_argument("--runs", type=int, help="runs of each figure (5, or 2 with --quick)")
    parser.add_argument("--json", type=pathlib.Path, help="writes all readings to this file")
    parser.add_argument("--list", action="store_true", help="prints the figures' names")
    asked = parser.parse_args()
    for name in asked.figures:
        if name not in (*FIGURES, CONTROL):
            parser.error(f"no such figure: {name}; there are {', '.join(FIGURES)} and {CONTROL}")
    asked.runs = asked.runs or (2 if asked.quick else 5)
    return asked


def say(text):
    print(text, file=sys.stderr, flush=True)


def one_run(network, module, quick):
    """One run that counts; void ones are told and repeated."""
    for _ in range(_TRIES):
        try:
            with Stage(network, quick) as stage:
                return module.measure(stage)
        except Void as void:
            say(f"    void: {void}")
    raise Failed(f"{module.__name__}: void {_TRIES} times in a row")


def run(network, name, asked):
    """All runs of a figure: rows for the table."""
    module = importlib.import_module(name)
    readings = {line.key: {} for line in module.LINES}
    # what takes long enough in itself says how often it is worth it
    runs = min(asked.runs, getattr(module, "RUNS", asked.runs))
    for number in range(1, runs + 1):
        say(f"==> {name} {number}/{runs}")
        began = time.monotonic()
        taken = one_run(network, module, asked.quick)
        for key, by_whom in taken.items():
            for who, value in by_whom.items():
                readings[key].setdefault(who, []).append(value)
        shown = ", ".join(f"{key} {who} {value:.1f}" for key, by_whom in taken.items() for who, value in by_whom.items())
        say(f"    {shown} ({time.monotonic() - began:.0f} s)")
    return [(name, line, readings[line.key]) for line in module.LINES]


def main():
    asked = arguments()
    if asked.list:
        print("\n".join((*FIGURES, CONTROL)))
        return 0
    rows, broken = [], []
    with Network() as network:
        for name in asked.figures or FIGURES:
            try:
                rows += run(network, name, asked)
            except Failed as failed:
                say(f"    failed: {failed}")
                broken.append(name)
    print(table(rows))
    if asked.json:
        written = [
            {"figure": name, "line": line.key, "what": line.what, "unit": line.unit, "at_least": line.limit, "aim": line.aim, "readings": readings}
            for name, line, readings in rows
        ]
        asked.json.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

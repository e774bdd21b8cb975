"""Owns where a run takes place: two network namespaces over veth, the programs in them, and their end.

The bench itself runs in the viewers' namespace (scripts/bench starts it there), so cameras, publishers and
viewers are plain children. The box, or its peer, is started with `where=BOX`.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
TOOLS = ROOT / "target" / "tools" / "bench"
BOX_IP = "10.77.0.1"
VIEWERS_IP = "10.77.0.2"
BOX = "box"
VIEWERS = "viewers"
_PATIENCE_S = 30


class Void(Exception):
    """A run that says nothing: it is told, and repeated."""


class Failed(Exception):
    """A program did not do its part; the message says which, and holds the end of its log."""


def _ip(*words):
    subprocess.run(["ip", *words], check=True)


class Network:
    """Both namespaces, for as long as the bench runs."""

    def __init__(self):
        self.box = f"bidroom-bench-{os.getpid()}"

    def __enter__(self):
        _ip("netns", "add", self.box)
        _ip("link", "set", "lo", "up")
        _ip("link", "add", "to-box", "type", "veth", "peer", "name", "to-viewers", "netns", self.box)
        _ip("address", "add", f"{VIEWERS_IP}/24", "dev", "to-box")
        _ip("link", "set", "to-box", "up")
        for words in (
            ("link", "set", "lo", "up"),
            ("address", "add", f"{BOX_IP}/24", "dev", "to-viewers"),
            ("link", "set", "to-viewers", "up"),
        ):
            _ip("-n", self.box, *words)
        return self

    def __exit__(self, *_):
        _ip("netns", "delete", self.box)

    def cut(self, seconds):
        """Lets nothing pass for a while, as a pulled plug does."""
        _ip("link", "set", "to-box", "down")
        time.sleep(seconds)
        _ip("link", "set", "to-box", "up")


class Program:
    """A started program and its log."""

    def __init__(self, name, process, log):
        self.name = name
        self.process = process
        self.log = log
        self.pid = process.pid

    def said(self):
        return self.log.read_text(errors="replace")

    def line(self, begins="{"):
        """Its first line that begins so, as soon as it is there."""
        return self.until(lambda: next((line for line in self.said().splitlines() if line.startswith(begins)), None))

    def until(self, seen, patience=_PATIENCE_S):
        """What `seen` gives as soon as that is something."""
        deadline = time.monotonic() + patience
        while True:
            if found := seen():
                return found
            ended = self.process.poll()
            if ended is not None or time.monotonic() > deadline:
                state = f"ended with {ended}" if ended is not None else f"is not ready after {patience} s"
                raise Failed(f"{self.name} {state}:\n" + "\n".join(self.said().splitlines()[-20:]))
            time.sleep(0.02)

    def end(self, how=signal.SIGTERM):
        """Asks it to end, and waits; kills only what does not listen."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()


class Stage:
    """One run: its folder and its programs. All are gone when it ends."""

    def __init__(self, network, quick):
        self.network = network
        self.quick = quick
        self._programs = []

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bidroom-bench-"))
        return self

    def __exit__(self, *_):
        for program in reversed(self._programs):
            program.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, words, where=VIEWERS, talks=False, env=None):
        """Starts a program. With `talks` its standard input and output are pipes; the log holds the rest."""
        words = [str(word) for word in words]
        if where == BOX:
            words = ["ip", "netns", "exec", self.network.box, *words]
        log = self.folder / f"{name}-{len(self._programs)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else out,
                stderr=out,
                env={**os.environ, **(env or {})},
                text=talks,
            )
        program = Program(name, process, log)
        self._programs.append(program)
        return program

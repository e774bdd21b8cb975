"""Owns what a process costs: CPU time as the scheduler counts it, and resident memory."""

import pathlib
import time


def cpu_ns(pid):
    """Nanoseconds on a CPU of all its threads that live."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            # a thread that ended between the two looks
            continue
    return total


def rss_mib(pid):
    """Resident MiB."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"process {pid} has no VmRSS")


class Meter:
    """What a process costs from now on."""

    def __init__(self, pid):
        self.pid = pid
        self._cpu = cpu_ns(pid)
        self._began = time.monotonic()

    def ms_per_s(self):
        """Milliseconds of CPU a second so far."""
        return self.spent_us() / 1e3 / (time.monotonic() - self._began)

    def spent_us(self):
        """Microseconds of CPU so far."""
        return (cpu_ns(self.pid) - self._cpu) / 1e3

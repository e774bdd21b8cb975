#!/usr/bin/python3
"""A disk with a write cache that a power cut empties: one file to put a file system on, over an image.

    volatile_disk.py IMAGE MOUNTPOINT

Serves MOUNTPOINT/disk.img. What is written there reaches IMAGE when it is synced, as a disk's cache is flushed.
Writing a path to MOUNTPOINT/cut orders a power cut: after a few more writes, or when it is ordered again, that path holds
what it leaves. That is IMAGE, and of the 4 KiB blocks that were written since the last sync each with the chance of one half.
The file's time is the cut's. IMAGE and path lie on a file system with reflinks.
Debian: python3-fusepy fuse3. Serves in the foreground until it is unmounted.
"""

import errno
import fcntl
import os
import random
import stat
import sys
import time

from fusepy import FUSE, FuseOSError, Operations

BLOCK = 4096
MOST_WRITES = 40
FICLONE = 0x40049409  # linux/fs.h


class VolatileDisk(Operations):
    def __init__(self, image):
        self.image = os.open(image, os.O_RDWR)
        self.size = os.fstat(self.image).st_size
        self.unflushed = {}
        # the path of the cut that was ordered, and the writes until then
        self.ordered = None
        self.left = 0

    def getattr(self, path, fh=None):
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}
        sizes = {"/disk.img": self.size, "/cut": 0}
        if path not in sizes:
            raise FuseOSError(errno.ENOENT)
        return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": sizes[path]}

    def readdir(self, path, fh):
        return [".", "..", "disk.img", "cut"]

    def block(self, number):
        return self.unflushed.get(number) or os.pread(self.image, BLOCK, number * BLOCK)

    def read(self, path, size, offset, fh):
        first, last = offset // BLOCK, (offset + size - 1) // BLOCK
        if not any(number in self.unflushed for number in range(first, last + 1)):
            return os.pread(self.image, size, offset)
        blocks = b"".join(self.block(number) for number in range(first, last + 1))
        return blocks[offset - first * BLOCK :][:size]

    def write(self, path, data, offset, fh):
        if path == "/cut":
            is_ordered_again, self.ordered = self.ordered == data.decode(), data.decode()
            self.left = 0 if is_ordered_again else random.randint(1, MOST_WRITES)
            self.cut_if_due()
            return len(data)
        at = 0
        while at < len(data):
            number, within = divmod(offset + at, BLOCK)
            piece = data[at : at + BLOCK - within]
            if len(piece) < BLOCK:
                old = self.block(number)
                piece = old[:within] + piece + old[within + len(piece) :]
            self.unflushed[number] = piece
            at += BLOCK - within
        self.left -= 1
        self.cut_if_due()
        return len(data)

    def fsync(self, path, datasync, fh):
        put(self.image, self.unflushed.items())
        self.unflushed.clear()

    def cut_if_due(self):
        if self.ordered is not None and self.left <= 0:
            self.cut(self.ordered)
            self.ordered = None

    def cut(self, path):
        at = time.time_ns()
        left = os.open(path + ".part", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        fcntl.ioctl(left, FICLONE, self.image)
        kept = [item for item in self.unflushed.items() if random.random() < 0.5]
        put(left, kept)
        os.close(left)
        os.utime(path + ".part", ns=(at, at))
        os.rename(path + ".part", path)
        print(f"power cut: {len(kept)} of {len(self.unflushed)} blocks since the last flush are left", file=sys.stderr)

    def truncate(self, path, length, fh=None):
        pass


def put(image, blocks):
    for number, block in blocks:
        os.pwrite(image, block, number * BLOCK)


if __name__ == "__main__":
    image, mountpoint = sys.argv[1:]
    # one call after the other: a cut is one moment
    FUSE(VolatileDisk(image), mountpoint, foreground=True, nothreads=True, big_writes=True, fsname="volatile-disk")

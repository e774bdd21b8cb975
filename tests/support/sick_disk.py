#!/usr/bin/python3
"""A disk that does as it is told: passes everything through to a folder, in the manner that a file names.

    sick_disk.py FOLDER MOUNTPOINT MANNER_FILE

The manner is read anew before each call: `well`, `slow` (100 ms before each write and each sync), `hung` (writes
and syncs wait until the manner changes), `eio` (writes, syncs and new files fail with EIO).
Debian: python3-fusepy fuse3. Serves in the foreground until it is unmounted.
"""

import errno
import os
import sys
import time

from fusepy import FUSE, FuseOSError, Operations

SLOW_S = 0.1


class SickDisk(Operations):
    def __init__(self, folder, manner_file):
        self.folder = folder
        self.manner_file = manner_file

    def real(self, path):
        return self.folder + path

    def manner(self):
        with open(self.manner_file) as file:
            return file.read().strip()

    def suffer(self):
        while (manner := self.manner()) == "hung":
            time.sleep(0.02)
        if manner == "eio":
            raise FuseOSError(errno.EIO)
        if manner == "slow":
            time.sleep(SLOW_S)

    def getattr(self, path, fh=None):
        st = os.lstat(self.real(path))
        keys = ("st_atime", "st_ctime", "st_gid", "st_mode", "st_mtime", "st_nlink", "st_size", "st_uid", "st_blocks")
        return {key: getattr(st, key) for key in keys}

    def readdir(self, path, fh):
        return [".", "..", *os.listdir(self.real(path))]

    def statfs(self, path):
        st = os.statvfs(self.real(path))
        keys = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_frsize", "f_namemax")
        return {key: getattr(st, key) for key in keys}

    def mkdir(self, path, mode):
        self.suffer()
        os.mkdir(self.real(path), mode)

    def rmdir(self, path):
        os.rmdir(self.real(path))

    def unlink(self, path):
        os.unlink(self.real(path))

    def rename(self, old, new):
        os.rename(self.real(old), self.real(new))

    def create(self, path, mode, fi=None):
        self.suffer()
        return os.open(self.real(path), os.O_RDWR | os.O_CREAT, mode)

    def open(self, path, flags):
        return os.open(self.real(path), flags & ~os.O_APPEND)

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def write(self, path, data, offset, fh):
        self.suffer()
        return os.pwrite(fh, data, offset)

    def truncate(self, path, length, fh=None):
        os.truncate(self.real(path), length)

    def fsync(self, path, datasync, fh):
        self.suffer()
        os.fsync(fh)

    def fsyncdir(self, path, datasync, fh):
        self.suffer()

    def flush(self, path, fh):
        pass

    def release(self, path, fh):
        os.close(fh)

    def chmod(self, path, mode):
        os.chmod(self.real(path), mode)

    def utimens(self, path, times=None):
        os.utime(self.real(path), times)


if __name__ == "__main__":
    folder, mountpoint, manner_file = sys.argv[1:]
    # threads, because a hung write must not hold up a read; big_writes, as a disk takes them
    FUSE(SickDisk(folder, manner_file), mountpoint, foreground=True, nothreads=False, big_writes=True, fsname="sick-disk")

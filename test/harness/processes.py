# SPDX-License-Identifier: GPL-2.0
"""Processes that a test starts: own children only, reaped here, ended by their own pids.

The process that uses this makes itself the subreaper of what it starts, so that restored
trees, whose parent (criu) has exited, become its children and are reaped at once."""

import ctypes
import os
import signal
import struct
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36
SYS_clone3 = 435
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 1 << 18
libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """The test failed; the text says how."""


def become_subreaper():
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def own_terminals():
    """This process and what it starts have pseudo terminals of their own: numbers that are restored are free."""
    for result in (libc.unshare(CLONE_NEWNS), libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None),
                   libc.mount(b"devpts", b"/dev/pts", b"devpts", 0, b"newinstance,ptmxmode=0666,mode=0620")):
        if result != 0:
            raise OSError(ctypes.get_errno(), "own terminals")


def read_text(path):
    with open(path, errors="replace") as file:
        return file.read()


def stat_fields(pid):
    """Fields of /proc/PID/stat after the name; field 3 of proc(5) is [0]. None if it is gone."""
    try:
        text = read_text(f"/proc/{pid}/stat")
    except OSError:
        return None
    return text[text.rindex(")") + 2:].split()


def children(pid):
    """Children of all threads, in the kernel's order."""
    found = []
    try:
        for thread in sorted(os.listdir(f"/proc/{pid}/task"), key=int):
            found += map(int, read_text(f"/proc/{pid}/task/{thread}/children").split())
    except OSError:
        pass
    return found


def tree(pid):
    """The pids of a tree, root first."""
    found = [pid]
    for one in found:
        found += children(one)
    return found


class Reaper:
    """Starts programs and reaps everything that ends below this process."""

    def __init__(self):
        become_subreaper()
        self.ended = {}

    def reap(self):
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.ended[pid] = status

    def start(self, arguments, **settings):
        child = subprocess.Popen(arguments, **settings)
        child.returncode = 0  # waited for here, never by subprocess
        self.ended.pop(child.pid, None)
        return child.pid

    def wait(self, pid, seconds):
        """The status of a child once it has ended; a Failure if it takes too long."""
        end = time.monotonic() + seconds
        pause = 0.001
        while pid not in self.ended:
            self.reap()
            if pid in self.ended:
                break
            if time.monotonic() > end:
                raise Failure(f"process {pid} did not end within {seconds} s")
            time.sleep(pause)
            pause = min(pause * 1.3, 0.02)
        return self.ended.pop(pid)

    def run(self, arguments, seconds, **settings):
        pid = self.start(arguments, **settings)
        try:
            status = self.wait(pid, seconds)
        except Failure:
            os.kill(pid, signal.SIGKILL)
            self.wait(pid, 10)
            raise Failure(f"{' '.join(map(str, arguments[:2]))} did not end within {seconds} s")
        return os.waitstatus_to_exitcode(status)

    def wait_gone(self, pids, seconds):
        """Waits until none of the pids exists; a Failure names those that do."""
        end = time.monotonic() + seconds
        left = list(pids)
        while True:
            self.reap()
            left = [pid for pid in left if os.path.exists(f"/proc/{pid}")]
            if not left:
                return
            if time.monotonic() > end:
                raise Failure(f"after the dump there still are: {' '.join(map(describe, left))}")
            time.sleep(0.005)

    def kill_all(self):
        """Ends whatever is left of the tree below this process."""
        for _ in range(200):
            self.reap()
            left = tree(os.getpid())[1:]
            if not left:
                return
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.01)


def describe(pid):
    fields = stat_fields(pid)
    try:
        name = read_text(f"/proc/{pid}/comm").strip()
    except OSError:
        name = "?"
    return f"{pid} ({name}, {fields[0] if fields else 'gone'})"


def take_pid(pid, ends=False):
    """A process of ours with just this pid, that stays or ends."""
    wanted = ctypes.c_int(pid)
    arguments = struct.pack("11Q", 0, 0, 0, 0, 17, 0, 0, 0, ctypes.addressof(wanted), 1, 0)
    buffer = ctypes.create_string_buffer(arguments)
    got = libc.syscall(SYS_clone3, buffer, len(arguments))
    if got == 0:
        with open("/proc/self/comm", "w") as file:
            file.write("pid-holder")
        if ends:
            os._exit(0)
        while True:
            time.sleep(10)
    return got

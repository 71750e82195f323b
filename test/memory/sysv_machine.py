# SPDX-License-Identifier: GPL-2.0
"""System V shared memory on the way back: a segment that is still there is used again, what is in the way is
named, and a failed restore leaves none behind."""

import ctypes
import os

PROGRAM = """
import ctypes, os, time
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
id = libc.shmget(%d, 4096, 0o1600)
place = libc.shmat(id, None, 0)
ctypes.memmove(place, b"inside", 6)
print(id, flush=True)
while not os.path.exists("go"):
    time.sleep(0.01)
print(ctypes.string_at(place, 6).decode(), flush=True)
libc.shmctl(id, 0, None)
"""
IPC_RMID, IPC_STAT = 0, 2
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
libc.shmdt.argtypes = [ctypes.c_void_p]


def exists(number):
    return libc.shmctl(number, IPC_STAT, ctypes.create_string_buffer(256)) == 0


def test(scenario):
    key = 0x5eed0000 + os.getpid() + (1 << 29)
    pid = scenario.start(["python3", "-c", PROGRAM % key])
    scenario.wait_for(lambda: open(scenario.path("output")).read().endswith("\n"), "the program has its segment")
    number = int(open(scenario.path("output")).read())
    scenario.dump(pid)
    scenario.check(exists(number), "the dump removed the segment")

    place = libc.shmat(number, None, 0)
    ctypes.memmove(place, b"others", 6)
    scenario.says(scenario.restore(status=1), "is in use", "ipcs")
    libc.shmdt(place)

    libc.shmctl(number, IPC_RMID, None)
    other = libc.shmget(key, 4096, 0o1600)
    scenario.says(scenario.restore(status=1), f"0x{key:x}", "ipcrm")
    libc.shmctl(other, IPC_RMID, None)

    script = scenario.path("script")
    with open(script, "w") as file:
        file.write('#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" != post-restore ]\n')
    os.chmod(script, 0o755)
    scenario.restore("--action-script", script, status=1)
    scenario.check(not exists(number), "a failed restore left the segment")

    scenario.restore()
    open(scenario.path("go"), "w").close()
    scenario.wait_for(lambda: open(scenario.path("output")).read() == f"{number}\ninside\n", "the program goes on")
    scenario.wait_for(lambda: not exists(number), "the program removed its segment")

# SPDX-License-Identifier: GPL-2.0
"""A message queue that is not there at the restore: made again if it was empty, refused if it had messages."""

import ctypes
import os
import sys

PROGRAM = """
import ctypes, os, sys, time
rt = ctypes.CDLL("librt.so.1")
class attributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_long) for name in ("flags", "maximum", "size", "now", "a", "b", "c", "d")]
queue = rt.mq_open(sys.argv[1].encode(), os.O_CREAT | os.O_RDWR, 0o600, ctypes.byref(attributes(0, 3, 16)))
if len(sys.argv) > 2:
    rt.mq_send(queue, b"x", 1, 0)
count = 0
while True:
    count += 1
    print(count if queue >= 0 else "failed", flush=True)
    time.sleep(0.01)
"""


def start(scenario, *arguments):
    if os.path.exists(scenario.path("numbers")):
        os.unlink(scenario.path("numbers"))
    pid = scenario.start([sys.executable, "-c", PROGRAM, *arguments], "numbers")
    scenario.wait_for(lambda: os.path.exists(scenario.path("numbers")) and len(scenario.numbers()) > 3, "it runs")
    return pid


def test(scenario):
    unlink = ctypes.CDLL("librt.so.1").mq_unlink
    name = f"/criu-test.gone.{os.getpid()}"
    try:
        pid = start(scenario, name)
        scenario.dump(pid)
        scenario.check(unlink(name.encode()) == 0, "there was no queue")
        scenario.restore()
        scenario.counts()
        scenario.check(unlink(name.encode()) == 0, "the queue was not made again")
        scenario.end(pid)
        pid = start(scenario, name, "with a message")
        scenario.dump(pid)
        scenario.check(unlink(name.encode()) == 0, "there was no queue")
        scenario.says(scenario.restore(status=1), name, "it had 1 messages")
    finally:
        unlink(name.encode())

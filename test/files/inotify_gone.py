# SPDX-License-Identifier: GPL-2.0
"""A watched file that is not there at the restore: refused before anything is made. One that came back under its name is
watched, though it is another file."""

import os
import sys

PROGRAM = """
import ctypes, os, select, sys
fd = ctypes.CDLL(None).inotify_init1(os.O_NONBLOCK)
print("watch", ctypes.CDLL(None).inotify_add_watch(fd, sys.argv[1].encode(), 2), flush=True)
while select.select([fd], [], []):
    print("event", len(os.read(fd, 4096)), flush=True)
"""


def said(scenario):
    with open(scenario.path("output")) as file:
        return file.read()


def test(scenario):
    path = scenario.path("watched")
    open(path, "w").close()
    pid = scenario.start([sys.executable, "-c", PROGRAM, path])
    scenario.wait_for(lambda: "watch 1" in said(scenario), "it watches")
    scenario.dump(pid)
    os.rename(path, scenario.path("elsewhere"))
    os.unlink(scenario.path("elsewhere"))
    scenario.says(scenario.restore(status=1), "inotify watch 1", path)
    scenario.check(not os.path.exists(f"/proc/{pid}"), "something of it is there")
    open(path, "w").close()
    scenario.restore()
    with open(path, "w") as file:
        file.write("x")
    scenario.wait_for(lambda: "event 16" in said(scenario), "it sees the event")
    scenario.end(pid)

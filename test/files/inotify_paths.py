# SPDX-License-Identifier: GPL-2.0
"""Watches whose files must be searched for: on overlayfs, whose handles lead to no file, and with --force-irmap
below a path that --irmap-scan-path names."""

import os
import subprocess
import sys

PROGRAM = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
fd = libc.inotify_init1(os.O_NONBLOCK)
for path in sys.argv[1:]:
    print("watch", libc.inotify_add_watch(fd, path.encode(), 0x100), flush=True)
import select
while select.select([fd], [], []):
    print("event", *[byte for byte in os.read(fd, 4096) if 97 <= byte <= 122], flush=True)
"""


def said(scenario):
    with open(scenario.path("output")) as file:
        return file.read().split("\n")[:-1]


def start(scenario, *paths):
    if os.path.exists(scenario.path("output")):
        os.unlink(scenario.path("output"))
    pid = scenario.start([sys.executable, "-c", PROGRAM, *paths])
    scenario.wait_for(lambda: os.path.exists(scenario.path("output")) and len(said(scenario)) == len(paths), "it watches")
    return pid


def check_watches(scenario, *paths):
    for path in paths:
        before = len(said(scenario))
        with open(os.path.join(path, "new"), "w"):
            pass
        scenario.wait_for(lambda: len(said(scenario)) > before, f"it sees what happens in {path}")


def forced(scenario):
    inner = scenario.path("far", "away", "watched")
    os.makedirs(inner)
    pid = start(scenario, inner)
    scenario.dump(pid, "--force-irmap", "--irmap-scan-path", scenario.path("far"))
    scenario.restore()
    check_watches(scenario, inner)
    scenario.end(pid)


def overlay(scenario):
    places = [scenario.path(name) for name in ("lower", "upper", "work", "merged")]
    for place in places:
        os.makedirs(place)
    os.makedirs(os.path.join(places[0], "deep", "below"))
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", scenario.path("upper")], check=True)
    try:
        for name in ("u", "w"):
            os.makedirs(scenario.path("upper", name))
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                        f"lowerdir={places[0]},upperdir={places[1]}/u,workdir={places[1]}/w", places[3]], check=True)
        try:
            paths = [places[3], os.path.join(places[3], "deep", "below")]
            pid = start(scenario, *paths)
            scenario.dump(pid)
            scenario.restore()
            check_watches(scenario, *paths)
            scenario.end(pid)
        finally:
            subprocess.run(["umount", "-l", places[3]], check=True)
    finally:
        subprocess.run(["umount", "-l", scenario.path("upper")], check=True)


def test(scenario):
    forced(scenario)
    overlay(scenario)

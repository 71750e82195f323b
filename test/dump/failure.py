# SPDX-License-Identifier: GPL-2.0
"""A dump that cannot be done says why, and the program goes on."""

import os


def test(scenario):
    pid = scenario.counter()

    answer = scenario.criu("dump", "-t", pid, images="nowhere/deeper", log=scenario.path("log"), status=1)
    scenario.check("nowhere" in answer.said + answer.log, f"the directory is not named: {answer}")
    scenario.counts()

    gone = scenario.start(["true"])
    scenario.reaper.wait(gone, 10)
    answer = scenario.criu("dump", "-t", gone, status=1)
    scenario.check(str(gone) in answer.said + answer.log, f"the missing process is not named: {answer}")

    # A full disk: the images go to a tiny file system, if one can be mounted.
    os.makedirs(scenario.path("tiny"))
    mount = scenario.reaper.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", scenario.path("tiny")], 10)
    if mount == 0:
        try:
            scenario.criu("dump", "-t", pid, images="tiny", log=scenario.path("log"), status=1)
            scenario.counts()
        finally:
            scenario.reaper.run(["umount", scenario.path("tiny")], 10)

    scenario.dump(pid)
    scenario.restore()
    scenario.counts()

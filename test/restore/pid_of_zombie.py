# SPDX-License-Identifier: GPL-2.0
"""A pid that a zombie holds which waits to be reaped: the restore waits a moment for its parent to do so, and then names both."""

import os
import time

from processes import take_pid


def holder(pid, seconds):
    """A process whose child has that pid, has ended, and is reaped after a while (None: never). Returns the holder."""
    parent = os.fork()
    if parent:
        return parent
    child = take_pid(pid, ends=True)
    with open("/proc/self/comm", "w") as file:
        file.write("zombie-parent")
    if child != pid:
        os._exit(1)
    time.sleep(seconds or 1000)
    os.waitpid(child, 0)
    time.sleep(1000)
    os._exit(0)


def hold(scenario, pid, seconds):
    parent = holder(pid, seconds)
    scenario.wait_for(lambda: scenario.state(pid) == "Z", "the zombie has the pid")
    return parent


def test(scenario):
    pid = scenario.counter()
    scenario.dump(pid)
    parent = hold(scenario, pid, None)
    begin = time.monotonic()
    answer = scenario.restore(status=1)
    waited = time.monotonic() - begin
    scenario.check(1 < waited < 20, f"it waited {waited:.1f} s")
    scenario.says(answer, str(pid), "pid-holder", "zombie", f"{parent} (zombie-parent)", "reap")
    scenario.check(scenario.state(pid) == "Z" and scenario.state(parent) == "S", "one of them was harmed")
    scenario.end(parent)
    scenario.reaper.wait_gone([pid], 10)
    hold(scenario, pid, 1)
    scenario.restore()
    scenario.counts()

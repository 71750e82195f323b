# SPDX-License-Identifier: GPL-2.0
"""Without --restore-detached criu is the parent and waits for the end; its status is that of the restore."""

import os
import signal


def test(scenario):
    pid = scenario.counter()
    scenario.dump(pid)
    criu = scenario.start([scenario.program, "restore", "-D", scenario.path("images"), "-o", "restore.log"])
    scenario.wait_for(lambda: scenario.state(pid) in ("R", "S"), "the process is back")
    scenario.counts()
    scenario.check(scenario.parent(pid) == criu, "criu is not its parent")
    scenario.check(criu not in scenario.reaper.ended, "criu did not wait")
    os.kill(pid, signal.SIGTERM)
    status = os.waitstatus_to_exitcode(scenario.reaper.wait(criu, 10))
    scenario.check(status == 0, f"criu ended with {status}")

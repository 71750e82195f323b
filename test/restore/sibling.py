# SPDX-License-Identifier: GPL-2.0
"""--restore-sibling: the restored root is a child of whoever started criu; it needs --restore-detached."""

import os
import signal


def test(scenario):
    pid = scenario.counter()
    scenario.dump(pid)
    scenario.criu("restore", "--restore-sibling", status=1)
    scenario.wait_for(lambda: scenario.state(pid) is None, "nothing was restored")
    # A shell is the caller here, so that the reaper of orphans and the caller are not the same.
    shell = scenario.start(["sh", "-c", f"{scenario.program} restore -d -S -D {scenario.path('images')} -o restore.log; "
                            "echo status $? >new; mv new sibling; sleep 100"])
    scenario.wait_for(lambda: os.path.exists(scenario.path("sibling")), "criu ended")
    with open(scenario.path("sibling")) as file:
        scenario.check(file.read() == "status 0\n", "criu failed")
    scenario.check(scenario.parent(pid) == shell, f"the parent is {scenario.parent(pid)}, not the caller {shell}")
    scenario.counts()
    os.kill(pid, signal.SIGKILL)

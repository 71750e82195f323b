# SPDX-License-Identifier: GPL-2.0
"""--leave-stopped: the tree stays, stopped, and goes on when it is told to; the images are good as well."""

import os
import signal


def test(scenario):
    pid = scenario.counter()
    scenario.criu("dump", "-t", pid, "--leave-stopped")
    scenario.check(scenario.state(pid) == "T", f"the state is {scenario.state(pid)}")
    before = scenario.numbers()
    os.kill(pid, signal.SIGCONT)
    scenario.counts()
    scenario.end(pid)
    with open(scenario.path("numbers"), "w") as file:
        file.write("".join(number + "\n" for number in before))
    scenario.restore()
    scenario.wait_for(lambda: scenario.state(pid) in ("R", "S"), "the restored process runs")
    scenario.counts()

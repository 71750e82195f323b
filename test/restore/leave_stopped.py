# SPDX-License-Identifier: GPL-2.0
"""restore --leave-stopped: everything is there and nothing moves until it is told to."""

import os
import signal
import time


def test(scenario):
    pid = scenario.counter()
    scenario.dump(pid)
    before = scenario.numbers()
    scenario.restore("--leave-stopped")
    time.sleep(0.2)
    scenario.check(scenario.state(pid) == "T", f"the state is {scenario.state(pid)}")
    scenario.check(scenario.numbers() == before, "it has moved")
    os.kill(pid, signal.SIGCONT)
    scenario.counts()

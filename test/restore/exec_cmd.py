# SPDX-License-Identifier: GPL-2.0
"""--exec-cmd: after the restore criu becomes that command, which is then the parent."""

import os


def test(scenario):
    pid = scenario.counter()
    scenario.dump(pid)
    command = scenario.start([scenario.program, "restore", "--exec-cmd", "-D", scenario.path("images"), "-o", "restore.log",
                              "--", "sh", "-c", f"cd {scenario.directory}; echo $$ >new; mv new parent; exec sleep 100"])
    scenario.wait_for(lambda: scenario.state(pid) in ("R", "S"), "the process is back")
    scenario.counts()
    scenario.check(scenario.parent(pid) == command, "the command is not its parent")
    scenario.wait_for(lambda: os.path.exists(scenario.path("parent")), "the command has started")
    with open(scenario.path("parent")) as file:
        scenario.check(int(file.read()) == command, "the command is another process")

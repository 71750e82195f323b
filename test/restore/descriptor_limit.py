# SPDX-License-Identifier: GPL-2.0
"""criu is started with a low limit of open files, and the program has a number far above it."""

import os

from processes import read_text

CODE = "import os, time\nos.dup2(1, 900)\nopen('ready', 'w').close()\nwhile True: time.sleep(9)\n"


def test(scenario):
    pid = scenario.start(["prlimit", "--nofile=1024:4096", "python3", "-c", CODE])
    scenario.wait_for(lambda: os.path.exists(scenario.path("ready")), "the program is ready")
    limits = read_text(f"/proc/{pid}/limits")
    scenario.dump(pid, before=("prlimit", "--nofile=256:4096"))
    scenario.restore(before=("prlimit", "--nofile=256:4096"))
    scenario.check(os.path.exists(f"/proc/{pid}/fd/900"), "descriptor 900 is missing")
    scenario.check(read_text(f"/proc/{pid}/limits") == limits, "the program has other limits: " + read_text(f"/proc/{pid}/limits"))

# SPDX-License-Identifier: GPL-2.0
"""A pseudo terminal whose number somebody else has meanwhile: refused before anything is made, with the name of who
has it; restored as soon as it is free."""

import os

from processes import own_terminals

CODE = "import os, pty, time\nm, s = pty.openpty()\nprint(os.ttyname(s), flush=True)\nwhile True: time.sleep(9)\n"


def test(scenario):
    own_terminals()
    pid = scenario.start(["python3", "-c", CODE])
    scenario.wait_for(lambda: os.path.getsize(scenario.path("output")), "the program has a terminal")
    scenario.dump(pid)
    holder = scenario.start(["python3", "-c", CODE])
    scenario.wait_for(lambda: os.path.getsize(scenario.path("output")) > 12, "another program has its number")
    answer = scenario.criu("restore", "-d", status=None)
    scenario.check(answer.status != 0, "a restore with a taken number was to be refused")
    scenario.says(answer, "pseudo terminal 0", f"process {holder} (python3)")
    scenario.check(scenario.state(pid) is None, "something is left of the refused restore")
    scenario.end(holder)
    scenario.restore()
    scenario.check(os.path.exists("/dev/pts/0") and scenario.state(pid) in ("R", "S"), "the program has its terminal again")

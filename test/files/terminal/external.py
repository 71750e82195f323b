# SPDX-License-Identifier: GPL-2.0
"""A terminal outside of the tree: refused without a word about it; with --external it is named in the images,
and restored on another terminal that --inherit-fd gives."""

import os
import pty
import tty

from processes import own_terminals


def reads(scenario, master):
    scenario.check(b"x" in os.read(master, 100), "the program writes to its terminal")


def test(scenario):
    own_terminals()
    master, slave = pty.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)
    code = "import sys, time, os\nf = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)\n" \
           "while True:\n  os.write(f, b'x')\n  time.sleep(.02)\n"
    pid = scenario.start(["python3", "-c", code, name])
    reads(scenario, master)

    answer = scenario.criu("dump", "-t", pid, status=None)
    scenario.check(answer.status != 0, "the dump of a terminal of somebody else was to be refused")
    stat = os.stat(name)
    key = f"tty[{stat.st_rdev:x}:{stat.st_dev:x}]"
    scenario.says(answer, name, key)

    scenario.dump(pid, "--external", key)
    answer = scenario.criu("restore", "-d", status=None)
    scenario.check(answer.status != 0, "a restore without a replacement was to fail")
    scenario.says(answer, key, "--inherit-fd")

    other_master, other_slave = pty.openpty()
    scenario.restore("--inherit-fd", f"fd[{other_slave}]:{key}", pass_fds=[other_slave])
    reads(scenario, other_master)
    scenario.check(os.stat(f"/proc/{pid}/fd/3").st_rdev == os.fstat(other_slave).st_rdev, "it has the other terminal")

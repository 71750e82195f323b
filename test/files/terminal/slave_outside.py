# SPDX-License-Identifier: GPL-2.0
"""A master in the tree whose slave somebody outside has open: the restore is refused as long as that keeps the number, with
its name."""

import os

from processes import own_terminals

CODE = "import os, time\nm = os.open('/dev/ptmx', os.O_RDWR | os.O_NOCTTY)\nimport fcntl\nfcntl.ioctl(m, 0x40045431, b'\\0' * 4)\n" \
       "print('ready', flush=True)\nwhile True:\n  time.sleep(.02)\n  os.write(m, b'x\\n')\n"


def test(scenario):
    own_terminals()
    pid = scenario.start(["python3", "-c", CODE])
    scenario.wait_for(lambda: os.path.getsize(scenario.path("output")), "the program has a terminal")
    slave = os.open("/dev/pts/0", os.O_RDWR | os.O_NOCTTY)
    outside = scenario.start(["sleep", "1000"], pass_fds=(slave,))
    os.close(slave)
    scenario.dump(pid)
    answer = scenario.criu("restore", "-d", status=1)
    scenario.says(answer, "pseudo terminal 0", f"process {outside} (sleep)")
    scenario.end(outside)
    scenario.restore()
    slave = os.open("/dev/pts/0", os.O_RDWR | os.O_NOCTTY)
    scenario.check(os.read(slave, 2) == b"x\n", "the restored master writes")

# SPDX-License-Identifier: GPL-2.0
"""--status-fd: one zero byte when the dump is under way, then the descriptor is closed."""

import os


def test(scenario):
    pid = scenario.counter()
    read, write = os.pipe()
    scenario.criu("dump", "-t", pid, "-R", "--status-fd", write, pass_fds=[write])
    os.close(write)
    scenario.check(os.read(read, 10) == b"\0", "not one zero byte")
    scenario.check(os.read(read, 10) == b"", "the descriptor is not closed")
    scenario.counts()

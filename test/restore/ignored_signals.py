# SPDX-License-Identifier: GPL-2.0
"""Whoever starts criu may ignore signals: nohup does, a shell for what it starts in the background, and posix_spawn()
for two that only libc uses. What is restored ignores what it ignored before."""

import re

from processes import read_text

# Asks the kernel itself: libc lets nobody change the action of 32 and 33.
IGNORE = """my $action = pack("QQQQ", 1, 0, 0, 0); for my $signal (1, 2, 3, 13, 32, 33, 40) { syscall(13, $signal + 0, $action, 0, 8) == 0 or die $! } exec @ARGV"""


def test(scenario):
    def ignored(pid):
        return re.search(r"SigIgn:\s+(\w+)", read_text(f"/proc/{pid}/status"))[1]

    pid = scenario.counter()
    before = ignored(pid)
    for number in range(2):
        scenario.dump(pid)
        scenario.restore(before=("perl", "-e", IGNORE) if number else ())
        scenario.check(ignored(pid) == before, f"restore {number}: SigIgn {before} became {ignored(pid)}")
        scenario.counts()

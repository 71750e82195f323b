# SPDX-License-Identifier: GPL-2.0
"""CLOCK_MONOTONIC and CLOCK_BOOTTIME go on where they stood at the dump: the time on disk is not seen, nor
is another machine's clock; and a tree that has its own clocks keeps them, also through a second cycle."""

import os
import time

from processes import tree

GAP = 4
CLOCKS = """use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC); $| = 1;
while (1) { print clock_gettime(CLOCK_MONOTONIC), " ", clock_gettime(7), "\\n"; select undef, undef, undef, 0.01 }"""


def readings(scenario):
    """(monotonic, boottime) of all whole lines; unshare complains of its killed child."""
    with open(scenario.path("clocks")) as file:
        lines = file.read().split("\n")[:-1]
    return [tuple(map(float, line.split())) for line in lines if not line.startswith("unshare")]


def cycle(scenario, pid, images):
    """Lets some seconds pass between dump and restore; the clocks must not show them."""
    scenario.dump(pid, images=images)
    before = readings(scenario)[-1]
    count = len(readings(scenario))
    time.sleep(GAP)
    scenario.restore(images=images)
    scenario.wait_for(lambda: len(readings(scenario)) > count + 3, "the clocks are read again")
    after = readings(scenario)[count]
    for name, old, new in zip(("CLOCK_MONOTONIC", "CLOCK_BOOTTIME"), before, after):
        scenario.check(old <= new < old + GAP, f"{name} went from {old} to {new}")


def two_cycles(scenario, command):
    start = scenario.start([*command, "perl", "-e", CLOCKS], "clocks")
    scenario.wait_for(lambda: len(readings(scenario)) > 3, "the clocks are read")
    pid = tree(start)[-1]
    for number in ("1", "2"):
        os.makedirs(scenario.path("images" + number), exist_ok=True)
        cycle(scenario, pid, "images" + number)
    scenario.end(pid)


def test(scenario):
    two_cycles(scenario, [])
    open(scenario.path("clocks"), "w").close()
    two_cycles(scenario, ["unshare", "--time", "--monotonic", "100000", "--boottime", "200000", "--fork", "setsid"])
    first = readings(scenario)[0]
    scenario.check(first[0] > 100000 and first[1] > 200000, "the test itself has no clocks of its own")

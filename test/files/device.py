# SPDX-License-Identifier: GPL-2.0
"""A device whose state nobody knows: refused with the options that help, and with these given back by the caller."""

import os
import re

PROGRAM = "open(my $f, '+<', '/dev/loop-control') or die; $| = 1; while (1) { print ++$i, qq(\\n); select undef, undef, undef, 0.01 }"


def test(scenario):
    if not os.path.exists("/dev/loop-control"):
        return "no /dev/loop-control here"
    pid = scenario.start(["perl", "-e", PROGRAM], "numbers")
    scenario.wait_for(lambda: len(scenario.numbers()) > 3, "it runs")
    answer = scenario.criu("dump", "-t", pid, status=1)
    scenario.says(answer, "/dev/loop-control is a device (character 10:237)")
    external = re.search(r"--external (file\[\S+\])", answer.said + answer.log)[1]
    inherited = re.search(r"--inherit-fd fd\[N\]:(file\[\S+\])", answer.said + answer.log)[1]
    scenario.dump(pid, "--external", external)
    scenario.says(scenario.restore(status=1), external, "--inherit-fd")
    device = os.open("/dev/loop-control", os.O_RDWR)
    scenario.restore("--inherit-fd", f"fd[{device}]:{inherited}", pass_fds=(device,))
    os.close(device)
    scenario.counts()
    scenario.check("/dev/loop-control" in [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")],
                   "it has lost the device")
    scenario.end(pid)

# SPDX-License-Identifier: GPL-2.0
"""A descriptor of a namespace that is mounted on a file: found again by that path, also when nobody is in it."""

import os
import subprocess

PROGRAM = """
open(my $f, '<', $ARGV[0]) or die; my $inode = (stat $f)[1];
$| = 1;
while (1) { print((stat $f)[1] == $inode ? "same\\n" : "other\\n"); select undef, undef, undef, 0.01 }
"""


def lines(scenario):
    with open(scenario.path("output")) as file:
        return file.read().split()


def test(scenario):
    path = scenario.path("mounted")
    open(path, "w").close()
    subprocess.run(["unshare", f"--uts={path}", "true"], check=True)
    try:
        pid = scenario.start(["perl", "-e", PROGRAM, path])
        scenario.wait_for(lambda: "same" in lines(scenario), "it runs")
        scenario.dump(pid)
        scenario.restore()
        before = len(lines(scenario))
        scenario.wait_for(lambda: len(lines(scenario)) > before + 2, "it goes on")
        scenario.check(set(lines(scenario)) == {"same"}, "it is another namespace")
        number = [name for name in os.listdir(f"/proc/{pid}/fd") if os.readlink(f"/proc/{pid}/fd/{name}") == path]
        scenario.check(len(number) == 1 and os.stat(f"/proc/{pid}/fd/{number[0]}").st_ino == os.stat(path).st_ino,
                       "the descriptor is not of the mounted namespace")
        scenario.end(pid)
    finally:
        subprocess.run(["umount", "-l", path], check=True)

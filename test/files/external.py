# SPDX-License-Identifier: GPL-2.0
"""--external file[MOUNT:INODE]: a file that is only named in the images; --inherit-fd gives its replacement."""

import os
import re

from processes import read_text

PROGRAM = "open my $f, '>>', $ARGV[0]; $f->autoflush(1); while (1) { print $f ++$i, qq(\\n); select undef, undef, undef, 0.01 }"


def lines(scenario, name):
    return read_text(scenario.path(name)).split() if os.path.exists(scenario.path(name)) else []


def key(pid, path):
    for number in os.listdir(f"/proc/{pid}/fd"):
        if os.readlink(f"/proc/{pid}/fd/{number}") == path:
            mount = re.search(r"mnt_id:\s*(\d+)", read_text(f"/proc/{pid}/fdinfo/{number}"))[1]
            return f"file[{int(mount):x}:{os.stat(path).st_ino:x}]"
    raise AssertionError(path)


def refusals(scenario):
    for value, text in (("file", "invalid value"), ("file[1:2", "invalid value"), ("[1:2]", "invalid value"),
                        ("bubble[1]", "unknown type"), ("veth[a]:b", "unknown type")):
        scenario.says(scenario.criu("dump", "-t", "1", "--external", value, status=1), text)
    scenario.says(scenario.criu("restore", "--external", "bubble[1]", status=1), "unknown type")


def test(scenario):
    refusals(scenario)
    pid = scenario.start(["perl", "-MIO::Handle", "-e", PROGRAM, scenario.path("log")])
    scenario.wait_for(lambda: len(lines(scenario, "log")) > 3, "it writes")
    name = key(pid, scenario.path("log"))
    scenario.dump(pid, "--external", name, "--external", "file[0:0]:value")
    os.unlink(scenario.path("log"))
    scenario.says(scenario.restore(status=1), name, "--inherit-fd")
    other = os.open(scenario.path("other"), os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
    scenario.restore("--inherit-fd", f"fd[{other}]:{name}", pass_fds=(other,))
    os.close(other)
    scenario.wait_for(lambda: len(lines(scenario, "other")) > 3, "it writes into the replacement")
    scenario.check(int(lines(scenario, "other")[0]) > 3, "it began anew")
    scenario.check(not os.path.exists(scenario.path("log")), "the old file is made again")
    scenario.end(pid)

# SPDX-License-Identifier: GPL-2.0
"""The log: levels, prefixes that programs parse, last lines of success and failure."""

import os
import re

from processes import read_text


def test(scenario):
    pid = scenario.counter()
    lines = scenario.criu("dump", "-t", pid, "-R").log.splitlines()
    scenario.check(all(re.match(r"\(\d\d\.\d{6}\) ", line) for line in lines), "a line without a time stamp")
    scenario.check(re.match(r"\(\d\d\.\d{6}\) Version: 4\.2", lines[0]) is not None, f"first line: {lines[0]}")
    scenario.check(any("Running on Linux" in line for line in lines[:4]), "the kernel is not named")
    scenario.check("Dumping finished successfully" in "\n".join(lines[-3:]), f"last line: {lines[-1]}")

    # -v0: nothing at all when all is well; and errors only at -v1.
    for level, option in (("none", "-v0"), ("errors", "-v1")):
        with open(scenario.path(level), "wb") as out:
            status = scenario.reaper.run([scenario.program, "dump", "-t", str(pid), "-R", "-D", scenario.path("images"),
                                          option], 60, stdout=out, stderr=out)
        scenario.check(status == 0 and read_text(scenario.path(level)) == "", f"{option} says {read_text(scenario.path(level))}")

    scenario.dump(pid)
    answer = scenario.restore("--log-pid")
    own = scenario.path("images", f"restore.log.{pid}")
    scenario.check(os.path.exists(own) and os.stat(own).st_mode & 0o777 == 0o600, "--log-pid made no log for the process")
    scenario.check(re.search(r"^\(\d\d\.\d{6}\) +\d+: ", answer.log, re.M) is None, "with --log-pid a pid is in the log of criu")
    scenario.check("Restore finished successfully. Tasks resumed." in answer.log, "no last line of the restore")
    scenario.end(pid)
    os.unlink(scenario.path("images", "pstree.img"))
    answer = scenario.restore(status=1)
    scenario.check(re.search(r"Error \([^)]*\): ", answer.log) is not None and "Restoring FAILED." in answer.log,
                   f"the failure is not in the log: {answer}")

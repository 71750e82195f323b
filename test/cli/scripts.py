# SPDX-License-Identifier: GPL-2.0
"""Action scripts: their order, their environment, and the exit status of criu when one says no."""

import os

SCRIPT = """#!/bin/sh
echo "%s $CRTOOLS_SCRIPT_ACTION ${CRTOOLS_INIT_PID:-none}" >>%s
[ "$CRTOOLS_SCRIPT_ACTION" != "$(cat %s)" ] || exit %d
"""


def test(scenario):
    calls, fail_at = scenario.path("calls"), scenario.path("fail-at")
    scripts = []
    for name, status in (("first", 4), ("second", 9)):
        path = scenario.path(name)
        with open(path, "w") as file:
            file.write(SCRIPT % (name, calls, fail_at, status))
        os.chmod(path, 0o755)
        scripts += ["--action-script", path]
    pid = scenario.counter()

    def said():
        with open(calls) as file:
            lines = [line.split() for line in file]
        os.unlink(calls)
        return lines

    def fail(stage):
        with open(fail_at, "w") as file:
            file.write(stage)

    fail("post-dump")
    scenario.criu("dump", "-t", pid, *scripts, status=4 | 9)
    scenario.counts()
    scenario.check([line[1] for line in said()] == ["pre-dump"] * 2 + ["post-dump"] * 2, "one script hides the other")
    fail("pre-dump")
    scenario.criu("dump", "-t", pid, *scripts, status=1)
    scenario.counts()
    answer = scenario.criu("dump", "-t", pid, "--action-script", scenario.path("nowhere"), status=1)
    scenario.says(answer, "could not be run")
    scenario.counts()
    said()

    fail("never")
    scenario.dump(pid, *scripts)
    lines = said()
    scenario.check([line[:2] for line in lines] == [["second", "pre-dump"], ["first", "pre-dump"], ["second", "post-dump"],
                                                    ["first", "post-dump"]], f"dump called {lines}")
    fail("post-restore")
    scenario.restore(*scripts, status=1)
    scenario.wait_for(lambda: scenario.state(pid) is None, "nothing is left of a restore that a script refused")
    said()
    fail("post-resume")
    scenario.restore(*scripts)
    lines = said()
    names = [line[1] for line in lines if line[0] == "first"]
    scenario.check(names == ["pre-restore", "setup-namespaces", "post-setup-namespaces", "post-restore", "network-unlock",
                             "pre-resume", "post-resume"], f"restore called {names}")
    pids = {line[1]: line[2] for line in lines}
    scenario.check(pids["setup-namespaces"] == pids["post-restore"] == str(pid) and pids["pre-restore"] == "none",
                   f"the scripts were told {pids}")
    scenario.counts()

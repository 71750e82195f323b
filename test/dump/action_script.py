# SPDX-License-Identifier: GPL-2.0
"""Action scripts: called at each stage with the documented environment; their failure is a failure."""

import os

SCRIPT = """#!/bin/sh
echo "$CRTOOLS_SCRIPT_ACTION ${CRTOOLS_INIT_PID:-none} $(ls "$CRTOOLS_IMAGE_DIR" | grep -c .) $#" >>%s
[ ! -e %s ] || [ "$CRTOOLS_SCRIPT_ACTION" != "$(cat %s)" ] || exit 7
"""


def calls(scenario):
    with open(scenario.path("calls")) as file:
        lines = [line.split() for line in file]
    os.unlink(scenario.path("calls"))
    for action, _, images, arguments in lines:
        scenario.check(arguments == "0", f"{action} was given arguments")
        scenario.check(action == "pre-dump" or int(images) > 0, f"{action} was given a wrong image directory")
    return [(action, pid) for action, pid, _, _ in lines]


def test(scenario):
    script = scenario.path("script")
    with open(script, "w") as file:
        file.write(SCRIPT % (scenario.path("calls"), scenario.path("fail-at"), scenario.path("fail-at")))
    os.chmod(script, 0o755)
    pid = scenario.counter()

    for stage in ("pre-dump", "post-dump"):
        with open(scenario.path("fail-at"), "w") as file:
            file.write(stage)
        answer = scenario.criu("dump", "-t", pid, "--action-script", script, status=None)
        scenario.check(answer.status != 0, f"the dump succeeded though {stage} failed")
        scenario.counts()
    calls(scenario)
    os.unlink(scenario.path("fail-at"))

    scenario.dump(pid, "--action-script", script)
    names = [action for action, _ in calls(scenario)]
    scenario.check(names == ["pre-dump", "post-dump"], f"dump called {names}")

    for stage in ("pre-restore", "post-restore"):
        with open(scenario.path("fail-at"), "w") as file:
            file.write(stage)
        answer = scenario.restore("--action-script", script, status=None)
        scenario.check(answer.status != 0, f"the restore succeeded though {stage} failed")
        scenario.wait_for(lambda: scenario.state(pid) is None, "nothing is left of the failed restore")
    calls(scenario)
    os.unlink(scenario.path("fail-at"))

    scenario.restore("--action-script", script)
    found = calls(scenario)
    names = [action for action, _ in found]
    for stage in ("pre-restore", "post-restore", "pre-resume", "post-resume"):
        scenario.check(stage in names, f"restore did not call {stage}, only {names}")
    scenario.check(dict(found)["post-restore"] == str(pid), f"post-restore was told the wrong pid: {found}")
    scenario.counts()

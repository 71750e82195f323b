# SPDX-License-Identifier: GPL-2.0
"""Options as a user meets them: version, names of the program, what means nothing to a command, what is not there."""

import os
import re
import shutil

from processes import read_text


def call(scenario, *arguments, program=None, **settings):
    with open(scenario.path("out"), "wb") as out, open(scenario.path("err"), "wb") as err:
        status = scenario.reaper.run([program or scenario.program, *arguments], 20, stdout=out, stderr=err, **settings)
    return status, read_text(scenario.path("out")), read_text(scenario.path("err"))


def check_names(scenario):
    """The program is crit when it is called so, by a link or by a word."""
    link = scenario.path("crit")
    os.symlink(scenario.program, link)
    for program, words in ((link, ()), (scenario.program, ("crit",))):
        status, out, _ = call(scenario, *words, "--help", program=program)
        scenario.check(status == 0 and out.startswith("usage: crit "), f"{program} {words}: {status} {out[:80]}")
    copy = scenario.path("another-name")
    shutil.copy(scenario.program, copy)
    status, out, _ = call(scenario, "--version", program=copy)
    scenario.check(status == 0 and re.fullmatch(r"Version: 4\.2\n(GitID: [^\n]+\n)?", out), f"under another name: {status} {out}")


def check_refused(scenario):
    for words, text in ((("check", "--ms"), "--ms was removed"), (("swrk",), "Usage: criu swrk <fd>"),
                        (("cpuinfo",), "Usage: "), (("cpuinfo", "nonsense"), "Usage: "),
                        (("restore", "--restore-sibling"), "needs --restore-detached"),
                        (("restore", "--exec-cmd", "-d", "--", "true"), "cannot be used"),
                        (("restore", "--exec-cmd"), "needs a command"),
                        (("dump", "-t", "1", "-D", "/nowhere/at/all"), "/nowhere/at/all"),
                        (("dump", "-t", "1", "-W", "/nowhere/at/all"), "/nowhere/at/all"),
                        (("check", "-o", "/nowhere/at/all"), "/nowhere/at/all"),
                        (("dump", "-t", "1", "--stream"), "--stream")):
        status, out, err = call(scenario, *words, cwd=scenario.path("images"))
        scenario.check(status == 1 and text in out + err, f"{words}: {status} {out} {err}")


def check_meaning(scenario, pid):
    """Programs give more options than a command takes: that is told, and no error."""
    answer = scenario.criu("dump", "-t", pid, "-R", "-d", "--pidfile", "x", "--weak-sysctls")
    for name in ("restore-detached", "pidfile", "weak-sysctls"):
        scenario.check(f"the option --{name} has no meaning for dump, ignored" in answer.log, f"--{name} is not told: {answer}")
    scenario.check("--leave-running has" not in answer.log, f"what has a meaning is told: {answer}")
    scenario.check(not os.path.exists(scenario.path("images/x")), "a pid file of a dump")
    scenario.counts()
    scenario.dump(pid)
    answer = scenario.restore("-t", pid, "--leave-running", "--network-lock", "skip")
    for name in ("tree", "leave-running", "network-lock"):
        scenario.check(f"the option --{name} has no meaning for restore, ignored" in answer.log, f"--{name}: {answer}")
    scenario.counts()


def check_work_directory(scenario):
    """Also commands without images write their log where they are told to."""
    status, out, err = call(scenario, "check", "--feature", "openat2", "-W", scenario.path("images"), "-o", "check.log", "-v4")
    scenario.check(status == 0 and out == "openat2 is supported\n" and err == "", f"check: {status} {out} {err}")
    scenario.check(os.path.exists(scenario.path("images/check.log")), "no log in the work directory")
    status, out, err = call(scenario, "check", "--feature", "openat2", "--close", "1")
    scenario.check(status == 0 and out == "", f"--close did not close: {status} {out} {err}")


def test(scenario):
    check_names(scenario)
    check_refused(scenario)
    check_work_directory(scenario)
    check_meaning(scenario, scenario.counter())

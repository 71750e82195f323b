# SPDX-License-Identifier: GPL-2.0
"""Exit codes and messages of wrong calls; what is printed where."""

from processes import read_text


def call(scenario, *arguments):
    with open(scenario.path("out"), "wb") as out, open(scenario.path("err"), "wb") as err:
        status = scenario.reaper.run([scenario.program, *arguments], 20, stdout=out, stderr=err)
    return status, read_text(scenario.path("out")), read_text(scenario.path("err"))


def test(scenario):
    status, out, err = call(scenario, "--version")
    scenario.check(status == 0 and out.startswith("Version: "), f"--version: {status} {out}")
    status, out, err = call(scenario, "--help")
    scenario.check(status == 0 and "--shell-job" in out and "--tree" in out, "--help")
    status, out, err = call(scenario)
    scenario.check(status == 1 and "criu" in out + err, f"no command: {status}")
    status, out, err = call(scenario, "nonsense")
    scenario.check(status == 1 and "nonsense" in out + err, f"unknown command: {status} {err}")
    status, out, err = call(scenario, "dump", "--no-such-option")
    scenario.check(status == 1 and "no-such-option" in out + err, f"unknown option: {status} {err}")
    status, out, err = call(scenario, "dump")
    scenario.check(status == 1 and "-t" in out + err, f"dump without a tree: {status} {err}")
    status, out, err = call(scenario, "dump", "-t", "word")
    scenario.check(status == 1 and "word" in out + err, f"a pid that is none: {status} {err}")
    status, out, err = call(scenario, "dump", "-t", "1", "-D", scenario.path("images"), "-o", "-")
    scenario.check(status == 1 and "Error" in out and not err, f"a log on standard output: {out} {err}")
    for removed in ("exec", "show"):
        status, out, err = call(scenario, removed)
        scenario.check(status == 255, f"{removed}: {status}")

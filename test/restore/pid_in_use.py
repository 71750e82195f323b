# SPDX-License-Identifier: GPL-2.0
"""A pid that somebody else has got meanwhile: the error names it and who holds it; the holder is left alone."""

from processes import take_pid


def test(scenario):
    pid = scenario.counter()
    scenario.dump(pid)
    scenario.check(take_pid(pid) == pid, "the pid could not be taken")
    scenario.wait_for(lambda: open(f"/proc/{pid}/comm").read().strip() == "pid-holder", "the holder is there")
    answer = scenario.restore(status=1)
    scenario.says(answer, str(pid), "pid-holder")
    scenario.check(answer.said.count("pid-holder") == 1, f"it is not said once: {answer}")
    with open(scenario.path("said"), "wb") as said:  # without a log file, too
        scenario.reaper.run([scenario.program, "restore", "-D", scenario.path("images"), "-d"], 20, stderr=said)
    scenario.check(open(scenario.path("said")).read().count("pid-holder") == 1, "it is not said once on standard error")
    scenario.check(scenario.state(pid) in ("S", "R"), "the holder was harmed")
    scenario.end(pid)
    scenario.restore()
    scenario.counts()

# SPDX-License-Identifier: GPL-2.0
"""SIGINT, SIGTERM, SIGHUP and --timeout end a run at once and take everything back, with an
error that says so; at the end of a run they come too late."""

import os
import random
import signal
import time

import trees
from processes import tree as members_of

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SEED = int(os.environ.get("SEED", time.time_ns() % 1000000))


def script(scenario, action):
    """Sleeps at one stage, and tells when it does."""
    path = scenario.path("sleep-at-" + action)
    with open(path, "w") as file:
        file.write(f'#!/bin/sh\n[ "$CRTOOLS_SCRIPT_ACTION" = {action} ] && touch {scenario.path("asleep")} && exec sleep 60\nexit 0\n')
    os.chmod(path, 0o755)
    return path


def started(scenario, command, *arguments):
    words = [scenario.program, command, "-D", scenario.path("images"), "-v4", "-o", command + ".log", *map(str, arguments)]
    with open(scenario.path(command + ".err"), "wb"):
        pass
    return scenario.start(words, command + ".err")


def ends_with(scenario, pid, command, *texts):
    begin = time.monotonic()
    status = os.waitstatus_to_exitcode(scenario.reaper.wait(pid, 10))
    said = open(scenario.path(command + ".err")).read()
    scenario.check(status == 1, f"{command} was to end with 1, not {status}: {said}")
    for text in (*texts, "hint:"):
        scenario.check(text in said, f"{command} does not say '{text}': {said}")
    return time.monotonic() - begin


def while_asleep(scenario, command, action, *arguments, signo):
    if os.path.exists(scenario.path("asleep")):
        os.unlink(scenario.path("asleep"))
    pid = started(scenario, command, "--action-script", script(scenario, action), *arguments)
    scenario.wait_for(lambda: os.path.exists(scenario.path("asleep")), "the script sleeps")
    os.kill(pid, signo)
    seconds = ends_with(scenario, pid, command, signo.name)
    scenario.check(seconds < 9, f"{command} took {seconds:.1f} s to end")


def test(scenario):
    program = trees.build(scenario.directory)
    choose = random.Random(SEED)
    tree = trees.Tree(scenario, program, "family")
    system = trees.system_state()

    for signo, action in zip(SIGNALS, ("pre-dump", "post-dump", "pre-dump")):
        while_asleep(scenario, "dump", action, "-t", tree.pid, signo=signo)
        tree.is_unchanged(f"after {signo.name} in {action}")
        left = [name for name in os.listdir(scenario.path("images")) if name.endswith(".part")]
        scenario.check(not left, f"images are left: {left}")
    pid = started(scenario, "dump", "--timeout", 1, "--action-script", script(scenario, "post-dump"), "-t", tree.pid)
    seconds = ends_with(scenario, pid, "dump", "1 seconds", "--timeout")
    scenario.check(0.9 < seconds < 9, f"--timeout 1 took {seconds:.1f} s")
    tree.is_unchanged("after a timeout")

    for number in range(20):  # at any moment
        signo, moment = choose.choice(SIGNALS), choose.uniform(0, 0.03)
        what = f"seed {SEED}: {signo.name} after {moment * 1000:.2f} ms"
        pid = started(scenario, "dump", "-R", "-t", tree.pid)
        time.sleep(moment)
        os.kill(pid, signo)
        status = scenario.reaper.wait(pid, 10)
        said = open(scenario.path("dump.err")).read()
        # Before the worker is forked nothing is to be taken back: the signal kills as it always did.
        scenario.check(status in (0, 256) or os.WIFSIGNALED(status), f"{what}: status {status}")
        scenario.check(status != 256 or signo.name in said, f"{what}: {said}")
        tree.is_unchanged(what)
    # Whoever ignores a signal (nohup, a background job) is not ended by it.
    pid = scenario.start(["sh", "-c", f"trap '' INT; exec {scenario.program} dump -R -t {tree.pid} -D {scenario.path('images')} "
                          f"--action-script {script(scenario, 'nothing')}"], "dump.err")
    os.kill(pid, signal.SIGINT)
    scenario.check(scenario.reaper.wait(pid, 10) in (0, 2), "an ignored SIGINT ended the dump")

    members = members_of(tree.pid)
    scenario.criu("dump", "-t", tree.pid)
    scenario.reaper.wait_gone(members, 10)
    scenario.reaper.ended.clear()
    for signo, action in zip(SIGNALS, ("setup-namespaces", "post-restore", "pre-resume")):
        while_asleep(scenario, "restore", action, "-d", signo=signo)
        scenario.reaper.reap()
        left = [pid for pid in members if os.path.exists(f"/proc/{pid}")]
        scenario.check(not left, f"after {signo.name} in {action} there are {left}")
    pid = started(scenario, "restore", "-d", "--timeout", 1, "--action-script", script(scenario, "post-restore"))
    ends_with(scenario, pid, "restore", "1 seconds", "--timeout")
    scenario.reaper.reap()
    scenario.check(not any(os.path.exists(f"/proc/{pid}") for pid in members), "something is left after the timeout")
    trees.check_system(system, trees.system_state(), "after signals")
    scenario.reaper.ended.clear()
    scenario.criu("restore", "-d", "--timeout", 20)
    tree.is_whole("at the end")

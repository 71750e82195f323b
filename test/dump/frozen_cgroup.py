# SPDX-License-Identifier: GPL-2.0
"""A tree in a cgroup that was frozen beforehand, of both generations: with --freeze-cgroup it is saved and the cgroup stays
frozen, whatever comes of the dump; without it the dump says what holds the tree, and leaves all as it is."""

import os
import time

FREEZERS = (("freezer", "freezer.state", "FROZEN", "THAWED"), ("unified", "cgroup.freeze", "1", "0"), ("", "cgroup.freeze", "1", "0"))


class Group:
    """A cgroup of the test's own."""

    def __init__(self, scenario, path, switch):
        self.scenario, self.path = scenario, path
        self.file, self.frozen, self.thawed = switch
        os.mkdir(path)

    def add(self, pid):
        with open(os.path.join(self.path, "cgroup.procs"), "w") as file:
            file.write(str(pid))

    def set(self, value):
        with open(os.path.join(self.path, self.file), "w") as file:
            file.write(value)
        self.scenario.wait_for(lambda: self.settled() == (value == self.frozen), "the cgroup does as it is told")

    def settled(self):
        with open(os.path.join(self.path, "cgroup.events" if self.file == "cgroup.freeze" else self.file)) as file:
            text = file.read()
        return "frozen 1" in text if self.file == "cgroup.freeze" else text.strip() == self.frozen

    def state(self):
        with open(os.path.join(self.path, self.file)) as file:
            return file.read().strip()

    def remove(self):
        with open(os.path.join(self.path, self.file), "w") as file:
            file.write(self.thawed)
        self.scenario.reaper.kill_all()
        os.rmdir(self.path)


def stands(scenario, group, numbers):
    """It is as it was: frozen, and nothing has run meanwhile."""
    scenario.check(group.state() == group.frozen, "the cgroup was thawed")
    scenario.check(scenario.numbers() == numbers, "the tree ran")
    time.sleep(0.1)
    scenario.check(scenario.numbers() == numbers, "the tree runs in a frozen cgroup")


def goes_on(scenario, group):
    group.set(group.thawed)
    scenario.counts()
    group.set(group.frozen)
    return scenario.numbers()


def without_the_option(scenario, group, pid):
    numbers = scenario.numbers()
    begin = time.monotonic()
    answer = scenario.criu("dump", "-t", pid, "-R", status=1)
    scenario.check(time.monotonic() - begin < 3, "it took long to see that the tree is frozen")
    scenario.says(answer, "frozen", f"--freeze-cgroup {group.path}")
    stands(scenario, group, numbers)
    return goes_on(scenario, group)


def script(scenario):
    """Lets a dump fail at its very end."""
    path = scenario.path("script")
    with open(path, "w") as file:
        file.write('#!/bin/sh\ntest "$CRTOOLS_SCRIPT_ACTION" != post-dump\n')
    os.chmod(path, 0o755)
    return path


def with_the_option(scenario, group, pid):
    numbers = scenario.numbers()
    scenario.criu("dump", "-t", pid, "-R", "--freeze-cgroup", group.path)
    stands(scenario, group, numbers)
    numbers = goes_on(scenario, group)
    scenario.criu("dump", "-t", pid, "--freeze-cgroup", group.path, "--action-script", script(scenario), status=1)
    stands(scenario, group, numbers)
    numbers = goes_on(scenario, group)
    scenario.criu("dump", "-t", pid, "--leave-stopped", "--freeze-cgroup", group.path)
    stands(scenario, group, numbers)
    group.set(group.thawed)
    scenario.wait_for(lambda: scenario.state(pid) == "T", "it is stopped")
    os.kill(pid, 18)
    scenario.counts()
    group.set(group.frozen)
    scenario.dump(pid, "--freeze-cgroup", group.path)
    scenario.check(group.state() == group.frozen, "the cgroup was thawed")


def below_a_frozen_one(scenario, outer, pid, switch):
    """Thawing the cgroup itself would be of no use."""
    inner = Group(scenario, os.path.join(outer.path, "inner"), switch)
    try:
        inner.add(pid)
        outer.set(outer.frozen)
        numbers = scenario.numbers()
        answer = scenario.criu("dump", "-t", pid, "-R", "--freeze-cgroup", inner.path, status=1)
        scenario.says(answer, "frozen", f"--freeze-cgroup {outer.path}")
        stands(scenario, outer, numbers)
        scenario.check(inner.state() != inner.frozen or switch[0] == "freezer.state", "the inner cgroup was frozen")
        scenario.criu("dump", "-t", pid, "-R", "--freeze-cgroup", outer.path)
        stands(scenario, outer, numbers)
        outer.set(outer.thawed)
        scenario.counts()
    finally:
        inner.remove()


def one_generation(scenario, path, switch):
    group = Group(scenario, path, switch)
    try:
        pid = scenario.counter()
        group.add(pid)
        group.set(group.frozen)
        without_the_option(scenario, group, pid)
        with_the_option(scenario, group, pid)
        group.set(group.thawed)
        scenario.restore()
        scenario.counts()
        below_a_frozen_one(scenario, group, pid, switch)
    finally:
        group.remove()
    os.unlink(scenario.path("numbers"))


def test(scenario):
    done = 0
    for place, *switch in FREEZERS:
        top = os.path.join("/sys/fs/cgroup", place)
        if not os.path.exists(os.path.join(top, "cgroup.procs")):
            continue
        one_generation(scenario, os.path.join(top, f"criu-test-{os.getpid()}"), switch)
        done += 1
    return None if done else "no cgroup file system is mounted"

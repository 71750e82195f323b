# SPDX-License-Identifier: GPL-2.0
"""Lets the n-th allocation, write, fork, ... of a dump and of a restore fail, for every n, over five
trees: after an error the tree runs on as it was, or nothing of it is left, and the system looks as before.
FAULTS: how many points are tried of each group (default 4, spread evenly; 0: all, `make faults`)."""

import os
import re
import shutil
import signal
import sys

import trees
from processes import Failure, read_text, tree as members_of
from scenario import ENVIRONMENT

GROUPS = ("allocation", "descriptor", "read", "write", "fork", "ptrace", "injected", "effect")
MOST = int(os.environ.get("FAULTS", "4"))


def criu(scenario, command, fault, *arguments):
    """(status, what it said)."""
    output = scenario.path(command + ".err")
    with open(output, "wb") as out, open(os.devnull, "rb") as null:
        status = scenario.reaper.run([scenario.program, command, "-D", scenario.path("images"), "-v4", "-o", command + ".log",
                                      *map(str, arguments)], 20, stdin=null, stdout=out, stderr=out,
                                     env={**ENVIRONMENT, "CRIU_FAULT": fault})
    return status, read_text(output)


def points(count):
    """Which of 1..count are tried. A few more: the number differs a little from run to run."""
    if MOST == 0 or count <= MOST:
        return range(1, count + 1)
    return sorted({1 + number * (count - 1) // (MOST - 1) for number in range(MOST)}) if MOST > 1 else [1 + count // 2]


def count_points(said):
    return int(re.search(r"criu: (\d+) fault points", said)[1])


def check_failure(status, said, what):
    if status not in (0, 1):
        raise Failure(f"{what}: status {status}: {said}")
    if "killed by signal" in said:
        raise Failure(f"{what}: {said}")
    if status == 1 and not re.search(r"(?m)^criu: (?!fault )|^Error ", said):
        raise Failure(f"{what}: it failed without a word: {said}")


class Tally:
    def __init__(self):
        self.tried = self.failed = self.tolerated = 0

    def note(self, status, said):
        self.tried += 1
        self.failed += status != 0
        self.tolerated += status == 0 and "criu: fault" in said

    def __str__(self):
        return f"{self.tried} points, {self.failed} ended the run, {self.tolerated} were done without"


def try_dump(scenario, tree, system, fault, tally):
    what = f"{tree.name}: dump with {fault}"
    trees.empty(scenario.path("images"))
    running = int(fault.split(":")[1]) % 2
    members = members_of(tree.pid)
    status, said = criu(scenario, "dump", fault, *(("-R",) if running else ()), "-t", tree.pid, *tree.options)
    tally.note(status, said)
    check_failure(status, said, what)
    if status == 0 and not running:
        scenario.reaper.wait_gone(members, 10)
        scenario.reaper.ended.clear()
        status, said = criu(scenario, "restore", "write:0", "-d", *tree.options)
        scenario.check(status == 0, f"{what}: the images cannot be restored: {said}")
        tree.is_whole(what + ", then restored")
        tree.before = trees.tree_state(tree.pid)
    else:
        tree.is_unchanged(what)
    left = [name for name in os.listdir(scenario.path("images")) if status and name.endswith(".part")]
    scenario.check(not left, f"{what}: images are left: {left}")
    trees.check_system(system, trees.system_state(tree.directory), what)


def try_restore(scenario, saved, fault, tally):
    what = f"{saved.tree.name}: restore with {fault}"
    saved.put_back()
    status, said = criu(scenario, "restore", fault, "-d", *saved.options)
    tally.note(status, said)
    check_failure(status, said, what)
    if status == 0:
        saved.tree.is_whole(what)
        saved.end_tree()
    else:
        trees.only_these(scenario, [], what)
    saved.nothing_new(what)


def start_anew(scenario, program, name):
    """After a failure, or when its files have become large."""
    left = members_of(os.getpid())[1:]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    scenario.reaper.wait_gone(left, 10)
    scenario.reaper.ended.clear()
    shutil.rmtree(scenario.path("tree." + name))
    return trees.Tree(scenario, program, name)


def sweep_dumps(scenario, program, name, tally, wrong):
    tree = trees.Tree(scenario, program, name)
    system = trees.system_state(tree.directory)
    for group in GROUPS:
        status, said = criu(scenario, "dump", f"{group}:0", "-R", "-t", tree.pid, *tree.options)
        scenario.check(status == 0, f"{name} is dumped without a fault: {said}")
        for number in points(count_points(said)):
            try:
                try_dump(scenario, tree, system, f"{group}:{number}", tally)
            except Failure as failure:
                wrong.append(str(failure))
                tree = start_anew(scenario, program, name)
                system = trees.system_state(tree.directory)


def sweep_restores(scenario, tree, tally, wrong):
    saved = trees.Saved(scenario, tree)
    for group in GROUPS:
        saved.put_back()
        status, said = criu(scenario, "restore", f"{group}:0", "-d", *saved.options)
        scenario.check(status == 0, f"{tree.name} is restored without a fault: {said}")
        saved.end_tree()
        saved.look()
        for number in points(count_points(said)):
            try:
                try_restore(scenario, saved, f"{group}:{number}", tally)
            except Failure as failure:
                wrong.append(str(failure))
                saved.end_tree()
                saved.look()


def test(scenario):
    program = trees.build(scenario.directory)
    wrong = []
    for name in os.environ.get("TREES", ",".join(trees.NAMES)).split(","):
        dumps, restores = Tally(), Tally()
        sweep_dumps(scenario, program, name, dumps, wrong)
        sweep_restores(scenario, start_anew(scenario, program, name), restores, wrong)
        print(f"# {name}: dump: {dumps}; restore: {restores}", file=sys.stderr)
    scenario.check(not wrong, f"{len(wrong)} points went wrong:\n" + "\n".join(wrong[:40]))

# SPDX-License-Identifier: GPL-2.0
"""criu gets SIGKILL at random moments. During a dump: the tree runs on by itself, as it was or but for a mapping that the
next criu removes. During a restore, also with --restore-sibling: nothing half-born stays, or the tree is complete. KILLS sets how many of each (default 40), SEED
repeats a run; `make kills` does 200."""

import os
import random
import signal
import sys
import time

import trees
from processes import Failure, tree as members_of

KILLS = int(os.environ.get("KILLS", "40"))
SEED = int(os.environ.get("SEED", time.time_ns() % 1000000))
# Who is hit: the process that was started, all of its process group (as timeout -s KILL does), the process that does the
# work of a dump, or all that there are of criu (as cgroup.kill and the end of a container do).
VICTIMS = os.environ.get("VICTIMS", "process,group,worker,everybody").split(",")
# Some system calls end with EINTR when a tracer comes. Nobody puts that right if it dies at that moment: calls of these trees may not fail.
SPARED = {"sleepers": ("worker", "everybody")} if "VICTIMS" not in os.environ else {}


def started(scenario, command, images, *arguments):
    words = [scenario.program, command, "-D", scenario.path(images), "-v4", "-o", command + ".log", *map(str, arguments)]
    return scenario.start(words, command + ".err")


def measure(scenario, command, *arguments):
    """Seconds that an undisturbed run takes."""
    begin = time.monotonic()
    pid = started(scenario, command, "images", *arguments)
    status = scenario.reaper.wait(pid, 60)
    scenario.check(status == 0, f"{command} works undisturbed: " + open(scenario.path(command + ".err")).read())
    return time.monotonic() - begin


def kill_all(victims, root):
    """By descriptors: the first that dies may take others along, whose numbers another test's processes then get."""
    handles = {}
    try:
        for one in victims:
            try:
                handles[one] = os.pidfd_open(one)
            except ProcessLookupError:
                pass
        members = members_of(root)
        for one in victims:
            if one in handles and one in members:
                try:
                    signal.pidfd_send_signal(handles[one], signal.SIGKILL)
                except ProcessLookupError:
                    pass
    finally:
        for handle in handles.values():
            os.close(handle)


def kill_at(scenario, pid, moment, victim):
    """True if it was still there."""
    begin = time.monotonic()
    while time.monotonic() - begin < moment:
        pass
    scenario.reaper.reap()
    if pid in scenario.reaper.ended:
        return False
    hit = {"process": [pid], "group": [], "worker": members_of(pid)[1:], "everybody": members_of(pid)}[victim]
    kill_all(hit, pid)
    if victim == "group":
        os.killpg(pid, signal.SIGKILL)
    status = scenario.reaper.wait(pid, 10)
    return status != 0


def put_right(scenario, tree, what):
    """Where several threads ran our code when its process was killed, a mapping stays until the next criu comes. True if so."""
    tree.is_whole(what)
    changed = tree.changes()
    if not changed or not all(" mapping " in line and "(nothing) ->" in line for line in changed):
        return False
    scenario.criu("dump", "-t", tree.pid, "-R", *tree.options)
    return True


def kill_dumps(scenario, tree, choose, count):
    duration = sorted(measure(scenario, "dump", "-t", tree.pid, "-R", *tree.options) for _ in range(5))[2]
    system = trees.system_state()
    hits = repaired = 0
    victims = [victim for victim in VICTIMS if victim not in SPARED.get(tree.name, ())]
    for number in range(count):
        moment, victim = choose.uniform(0, duration * 1.05), choose.choice(victims)
        trees.empty(scenario.path("images"))
        running = choose.random() < 0.5
        pid = started(scenario, "dump", "images", "-t", tree.pid, *(("-R",) if running else ()), *tree.options)
        hit = kill_at(scenario, pid, moment, victim)
        hits += hit
        what = f"after kill {number} of the {victim} {moment * 1000:.2f} ms into dump"
        trees.only_these(scenario, members_of(tree.pid), what)
        if not hit and not running or not os.path.exists(f"/proc/{tree.pid}"):
            # The dump was complete, so the tree had to go: it comes back.
            scenario.reaper.wait_gone([tree.pid], 10)
            scenario.check(os.path.exists(scenario.path("images", "inventory.img")), f"{tree.name} {what}: it is gone without images ({scenario.reaper.ended})")
            scenario.reaper.ended.clear()
            scenario.criu("restore", "-d", *tree.options)
            tree.is_whole(what)
            tree.before = trees.tree_state(tree.pid)
        else:
            if victim in ("worker", "everybody"):
                repaired += put_right(scenario, tree, what)
            tree.is_unchanged(what)
        trees.check_system(system, trees.system_state(), f"{tree.name} {what}")
    return hits, repaired


def kill_restores(scenario, tree, choose, count):
    saved = trees.Saved(scenario, tree)
    durations = []
    for _ in range(5):
        saved.put_back()
        begin = time.monotonic()
        scenario.criu("restore", "-d", *saved.options)
        durations.append(time.monotonic() - begin)
        saved.end_tree()
    duration = sorted(durations)[2]
    saved.look()
    hits = complete = 0
    for number in range(count):
        moment, sibling = choose.uniform(0, duration * 1.05), choose.random() < 0.3
        # A sibling is not below criu, so that "all" would not be all: it is the guardian that ends it.
        victim = choose.choice(("process", "group") if sibling else VICTIMS)
        saved.put_back()
        pid = started(scenario, "restore", "images", "-d", *(("--restore-sibling",) if sibling else ()), *saved.options)
        hit = kill_at(scenario, pid, moment, victim)
        hits += hit
        what = f"after kill {number} of the {victim} {moment * 1000:.2f} ms into restore{' of a sibling' if sibling else ''}"
        if saved.is_complete():
            complete += hit
            tree.is_whole(what)
            saved.end_tree()
        else:
            trees.only_these(scenario, [], f"{tree.name} {what}")
        saved.nothing_new(what)
    return hits, complete


def test(scenario):
    program = trees.build(scenario.directory)
    choose = random.Random(SEED)
    print(f"# seed {SEED}", file=sys.stderr)
    report = []
    try:
        for name in os.environ.get("TREES", ",".join(trees.NAMES)).split(","):
            tree = trees.Tree(scenario, program, name)
            share = -(-KILLS // len(trees.NAMES))
            dumps, repaired = kill_dumps(scenario, tree, choose, share)
            restores, complete = kill_restores(scenario, tree, choose, share)
            report.append(f"{name}: {share} kills of dump, {dumps} hit, {repaired} with a mapping left; {share} of restore, {restores} hit, "
                          f"{complete} after the tree was complete")
    except Failure as failure:
        raise Failure(f"seed {SEED}: {failure}") from None
    finally:
        print("".join(f"# {line}\n" for line in report), end="", file=sys.stderr)

# SPDX-License-Identifier: GPL-2.0
"""criu gets SIGKILL at random moments. During a dump: the tree runs on by itself. During a restore:
nothing half-born stays, or the tree is complete. KILLS sets how many of each (default 40), SEED
repeats a run; `make kills` does 200."""

import os
import random
import shutil
import signal
import sys
import time

import trees
from processes import Failure, tree as members_of

KILLS = int(os.environ.get("KILLS", "40"))
SEED = int(os.environ.get("SEED", time.time_ns() % 1000000))
# Who is hit: the process that was started, or all of its process group (as timeout -s KILL does).
VICTIMS = ("process", "group")


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


def kill_at(scenario, pid, moment, victim):
    """True if it was still there."""
    begin = time.monotonic()
    while time.monotonic() - begin < moment:
        pass
    scenario.reaper.reap()
    if pid in scenario.reaper.ended:
        return False
    (os.killpg if victim == "group" else os.kill)(pid, signal.SIGKILL)
    status = scenario.reaper.wait(pid, 10)
    return os.WIFSIGNALED(status)


def only_own_processes(scenario, allowed, what):
    """Nothing else below this test: what is left of criu ends soon."""
    def left():
        scenario.reaper.reap()
        return [pid for pid in members_of(os.getpid())[1:] if pid not in allowed]
    try:
        scenario.wait_for(lambda: not left(), what)
    except Failure:
        names = [(pid, open(f"/proc/{pid}/comm").read().strip(), open(f"/proc/{pid}/stat").read().split(")")[1][:3]) for pid in left()]
        raise Failure(f"{what}: there still are {names}") from None


def kill_dumps(scenario, tree, choose, count):
    duration = max(measure(scenario, "dump", "-t", tree.pid, "-R", *tree.options) for _ in range(2))
    system = trees.system_state("/run")
    hits = 0
    for number in range(count):
        moment, victim = choose.uniform(0, duration * 1.05), choose.choice(VICTIMS)
        shutil.rmtree(scenario.path("images"))
        os.makedirs(scenario.path("images"))
        running = choose.random() < 0.5
        pid = started(scenario, "dump", "images", "-t", tree.pid, *(("-R",) if running else ()), *tree.options)
        hit = kill_at(scenario, pid, moment, victim)
        hits += hit
        what = f"after kill {number} of the {victim} {moment * 1000:.2f} ms into dump"
        only_own_processes(scenario, members_of(tree.pid), what)
        if not hit and not running or not os.path.exists(f"/proc/{tree.pid}"):
            # The dump was complete, so the tree had to go: it comes back.
            scenario.reaper.wait_gone([tree.pid], 10)
            scenario.check(os.path.exists(scenario.path("images", "inventory.img")), f"{tree.name} {what}: it is gone without images")
            scenario.reaper.ended.clear()
            scenario.criu("restore", "-d", *tree.options)
            tree.is_whole(what)
            tree.before = trees.tree_state(tree.pid)
        else:
            tree.is_unchanged(what)
        trees.check_system(system, trees.system_state("/run"), f"{tree.name} {what}")
    return hits


def kill_restores(scenario, tree, choose, count):
    """The images are of one dump; the files of the tree are those of that moment each time."""
    shutil.rmtree(scenario.path("images"))
    os.makedirs(scenario.path("images"))
    members = members_of(tree.pid)
    scenario.criu("dump", "-t", tree.pid, *tree.options)
    scenario.reaper.wait_gone(members, 10)
    scenario.reaper.ended.clear()
    saved = scenario.path("saved")
    shutil.rmtree(saved, ignore_errors=True)
    shutil.copytree(tree.directory, saved, ignore=lambda place, names: [name for name in names if name in ("fifo", "server")])
    rules = trees.quiet(["nft", "list", "ruleset"])

    def put_back():
        for name in os.listdir(saved):
            shutil.copy(os.path.join(saved, name), os.path.join(tree.directory, name))
        scenario.reaper.ended.clear()
        if tree.options and rules != trees.quiet(["nft", "list", "ruleset"]):
            raise Failure("the lock of the connections is gone")

    def end_tree():
        left = [pid for pid in members_of(os.getpid())[1:]]
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        scenario.reaper.wait_gone(left, 10)
        scenario.reaper.ended.clear()

    options = [*tree.options]
    if tree.options:
        # A restore ends the lock that the dump has left: with it gone, the ends would reset each other.
        options = ["--tcp-close"]
    duration = 0
    for _ in range(2):
        begin = time.monotonic()
        scenario.criu("restore", "-d", *options)
        duration = max(duration, time.monotonic() - begin)
        end_tree()
    rules = trees.quiet(["nft", "list", "ruleset"])
    system = trees.system_state(tree.directory, "/run")
    hits = half = 0
    for number in range(count):
        moment, victim = choose.uniform(0, duration * 1.05), choose.choice(VICTIMS)
        put_back()
        pid = started(scenario, "restore", "images", "-d", *options)
        hit = kill_at(scenario, pid, moment, victim)
        hits += hit
        what = f"after kill {number} of the {victim} {moment * 1000:.2f} ms into restore"
        if hit:
            time.sleep(0.02)  # what takes back what criu did needs a moment
            scenario.reaper.reap()
        if os.path.exists(f"/proc/{tree.pid}") and settled(scenario, tree, members):
            half += hit
            if not tree.options:
                tree.is_whole(what)
            end_tree()
        else:
            only_own_processes(scenario, [], f"{tree.name} {what}")
        trees.check_system(system, trees.system_state(tree.directory, "/run"), f"{tree.name} {what}")
    put_back()
    return hits, half


def settled(scenario, tree, members):
    """Everybody is there, and nobody else: not only for a moment."""
    for _ in range(200):
        scenario.reaper.reap()
        now = set(members_of(os.getpid())[1:])
        if not now:
            return False
        if now == set(members) and all(os.path.exists(f"/proc/{pid}/exe") for pid in [tree.pid]) and \
                "dump-worker" not in str(now) and os.readlink(f"/proc/{tree.pid}/exe").endswith("/tree"):
            time.sleep(0.05)
            scenario.reaper.reap()
            return set(members_of(os.getpid())[1:]) == set(members)
        time.sleep(0.005)
    return False


def test(scenario):
    program = trees.build(scenario.directory)
    choose = random.Random(SEED)
    print(f"# seed {SEED}", file=sys.stderr)
    report = []
    try:
        for name in os.environ.get("TREES", ",".join(trees.NAMES)).split(","):
            tree = trees.Tree(scenario, program, name)
            share = -(-KILLS // len(trees.NAMES))
            dumps = kill_dumps(scenario, tree, choose, share)
            restores, complete = kill_restores(scenario, tree, choose, share)
            report.append(f"{name}: {share} kills of dump, {dumps} hit; {share} of restore, {restores} hit, "
                          f"{complete} after the tree was complete")
    except Failure as failure:
        raise Failure(f"seed {SEED}: {failure}") from None
    finally:
        print("".join(f"# {line}\n" for line in report), end="", file=sys.stderr)

# SPDX-License-Identifier: GPL-2.0
"""Five trees that notice damage, and what the system looks like besides them: for tests that
let criu fail or die and then ask whether anything is different."""

import os
import re
import shutil
import signal
import subprocess
import time

from processes import CLONE_NEWNS, MS_PRIVATE, MS_REC, Failure, libc, read_text, stat_fields, tree as members_of
from state import differences, tree_state

CLONE_NEWNET = 0x40000000
MS_BIND = 4096
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "trees/tree.c")
WORKERS = {"registers": 3, "family": 5, "sleepers": 6, "sockets": 2, "deleted": 1}
NAMES = tuple(WORKERS)
OPTIONS = {"sockets": ("--tcp-established",)}
# What changes all the time in a program that runs.
MOVING = (r" fd \d+: .*", r" (SigPnd|ShdPnd|timers)", r" state:", r"thread \d+ (SigPnd|SigBlk)")


def cover(place):
    """An empty file system there; where the tests themselves are below it, they stay."""
    kept = os.open(TOP, os.O_PATH) if TOP.startswith(place + "/") else None
    results = [libc.mount(b"tmpfs", place.encode(), b"tmpfs", 0, None)]
    if kept is not None:
        os.makedirs(TOP)
        results.append(libc.mount(f"/proc/self/fd/{kept}".encode(), TOP.encode(), None, MS_BIND, None))
        os.close(kept)
    return results


def be_alone():
    """Nobody else makes temporary files or rules while we look."""
    results = [libc.unshare(CLONE_NEWNS | CLONE_NEWNET), libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)]
    for place in ("/tmp", "/dev/shm", "/run"):
        results += cover(place)
    if any(results):
        raise OSError("own namespaces")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def empty(directory):
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)


def build(directory):
    be_alone()
    # Hundreds of image sets: nobody waits for the disk here.
    if libc.mount(b"tmpfs", os.path.join(directory, "images").encode(), b"tmpfs", 0, None):
        raise OSError("a file system for the images")
    program = os.path.join(directory, "tree")
    subprocess.run(["gcc", "-O1", "-pthread", "-o", program, SOURCE], check=True)
    return program


class Tree:
    """One of them, in a directory of its own."""

    def __init__(self, scenario, program, name):
        self.scenario, self.name, self.directory = scenario, name, scenario.path("tree." + name)
        self.options = OPTIONS.get(name, ())
        self.read = {}  # {name of a progress file: (bytes, lines)}
        os.makedirs(self.directory)
        self.pid = scenario.start([program, name], os.path.join(self.directory, "output"), cwd=self.directory)
        scenario.wait_for(lambda: len(self.progress()) == WORKERS[name] and all(v > 3 for v in self.progress().values()), f"{name} works")
        self.before = tree_state(self.pid)
        self.files = sorted(os.listdir(self.directory))

    def progress(self):
        """{name: last number}; a Failure if a number is missing or there twice."""
        return {name: self.read_progress(name) for name in os.listdir(self.directory) if name.startswith("progress.")}

    def read_progress(self, name):
        """Hundreds of thousands of lines after some time: those that were right are not read again."""
        path = os.path.join(self.directory, name)
        offset, count = self.read.get(name, (0, 0))
        if os.path.getsize(path) < offset:  # the tree was put back to an earlier moment
            offset = count = 0
        with open(path, "rb") as file:
            file.seek(offset)
            text = file.read()
        text = text[:text.rfind(b"\n") + 1]
        for number, line in enumerate(text.split(b"\n")[:-1], count + 1):
            if line != b"%d" % number:
                raise Failure(f"{self.name}: {name} has {line} in line {number}")
            count = number
        self.read[name] = offset + len(text), count
        return count

    def is_whole(self, what):
        """It runs on, nothing is wrong in it, and nothing strange is at it."""
        path = os.path.join(self.directory, "broken")
        if os.path.exists(path):
            raise Failure(f"{self.name} {what}: {read_text(path)}")
        before = self.progress()
        if stat_fields(self.pid) is None or stat_fields(self.pid)[0] in "ZX":
            raise Failure(f"{self.name} {what}: it is dead")
        self.scenario.wait_for(lambda: all(self.progress()[name] > before[name] for name in before),
                               f"{self.name} {what}: it runs on ({before})")
        if os.path.exists(path):
            raise Failure(f"{self.name} {what}: {read_text(path)}")

    def changes(self):
        changed = differences(self.before, tree_state(self.pid), MOVING)
        if changed:  # caught in the middle of something?
            changed = differences(self.before, tree_state(self.pid), MOVING)
        return changed

    def is_unchanged(self, what):
        self.is_whole(what)
        changed = self.changes()
        if changed:
            raise Failure(f"{self.name} {what}:\n" + "\n".join(changed[:12]))
        files = sorted(os.listdir(self.directory))
        if files != self.files:
            raise Failure(f"{self.name} {what}: files {sorted(set(files) ^ set(self.files))}")


def quiet(words):
    try:
        return subprocess.run(words, capture_output=True, text=True).stdout
    except OSError:
        return ""


def processes():
    """All there are, but for what begins or ends by itself: kernel threads and this process's tools."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        fields = stat_fields(name)
        if fields and fields[0] not in "ZX":
            try:
                found[int(name)] = read_text(f"/proc/{name}/comm").strip()
            except OSError:
                pass
    return found


def system_state(*directories):
    """{name: text} of what criu could leave behind outside of the tree."""
    state = {
        "mounts": read_text("/proc/self/mountinfo"),
        "interfaces": re.sub(r"(?m)^\s+(RX|TX).*", "", quiet(["ip", "-o", "link"])),
        "nftables": re.sub(r"(?m) # .*$|counter packets \d+ bytes \d+", "", quiet(["nft", "list", "ruleset"])),
        "iptables": re.sub(r"(?m)^#.*$|\[\d+:\d+\]", "", quiet(["iptables-save"])),
        "notes": "\n".join(sorted(name for name in os.listdir("/run") if name.startswith("criu-"))),
        "shared memory": "\n".join(sorted(os.listdir("/dev/shm"))),
        "temporary files": "\n".join(sorted(os.listdir("/tmp"))),
    }
    for directory in directories:
        state["files in " + directory] = "\n".join(sorted(os.listdir(directory)))
    return state


def check_system(before, after, what):
    for name in before:
        if before[name] != after[name]:
            old, new = before[name].splitlines(), after[name].splitlines()
            raise Failure(f"{what}: {name}: gone {[x for x in old if x not in new][:5]}, new {[x for x in new if x not in old][:5]}")


def only_these(scenario, allowed, what):
    """Nothing else runs below this test; what is left of criu ends soon."""
    def left():
        scenario.reaper.reap()
        return [pid for pid in members_of(os.getpid())[1:] if pid not in allowed]
    try:
        scenario.wait_for(lambda: not left(), what)
    except Failure:
        names = [(pid, quiet(["cat", f"/proc/{pid}/comm"]).strip(), (stat_fields(pid) or "?")[0]) for pid in left()]
        raise Failure(f"{what}: there still are {names}") from None


class Saved:
    """A tree that is only in its images: it can be restored again and again, from the files of that moment."""

    def __init__(self, scenario, tree):
        self.scenario, self.tree = scenario, tree
        self.options = tree.options
        self.copies = scenario.path("saved." + tree.name)
        empty(scenario.path("images"))
        self.members = members_of(tree.pid)
        scenario.criu("dump", "-t", tree.pid, *tree.options)
        scenario.reaper.wait_gone(self.members, 10)
        shutil.copytree(tree.directory, self.copies, ignore=lambda place, names: {"fifo", "server"} & set(names))
        self.look()

    def look(self):
        self.system = system_state(self.tree.directory)

    def put_back(self):
        for name in os.listdir(self.copies):
            shutil.copy(os.path.join(self.copies, name), os.path.join(self.tree.directory, name))
        self.scenario.reaper.ended.clear()

    def end_tree(self):
        left = members_of(os.getpid())[1:]
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.scenario.reaper.wait_gone(left, 10)
        self.scenario.reaper.ended.clear()

    def is_complete(self):
        """Everybody is there, and nobody else, and not only for a moment. False: nobody is."""
        def all_there():
            self.scenario.reaper.reap()
            return set(members_of(os.getpid())[1:]) == set(self.members)
        for _ in range(300):
            if all_there() and quiet(["readlink", f"/proc/{self.tree.pid}/exe"]).strip().endswith("/tree"):
                time.sleep(0.05)
                return all_there()
            if len(members_of(os.getpid())) == 1:
                return False
            time.sleep(0.005)
        return False

    def nothing_new(self, what):
        check_system(self.system, system_state(self.tree.directory), f"{self.tree.name} {what}")

# SPDX-License-Identifier: GPL-2.0
"""The disk is full, the quota used up, files may not become larger, the directory cannot be written to: the dump fails
and says so with a hint, the older images in the directory are untouched, nothing is left behind, and the tree goes on."""

import os
import shutil

MEMORY = "$| = 1; my $m = ''; $m .= pack('d*', map { rand } 1 .. 4096) for 1 .. 600; " \
         "while (1) { print ++$i, qq(\\n); select undef, undef, undef, 0.01 }"  # about 20 MiB that are not alike


def content(directory):
    found = {}
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), "rb") as file:
            found[name] = file.read()
    return found


def refused(scenario, pid, images, *texts, older=None, **settings):
    """A dump that fails; what the directory had is still there and nothing else."""
    before = content(scenario.path(images)) if older else None
    answer = scenario.criu("dump", "-t", pid, images=images, log=scenario.path("log"), status=1, **settings)
    scenario.says(answer, *texts)
    scenario.counts()
    if older:
        after = content(scenario.path(images))
        scenario.check(after.keys() == before.keys(), f"{set(after) ^ set(before)} came or went")
        scenario.check(after == before, "the older images have changed")
    else:
        scenario.check(not [name for name in os.listdir(scenario.path(images)) if name != "lost+found"],
                       f"left behind: {os.listdir(scenario.path(images))}")


def with_older(scenario, older, images):
    shutil.copytree(older, scenario.path(images), dirs_exist_ok=True)


def mounted(scenario, name, *words):
    os.makedirs(scenario.path(name), exist_ok=True)
    return scenario.reaper.run(["mount", *words, scenario.path(name)], 10) == 0


def test(scenario):
    # An older set, of another program.
    other = scenario.start(["sleep", "1000"])
    scenario.dump(other, images="older")
    older = scenario.path("older")
    for name in ("stats-dump", "dump.log"):
        os.unlink(os.path.join(older, name))

    pid = scenario.start(["perl", "-e", MEMORY], "numbers")
    scenario.wait_for(lambda: len(scenario.numbers()) > 3, "the counter counts")

    for size in (100, 1000, 4000, 12000):  # KiB: at the first image, amid the pages
        if mounted(scenario, "tiny", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs"):
            try:
                refused(scenario, pid, "tiny", "No space left", "Make room")
                leave_running(scenario, pid, "tiny")
                if size >= 1000:
                    with_older(scenario, older, "tiny")
                    refused(scenario, pid, "tiny", "No space left", "MiB left", older=True)
            finally:
                scenario.reaper.run(["umount", scenario.path("tiny")], 10)

    # A real file system, where blocks are reserved, and found to be missing, in other places.
    with open(scenario.path("disk"), "wb") as disk:
        disk.truncate(8 << 20)
    if scenario.reaper.run(["mkfs.ext4", "-q", "-F", "-O", "^has_journal", scenario.path("disk")], 10) == 0 and \
            mounted(scenario, "ext4", "-o", "loop", scenario.path("disk")):
        try:
            refused(scenario, pid, "ext4", "No space left", "Make room")
        finally:
            scenario.reaper.run(["umount", scenario.path("ext4")], 10)

    # A quota that holds for root, too.
    with open(scenario.path("quota.disk"), "wb") as disk:
        disk.truncate(256 << 20)
    if shutil.which("mkfs.btrfs") and scenario.reaper.run(["mkfs.btrfs", "-q", scenario.path("quota.disk")], 10) == 0 and \
            mounted(scenario, "quota", "-o", "loop", scenario.path("quota.disk")):
        try:
            for words in (("quota", "enable"), ("qgroup", "limit", "6M")):
                scenario.check(scenario.reaper.run(["btrfs", *words, scenario.path("quota")], 10) == 0, "btrfs " + words[0])
            refused(scenario, pid, "quota", "Disk quota exceeded", "quota of the images directory")
            with_older(scenario, older, "quota")
            refused(scenario, pid, "quota", "Disk quota exceeded", older=True)
        finally:
            scenario.reaper.run(["umount", scenario.path("quota")], 10)

    # A limit of file sizes, which sends a signal, too.
    os.makedirs(scenario.path("limited"))
    refused(scenario, pid, "limited", "File too large", "ulimit -f", before=("prlimit", "--fsize=1000000"))
    with_older(scenario, older, "limited")
    refused(scenario, pid, "limited", "File too large", "pages", older=True, before=("prlimit", "--fsize=1000000"))

    # A file system that is only to be read.
    with_older(scenario, older, "readonly")
    if mounted(scenario, "readonly", "--bind", scenario.path("readonly")):
        try:
            scenario.reaper.run(["mount", "-o", "remount,bind,ro", scenario.path("readonly")], 10)
            refused(scenario, pid, "readonly", "Read-only file system", older=True)
        finally:
            scenario.reaper.run(["umount", scenario.path("readonly")], 10)

    # And with room it works.
    scenario.dump(pid)
    scenario.restore()
    scenario.counts()
    scenario.end(pid)
    scenario.restore(images="older", log=scenario.path("log"))
    scenario.check(scenario.state(other) == "S", "the older images are of no use any more")


def leave_running(scenario, pid, images):
    answer = scenario.criu("dump", "-t", pid, "--leave-running", images=images, log=scenario.path("log"), status=1)
    scenario.says(answer, "No space left")
    scenario.counts()
    scenario.check(not os.listdir(scenario.path(images)), f"left behind: {os.listdir(scenario.path(images))}")

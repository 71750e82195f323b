# SPDX-License-Identifier: GPL-2.0
"""A set of images is complete, or named incomplete: a new set replaces an older one as a whole, the rest of an interrupted dump
is never taken for images, and two dumps do not write into one directory."""

import fcntl
import os
import shutil
import subprocess
import time

from processes import children


def names(scenario, directory="images"):
    return {name for name in os.listdir(scenario.path(directory)) if name.endswith((".img", ".part"))}


def without_waiting(scenario):
    """--no-sync: the same set, and nobody waits for the disk."""
    pid = scenario.counter()
    images = scenario.path("unsynced")
    os.makedirs(images)
    scenario.dump(pid, "--no-sync", images="unsynced", before=("strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,syncfs,sync_file_range", "-o",
                                                               scenario.path("trace"))) if shutil.which("strace") else \
        scenario.dump(pid, "--no-sync", images="unsynced")
    if shutil.which("strace"):
        scenario.check("sync" not in open(scenario.path("trace")).read(), "it waited for the disk")
    scenario.restore(images="unsynced")
    scenario.counts()
    scenario.end(pid)
    os.unlink(scenario.path("numbers"))


def test(scenario):
    without_waiting(scenario)
    crit = os.path.join(os.path.dirname(scenario.program), "crit")

    def verify(directory, status):
        result = subprocess.run([crit, "verify", scenario.path(directory)], capture_output=True, text=True)
        scenario.check(result.returncode == status, f"crit verify {directory}: {result}")
        return result.stdout + result.stderr

    # Many processes, then one: what only the first set has goes.
    many = scenario.start(["bash", "-c", "sleep 1000 | sleep 1000 | sleep 1000 & wait"])
    scenario.wait_for(lambda: len(children(many)) == 3, "four processes")
    # What a dump leaves that was interrupted, the images of another, files of other people.
    for name in ("core-77.img.part", "inventory.img.part", "core-78.img", "my-notes.img", "core-x.img", "cpuinfo.img"):
        with open(scenario.path("images", name), "w") as file:
            file.write("old")
    answer = scenario.restore(status=1)
    scenario.says(answer, "incomplete", "inventory.img is missing", "unfinished")
    scenario.check("incomplete" in verify("images", 1), "crit does not say it")
    scenario.dump(many)
    first = names(scenario)
    scenario.check(not {"core-77.img.part", "inventory.img.part", "core-78.img"} & first, f"old images are left: {first}")
    scenario.check({"my-notes.img", "core-x.img", "cpuinfo.img"} <= first, f"files of others are gone: {first}")
    os.unlink(scenario.path("images/cpuinfo.img"))
    verify("images", 0)
    shutil.copytree(scenario.path("images"), scenario.path("first"))
    pid = scenario.counter()
    scenario.dump(pid)
    second = names(scenario)
    scenario.check(not any(name.startswith(f"core-{many}") for name in second), f"old images are left: {second}")
    scenario.check(len(second) < len(first), f"{second} after {first}")
    verify("images", 0)
    scenario.restore()
    scenario.counts()

    # Each image that is missing is missed, by name, before anything else is said.
    for name in sorted(names(scenario) - {"my-notes.img", "core-x.img", "inventory.img", "checksums.img"}):
        shutil.rmtree(scenario.path("damaged"), ignore_errors=True)
        shutil.copytree(scenario.path("images"), scenario.path("damaged"))
        os.unlink(scenario.path("damaged", name))
        answer = scenario.restore(images="damaged", status=1)
        scenario.says(answer, "incomplete", f"{name} is missing")
        scenario.check(f"{name} is missing" in verify("damaged", 1), "crit does not say it")

    # Somebody writes there already.
    directory = os.open(scenario.path("images"), os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    answer = scenario.criu("dump", "-t", pid, log=scenario.path("log"), status=1)
    scenario.says(answer, "another criu is writing images")
    os.close(directory)
    scenario.counts()

    # A dump that is killed leaves the older set as it was, or one that is named incomplete; the next one cleans up.
    for delay in (0.001, 0.002, 0.003, 0.004, 0.006, 0.008, 0.01, 0.015):
        victim = scenario.start(["sleep", "1000"])
        process = subprocess.Popen([scenario.program, "dump", "-t", str(victim), "-D", scenario.path("images")],
                                   stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.kill()
        process.wait()
        lock = os.open(scenario.path("images"), os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)  # nobody of that run writes any more
        os.close(lock)
        if "inventory.img" in names(scenario):
            verify("images", 0)
        else:
            scenario.check("incomplete" in verify("images", 1), "it is not named incomplete")
    scenario.criu("dump", "-R", "-t", pid)
    scenario.check(not [name for name in names(scenario) if name.endswith(".part")], f"left over: {names(scenario)}")
    verify("images", 0)
    scenario.counts()

    # Images of CRIU 4.2 have no checksums.
    os.unlink(scenario.path("images/checksums.img"))
    scenario.check("no checksums" in verify("images", 0), "a set without checksums")
    scenario.end(pid)
    scenario.restore()
    scenario.check(scenario.state(pid) in ("R", "S"), "a set without checksums is not restored")

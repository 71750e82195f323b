# SPDX-License-Identifier: GPL-2.0
"""Locks that processes outside of the tree hold too, wait for, or have when the tree wants its own back."""

import fcntl
import os
import struct

from processes import read_text

HOLDER = """import fcntl, os, signal, sys, time
file = open(sys.argv[1], 'a')
fcntl.lockf(file, fcntl.LOCK_EX) if sys.argv[2] == 'posix' else fcntl.flock(file, fcntl.LOCK_EX)
print('has it', flush=True)
signal.pause()
"""
# Takes the lock, then a child in a session of its own has the same description.
PARENT = """import fcntl, os, signal, sys
file = open(sys.argv[1], 'a')
fcntl.flock(file, fcntl.LOCK_EX)
child = os.fork()
if child == 0:
    os.setsid()
else:
    print(child, flush=True)
while True: signal.pause()
"""


def start(scenario, program, *arguments, output="output"):
    pid = scenario.start(["python3", "-c", program, *arguments], output)
    scenario.wait_for(lambda: read_text(scenario.path(output)).endswith("\n"), "it has the lock")
    return pid


def held_too(scenario):
    parent = start(scenario, PARENT, scenario.path("shared"), output="child")
    child = int(read_text(scenario.path("child")))
    scenario.wait_for(lambda: os.getsid(child) == child, "a session of its own")
    answer = scenario.criu("dump", "-t", child, "-l", status=1)
    scenario.says(answer, f"process {parent} outside of the tree holds the flock lock on {scenario.path('shared')} too")
    scenario.wait_for(lambda: scenario.state(child) == "S", "it runs on")
    os.kill(child, 9)
    scenario.end(parent)


# Like a shell whose command locks a descriptor of it: an OFD lock tells of no process.
INHERITED = """import fcntl, os, signal, struct, sys
file = open(sys.argv[1], 'a')
child = os.fork()
if child == 0:
    os.setsid()
    fcntl.fcntl(file, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)) # F_OFD_SETLK
    print(os.getpid(), flush=True)
while True: signal.pause()
"""


def held_by_parent(scenario):
    parent = start(scenario, INHERITED, scenario.path("inherited"), output="inheriting")
    child = int(read_text(scenario.path("inheriting")))
    scenario.says(scenario.criu("dump", "-t", child, "-l", status=1),
                  f"process {parent} outside of the tree holds the OFD lock on {scenario.path('inherited')} too")
    os.kill(child, 9)
    scenario.end(parent)


def waited_for(scenario, kind):
    name = scenario.path("waited-" + kind)
    pid = start(scenario, HOLDER, name, kind, output=kind)
    waiter = scenario.start(["python3", "-c", HOLDER, name, kind], kind + ".waiter")
    scenario.wait_for(lambda: f" -> " in read_text("/proc/locks") and f" {waiter} " in read_text("/proc/locks"), "it waits")
    scenario.says(scenario.criu("dump", "-t", pid, "-l", status=1),
                  f"process {waiter} outside of the tree waits for the {'POSIX' if kind == 'posix' else 'flock'} lock")
    scenario.end(waiter)
    scenario.dump(pid, "-l")
    # Somebody has taken it meanwhile.
    with open(name, "a") as file:
        if kind == "posix":
            fcntl.fcntl(file, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
        else:
            fcntl.flock(file, fcntl.LOCK_EX)
        scenario.says(scenario.restore("-l", status=1), "cannot be taken again")
    scenario.restore()
    try:
        with open(name, "a") as file:
            (fcntl.lockf if kind == "posix" else fcntl.flock)(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        scenario.check(False, "the lock is gone")
    except BlockingIOError:
        pass
    scenario.end(pid)


def test(scenario):
    held_too(scenario)
    held_by_parent(scenario)
    waited_for(scenario, "posix")
    waited_for(scenario, "flock")

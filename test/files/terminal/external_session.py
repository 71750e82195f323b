# SPDX-License-Identifier: GPL-2.0
"""--external tty[...] and --inherit-fd for a whole session whose terminal is outside of the tree: a pseudo terminal of
somebody else, a virtual console, the console. The restored session has the given terminal, with its foreground group,
and /dev/tty leads there."""

import fcntl
import os
import pty
import select
import termios
import time
import tty

from processes import own_terminals

# Leads a session on the terminal it is given, and has it open a second time as /dev/tty.
PROGRAM = """
import fcntl, os, signal, sys, termios, time
fd = int(sys.argv[1])
own = os.open("/dev/tty", os.O_RDWR) if len(sys.argv) > 2 else fd
signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
print("ready", flush=True)
while True:
    time.sleep(0.02)
    os.write(own, b"x")
"""


def leads(fd):
    return lambda: (fcntl.ioctl(fd, termios.TIOCSCTTY, 0))


def start(scenario, slave, name, *words):
    output = name + ".out"
    pid = scenario.start(["python3", "-c", PROGRAM, str(slave), *words], output, pass_fds=(slave,), close_fds=True,
                         preexec_fn=leads(slave))
    scenario.wait_for(lambda: "ready" in open(scenario.path(output)).read(), "it runs")
    return pid


def terminal_of(pid):
    return int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[4])


def comes(scenario, master, what):
    end = time.monotonic() + 10
    seen = b""
    while what not in seen:
        scenario.check(time.monotonic() < end, f"no {what} but {seen}")
        if select.select([master], [], [], 1)[0]:
            seen += os.read(master, 1000)


def move(scenario, slave, name, *words):
    """Dumps a session on this terminal and restores it on a new pseudo terminal."""
    pid = start(scenario, slave, name, *words)
    stat = os.fstat(slave)
    key = f"tty[{stat.st_rdev:x}:{stat.st_dev:x}]"
    os.makedirs(scenario.path(name))
    scenario.says(scenario.criu("dump", "-t", pid, status=1, images=name), key)
    scenario.dump(pid, "--external", key, images=name)
    scenario.says(scenario.restore(status=1, images=name), key, "--inherit-fd")
    master, other = pty.openpty()
    scenario.restore("--inherit-fd", f"fd[{other}]:{key}", pass_fds=[other], close_fds=True, images=name)
    comes(scenario, master, b"x")
    scenario.check(terminal_of(pid) == os.fstat(other).st_rdev, "the session has the new terminal")
    os.write(master, b"\003")
    scenario.wait_for(lambda: "interrupted" in open(scenario.path(name + ".out")).read(), "^C reaches it")
    scenario.end(pid)
    os.close(master)
    os.close(other)


def test(scenario):
    own_terminals()
    master, slave = pty.openpty()
    move(scenario, slave, "pty")
    move(scenario, slave, "current", "and /dev/tty")
    for path in ("/dev/tty9", "/dev/console"):
        for words in ([], ["and /dev/tty"]):
            try:
                fd = os.open(path, os.O_RDWR | os.O_NOCTTY)  # the end of a session hangs it up
            except OSError:
                continue  # a machine without
            move(scenario, fd, os.path.basename(path) + str(len(words)), *words)
            os.close(fd)

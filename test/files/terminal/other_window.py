# SPDX-License-Identifier: GPL-2.0
"""--shell-job: a job of a shell is dumped in one terminal and restored in another, of another size: it has that
size and is told so; it is the foreground group there, with the settings it had made."""

import fcntl
import os
import pty
import signal
import struct
import termios
import traceback

from processes import own_terminals, read_text

PROGRAM = """
import os, signal, sys, termios, time, tty
tty.setraw(0)
def changed(signo, frame):
    with open('sizes', 'a') as file: print(*os.get_terminal_size(0), file=file)
signal.signal(signal.SIGWINCH, changed)
open('ready', 'w').close()
while True: signal.pause()
"""


def set_size(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def take(slave):
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


def in_window(scenario, rows, columns, job):
    """A process that is a shell in a window of its own: runs job(slave) in it; ends with its success."""
    master, slave = pty.openpty()
    set_size(slave, rows, columns)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            take(slave)
            job(slave)
            status = 0
        except Exception:
            with open(scenario.path("failure"), "w") as file:
                traceback.print_exc(file=file)
        finally:
            os._exit(status)
    status = scenario.reaper.wait(pid, 30)
    scenario.check(status == 0, read_text(scenario.path("failure")) if status else "")
    return master, slave


def test(scenario):
    own_terminals()
    words = scenario.path("pid")

    def first(slave):
        job = scenario.reaper.start(["python3", "-c", PROGRAM], stdin=slave, stdout=slave, stderr=slave,
                                    cwd=scenario.directory, preexec_fn=lambda: os.setpgid(0, 0))
        os.tcsetpgrp(slave, job)
        scenario.wait_for(lambda: os.path.exists(scenario.path("ready")), "the job runs")
        with open(words, "w") as file:
            file.write(str(job))
        scenario.dump(job, "--shell-job")

    def second(slave):
        job = int(open(words).read())
        scenario.restore("--shell-job", stdin=slave, stdout=slave, stderr=slave)
        scenario.check(os.tcgetpgrp(slave) == job, "it is in the foreground")
        scenario.check(not termios.tcgetattr(slave)[3] & termios.ICANON, "it has its settings")
        scenario.wait_for(lambda: os.path.exists(scenario.path("sizes")), "it is told of the size")
        sizes = open(scenario.path("sizes")).read().split()
        scenario.check(sizes[:2] == ["101", "51"], f"it has the size {sizes}")
        scenario.end(job)

    in_window(scenario, 24, 80, first)
    in_window(scenario, 51, 101, second)

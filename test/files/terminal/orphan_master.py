# SPDX-License-Identifier: GPL-2.0
"""A session of the tree on a terminal whose master is outside, as of a shell in a container: refused without
--orphan-pts-master; with it the restored terminal is new, and its master is sent to the caller. The shell goes on
there, and job control works."""

import fcntl
import os
import select
import socket
import termios
import time

from processes import own_terminals


def start(scenario, master):
    slave = os.open("/dev/pts/0", os.O_RDWR | os.O_NOCTTY)
    environment = {"PATH": os.environ["PATH"], "PS1": "$ ", "TERM": "dumb"}
    pid = scenario.reaper.start(["bash", "--norc", "--noprofile", "--noediting", "-i"], stdin=slave, stdout=slave,
                                stderr=slave, env=environment, start_new_session=True,
                                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(slave)
    return pid


def answer_of(scenario, master, text, command=None):
    """Waits until the shell prints it."""
    if command:
        os.write(master, command)
    seen = b""
    end = time.monotonic() + 10
    while text not in seen:
        scenario.check(time.monotonic() < end, f"no {text} in {seen}")
        if select.select([master], [], [], 1)[0]:
            seen += os.read(master, 1000)


def test(scenario):
    own_terminals()
    master = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(master, 0x40045431, b"\0\0\0\0")  # TIOCSPTLCK
    pid = start(scenario, master)
    answer_of(scenario, master, b"value 42", b"a=42; echo value $a\n")
    answer_of(scenario, master, b"asleep", b"echo as''leep; sleep 1000\n")
    time.sleep(0.3)

    answer = scenario.criu("dump", "-t", pid, status=None)
    scenario.check(answer.status != 0, "the dump was to be refused")
    scenario.says(answer, "--orphan-pts-master")
    scenario.dump(pid, "--orphan-pts-master")
    os.close(master)
    answer = scenario.criu("restore", "-d", "--orphan-pts-master", status=None)
    scenario.check(answer.status != 0, "a restore whose master nobody takes was to fail")
    scenario.says(answer, "--inherit-fd")

    ours, theirs = socket.socketpair()
    scenario.restore("--orphan-pts-master", "--inherit-fd", f"fd[{theirs.fileno()}]:orphan-pts-master",
                     pass_fds=[theirs.fileno()])
    name, descriptors, _, _ = socket.recv_fds(ours, 100, 1)
    scenario.check(name == b"/dev/pts/0" and len(descriptors) == 1, f"sent were {name} and {descriptors}")
    new = descriptors[0]
    os.write(new, b"\003")  # ends the sleep
    answer_of(scenario, new, b"^C\r\n$ ")
    answer_of(scenario, new, b"again 42", b"echo again $a\n")

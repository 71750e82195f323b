# SPDX-License-Identifier: GPL-2.0
"""A datagram socket connected to a program outside of the tree, as to a log daemon: refused with the option that helps,
and with it connected to the same name again, by path and by abstract name."""

import os
import socket

PROGRAM = """
import socket, sys, time
ends = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(3)]
for end, name in zip(ends, (sys.argv[1], sys.argv[1], "\\0" + sys.argv[2])): end.connect(name)
i = 0
while True:
    i += 1
    for number, end in enumerate(ends): end.send(b"%d %d" % (number, i))
    time.sleep(0.01)
"""


def messages(scenario, daemons):
    """Those that come now, until each of the three ends was heard."""
    heard = {}
    for daemon in daemons:
        daemon.settimeout(5)
        while daemon is daemons[0] and len(heard) < 2 or daemon is daemons[1] and "2" not in heard:
            number, count = daemon.recv(100).decode().split()
            heard[number] = int(count)
    return heard


def drain(daemons):
    for daemon in daemons:
        daemon.setblocking(False)
        try:
            while daemon.recv(100):
                pass
        except BlockingIOError:
            pass


def test(scenario):
    path, name = scenario.path("log"), f"criu-test-{os.getpid()}"
    daemons = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2)]
    daemons[0].bind(path)
    daemons[1].bind("\0" + name)
    pid = scenario.start(["python3", "-c", PROGRAM, path, name])
    before = messages(scenario, daemons)
    scenario.says(scenario.criu("dump", "-t", pid, status=1), "outside of the tree", "--ext-unix-sk")
    scenario.dump(pid, "--ext-unix-sk")
    drain(daemons)
    daemons[0].close()
    os.rename(path, path + ".old")
    scenario.says(scenario.restore("--ext-unix-sk", status=1), path, "Start the program")
    daemons[0] = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    daemons[0].bind(path)
    scenario.restore("--ext-unix-sk")
    after = messages(scenario, daemons)
    scenario.check(set(after) == {"0", "1", "2"} and all(after[key] > before[key] for key in after), f"{before} {after}")

# SPDX-License-Identifier: GPL-2.0
"""A pair and a listener that somebody outside of the tree made, who lives on: they are restored, and the log says that
SO_PEERCRED does not name that process any more; but it still names its user."""

import os
import socket

PROGRAM = """
import socket, struct, sys, time
one, other, listener = (socket.socket(fileno=int(number)) for number in sys.argv[1:])
i = 0
while True:
    i += 1
    if struct.unpack("3i", one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1:] != (1234, 2345): print("wrong user")
    one.send(b"%d" % i); client = socket.socket(socket.AF_UNIX); client.connect(listener.getsockname())
    listener.accept()[0].send(other.recv(10)); print(client.recv(10).decode(), flush=True)
    client.close(); time.sleep(0.01)
"""


def test(scenario):
    os.setegid(2345)
    os.seteuid(1234)
    one, other = socket.socketpair()
    os.seteuid(0)
    os.setegid(0)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"\0criu-test-{os.getpid()}")
    listener.listen(5)
    numbers = [end.fileno() for end in (one, other, listener)]
    pid = scenario.start(["python3", "-c", PROGRAM, *map(str, numbers)], "numbers", pass_fds=numbers, close_fds=True)
    for end in (one, other, listener):
        end.close()
    scenario.wait_for(lambda: len(scenario.numbers()) > 3, "it counts")
    scenario.dump(pid)
    answer = scenario.restore()
    scenario.check(f"will not name process {os.getpid()}" in answer.log, f"it is not told: {answer}")
    scenario.counts()

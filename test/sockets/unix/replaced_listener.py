# SPDX-License-Identifier: GPL-2.0
"""--inherit-fd for a listener: the caller's takes its place, keeps its name, and loses none of its clients; connections that
the old one had accepted go on."""

import os
import re
import socket

PROGRAM = """
import socket, sys, time
name = sys.argv[1].replace("@", chr(0))
listener = socket.socket(socket.AF_UNIX)
listener.bind(name); listener.listen(5)
client = socket.socket(socket.AF_UNIX)
client.connect(name)
server = listener.accept()[0]
print("listens on", listener.fileno(), flush=True)
while True:
    outside = listener.accept()[0]
    client.send(b"inside"); outside.send(server.recv(100)); outside.close()
"""


def ask(address):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(address)
        return client.recv(100)


def replace(scenario, name, word):
    address = word.replace("@", chr(0))
    output = name + ".out"
    pid = scenario.start(["python3", "-c", PROGRAM, word], output)
    scenario.wait_for(lambda: "listens" in open(scenario.path(output)).read(), "it listens")
    number = open(scenario.path(output)).read().split()[-1]
    inode = re.search(r"\d+", os.readlink(f"/proc/{pid}/fd/{number}")).group()
    scenario.check(ask(address) == b"inside", "no answer")
    os.makedirs(scenario.path(name))
    scenario.dump(pid, images=name)
    if os.path.exists(word):
        os.unlink(word)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(5)
    early = socket.socket(socket.AF_UNIX)
    early.settimeout(10)
    early.connect(address)
    node = os.stat(word).st_ino if os.path.exists(word) else None
    fd = listener.fileno()
    scenario.restore("--inherit-fd", f"fd[{fd}]:socket:[{inode}]", images=name, pass_fds=(fd,), close_fds=True)
    listener.close()
    scenario.check(early.recv(100) == b"inside", "the client that waited at the restore was lost")
    scenario.check(ask(address) == b"inside", "no answer after the restore")
    scenario.check(node is None or os.stat(word).st_ino == node, "the replacement's file was replaced")
    scenario.end(pid)


def test(scenario):
    replace(scenario, "path", scenario.path("socket"))
    replace(scenario, "abstract", f"@criu-test-{os.getpid()}")

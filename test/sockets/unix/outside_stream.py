# SPDX-License-Identifier: GPL-2.0
"""Stream and packet sockets whose other end is outside of the tree: refused; with --unix-close saved as closed by their
peer; with --external and --inherit-fd continued on what the caller gives, like a datagram socket whose peer has no name."""

import os
import re
import socket

PROGRAM = """
import socket, sys, time
end = socket.socket(fileno=5)
end.setblocking(False)
i = 0
while True:
    i += 1; print(i, flush=True); time.sleep(0.01)
    try: got = end.recv(100)
    except BlockingIOError: continue
    print("got", got.decode() or "nothing", flush=True)
    if not got: break
    end.send(got.upper())
while True: time.sleep(1)
"""


def start(scenario, kind):
    open(scenario.path("output"), "w").close()
    ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
    os.dup2(theirs.fileno(), 105)
    pid = scenario.start(["bash", "-c", "exec python3 -c \"$0\" 5>&105 105>&-", PROGRAM], pass_fds=(105,), close_fds=True)
    os.close(105)
    theirs.close()
    ours.send(b"one")
    scenario.check(ours.recv(10) == b"ONE", "no answer")
    inode = int(re.search(r"\d+", os.readlink(f"/proc/{pid}/fd/5")).group())
    return pid, ours, inode


def says(scenario, text):
    scenario.wait_for(lambda: text in open(scenario.path("output")).read(), f"the program says {text}")


def closed(scenario, kind):
    pid, ours, inode = start(scenario, kind)
    scenario.says(scenario.criu("dump", "-t", pid, status=1), "outside of the tree", "--unix-close")
    ours.send(b"two")
    scenario.check(ours.recv(10) == b"TWO", "no answer after the refusal")
    scenario.dump(pid, "--unix-close")
    scenario.restore()
    says(scenario, "got nothing")
    scenario.end(pid)


def replaced(scenario, kind):
    pid, ours, inode = start(scenario, kind)
    scenario.dump(pid, "--external", f"unix[{inode}]")
    scenario.says(scenario.restore(status=1), f"socket:[{inode}]")
    ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
    scenario.restore("--inherit-fd", f"fd[{theirs.fileno()}]:socket:[{inode}]", pass_fds=(theirs.fileno(),), close_fds=True)
    theirs.close()
    ours.settimeout(10)
    ours.send(b"three")
    scenario.check(ours.recv(10) == b"THREE", "no answer on the replacement")
    ours.close()
    if kind != socket.SOCK_DGRAM:
        says(scenario, "got nothing")
    scenario.end(pid)


def test(scenario):
    replaced(scenario, socket.SOCK_DGRAM)
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        closed(scenario, kind)
        replaced(scenario, kind)

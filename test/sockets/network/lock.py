# SPDX-License-Identifier: GPL-2.0
"""The network lock: there while nobody has the connection, gone on every way out; what a killed run has left is
removed. By nftables, by iptables, and skipped."""

import os
import time

from network import Hosts, command

SERVER = """
import socket
listener = socket.create_server(("10.77.0.1", 7000))
connection = listener.accept()[0]
while data := connection.recv(65536):
    connection.sendall(data)
"""
CLIENT = """
import os, socket, time
connection = socket.create_connection(("10.77.0.1", 7000))
count = 0
while True:
    connection.sendall(b"%d\\n" % count)
    answer = connection.recv(100)
    if not answer: raise SystemExit("it is over")
    count += 1
    print(answer.decode(), end="", flush=True)
    time.sleep(0.01)
"""


OTHER = """
import socket
listener = socket.create_server(("10.77.0.1", 7001))
while True:
    listener.accept()[0].sendall(b"hello")
"""
CALL = "import socket; print(socket.create_connection(('10.77.0.1', 7001), 5).recv(10))"


class Stage:
    """A server on a with one client on b that counts."""

    def __init__(self, scenario, hosts):
        self.scenario, self.hosts = scenario, hosts
        self.number = 0
        self.notes = set(os.listdir("/run"))
        self.server = scenario.start([*hosts.inside("a"), "python3", "-c", SERVER])
        scenario.wait_for(lambda: "7000" in command(*hosts.inside("a"), "ss", "-ltn"), "the server listens")
        self.client = scenario.start([*hosts.inside("b"), "python3", "-c", CLIENT], "client.out")
        self.counts()

    def end(self):
        for pid in (self.server, self.client):
            if self.scenario.state(pid):
                self.scenario.end(pid)
        os.unlink(self.scenario.path("client.out"))

    def numbers(self):
        return open(self.scenario.path("client.out")).read().split()

    def counts(self):
        self.number = len(self.numbers())
        self.scenario.wait_for(lambda: len(self.numbers()) > self.number + 2, "the client counts on")
        self.scenario.check(self.numbers() == [str(i) for i in range(len(self.numbers()))], "the client lost something")

    def locked(self):
        return "CRIU-" in self.hosts.rules("a") or "DROP" in command(*self.hosts.inside("a"), "iptables-save")

    def unlocked(self, what):
        self.scenario.check(not self.locked(), f"{what}: still locked: " + self.hosts.rules("a"))
        notes = [name for name in set(os.listdir("/run")) - self.notes if name.startswith("criu-network-lock.")]
        self.scenario.check(not notes, f"{what}: left {notes}")

    def dump(self, *options, status=0, **settings):
        self.scenario.reaper.run(["rm", "-rf", self.scenario.path("images")], 10)
        os.makedirs(self.scenario.path("images"))
        if status == 0 and "-R" not in options and "-s" not in options:
            return self.scenario.dump(self.server, "--tcp-established", *options, before=self.hosts.inside("a"), **settings)
        return self.scenario.criu("dump", "-t", self.server, "--tcp-established", *options, status=status,
                                  before=self.hosts.inside("a"), **settings)

    def restore(self, **settings):
        return self.scenario.restore("--tcp-established", before=self.hosts.inside("a"), **settings)


def others_pass(stage, method):
    """While one connection is locked, another program between the same hosts goes on."""
    other = stage.scenario.start([*stage.hosts.inside("a"), "python3", "-c", OTHER])
    stage.scenario.wait_for(lambda: "7001" in command(*stage.hosts.inside("a"), "ss", "-ltn"), "the other server listens")
    said = command(*stage.hosts.inside("b"), "python3", "-c", CALL)
    stage.scenario.check("hello" in said, f"{method}: others are locked as well: {said}")
    stage.scenario.end(other)


def script(scenario, name, text):
    path = scenario.path(name)
    with open(path, "w") as out:
        out.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


def cycle(stage, method):
    stage.dump("--network-lock", method)
    stage.scenario.check(stage.locked(), f"{method}: not locked after the dump")
    others_pass(stage, method)
    time.sleep(0.3)
    stage.restore()
    stage.unlocked(f"{method}, after the restore")
    stage.counts()


def ways_out(stage, scenario, method):
    """The tree runs on; the dump fails at its end."""
    stage.dump("-R", "--network-lock", method)
    stage.unlocked(f"{method}, -R")
    stage.counts()

    locked = scenario.path("locked")
    look = script(scenario, "fail", f"[ $CRTOOLS_SCRIPT_ACTION = post-dump ] || exit 0\n"
                  f"(nft list ruleset; iptables-save) > {locked}\nexit 1\n")
    stage.dump("--network-lock", method, "--action-script", look, status=None)
    text = open(locked).read()
    scenario.check("criu-dump-" in text or "DROP" in text, f"{method}: not locked while the tree was frozen: {text}")
    stage.unlocked(f"{method}, a failed dump")
    stage.counts()



def killed(scenario, hosts, method):
    """A dump that is killed. Of the tree nothing is asked: this is about the network."""
    stage = Stage(scenario, hosts)
    suicide = script(scenario, "kill", "[ $CRTOOLS_SCRIPT_ACTION = post-dump ] || exit 0\nkill -9 $PPID\n")
    stage.dump("--network-lock", method, "--action-script", suicide, status=None)
    stage.end()
    if method == "nftables":
        scenario.wait_for(lambda: not stage.locked(), "the lock of a killed run goes")
    else:
        scenario.check(stage.locked(), "iptables: the test of a killed run tests nothing")
        stage = Stage(scenario, hosts)
        stage.dump("-R", "--network-lock", method)
        stage.counts()
        stage.end()
    stage.unlocked(f"{method}, a killed dump")


def failed_restore(stage, scenario):
    stage.dump()
    fail = script(scenario, "fail_restore", "[ $CRTOOLS_SCRIPT_ACTION = post-restore ] && exit 1\nexit 0\n")
    scenario.restore("--tcp-established", "--action-script", fail, before=stage.hosts.inside("a"), status=1)
    rules = stage.hosts.rules("a")
    scenario.check("CRIU-" in rules and "criu-restore" not in rules, f"a failed restore: {rules}")
    stage.restore()
    stage.unlocked("a second restore")
    stage.counts()


def skipped(stage, scenario):
    stage.dump("-R", "--network-lock", "skip")
    stage.counts()
    answer = stage.dump("--network-lock", "bridge", status=1)
    scenario.says(answer, "bridge", "iptables, nftables, skip")
    answer = scenario.criu("dump", "-t", stage.server, status=1, before=stage.hosts.inside("a"))
    scenario.says(answer, "cannot save the TCP connection 10.77.0.1:7000 - 10.77.0.2:", "--tcp-established", "--tcp-close")


def test(scenario):
    with Hosts("a", "b") as hosts:
        stage = Stage(scenario, hosts)
        cycle(stage, "nftables")
        cycle(stage, "iptables")
        failed_restore(stage, scenario)
        skipped(stage, scenario)
        for method in ("iptables", "nftables"):
            ways_out(stage, scenario, method)
        stage.end()
        for method in ("iptables", "nftables"):
            killed(scenario, hosts, method)

# SPDX-License-Identifier: GPL-2.0
"""Hosts for tests: network namespaces joined by a bridge in one of them. Nothing leaves them."""

import os
import signal
import subprocess


def command(*words, check=True):
    result = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if check and result.returncode:
        raise RuntimeError(f"{' '.join(words)}: {result.stdout}")
    return result.stdout


class Hosts:
    """with Hosts("a", "b") as hosts: a has 10.77.0.1 and fd77::1, b has 10.77.0.2 and fd77::2, and so on."""

    def __init__(self, *names):
        self.names, self.prefix = names, f"criu{os.getpid()}"

    def space(self, name):
        return f"{self.prefix}{name}"

    def __enter__(self):
        try:
            self.make()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        self.remove()

    def make(self):
        command("ip", "netns", "add", self.space("switch"))
        command("ip", "-n", self.space("switch"), "link", "add", "bridge", "type", "bridge")
        command("ip", "-n", self.space("switch"), "link", "set", "bridge", "up")
        for number, name in enumerate(self.names, 1):
            self.add(name)
            self.give_address(name, number)

    def add(self, name):
        space, switch = self.space(name), self.space("switch")
        command("ip", "netns", "add", space)
        command("ip", "-n", space, "link", "set", "lo", "up")
        command("ip", "-n", switch, "link", "add", "name", name, "type", "veth", "peer", "name", "eth0", "netns", space)
        command("ip", "-n", switch, "link", "set", "dev", name, "master", "bridge", "up")
        command("ip", "-n", space, "link", "set", "eth0", "up")

    def give_address(self, name, number):
        command("ip", "-n", self.space(name), "address", "add", f"10.77.0.{number}/24", "dev", "eth0")
        command("ip", "-n", self.space(name), "-6", "address", "add", f"fd77::{number}/64", "dev", "eth0", "nodad")

    def take_address(self, name, number):
        command("ip", "-n", self.space(name), "address", "del", f"10.77.0.{number}/24", "dev", "eth0")
        command("ip", "-n", self.space(name), "-6", "address", "del", f"fd77::{number}/64", "dev", "eth0")

    def forget_neighbours(self):
        """Nobody knows any more which host has an address."""
        for name in self.names:
            command("ip", "-n", self.space(name), "neigh", "flush", "all")

    def inside(self, name):
        """Words before a command, so that it runs on that host: only the network is another."""
        return ["nsenter", f"--net=/run/netns/{self.space(name)}"]

    def rules(self, name):
        return command(*self.inside(name), "nft", "list", "ruleset")

    def remove(self):
        for name in (*self.names, "switch"):
            command("ip", "netns", "delete", self.space(name), check=False)


class Recording:
    """tcpdump on a host; packets(filter) after end()."""

    def __init__(self, scenario, hosts, name, path):
        self.path = path
        self.pid = scenario.start([*hosts.inside(name), "tcpdump", "-i", "eth0", "-U", "-w", path, "tcp"], "tcpdump.out")
        scenario.wait_for(lambda: "listening on" in open(scenario.path("tcpdump.out")).read(), "tcpdump listens")
        self.scenario = scenario

    def end(self):
        """It finishes the packet that it writes."""
        os.kill(self.pid, signal.SIGTERM)
        self.scenario.reaper.wait(self.pid, 10)

    def packets(self, expression):
        return command("tcpdump", "-nn", "-S", "-r", self.path, *expression.split()).splitlines()[1:]

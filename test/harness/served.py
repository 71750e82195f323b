# SPDX-License-Identifier: GPL-2.0
"""Servers that are saved and restored while clients on another host use them. A client is a Python program that ends with
the word "right" when it got everything exactly once."""

import os
import shutil
import time

from network import Hosts, command


class Served:
    """with Served(scenario) as served: served.start([...], port); served.client(program); served.cycle()"""

    def __init__(self, scenario):
        self.scenario = scenario
        self.hosts = Hosts("a", "b")
        self.clients = []
        self.cycles = 0

    def __enter__(self):
        self.hosts.__enter__()
        return self

    def __exit__(self, *_):
        self.hosts.__exit__()

    def start(self, words, port, **settings):
        self.root = self.scenario.start([*self.hosts.inside("a"), *words], "server.out", **settings)
        self.scenario.wait_for(lambda: f":{port} " in command(*self.hosts.inside("a"), "ss", "-ltn") or self.dead(),
                               "the server listens: " + " ".join(words))
        self.scenario.check(not self.dead(), "the server has ended: " + self.output("server.out"))

    def dead(self):
        self.scenario.reaper.reap()
        return self.root in self.scenario.reaper.ended

    def output(self, name):
        path = self.scenario.path(name)
        return open(path, errors="replace").read() if os.path.exists(path) else ""

    def client(self, words, name="client", **settings):
        """A program, or the text of a Python program."""
        words = ["python3", "-c", words] if isinstance(words, str) else words
        pid = self.scenario.start([*self.hosts.inside("b"), *words], name + ".out", **settings)
        self.clients.append((pid, name))
        return pid

    def wait_until(self, text, name="client"):
        self.scenario.wait_for(lambda: text in self.output(name + ".out"), f"{name} says {text}: {self.output(name + '.out')}")

    def cycle(self, *options, pause=0.3):
        images = f"images.{self.cycles}"
        self.cycles += 1
        os.makedirs(self.scenario.path(images))
        before = self.hosts.inside("a")
        self.scenario.dump(self.root, "--tcp-established", *options, images=images, before=before)
        time.sleep(pause)
        self.scenario.restore("--tcp-established", *options, images=images, before=before)
        self.scenario.check(not self.hosts.rules("a"), "the network is still locked")
        shutil.rmtree(self.scenario.path(images))

    def clients_are_right(self, seconds=40):
        for pid, name in self.clients:
            self.scenario.reaper.wait(pid, seconds)
            said = self.output(name + ".out")
            self.scenario.check("right" in said, f"{name} says: {said[-600:]}")
        self.clients = []

    def end(self):
        if self.scenario.state(self.root):
            self.scenario.end(self.root)


def missing(*programs):
    """A reason to skip, or None."""
    for program in programs:
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            return f"there is no {program}"
    return None

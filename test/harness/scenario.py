# SPDX-License-Identifier: GPL-2.0
"""Tests of how the program behaves as a whole: Python files of the mirrored tree with one function
test(scenario). They use criu as a user does, mostly on a counter that writes one number per line."""

import importlib.util
import os
import shutil
import signal
import time

from processes import Failure, Reaper, read_text, stat_fields, tree

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C", "HOME": "/root"}
COUNTER = "$| = 1; while (1) { print ++$i, qq(\\n); select undef, undef, undef, 0.01 }"
SECONDS = 60


class Answer:
    def __init__(self, status, said, log):
        self.status, self.said, self.log = status, said, log

    def __str__(self):
        return f"status {self.status}\n{self.said}" + "\n".join(self.log.splitlines()[-15:])


class Scenario:
    def __init__(self, source, criu, directory):
        self.source, self.program, self.directory = source, criu, directory

    def run(self):
        """Called by the driver."""
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.path("images"))
        self.reaper = Reaper()
        spec = importlib.util.spec_from_file_location("scenario_test", self.source)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        try:
            return module.test(self)
        finally:
            self.reaper.kill_all()

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def start(self, arguments, output="output", **settings):
        """A program in a session of its own; its output is appended to a file."""
        settings = {"cwd": self.directory, "env": ENVIRONMENT, "start_new_session": True, **settings}
        with open(self.path(output), "ab") as out, open(os.devnull, "rb") as null:
            return self.reaper.start(arguments, stdin=null, stdout=out, stderr=out, **settings)

    def counter(self):
        """Starts a counter and waits until it counts."""
        pid = self.start(["perl", "-e", COUNTER], "numbers")
        self.wait_for(lambda: len(self.numbers()) > 3, "the counter counts")
        return pid

    def numbers(self):
        return read_text(self.path("numbers")).split()

    def counts(self):
        """The counter goes on, and its numbers are without a gap."""
        length = len(self.numbers())
        self.wait_for(lambda: len(self.numbers()) > length + 3, "the counter goes on")
        numbers = self.numbers()
        self.check(numbers == [str(i + 1) for i in range(len(numbers))], "the counter lost or doubled a number")

    def criu(self, command, *arguments, images="images", status=0, before=(), log=None, **settings):
        """Runs criu and checks its exit status (None: any)."""
        log = log or command + ".log"
        output = self.path(command + ".err")
        words = [*before, self.program, command, "-D", self.path(images), "-v4", "-o", log, *map(str, arguments)]
        with open(output, "wb") as out, open(os.devnull, "rb") as null:
            settings = {"stdin": null, "stdout": out, "stderr": out, "env": ENVIRONMENT, **settings}
            result = self.reaper.run(words, SECONDS, **settings)
        log = self.path(images, log)
        answer = Answer(result, read_text(output), read_text(log) if os.path.exists(log) else "")
        self.check(status is None or result == status, f"criu {command} was to end with {status}: {answer}")
        return answer

    def dump(self, pid, *arguments, **settings):
        """A dump after which the tree is gone."""
        members = tree(pid)
        answer = self.criu("dump", "-t", pid, *arguments, **settings)
        if answer.status == 0:
            self.reaper.wait_gone(members, 10)
            self.reaper.ended.pop(pid, None)
        return answer

    def restore(self, *arguments, **settings):
        return self.criu("restore", "-d", *arguments, **settings)

    def state(self, pid):
        """The letter of a process's state, or None."""
        fields = stat_fields(pid)
        return fields[0] if fields else None

    def parent(self, pid):
        return int(stat_fields(pid)[1])

    def wait_for(self, condition, what):
        end = time.monotonic() + 10
        while not condition():
            self.reaper.reap()
            if time.monotonic() > end:
                raise Failure("did not happen: " + what)
            time.sleep(0.01)

    def check(self, holds, what):
        if not holds:
            raise Failure(what)

    def says(self, answer, *texts):
        """The error names these things, and comes with advice."""
        for text in (*texts, "hint:"):
            self.check(text in answer.said + answer.log, f"it does not say '{text}': {answer}")

    def end(self, pid):
        os.kill(pid, signal.SIGKILL)
        self.reaper.wait_gone([pid], 10)
        self.reaper.ended.pop(pid, None)

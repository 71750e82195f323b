# SPDX-License-Identifier: GPL-2.0
"""One test program in one mode: starts it, does what the mode says at each of its checkpoints,
compares the state from outside, collects what the program found."""

import fcntl
import os
import pty
import re
import shlex
import shutil
import signal
import termios
import time

from checkpoint import Checkpoint
from processes import Failure, Reaper, own_terminals, read_text
from state import differences, tree_state

MODES = ("cycle", "leave-running", "twice")
# With another criu: what it does, while ours does the other half.
INTEROP_MODES = {"dumped-by-other": "dump", "restored-by-other": "restore"}
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C", "HOME": "/root"}


# What a test may be told from outside.
PASSED_ON = ("PROCESSES",)


class Declarations:
    """The comments of a test's source that are meant for the driver (test.h lists them)."""

    KNOWN = ("options", "dump-options", "restore-options", "modes", "refused", "terminal", "differs", "timeout", "link", "compiler",
             "todo", "terminals")

    def __init__(self, source):
        self.values = {}
        for name, value in re.findall(r"^// ([a-z-]+): (.*)$", read_text(source), re.M):
            if name not in self.KNOWN:
                raise SystemExit(f"{source}: '// {name}:' is not a declaration that test/run knows")
            self.values.setdefault(name, []).append(value.strip())

    def words(self, name):
        return [word for value in self.values.get(name, []) for word in shlex.split(value)]

    def one(self, name, default=None):
        return self.values.get(name, [default])[0]

    def modes(self, undisturbed=False):
        if undisturbed:
            return ("undisturbed",)
        if self.one("refused"):
            return ("refused",)
        return tuple(self.words("modes")) or MODES


class Case:
    def __init__(self, name, source, program, mode, criu, directory, other=None):
        self.other = other
        self.name, self.program, self.mode, self.criu, self.directory = name, program, mode, criu, directory
        self.declared = Declarations(source)
        self.timeout = float(self.declared.one("timeout", "30"))
        self.round = 0
        self.root = None

    def path(self, name):
        return os.path.join(self.directory, name)

    def run(self):
        """Returns None, or the reason for skipping; raises a Failure."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.make_work()
        self.reaper = Reaper()
        if self.declared.one("terminals") or self.declared.one("terminal"):
            own_terminals()
        try:
            self.start()
            self.follow()
            return self.judge()
        finally:
            self.reaper.kill_all()

    def make_work(self):
        """Its files must be there for processes that have become other users."""
        os.makedirs(self.path("work"))
        os.chmod(self.path("work"), 0o777)
        for name in ("failures", "checks"):
            open(self.path("work/" + name), "w").close()
            os.chmod(self.path("work/" + name), 0o666)

    def start(self):
        self.stdio = self.open_terminal() if self.declared.one("terminal") else None
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        settings = {"cwd": self.path("work"), "env": {**ENVIRONMENT, **passed}, "close_fds": True}
        if self.stdio is None:
            with open(self.path("output"), "ab") as output, open(os.devnull, "rb") as null:
                self.root = self.reaper.start([self.program], stdin=null, stdout=output, stderr=output,
                                              start_new_session=True, **settings)
        else:
            self.root = self.reaper.start([self.program], stdin=self.stdio, stdout=self.stdio, stderr=self.stdio,
                                          preexec_fn=lambda: os.setpgid(0, 0), **settings)
            os.tcsetpgrp(self.stdio, self.root)

    def open_terminal(self):
        """This process becomes what a shell is: leader of a session that has a terminal."""
        os.setsid()
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        return slave

    def follow(self):
        """Waits for checkpoints and for the end."""
        end = time.monotonic() + self.timeout
        while self.root not in self.reaper.ended:
            if os.path.exists(self.path(f"work/ready.{self.round}")):
                self.at_checkpoint()
                open(self.path(f"work/go.{self.round}"), "w").close()
                self.round += 1
                end = time.monotonic() + self.timeout
            if time.monotonic() > end:
                where = "after the checkpoint" if self.round else "before its checkpoint"
                raise Failure(f"the program did not end within {self.timeout:.0f} s {where}")
            time.sleep(0.004)
            self.reaper.reap()
        self.status = os.waitstatus_to_exitcode(self.reaper.ended[self.root])

    def at_checkpoint(self):
        before = self.look()
        if self.mode == "refused":
            self.checkpoint().dump_refused(self.declared.one("refused"))
            self.compare(before, "a refused dump")
        elif self.mode == "undisturbed":
            self.compare(before, "nothing")
        elif self.mode == "leave-running":
            self.checkpoint().dump(leave_running=True)
            self.compare(before, "the dump")
        else:
            for turn in range(2 if self.mode == "twice" else 1):
                self.checkpoint(f".{turn}").cycle()
                if self.stdio is not None:
                    os.tcsetpgrp(self.stdio, self.root)
                self.compare(before, f"cycle {turn + 1}")

    def look(self):
        """The state from outside; of a tree in which everything may change nothing, as it changes while one looks."""
        return {} if ".*" in self.declared.values.get("differs", []) else tree_state(self.root)

    def checkpoint(self, suffix=""):
        options = self.declared.words("options")
        # 3.17.1 knows the names of this kind of lock only, and would leave the connections locked.
        lock = ["--network-lock", "iptables"] if self.mode == "restored-by-other" else []
        checkpoint = Checkpoint(self.criu, self.reaper, self.root, self.path(f"images.{self.round}{suffix}"), self.stdio,
                                options + self.declared.words("dump-options") + lock,
                                options + self.declared.words("restore-options"))
        checkpoint.other, checkpoint.others_part = self.other, INTEROP_MODES.get(self.mode)
        return checkpoint

    def compare(self, before, what):
        allowed = self.declared.values.get("differs", [])
        if self.mode in INTEROP_MODES:  # an older criu makes shared memory of another name
            allowed = allowed + ["mapping .*memory:#"]
        found = differences(before, self.look(), allowed)
        if found:
            raise Failure("\n".join([f"seen from outside, {what} changed:"] + found[:40]))

    def judge(self):
        if os.path.exists(self.path("work/skipped")):
            return read_text(self.path("work/skipped"))
        problems = read_text(self.path("work/failures")).splitlines()
        if self.status != 0 and not problems:
            problems.append(f"the program ended with {self.status}")
        if not os.path.exists(self.path("work/done")):
            problems.append("the program did not reach its end")
        if self.round == 0:
            problems.append("the program never came to a checkpoint")
        elif not problems and sum(map(int, read_text(self.path("work/checks")).split())) == 0:
            problems.append("the program checked nothing after its checkpoint")
        if os.path.exists(self.path("output")) and os.path.getsize(self.path("output")) and problems:
            problems += ["output: " + line for line in read_text(self.path("output")).splitlines()[-5:]]
        if problems:
            raise Failure("\n".join(problems))
        return None

# SPDX-License-Identifier: GPL-2.0
"""Real programs that are dumped and restored in the middle: the final output must be, byte for
byte, that of an undisturbed run. test/apps/README.md says how one is described."""

import importlib.util
import os
import shutil
import signal
import time

from checkpoint import Checkpoint
from processes import Failure, Reaper, own_terminals

HERE = os.path.dirname(os.path.abspath(__file__))
MODES = ("one-cycle", "ten-cycles")
CYCLES = {"one-cycle": 1, "ten-cycles": 10, "undisturbed": 0}
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
               "HOME": "/root", "PYTHONDONTWRITEBYTECODE": "1"}
END_SECONDS = 120


def modes(undisturbed):
    return ("undisturbed",) if undisturbed else MODES


def names():
    return sorted(name[:-3] for name in os.listdir(HERE) if name.endswith(".py") and name != "application.py")


def load(name, mode, criu, directory):
    spec = importlib.util.spec_from_file_location("app_" + name, os.path.join(HERE, name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Application(name, module, CYCLES[mode], criu, directory)


class Application:
    """module has: COMMAND (list of words), prepare(directory) which makes input once, RESULTS
    (names of files to compare), and if needed SKIP(): a reason or None, OPTIONS, ENVIRONMENT."""

    def __init__(self, name, module, cycles, criu, directory):
        self.name, self.module, self.cycles, self.criu, self.directory = name, module, cycles, criu, directory
        self.options = getattr(module, "OPTIONS", [])

    def run(self):
        reason = getattr(self.module, "skip", lambda: None)()
        if reason:
            return reason
        shutil.rmtree(self.directory, ignore_errors=True)
        self.reaper = Reaper()
        if getattr(self.module, "TERMINALS", False):
            own_terminals()
        try:
            undisturbed, seconds = self.undisturbed()
            if self.cycles:
                disturbed = self.disturbed(seconds)
            else:
                print(f"# {self.name}: {seconds:.1f} s")
                work, pid = self.start()
                status = os.waitstatus_to_exitcode(self.reaper.wait(pid, END_SECONDS))
                disturbed = self.keep(work, "disturbed"), status
        finally:
            self.reaper.kill_all()
        self.compare(undisturbed, disturbed)
        return None

    def start(self):
        """The program in a fresh directory; the path is the same for both runs, since programs print it."""
        work = os.path.join(self.directory, "work")
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        self.module.prepare(work)
        environment = {**ENVIRONMENT, **getattr(self.module, "ENVIRONMENT", {})}
        with open(os.path.join(work, "output"), "ab") as output, open(os.devnull, "rb") as null:
            return work, self.reaper.start(self.module.COMMAND, cwd=work, env=environment, stdin=null, stdout=output,
                                           stderr=output, start_new_session=True)

    def keep(self, work, name):
        kept = os.path.join(self.directory, name)
        shutil.rmtree(kept, ignore_errors=True)
        os.rename(work, kept)
        return kept

    def undisturbed(self):
        work, pid = self.start()
        begin = time.monotonic()
        status = os.waitstatus_to_exitcode(self.reaper.wait(pid, END_SECONDS))
        seconds = time.monotonic() - begin
        if status != 0:
            raise Failure(f"the undisturbed run ended with {status}")
        return (self.keep(work, "undisturbed"), status), seconds

    def disturbed(self, seconds):
        """Cycles spread over the program's own time. A run that was over before the last cycle is
        done again with the cycles closer together, for the undisturbed one may have had less of the machine."""
        for part in (0.9, 0.6, 0.3, 0.12, 0.04):
            work, pid = self.start()
            done = self.cycles_during(pid, seconds * part / (self.cycles + 0.5))
            status = os.waitstatus_to_exitcode(self.reaper.wait(pid, END_SECONDS))
            kept = self.keep(work, "disturbed")
            if done == self.cycles:
                return kept, status
        raise Failure(f"the program was over after {done} of {self.cycles} cycles")

    def cycles_during(self, pid, pause):
        for number in range(self.cycles):
            end = time.monotonic() + pause
            while time.monotonic() < end:
                self.reaper.reap()
                if pid in self.reaper.ended:
                    return number
                time.sleep(0.01)
            checkpoint = Checkpoint(self.criu, self.reaper, pid, os.path.join(self.directory, f"images.{number}"),
                                    None, self.options, self.options)
            try:
                checkpoint.cycle()
            except Failure as failure:
                self.reaper.reap()
                if os.WIFEXITED(self.reaper.ended.get(pid, signal.SIGKILL)):  # over by itself, right before the dump
                    return number
                raise Failure(f"cycle {number + 1}: {failure}")
            shutil.rmtree(checkpoint.directory)
        return self.cycles

    def compare(self, undisturbed, disturbed):
        if undisturbed[1] != disturbed[1]:
            raise Failure(f"the program ended with {disturbed[1]} instead of {undisturbed[1]}\n"
                          + last_lines(os.path.join(disturbed[0], "output")))
        for name in self.module.RESULTS:
            first, second = (os.path.join(place, name) for place in (undisturbed[0], disturbed[0]))
            if not os.path.exists(first) or os.path.getsize(first) == 0:
                raise Failure(f"the undisturbed run left no {name}")
            if not os.path.exists(second) or not same_bytes(first, second):
                raise Failure(f"{name} differs from that of the undisturbed run\n"
                              + last_lines(os.path.join(disturbed[0], "output")))


def same_bytes(first, second):
    with open(first, "rb") as one, open(second, "rb") as two:
        while True:
            a, b = one.read(1 << 20), two.read(1 << 20)
            if a != b:
                return False
            if not a:
                return True


def last_lines(path):
    with open(path, errors="replace") as file:
        return "".join("output: " + line for line in file.readlines()[-8:])

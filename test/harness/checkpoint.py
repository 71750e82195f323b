# SPDX-License-Identifier: GPL-2.0
"""Runs criu on a tree: dump, wait until it is gone, restore; keeps logs and images in order."""

import os
import re
import shutil

from processes import Failure, read_text, tree

DUMP_SECONDS = float(os.environ.get("DUMP_SECONDS", 60))  # more where processors are emulated


def tail(path, lines=12):
    try:
        text = read_text(path).splitlines()
    except OSError:
        return ["(no log)"]
    errors = [line for line in text if re.search(r"Error|cannot |could not |hint:", line)]
    return (errors[-lines:] if errors else []) + ["..."] + text[-lines:]


class Checkpoint:
    """One dump and, if wanted, one restore, in a directory of their own."""

    verbosity = "-v4"

    def __init__(self, criu, reaper, root, directory, stdio=None, dump_options=(), restore_options=()):
        self.criu, self.reaper, self.root, self.directory = criu, reaper, root, directory
        self.stdio = stdio
        self.other, self.others_part = None, None  # another criu, and whether it is the one that dumps or that restores
        self.dump_options, self.restore_options = list(dump_options), list(restore_options)
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)

    def run(self, command, arguments):
        """criu with its own output in COMMAND.err; returns its exit status."""
        with open(os.path.join(self.directory, command + ".err"), "wb") as output:
            settings = {"stdin": self.stdio if self.stdio is not None else os.open(os.devnull, os.O_RDWR),
                        "stdout": output, "stderr": output}
            if command == "restore" and self.stdio is not None:
                settings["stdout"] = settings["stderr"] = self.stdio
            try:
                criu = self.other if command == self.others_part else self.criu
                return self.reaper.run([criu, command, "-D", self.directory, self.verbosity, "-o", command + ".log"]
                                       + arguments, DUMP_SECONDS, **settings)
            finally:
                if self.stdio is None:
                    os.close(settings["stdin"])

    def explain(self, command, what):
        lines = [what]
        for name in (command + ".err", command + ".log"):
            path = os.path.join(self.directory, name)
            if os.path.exists(path) and os.path.getsize(path):
                lines += [f"{name}: {line}" for line in tail(path)]
        return Failure("\n".join(lines))

    def run_dump(self, options):
        status = self.run("dump", ["-t", str(self.root)] + self.dump_options + options)
        if status != 0:
            raise self.explain("dump", f"criu dump ended with {status}")

    def wait_gone(self, members):
        self.reaper.wait_gone(members, 10)
        self.reaper.ended.pop(self.root, None)

    def dump(self, leave_running=False):
        members = tree(self.root)
        if os.environ.get("INSPECT"):  # on demand: what can be saved is found fit to be
            self.inspect(0)
        self.run_dump(["--leave-running"] if leave_running else [])
        for image in ("inventory.img", "pstree.img", "files.img"):
            if not os.path.exists(os.path.join(self.directory, image)):
                raise self.explain("dump", f"criu dump succeeded, but left no {image}")
        if not leave_running:
            self.wait_gone(members)

    def dump_refused(self, text):
        """The dump must fail, and say this and a hint."""
        status = self.run("dump", ["-t", str(self.root)] + self.dump_options)
        if status == 0:
            raise Failure("criu dump succeeded and should have refused")
        said = "".join(read_text(os.path.join(self.directory, name)) for name in ("dump.err", "dump.log")
                       if os.path.exists(os.path.join(self.directory, name)))
        for wanted in (text, "hint:"):
            if wanted not in said:
                raise self.explain("dump", f"the refusal does not contain '{wanted}'")
        self.inspect(1, text)

    def inspect(self, wanted, text=""):
        """criu inspect comes to the same verdict."""
        status = self.run("inspect", ["-t", str(self.root)] + self.dump_options)
        if status != wanted or text not in read_text(os.path.join(self.directory, "inspect.err")):
            raise self.explain("inspect", f"criu inspect ended with {status}, and was to say '{text}'")

    def restore(self):
        status = self.run("restore", ["-d"] + self.restore_options)
        if status != 0:
            raise self.explain("restore", f"criu restore ended with {status}")
        if not os.path.exists(f"/proc/{self.root}"):
            self.reaper.reap()
            how = self.reaper.ended.get(self.root)
            raise self.explain("restore", f"criu restore succeeded, but process {self.root} is not there"
                               + (f" (it ended with status {how:#x})" if how is not None else ""))

    def cycle(self):
        self.dump()
        self.restore()

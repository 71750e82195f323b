# SPDX-License-Identifier: GPL-2.0
"""Configuration files: options from them, overridden by the command line, and switched off."""

import os
import shutil


def test(scenario):
    pid = scenario.counter()
    home = scenario.path("home")
    os.makedirs(os.path.join(home, ".criu"))
    with open(os.path.join(home, ".criu/default.conf"), "w") as file:
        file.write("# a comment\nleave-running\nlog-file \"from home.log\"   # another\n")
    with open(scenario.path("mine.conf"), "w") as file:
        file.write("leave-running\nlog-file mine.log\n")
    from scenario import ENVIRONMENT
    settings = {"env": {**ENVIRONMENT, "HOME": home}}
    images = scenario.path("images")

    def dump(*arguments):
        shutil.rmtree(images)
        os.makedirs(images)
        with open(os.devnull, "r+b") as null:
            status = scenario.reaper.run([scenario.program, "dump", "-t", str(pid), "-D", images, *arguments], 60,
                                         stdin=null, stdout=null, stderr=null, **settings)
        scenario.check(status == 0, f"dump {arguments} ended with {status}")
        return os.listdir(images)

    scenario.check("from home.log" in dump(), "the default file was not read")
    scenario.counts()
    scenario.check("mine.log" in dump("--config", scenario.path("mine.conf")), "--config was not read")
    scenario.counts()
    scenario.check("line.log" in dump("--config", scenario.path("mine.conf"), "-o", "line.log"), "the command line loses")
    scenario.counts()
    found = dump("--no-default-config", "--leave-running")
    scenario.check("from home.log" not in found, "--no-default-config was ignored")
    scenario.counts()

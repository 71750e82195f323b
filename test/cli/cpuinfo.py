# SPDX-License-Identifier: GPL-2.0
"""criu cpuinfo dump and check: this CPU is compatible with itself, and not with one that can more."""

import json
import os


def cpuinfo(scenario, *arguments):
    with open(os.devnull, "wb") as null:
        return scenario.reaper.run([scenario.program, "cpuinfo", *arguments, "-D", scenario.path("images")], 60,
                                   stdout=null, stderr=null)


def demand_everything(scenario, path):
    """Makes the image one of a processor that can do everything."""
    crit = os.path.join(os.path.dirname(scenario.program), "crit")
    with open(scenario.path("json"), "wb") as out:
        scenario.check(scenario.reaper.run([crit, "decode", "-i", path], 20, stdout=out) == 0, "crit decode")
    text = open(scenario.path("json")).read()
    image = json.loads(text)
    words = image["entries"][0]["x86_entry"][0]["capability"]
    image["entries"][0]["x86_entry"][0]["capability"] = [0xffffffff] * len(words)
    with open(scenario.path("json"), "w") as file:
        json.dump(image, file)
    with open(os.devnull, "wb") as null:
        scenario.check(scenario.reaper.run([crit, "encode", "-i", scenario.path("json"), "-o", path], 20, stdout=null) == 0,
                       "crit encode")


def check_restore(scenario):
    """--cpu-cap at dump writes the image, at restore it decides; tampered is called with what the image lacks."""
    pid = scenario.counter()
    path = scenario.path("images", "cpuinfo.img")
    scenario.criu("dump", "-t", pid, "-R", "--cpu-cap=none")
    scenario.check(not os.path.exists(path), "cpuinfo.img though none is wanted")
    scenario.criu("dump", "-t", pid, "-R", "--cpu-cap=nonsense", status=1)
    scenario.counts()
    scenario.dump(pid, "--cpu-cap")
    scenario.check(os.path.exists(path), "--cpu-cap wrote no image")
    demand_everything(scenario, path)
    scenario.says(scenario.restore(status=1), "cpuinfo.img", "checksums.img")  # changed on purpose, as the hint has it
    os.unlink(scenario.path("images", "checksums.img"))
    scenario.says(scenario.restore(status=1), "processor")
    scenario.says(scenario.restore("--cpu-cap=cpu", status=1), "feature word")
    scenario.restore("--cpu-cap=none")
    scenario.counts()


def test(scenario):
    scenario.check(cpuinfo(scenario, "dump") == 0, "dump")
    path = scenario.path("images", "cpuinfo.img")
    scenario.check(os.path.exists(path), "no cpuinfo.img")
    for argument in ((), ("--cpu-cap",), ("--cpu-cap=ins",), ("--cpu-cap=none",)):
        scenario.check(cpuinfo(scenario, "check", *argument) == 0, f"check {argument}")
    scenario.check(cpuinfo(scenario, "nonsense") == 1, "an unknown word")
    demand_everything(scenario, path)
    scenario.check(cpuinfo(scenario, "check", "--cpu-cap=ins") != 0, "a CPU that has everything is compatible")
    scenario.check(cpuinfo(scenario, "check", "--cpu-cap=none") == 0, "checked though told not to")
    scenario.check(cpuinfo(scenario, "check", "--cpu-cap=all,^ins,^cpu,^fpu") == 0, "checked what was taken away")
    os.unlink(path)
    scenario.check(cpuinfo(scenario, "check") == 1, "a missing image is fine")
    check_restore(scenario)

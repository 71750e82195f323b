# SPDX-License-Identifier: GPL-2.0
"""criu cpuinfo dump and check: this CPU is compatible with itself, and not with one that can more."""

import json
import os


def cpuinfo(scenario, *arguments):
    with open(os.devnull, "wb") as null:
        return scenario.reaper.run([scenario.program, "cpuinfo", *arguments, "-D", scenario.path("images")], 60,
                                   stdout=null, stderr=null)


def test(scenario):
    scenario.check(cpuinfo(scenario, "dump") == 0, "dump")
    path = scenario.path("images", "cpuinfo.img")
    scenario.check(os.path.exists(path), "no cpuinfo.img")
    for argument in ((), ("--cpu-cap",), ("--cpu-cap=ins",), ("--cpu-cap=none",)):
        scenario.check(cpuinfo(scenario, "check", *argument) == 0, f"check {argument}")
    scenario.check(cpuinfo(scenario, "nonsense") == 1, "an unknown word")
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
    scenario.check(cpuinfo(scenario, "check", "--cpu-cap=ins") != 0, "a CPU that has everything is compatible")
    scenario.check(cpuinfo(scenario, "check", "--cpu-cap=none") == 0, "checked though told not to")

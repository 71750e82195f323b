# SPDX-License-Identifier: GPL-2.0
"""--link-remap and its clean-up: no link stays when a dump fails, one does until the restore, none after it."""

import os

PROGRAM = """
import os, signal, sys
os.chdir(sys.argv[1])
file = open('name', 'w', buffering=1)
os.link('name', 'other')
os.unlink('name')
def write(*_):
    file.write('it writes\\n')
signal.signal(signal.SIGUSR1, write)
print('ready', flush=True)
while True: signal.pause()
"""


def links(scenario):
    return sorted(name for name in os.listdir(scenario.path("place")) if name != "other")


def lines(scenario):
    return open(scenario.path("place/other")).read().count("it writes")


def test(scenario):
    os.mkdir(scenario.path("place"))
    pid = scenario.start(["python3", "-c", PROGRAM, scenario.path("place")])
    scenario.wait_for(lambda: os.path.getsize(scenario.path("output")) > 0, "it begins")
    scenario.says(scenario.criu("dump", "-t", pid, status=1), "has lost this name but still has another one", "--link-remap")
    scenario.check(links(scenario) == [], "a refused dump left a link")
    # A script that fails at the end of the dump.
    with open(scenario.path("script"), "w") as script:
        script.write("#!/bin/sh\n[ \"$CRTOOLS_SCRIPT_ACTION\" != post-dump ]\n")
    os.chmod(scenario.path("script"), 0o755)
    scenario.criu("dump", "-t", pid, "--link-remap", "--action-script", scenario.path("script"), status=1)
    scenario.check(links(scenario) == [], f"a dump that failed left {links(scenario)}")
    # Two dumps of the running program need one link.
    for images in ("first", "second"):
        os.mkdir(scenario.path(images))
        scenario.criu("dump", "-t", pid, "-R", "--link-remap", images=images)
        scenario.check(len(links(scenario)) == 1 and links(scenario)[0].startswith("link_remap."), f"{links(scenario)}")
    scenario.dump(pid, "--link-remap")
    link = links(scenario)
    scenario.check(len(link) == 1, f"{link}")
    os.rename(scenario.path("place", link[0]), scenario.path("place/away"))
    scenario.says(scenario.restore(status=1), link[0], "Make the link again")
    os.rename(scenario.path("place/away"), scenario.path("place", link[0]))
    with open(scenario.path("script"), "w") as script:
        script.write("#!/bin/sh\n[ \"$CRTOOLS_SCRIPT_ACTION\" != post-restore ]\n")
    scenario.restore("--action-script", scenario.path("script"), status=1)
    scenario.check(links(scenario) == link, f"a restore that failed left {links(scenario)}")
    scenario.restore("--link-remap")
    scenario.check(links(scenario) == [], f"the restore left {links(scenario)}")
    os.kill(pid, 10)
    scenario.wait_for(lambda: lines(scenario) == 1, "it writes into the file that has the other name")
    scenario.end(pid)

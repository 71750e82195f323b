# SPDX-License-Identifier: GPL-2.0
"""A deleted file whose directory is a symbolic link at restore: somebody may want criu to make files where he may not. It is
refused, nothing is made there, and with the directory back in its place it works."""

import os
import shutil


def test(scenario):
    place, elsewhere = scenario.path("place"), scenario.path("elsewhere")
    os.makedirs(place)
    os.makedirs(elsewhere)
    pid = scenario.start(["bash", "-c", f"cd /; mkfifo {place}/fifo; exec 3<>{place}/fifo 4>{place}/file; rm {place}/*; "
                                        "while :; do sleep 0.02; done"])
    scenario.wait_for(lambda: os.path.exists(f"/proc/{pid}/fd/4") and not os.listdir(place), "the files are deleted")
    scenario.dump(pid)
    shutil.move(place, place + ".before")
    os.symlink(elsewhere, place)
    answer = scenario.restore(status=1)
    scenario.says(answer, "symbolic link")
    scenario.check(not os.listdir(elsewhere), f"made behind the link: {os.listdir(elsewhere)}")
    os.unlink(place)
    shutil.move(place + ".before", place)
    scenario.restore()
    scenario.check(scenario.state(pid) in ("R", "S"), "it is not restored")
    scenario.check(not os.listdir(place), f"left behind: {os.listdir(place)}")

# SPDX-License-Identifier: GPL-2.0
"""Images here, logs and statistics there: -D and -W; statistics are written and can be shown."""

import os


def test(scenario):
    work = scenario.path("work")
    os.makedirs(work)
    pid = scenario.counter()
    answer = scenario.dump(pid, "-W", work, "--display-stats", log="my.log")
    images = set(os.listdir(scenario.path("images")))
    scenario.check({"inventory.img", "pstree.img"} <= images, f"images are {images}")
    scenario.check(not images & {"my.log", "stats-dump"}, f"not only images: {images}")
    scenario.check({"my.log", "stats-dump"} <= set(os.listdir(work)), f"the work directory has {os.listdir(work)}")
    scenario.check(os.stat(os.path.join(work, "my.log")).st_mode & 0o777 == 0o600, "the log is not private")
    scenario.check("frozen" in answer.said.lower() or "freez" in answer.said.lower(), f"no statistics: {answer.said}")

    answer = scenario.restore("-W", work, "--pidfile", "root.pid", "--display-stats", log="my.log")
    scenario.check("stats-restore" in os.listdir(work), "no stats-restore")
    scenario.check("restore" in answer.said.lower(), f"no statistics: {answer.said}")
    with open(os.path.join(work, "root.pid")) as file:
        scenario.check(file.read() == str(pid), "the pid file is wrong")
    scenario.counts()

# SPDX-License-Identifier: GPL-2.0
"""--freeze-cgroup: the tree is frozen through its cgroup, which is thawed again afterwards."""

import os


def test(scenario):
    place = next((top for top in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/freezer")
                  if os.path.exists(os.path.join(top, "cgroup.procs"))), None)
    if place is None:
        return "no cgroup file system is mounted"
    group = os.path.join(place, f"criu-test-{os.getpid()}")
    try:
        os.mkdir(group)
    except OSError as error:
        return f"no cgroup can be made: {error}"
    try:
        pid = scenario.counter()
        with open(os.path.join(group, "cgroup.procs"), "w") as file:
            file.write(str(pid))
        scenario.criu("dump", "-t", pid, "-R", "--freeze-cgroup", group)
        scenario.counts()
        scenario.dump(pid, "--freeze-cgroup", group)
        scenario.restore()
        scenario.counts()
        scenario.end(pid)
    finally:
        scenario.reaper.kill_all()
        for name in ("cgroup.freeze",):
            path = os.path.join(group, name)
            if os.path.exists(path):
                with open(path) as file:
                    scenario.check(file.read().strip() == "0", "the cgroup is still frozen")
        os.rmdir(group)
    return None

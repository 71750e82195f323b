# SPDX-License-Identifier: GPL-2.0
"""A download from an rsync daemon."""

import os

from served import Served, missing

CLIENT = """
import filecmp, subprocess, sys
run = subprocess.Popen(["rsync", "-a", "--bwlimit=4m", "rsync://10.77.0.1:8733/files/", sys.argv[1] + "/got/"])
print("busy", flush=True)
run.wait()
compared = filecmp.dircmp(sys.argv[1] + "/files", sys.argv[1] + "/got")
same = filecmp.cmpfiles(compared.left, compared.right, compared.left_list, shallow=False)
print("right" if not run.returncode and len(same[0]) == 21 else f"wrong: {same}", flush=True)
"""


def test(scenario):
    reason = missing("rsync")
    if reason:
        return reason
    os.makedirs(scenario.path("files"))
    for number in range(21):
        with open(scenario.path("files", str(number)), "wb") as out:
            out.write(os.urandom(100 if number else 8 << 20))
    with open(scenario.path("rsyncd.conf"), "w") as out:
        out.write(f"use chroot = no\nuid = root\ngid = root\nlog file = {scenario.path('log')}\n[files]\npath = {scenario.path('files')}\n")
    with Served(scenario) as served:
        served.start(["rsync", "--daemon", "--no-detach", "--address=10.77.0.1", "--port=8733", f"--config={scenario.path('rsyncd.conf')}"],
                     8733)
        served.client(["python3", "-c", CLIENT, scenario.path()])
        served.wait_until("busy")
        scenario.wait_for(lambda: os.path.exists(scenario.path("got")), "the download has begun")
        served.cycle()
        served.clients_are_right()
        served.end()
    return None

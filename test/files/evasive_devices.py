# SPDX-License-Identifier: GPL-2.0
"""--evasive-devices: a device whose node is gone, or is another device now, is found in /dev."""

import os

from processes import read_text

PROGRAM = """
import os, signal, sys
for path in sys.argv[1:]:
    os.mknod(path, 0o20600, os.makedev(1, 5))
files = [open(path, 'rb', buffering=0) for path in sys.argv[1:]]
def check(*_):
    print(all(file.read(3) == bytes(3) for file in files), flush=True)
signal.signal(signal.SIGUSR1, check)
print('ready', flush=True)
while True: signal.pause()
"""


def test(scenario):
    nodes = [scenario.path("here"), scenario.path("elsewhere"), scenario.path("zero")]
    pid = scenario.start(["python3", "-c", PROGRAM, *nodes])
    scenario.wait_for(lambda: os.path.getsize(scenario.path("output")) > 0, "it begins")
    # Another device, moved there from elsewhere: the name was not deleted.
    os.unlink(nodes[0])
    os.rename(nodes[1], scenario.path("away"))
    os.mknod(nodes[1], 0o20600, os.makedev(1, 3))
    os.unlink(scenario.path("away"))
    scenario.dump(pid, "--evasive-devices")
    os.unlink(nodes[1])
    os.unlink(nodes[2])
    scenario.says(scenario.restore(status=1), nodes[2], "Put the file back")
    scenario.restore("--evasive-devices")
    names = [os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd")]
    scenario.check(names.count("/dev/zero") == 3, f"{names}")
    os.kill(pid, 10)
    scenario.wait_for(lambda: "True" in read_text(scenario.path("output")), "the devices work")
    scenario.end(pid)

# SPDX-License-Identifier: GPL-2.0
"""--ghost-limit with each unit: it counts what a file takes on disk; --no-ghost-fiemap saves the same."""

import os

PROGRAM = """
import os, signal, sys
path = sys.argv[1]
file = open(path, 'wb+', buffering=0)
file.write(b'a' * 200000)
file.seek(50 << 20)
file.write(b'b' * 200000)
os.unlink(path)
def check(*_):
    file.seek(0)
    data = file.read()
    print(len(data) == (50 << 20) + 200000 and data.count(b'a') == 200000 and data.endswith(b'b' * 200000) and
          os.fstat(file.fileno()).st_blocks * 512 < 1 << 20, flush=True)
signal.signal(signal.SIGUSR1, check)
print('ready', flush=True)
while True: signal.pause()
"""


def test(scenario):
    pid = scenario.start(["python3", "-c", PROGRAM, scenario.path("large")])
    scenario.wait_for(lambda: os.path.getsize(scenario.path("output")) > 0, "it begins")
    for limit in ("100000", "390K", "0"):
        answer = scenario.criu("dump", "-t", pid, "--ghost-limit", limit, status=1)
        scenario.says(answer, "the deleted file " + scenario.path("large"), "Raise --ghost-limit")
    for limit in ("2X", "K", "-1"):
        scenario.criu("dump", "-t", pid, "--ghost-limit", limit, status=1)
    for turn, options in enumerate((["--ghost-limit", "1M"], ["--ghost-limit", "1G", "--no-ghost-fiemap"], ["--ghost-limit", "410K"])):
        images = f"images.{turn}"
        os.mkdir(scenario.path(images))
        scenario.dump(pid, *options, images=images)
        saved = os.path.getsize(scenario.path(images, "ghost-file-1.img"))
        scenario.check(400000 < saved < 450000, f"the image of the deleted file has {saved} bytes")
        scenario.restore(images=images)
        scenario.check(not os.path.exists(scenario.path("large")), "the deleted file has its name again")
        os.kill(pid, 10)
        scenario.wait_for(lambda: open(scenario.path("output")).read().count("True") == turn + 1, "its file is as it was")
    scenario.end(pid)

# SPDX-License-Identifier: GPL-2.0
"""A parent and its children share pages until one of them writes: anonymous ones, and those of private file mappings,
as of libraries. After a restore the tree takes no more memory than before."""

import os

PROGRAM = """
import mmap, os, signal
SIZE, CHILDREN = 24 << 20, 6
heap = mmap.mmap(-1, SIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
heap[:] = os.urandom(SIZE)
with open('library', 'wb') as file:
    file.write(os.urandom(SIZE))
file = os.open('library', os.O_RDWR)
library = mmap.mmap(file, SIZE, mmap.MAP_PRIVATE)
for place in range(0, SIZE, 4096):
    library[place] = 7
os.close(file)
def check(*_):
    print(heap[0], library[4096] == 7, flush=True)
for child in range(CHILDREN):
    if not os.fork():
        heap[0] = library[0] = child
        break
else:
    print('ready', flush=True)
while True: signal.pause()
"""


def usage(pid, key):
    """KiB of the tree."""
    pids = [pid, *map(int, open(f"/proc/{pid}/task/{pid}/children").read().split())]
    return len(pids), sum(int(line.split()[1]) for one in pids for line in open(f"/proc/{one}/smaps_rollup")
                          if line.startswith(key + ":"))


def test(scenario):
    pid = scenario.start(["python3", "-c", PROGRAM])
    scenario.wait_for(lambda: "ready" in open(scenario.path("output")).read(), "it begins")
    scenario.wait_for(lambda: usage(pid, "Pss")[0] == 7, "all are there")
    before = usage(pid, "Pss_Anon")
    scenario.dump(pid)
    scenario.restore()
    after = usage(pid, "Pss_Anon")
    scenario.check(after[0] == 7 and after[1] < before[1] * 1.1 + 1000, f"{before[1]} KiB before, {after[1]} KiB after")
    scenario.end(pid)

# SPDX-License-Identifier: GPL-2.0
"""100 GiB of memory with a few pages in it, private, shared and a memory file: neither time, nor disk, nor memory for 100 GiB;
and pages of zeroes are not written."""

import os
import time

SIZE, PAGES = 100 << 30, 64
PROGRAM = """
import ctypes, mmap, os, signal
SIZE, PAGES, NORESERVE = %d, %d, 0x4000
file = os.memfd_create('sparse')
os.ftruncate(file, SIZE)
maps = [mmap.mmap(-1, SIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NORESERVE),
        mmap.mmap(-1, SIZE, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | NORESERVE), mmap.mmap(file, SIZE, mmap.MAP_SHARED)]
places = [i * (SIZE // PAGES) + 12345 for i in range(PAGES)]
for i, map in enumerate(maps):
    for place in places:
        map[place] = 65 + i
zeroes = mmap.mmap(-1, 64 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for place in range(0, 64 << 20, 4096):
    zeroes[place] = 0
def check(*_):
    print(all(map[place] == 65 + i and map[place + 4096] == 0 for i, map in enumerate(maps) for place in places) and
          zeroes[99 * 4096] == 0, flush=True)
signal.signal(signal.SIGUSR1, check)
print('ready', flush=True)
while True: signal.pause()
""" % (SIZE, PAGES)


def test(scenario):
    pid = scenario.start(["python3", "-c", PROGRAM])
    scenario.wait_for(lambda: "ready" in open(scenario.path("output")).read(), "it begins")
    begin = time.monotonic()
    scenario.dump(pid)
    dumped = time.monotonic()
    scenario.restore()
    restored = time.monotonic()
    # A walk over 25 million pages would take seconds; the rest is for a busy machine.
    scenario.check(dumped - begin < 4, f"the dump took {dumped - begin:.1f} s")
    scenario.check(restored - dumped < 4, f"the restore took {restored - dumped:.1f} s")
    size = sum(entry.stat().st_size for entry in os.scandir(scenario.path("images")))
    scenario.check(size < 12 << 20, f"the images have {size} bytes")
    resident = int([line for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS")][0].split()[1])
    scenario.check(resident < 40000, f"{resident} KiB are resident")
    os.kill(pid, 10)
    scenario.wait_for(lambda: "True" in open(scenario.path("output")).read(), "its memory is as it was")
    scenario.end(pid)

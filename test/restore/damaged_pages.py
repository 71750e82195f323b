# SPDX-License-Identifier: GPL-2.0
"""One wrong bit anywhere in a large file of pages, whose blocks are checked by those who bring the pages: dense memory, scattered
pages, and pages that children have from their parent. The restore names the file and where it is wrong; nothing is left of the tree."""

import os
import shutil

PROGRAM = """
import mmap, os, signal
PAGE, DENSE, SCATTERED = 4096, 40 << 20, 16 << 20
dense = mmap.mmap(-1, DENSE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
dense.write(os.urandom(DENSE))
scattered = mmap.mmap(-1, SCATTERED, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, SCATTERED, 2 * PAGE):
    scattered[at:at + PAGE] = os.urandom(PAGE)
sums = hash(dense[:]), hash(scattered[:])
child = os.fork()
if child == 0:
    dense[1 << 20] ^= 1
    while True: signal.pause()
signal.signal(signal.SIGUSR1, lambda *_: print('right' if (hash(dense[:]), hash(scattered[:])) == sums else 'wrong', flush=True))
print('ready', flush=True)
while True: signal.pause()
"""


def said_so_far(scenario):
    with open(scenario.path("output")) as file:
        return file.read()


def test(scenario):
    pid = scenario.start(["python3", "-c", PROGRAM])
    scenario.wait_for(lambda: "ready" in said_so_far(scenario), "it begins")
    scenario.dump(pid)
    sizes = {name: os.path.getsize(scenario.path("images", name)) for name in os.listdir(scenario.path("images")) if name.startswith("pages-")}
    scenario.check(len(sizes) == 2 and min(sizes.values()) > 24 << 20, f"not two large files of pages: {sizes}")

    for name, size in sizes.items():
        for place in (0, size // 3, size // 2 + 5000, size - 9 * 4096, size - 1):
            shutil.rmtree(scenario.path("damaged"), ignore_errors=True)
            shutil.copytree(scenario.path("images"), scenario.path("damaged"))
            with open(scenario.path("damaged", name), "r+b") as file:
                byte = os.pread(file.fileno(), 1, place)
                os.pwrite(file.fileno(), bytes([byte[0] ^ 16]), place)
            answer = scenario.restore(images="damaged", status=1)
            scenario.check(f"{name} in" in answer.said and "is damaged" in answer.said and "offset" in answer.said,
                           f"wrong at {place} of {name}: {answer}")
            scenario.wait_for(lambda: scenario.state(pid) is None, "nothing is left of the tree")
    scenario.restore()
    os.kill(pid, 10)
    scenario.wait_for(lambda: "right" in said_so_far(scenario), "its memory is as it was")
    scenario.end(pid)

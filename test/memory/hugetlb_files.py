# SPDX-License-Identifier: GPL-2.0
"""Files of huge pages in a mounted hugetlbfs: mapped shared and private, one of them deleted, which is a large ghost."""

import os
import subprocess

HUGE = 2 << 20
PROGRAM = """
import mmap, os, signal, sys
HUGE = 2 << 20
kept, gone = (os.open(name, os.O_RDWR | os.O_CREAT) for name in ('kept', 'gone'))
maps = []
for fd, flags in ((kept, mmap.MAP_SHARED), (kept, mmap.MAP_PRIVATE), (gone, mmap.MAP_SHARED)):
    os.ftruncate(fd, 2 * HUGE)
    maps.append(mmap.mmap(fd, 2 * HUGE, flags))
for i, map in enumerate(maps):
    map[HUGE + i] = 65 + i
os.unlink('gone')
os.close(gone)
def check(*_):
    print(maps[0][HUGE:HUGE + 3] == b'A\\0\\0' and maps[1][HUGE:HUGE + 2] == b'AB' and maps[2][HUGE:HUGE + 3] == b'\\0\\0C' and
          os.stat('/proc/self/fd/%d' % kept).st_blksize == HUGE and not os.path.exists('gone'), flush=True)
signal.signal(signal.SIGUSR1, check)
print('ready', flush=True)
while True: signal.pause()
"""


def test(scenario):
    reserved = int(open("/proc/sys/vm/nr_hugepages").read())
    if reserved < 64:
        open("/proc/sys/vm/nr_hugepages", "w").write("64")
    mount = scenario.path("huge")
    os.mkdir(mount)
    subprocess.run(["mount", "-t", "hugetlbfs", "none", mount], check=True)
    try:
        pid = scenario.start(["python3", "-c", PROGRAM], cwd=mount)
        scenario.wait_for(lambda: "ready" in open(scenario.path("output")).read(), "it begins")
        answer = scenario.criu("dump", "-t", pid, status=1)
        scenario.says(answer, "the deleted file " + mount + "/gone takes 2097152 bytes", "Raise --ghost-limit")
        scenario.dump(pid, "--ghost-limit", "10M")
        scenario.restore()
        os.kill(pid, 10)
        scenario.wait_for(lambda: "True" in open(scenario.path("output")).read(), "its memory is as it was")
        scenario.end(pid)
    finally:
        subprocess.run(["umount", "-l", mount], check=True)

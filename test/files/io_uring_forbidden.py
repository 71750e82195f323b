# SPDX-License-Identifier: GPL-2.0
"""A ring where the kernel makes none: refused before anything is done. Afterwards it is restored."""

import sys

PROGRAM = """
import ctypes, time
libc = ctypes.CDLL(None)
ring = libc.syscall(425, 8, ctypes.create_string_buffer(120))
count = 0
while True:
    count += 1
    print(count if libc.syscall(426, ring, 0, 0, 0, None, 0) == 0 else "failed", flush=True)
    time.sleep(0.01)
"""

# io_uring_setup(2) fails with EPERM, as with sysctl kernel.io_uring_disabled=2.
FORBIDDEN = """
import ctypes, os, struct, sys
program = b"".join(struct.pack("HBBI", *one) for one in
                   ((0x20, 0, 0, 0), (0x15, 0, 1, 425), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)))
text = ctypes.create_string_buffer(program)
filter = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", 4, ctypes.addressof(text)))
assert ctypes.CDLL(None).prctl(22, 2, filter, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


def test(scenario):
    pid = scenario.start([sys.executable, "-c", PROGRAM], "numbers")
    scenario.wait_for(lambda: len(scenario.numbers()) > 3, "it runs")
    scenario.dump(pid)
    answer = scenario.restore(status=1, before=[sys.executable, "-c", FORBIDDEN])
    scenario.says(answer, "could not make an io_uring", "kernel.io_uring_disabled")
    scenario.check("stage 1" not in answer.log, f"processes were made: {answer}")
    scenario.restore()
    scenario.counts()

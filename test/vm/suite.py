# SPDX-License-Identifier: GPL-2.0
"""The programs of the mirrored tree on other kernels, with all capabilities: each is dumped and restored there."""

import glob
import os
import re

from machine import Machine, MachineError, make_disk
from packages import TOP

# What test/run is given; the variable SUITE says it otherwise.
SUITE = os.environ.get("SUITE", "-m cycle -m refused files memory tasks sockets restore dump namespaces")
# Others tell too little of an io_uring: it is refused there (criu/files/io_uring/examine.c).
IO_URING = ("6.16", "6.17", "6.18")
COPY = f"""
set -e
mkdir -p /persist/criu/build/release/bin
cd {TOP}
cp -r --parents test Makefile criu/files/kinds.h criu/memory/kinds.h criu/tasks/parts.h build/test/programs /persist/criu/
cp CRIU /persist/criu/build/release/bin/criu
echo 20000 >/proc/sys/kernel/ns_last_pid
"""


def copy_tests(machine, criu):
    """Files and images are on a real file system, as a user's are; the layer of memory over 9p is a strange one."""
    machine.run(COPY.replace("CRIU", criu))


def run_programs(context, release, runs, seconds=1500):
    """test/run in a virtual machine, once with each of these arguments; the last line of each, and what it left out."""
    kernel, lines, left_out, bad = context.kernel(release), [], [], []
    with Machine(kernel, context.path("boot"), make_disk(context.path("disk"))) as machine:
        copy_tests(machine, context.criu)
        for number, words in enumerate(runs):
            status, output = machine.try_run(f"cd /persist/criu && DUMP_SECONDS=300 python3 test/run --no-build -j 2 {words}", seconds)
            with open(context.path(f"run.{number}.log"), "w") as log:
                log.write(output)
            lines.append(output.strip().splitlines()[-1].lstrip("# "))
            left_out += re.findall(r"^# ((?:skipped|not built yet): .*)", output, re.M)
            if status != 0:
                bad += re.findall(r"^not ok .*\n(?:#.*\n)*", output, re.M) or [output[-500:]]
        if bad:
            machine.try_run("cp -r /persist/criu/build/test/run /vm/failed")
            raise MachineError("\n".join([*bad, f"Linux {kernel.version}", *lines, *left_out]))
    return "\n".join([f"Linux {kernel.version}: " + "; ".join(lines), *left_out])


def left_out(release):
    """Arguments of test/run: without these."""
    if release in IO_URING:
        return ""
    return " ".join("-x " + os.path.relpath(path, os.path.join(TOP, "test"))[:-2] for path in sorted(glob.glob(TOP + "/test/*/io_uring*.c")))


def on(release):
    return lambda context: run_programs(context, release, [f"{SUITE} {left_out(release)}"])


# The variable KERNELS asks for any others of the archive (packages.py), such as "5.10 6.16 newest".
for name in os.environ.get("KERNELS", "6.1 6.12 newest").split():
    vars()["test_linux_" + name.replace(".", "_")] = on(name)

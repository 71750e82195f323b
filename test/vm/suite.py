# SPDX-License-Identifier: GPL-2.0
"""The programs of the mirrored tree on other kernels, with all capabilities: each is dumped and restored there."""

import re

from machine import Machine, MachineError, make_disk
from packages import TOP

FOLDERS = ("files", "memory", "tasks", "sockets", "restore", "dump", "namespaces")
# Programs that are about something these kernels do not have.
NEEDS_NEWER = {
    "6.1": (),
    "6.12": (),
}
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


def run_suite(context, release):
    excluded = "".join(f" -x {name}" for name in NEEDS_NEWER[release])
    kernel = context.kernel(release)
    with Machine(kernel, context.path("boot"), make_disk(context.path("disk"))) as machine:
        copy_tests(machine, context.criu)
        status, output = machine.try_run(
            f"cd /persist/criu && python3 test/run --no-build -j 2 -m cycle -m refused {' '.join(FOLDERS)}{excluded}", 1500)
        with open(context.path("suite.log"), "w") as log:
            log.write(output)
        if status != 0:
            machine.try_run("cp -r build/test/run /vm/failed || cp -r /persist/criu/build/test/run /vm/failed")
            bad = re.findall(r"^not ok .*\n(?:#.*\n)*", output, re.M)
            raise MachineError("\n".join(bad) + output[-500:])
    return f"Linux {kernel.version}: " + output.strip().splitlines()[-1].lstrip("# ")


def test_linux_6_1(context):
    return run_suite(context, "6.1")


def test_linux_6_12(context):
    return run_suite(context, "6.12")

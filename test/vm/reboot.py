# SPDX-License-Identifier: GPL-2.0
"""Programs that are dumped to a disk, the machine is switched off, and they go on after the next boot."""

import os

from machine import Machine, make_disk
from packages import TOP

PROGRAMS = os.path.join(TOP, "test/vm/programs")
# Numbers of the first boot that the second one's own processes must not have taken.
FIRST_PID = 20000
IMAGES = "/persist/images"


def begin(machine, criu):
    """The programs, from the disk, each in a directory of its own there; they must be in the middle of their work."""
    machine.run(f"cp {criu} /persist/criu; cp -r {PROGRAMS} /persist/programs; echo {FIRST_PID} >/proc/sys/kernel/ns_last_pid")
    for name in sorted(os.listdir(PROGRAMS)):
        machine.run(f"""mkdir -p /persist/{name} {IMAGES}/{name}; cd /persist/{name}
            setsid /persist/programs/{name} </dev/null >output 2>errors & echo $! >pid""")
    machine.run("for i in $(seq 200); do busy=0; "
                + " ".join(f"[ -e /persist/{name}/middle ] || busy=1;" for name in sorted(os.listdir(PROGRAMS)))
                + " [ $busy = 0 ] && exit 0; sleep 0.2; done; tail /persist/*/errors; exit 1")


def dump(machine):
    for name in sorted(os.listdir(PROGRAMS)):
        machine.run(f"cd /persist/{name} && /persist/criu dump -t $(cat pid) -D {IMAGES}/{name} -v4 -o dump.log && ! [ -e /proc/$(cat pid) ]"
                    f" || {{ tail {IMAGES}/{name}/dump.log; exit 1; }}")


def restore(machine):
    for name in sorted(os.listdir(PROGRAMS)):
        machine.run(f"cd /persist/{name} && /persist/criu restore -d -D {IMAGES}/{name} -v4 -o restore.log && [ -e /proc/$(cat pid) ]"
                    f" || {{ tail {IMAGES}/{name}/restore.log; exit 1; }}")


def finish(context, machine):
    """Lets them end; each writes what it found, in words that do not depend on the moment of the dump."""
    for name in sorted(os.listdir(PROGRAMS)):
        status, output = machine.try_run(f"cd /persist/{name}; touch hurry; "
                                         "for i in $(seq 300); do [ -e /proc/$(cat pid) ] || break; sleep 0.2; done; cat output errors")
        context.check(output.strip().endswith("right"), f"{name}: {output[-500:]}")


def reboot_between(context, before, after):
    disk = make_disk(context.path("disk"))
    with Machine(context.kernel(before), context.path("first"), disk) as machine:
        begin(machine, context.criu)
        dump(machine)
        machine.power_off()
    with Machine(context.kernel(after), context.path("second"), disk) as machine:
        restore(machine)
        finish(context, machine)
    return f"{len(os.listdir(PROGRAMS))} programs, Linux {before} to {after}"


def test_same_kernel(context):
    return reboot_between(context, "6.1", "6.1")


def test_same_newer_kernel(context):
    return reboot_between(context, "6.12", "6.12")

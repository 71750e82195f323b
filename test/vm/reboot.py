# SPDX-License-Identifier: GPL-2.0
"""Programs that are dumped to a disk, the machine is switched off, and they go on after the next boot, also under another kernel."""

import os

from machine import Machine, make_disk
from packages import TOP

PROGRAMS = os.path.join(TOP, "test/vm/programs")
BUILT = os.path.join(TOP, "build/test/programs/vm/programs")
# Numbers of the first boot that the later ones' own processes must not have taken.
FIRST_PID = 20000
PATIENCE = 600  # all programs at once, on emulated processors
OPTIONS = {"tcp": "--tcp-established", "files": "--file-locks"}


def names():
    """All, or what the variable PROGRAMS says."""
    return os.environ.get("PROGRAMS", "").split() or sorted(os.path.splitext(name)[0] for name in os.listdir(PROGRAMS))


def begin(machine, criu):
    """The programs, from the disk, each in a directory of its own there; they must be in the middle of their work."""
    machine.run(f"cp {criu} /persist/criu; mkdir /persist/programs; cp {PROGRAMS}/* {BUILT}/* /persist/programs; "
                f"echo {FIRST_PID} >/proc/sys/kernel/ns_last_pid")
    for name in names():
        machine.run(f"""mkdir -p /persist/{name}; cd /persist/{name}
            setsid /persist/programs/{name} </dev/null >output 2>errors & echo $! >pid""")
    machine.run("for i in $(seq 1500); do busy=0; "
                + " ".join(f"[ -e /persist/{name}/middle ] || busy={name};" for name in names())
                + " [ $busy = 0 ] && exit 0; sleep 0.2; done; echo $busy; tail /persist/*/errors; exit 1", PATIENCE)


def dump(machine, turn):
    for name in names():
        machine.run(f"cd /persist/{name} && mkdir images.{turn} && "
                    f"/persist/criu dump -t $(cat pid) {OPTIONS.get(name, '')} -D images.{turn} -v4 -o dump.log && ! [ -e /proc/$(cat pid) ]"
                    f" || {{ tail images.{turn}/dump.log; exit 1; }}")


def restore(machine, turn):
    for name in names():
        machine.run(f"cd /persist/{name} && "
                    f"/persist/criu restore -d {OPTIONS.get(name, '')} -D images.{turn} -v4 -o restore.log && [ -e /proc/$(cat pid) ]"
                    f" || {{ tail images.{turn}/restore.log; exit 1; }}")


def finish(context, machine):
    """Lets them end; each writes what it found, in words that do not depend on the moment of the dump."""
    wrong = []
    for name in names():
        machine.run(f"touch /persist/{name}/hurry")
    for name in names():
        _, output = machine.try_run(f"cd /persist/{name}; "
                                    "for i in $(seq 300); do [ -e /proc/$(cat pid) ] || break; sleep 0.2; done; cat output errors", PATIENCE)
        if output.strip() != "right":
            wrong.append(f"{name}: {output[-500:]}")
    context.check(not wrong, "\n".join(wrong))


def reboot(context, *releases):
    """Started under the first of them, moved from one to the next."""
    disk = make_disk(context.path("disk"))
    for turn, release in enumerate(releases):
        with Machine(context.kernel(release), context.path(f"boot.{turn}"), disk) as machine:
            if turn == 0:
                begin(machine, context.criu)
            else:
                restore(machine, turn - 1)
            if turn == len(releases) - 1:
                finish(context, machine)
            else:
                dump(machine, turn)
            machine.power_off()
    return f"{len(names())} programs, Linux {' to '.join(releases)}"


def test_same_kernel(context):
    return reboot(context, "6.1", "6.1")


def test_newer_kernel_and_back(context):
    return reboot(context, "6.1", "6.12", "6.1")


def test_older_kernel_and_back(context):
    return reboot(context, "6.12", "6.1", "6.12")

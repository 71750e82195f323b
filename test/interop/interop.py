# SPDX-License-Identifier: GPL-2.0
"""Programs of the mirrored tree, dumped by one criu and restored by another: ours and Debian's package (3.17.1), both ways.

That one does not run on the newest kernels; this is done under Linux 6.1. It is unpacked, not installed."""

import os

from packages import unpacked
from suite import run_programs

BOTH = """
files/fifo files/flock files/pipe files/regular files/shared_descriptions files/signalfd
files/terminal/pty_master files/timerfd
memory/anonymous_private memory/anonymous_shared memory/file_private memory/file_shared memory/growing memory/many_mappings
memory/no_reserve memory/protections memory/stack memory/vdso
sockets/inet6_socket sockets/inet_socket sockets/tcp/established sockets/tcp/half_closed sockets/tcp/large sockets/tcp/queues sockets/unix_socket
tasks/alternate_stack tasks/close_on_exec tasks/fpu tasks/limits tasks/memory_areas tasks/oom tasks/parents_and_children
tasks/pending_signals tasks/posix_timers tasks/registers tasks/robust_list tasks/root_and_cwd tasks/seccomp tasks/signals
tasks/threads tasks/timer_clocks
"""
# What the other cannot restore as it was, from its own images neither.
DUMPED_BY_OTHER = """
files/chroot files/directory files/eventfd files/eventpoll files/inotify files/terminal/settings memory/copy_on_write sockets/unix/listening
tasks/interval_timers tasks/scheduling tasks/sessions_and_groups tasks/zombies
"""
# What the other cannot dump, or only in part.
RESTORED_BY_OTHER = "files/ghost memory/advice sockets/packet_socket tasks/stopped"


def words(names):
    """Of test/run; the variable PROGRAMS has others."""
    return os.environ.get("PROGRAMS") or " ".join((BOTH + names).split())


def test_debian(context):
    other = os.path.join(unpacked("criu"), "usr/sbin/criu")
    return run_programs(context, "6.1", [f"--other {other} -m dumped-by-other {words(DUMPED_BY_OTHER)}",
                                         f"--other {other} -m restored-by-other {words(RESTORED_BY_OTHER)}"])

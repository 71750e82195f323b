# SPDX-License-Identifier: GPL-2.0
"""Programs of the mirrored tree, dumped by one criu and restored by another: ours and Debian's package (3.17.1), both ways.

That one does not run on the newest kernels; this is done under Linux 6.1. It is unpacked, not installed."""

import os

from packages import unpacked
from suite import run_programs

PROGRAMS = """
files/chroot files/directory files/eventfd files/eventpoll files/fifo files/flock files/ghost files/memfd files/pipe
files/posix_locks files/regular files/shared_descriptions files/signalfd files/symbolic_link files/terminal/pty_master files/timerfd
memory/advice memory/anonymous_private memory/anonymous_shared memory/copy_on_write memory/file_private memory/file_shared
memory/growing memory/locked memory/many_mappings memory/stack memory/vdso
sockets/inet_socket sockets/inet/udp_queue sockets/tcp/established sockets/tcp/half_closed sockets/tcp/options sockets/tcp/queues
sockets/unix_socket sockets/unix/datagrams sockets/unix/listening sockets/unix/names
tasks/alternate_stack tasks/close_on_exec tasks/credentials tasks/fpu tasks/interval_timers tasks/limits tasks/memory_areas
tasks/parents_and_children tasks/pending_signals tasks/posix_timers tasks/registers tasks/robust_list tasks/root_and_cwd
tasks/scheduling tasks/seccomp tasks/sessions_and_groups tasks/signals tasks/stopped tasks/threads tasks/zombies
"""


def test_debian(context):
    other = os.path.join(unpacked("criu"), "usr/sbin/criu")
    return run_programs(context, "6.1", f"--other {other} {' '.join(PROGRAMS.split())}")

# SPDX-License-Identifier: GPL-2.0
"""What the kernel says about a tree, in a form that must be the same before and after.

This is the part of every test that nobody has to write: all that /proc and a few system
calls tell from outside is compared, besides what the test itself checks from inside."""

import ctypes
import os
import re

from processes import libc, read_text, stat_fields, tree

SYS_ioprio_get, SYS_get_robust_list = 252, 274

# proc(5) numbers of the fields of stat that must stay. 4 to 8 are ppid, pgrp, session, tty, tpgid.
STAT = {"ppid": 4, "pgrp": 5, "session": 6, "tty": 7, "tpgid": 8, "nice": 19, "threads": 20, "startcode": 26,
        "endcode": 27, "startstack": 28, "exit_signal": 38, "rt_priority": 40, "policy": 41, "start_data": 45,
        "end_data": 46, "start_brk": 47, "arg_start": 48, "arg_end": 49, "env_start": 50, "env_end": 51,
        "exit_code": 52}
STATUS_THREAD = ("Umask", "Uid", "Gid", "Groups", "SigPnd", "SigBlk", "CapInh", "CapPrm", "CapEff", "CapBnd",
                 "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters")
STATUS_TASK = ("ShdPnd", "SigIgn", "SigCgt", "VmLck", "THP_enabled", "CoreDumping", "Kthread", "TracerPid")
TEXTS = ("cmdline", "environ", "limits", "oom_score_adj", "coredump_filter", "personality", "loginuid", "cgroup",
         "autogroup")
LINKS = ("exe", "cwd", "root", "ns/ipc", "ns/mnt", "ns/net", "ns/pid", "ns/user", "ns/uts", "ns/cgroup")
# Soft-dirty; accounted: a private mapping that was once writable counts as committed memory for ever.
FLAGS_IGNORED = {"sd", "ac"}


class Numbers:
    """Gives inode numbers of pipes, sockets and memory, which may change, names that may not."""

    def __init__(self):
        self.seen = {}

    def name(self, link):
        match = re.fullmatch(r"(pipe|socket|memory):\[(\d+)\]", link)
        if not match:
            return link
        return f"{match[1]}:#{self.seen.setdefault(link, len(self.seen))}"


def quietly(call, *arguments):
    try:
        return call(*arguments)
    except OSError as error:
        return f"({error.strerror})"


def status_lines(path, names):
    lines = dict(line.split(":", 1) for line in read_text(path).splitlines() if ":" in line)
    return {name: " ".join(lines[name].split()) for name in names if name in lines}


def thread_state(pid, tid):
    base = f"/proc/{pid}/task/{tid}"
    state = {"comm": quietly(read_text, base + "/comm")}
    state.update(status_lines(base + "/status", STATUS_THREAD))
    fields = stat_fields(f"{pid}/task/{tid}")
    state.update({name: fields[STAT[name] - 3] for name in ("nice", "rt_priority", "policy")})
    state["affinity"] = quietly(lambda: str(sorted(os.sched_getaffinity(tid))))
    state["ioprio"] = libc.syscall(SYS_ioprio_get, 1, tid)
    state["timerslack"] = quietly(read_text, f"/proc/{tid}/timerslack_ns")
    head, size = ctypes.c_void_p(), ctypes.c_size_t()
    libc.syscall(SYS_get_robust_list, tid, ctypes.byref(head), ctypes.byref(size))
    state["robust_list"] = f"{head.value} {size.value}"
    return state


def mappings(pid, numbers):
    """smaps without counters; neighbours that differ in nothing are one."""
    found = []
    for line in quietly(read_text, f"/proc/{pid}/smaps").splitlines():
        match = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) (\S+) (\d+) *(.*)", line)
        if match:
            start, end, offset = (int(match[i], 16) for i in (1, 2, 4))
            inode = match[6]
            if match[7].startswith(("/dev/zero (deleted)", "/memfd:", "/anon_hugepage", "/[aio]",
                                    "anon_inode:[io_uring]")):
                inode = numbers.name(f"memory:[{inode}]")
            found.append([start, end, offset, [match[3], match[5], inode, match[7]]])
        elif line.startswith("VmFlags:"):
            flags = [flag for flag in line.split()[1:] if flag not in FLAGS_IGNORED]
            found[-1][3].append(" ".join(flags))
        elif line.startswith("ProtectionKey:"):
            found[-1][3].append(" ".join(line.split()))
    joined = []
    for start, end, offset, rest in found:
        if joined:
            last = joined[-1]
            gap_free = last[1] == start and last[3] == rest
            if gap_free and (rest[2] == "0" or last[2] + last[1] - last[0] == offset):
                last[1] = end
                continue
        joined.append([start, end, offset if rest[2] != "0" else 0, rest])
    return [f"{start:x}-{end:x} {offset:x} {' | '.join(rest)}" for start, end, offset, rest in joined]


def descriptors(pid, numbers):
    found = {}
    for number in sorted(quietly_list(f"/proc/{pid}/fd"), key=int):
        link = numbers.name(quietly(os.readlink, f"/proc/{pid}/fd/{number}"))
        info = []
        for line in quietly(read_text, f"/proc/{pid}/fdinfo/{number}").splitlines():
            if not re.match(r"(ino|mnt_id|eventfd-id|scm_fds):", line):
                # The file of a lock: the inode number of what has no name may change.
                line = re.sub(r"^(lock:.*) \S+:\S+:\d+ (\d+ \S+)$", r"\1 \2", line)
                # What is registered with an io_uring.
                line = re.sub(r"(pipe|socket):\[\d+\]", lambda match: numbers.name(match[0]), line)
                info.append(re.sub(r"\b(ino|sdev|pos):\S+", "", " ".join(line.split())) if "tfd:" in line
                            else " ".join(line.split()))
        if link.startswith("/dev/pts/"):
            # Opened by name it gets O_LARGEFILE, handed out by its master it does not.
            info = [re.sub(r"^flags: (\d+)$", lambda match: f"flags: {int(match[1], 8) & ~0o100000:#o}", line) for line in info]
        # An epoll lists its targets in the order of kernel addresses.
        info = [line for line in info if "tfd:" not in line] + sorted(line for line in info if "tfd:" in line)
        found[f"fd {number}"] = "; ".join([link] + info)
    return found


def quietly_list(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


def threads(pid):
    """Without the kernel's workers for io_uring, which come and go."""
    tids = map(int, quietly_list(f"/proc/{pid}/task"))
    return sorted(tid for tid in tids if not quietly(read_text, f"/proc/{pid}/task/{tid}/comm").startswith("iou-wrk-"))


def task_state(pid, is_root, numbers):
    fields = stat_fields(pid)
    if fields is None:
        return {"state": "gone"}
    dead = fields[0] in "ZX"
    state = {"state": fields[0] if fields[0] in "TZX" else "alive"}
    state.update({name: fields[number - 3] for name, number in STAT.items() if len(fields) > number - 3})
    if is_root:
        del state["ppid"]
    if not dead:
        state["threads"] = str(len(threads(pid)))
    if dead:
        return {name: state[name] for name in state
                if name in ("state", "ppid", "pgrp", "session", "exit_signal", "exit_code")}
    state.update(status_lines(f"/proc/{pid}/status", STATUS_TASK))
    state.update({name: quietly(read_text, f"/proc/{pid}/{name}") for name in TEXTS})
    state["autogroup"] = re.sub(r"autogroup-\d+", "autogroup", state["autogroup"])
    state.update({name: quietly(os.readlink, f"/proc/{pid}/{name}") for name in LINKS})
    state.update(descriptors(pid, numbers))
    for line in mappings(pid, numbers):
        state["mapping " + line.split()[0]] = line
    timers = quietly(read_text, f"/proc/{pid}/timers").splitlines()
    state["timers"] = " ".join(line for line in timers)
    for tid in threads(pid):
        for name, value in thread_state(pid, tid).items():
            state[f"thread {tid} {name}"] = value
    return state


def tree_state(root):
    numbers = Numbers()
    return {pid: task_state(pid, pid == root, numbers) for pid in tree(root)}


def differences(before, after, allowed=()):
    """Lines "PID name: before -> after" for all that changed and is not allowed to."""
    lines = []
    for pid in sorted(set(before) | set(after)):
        if pid not in after or pid not in before:
            lines.append(f"{pid}: {'is missing' if pid not in after else 'is new'}")
            continue
        for name in sorted(set(before[pid]) | set(after[pid])):
            old, new = before[pid].get(name), after[pid].get(name)
            if old != new:
                lines.append(f"{pid} {name}: {shorten(old, new)} -> {shorten(new, old)}")
    return [line for line in lines if not any(re.search(regex, line) for regex in allowed)]


def shorten(value, other):
    """A value, of long texts only the lines that the other has not."""
    if value is None:
        return "(nothing)"
    text = str(value)
    if "\n" in text and other is not None:
        theirs = set(str(other).splitlines())
        text = " / ".join(line for line in text.splitlines() if line not in theirs)
    return repr(text) if len(text) < 300 else repr(text[:300]) + "..."

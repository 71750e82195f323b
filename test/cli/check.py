# SPDX-License-Identifier: GPL-2.0
"""criu check: exit codes, the lines that programs match on, every feature name."""

import re

from processes import read_text

FEATURES = """mnt_id mem_dirty_track aio_remap timerfd tun tun_ns userns fdinfo_lock seccomp_suspend seccomp_filters loginuid
cgroupns autofs tcp_half_closed compat_cr uffd uffd-noncoop can_map_vdso sk_ns sk_unix_file net_diag_raw nsid link_nsid
kcmp_epoll timens external_net_ns clone3_set_tid newifindex nftables has_ipt_legacy pidfd_store ns_pid apparmor_stacking
network_lock_nftables sockopt_buf_lock memfd_hugetlb move_mount_set_group openat2 get_rseq_conf ipv6_freebind
pagemap_scan timer_cr_ids overlayfs_maps breakpoints pagemap_scan_guard_pages io_uring""".split()


def check(scenario, *arguments):
    with open(scenario.path("out"), "wb") as out, open(scenario.path("err"), "wb") as err:
        status = scenario.reaper.run([scenario.program, "check", *arguments], 60, stdout=out, stderr=err)
    return status, read_text(scenario.path("out")), read_text(scenario.path("err"))


GOOD = "Looks good.\n"
INCOMPLETE = """Looks good but some kernel features are missing
which, depending on your process tree, may cause
dump or restore failure.
"""


def check_missing(scenario):
    """Without rights features are missing: each is named with what is lost. Programs match on the summary."""
    drop = ["setpriv", "--bounding-set=-net_admin,-sys_admin,-checkpoint_restore", "--inh-caps=-all"]
    with open(scenario.path("out"), "wb") as out, open(scenario.path("err"), "wb") as err:
        status = scenario.reaper.run([*drop, scenario.program, "check"], 60, stdout=out, stderr=err)
    out, err = read_text(scenario.path("out")), read_text(scenario.path("err"))
    scenario.check(status == 1 and out == "", f"without rights: {status} {out}")
    scenario.check("Does not look good." in err and "map_files is missing (" in err
                   and "files that are mapped but not open cannot be found" in err, f"without rights: {err}")
    scenario.check("sock_peek_off" not in err, f"what needs no rights is missing: {err}")


def test(scenario):
    check_missing(scenario)
    status, out, err = check(scenario)
    scenario.check(status == 0 and out == GOOD and "is missing" not in err.replace("breakpoints is missing", ""), f"check: {status} {out} {err}")
    status, out, err = check(scenario, "--all")
    missing = re.findall(r"Warn  \(check\.c:\d+\): (\S+) is missing \(.+\): .+", err)
    scenario.check((status, out) == ((1, INCOMPLETE) if set(missing) - {"breakpoints"} else (0, GOOD)), f"--all: {status} {out} {err}")
    status, out, err = check(scenario, "--extra", "-v0")
    scenario.check(err == "" and out in (GOOD, INCOMPLETE), f"-v0: {status} {out} {err}")
    for name in FEATURES:
        status, out, err = check(scenario, "--feature", name)
        scenario.check(status in (0, 1) and "Unknown" not in out + err, f"--feature {name}: {status} {out} {err}")
        scenario.check((f"{name} is supported" in out) == (status == 0), f"--feature {name}: {status} {out} {err}")
    for name in ("clone3_set_tid", "openat2", "timerfd", "get_rseq_conf"):
        scenario.check(check(scenario, "--feature", name)[0] == 0, f"this kernel has {name}")
    status, out, err = check(scenario, "--feature", "no_such_thing")
    scenario.check(status == 1 and "Unknown feature no_such_thing" in out + err, f"unknown feature: {status} {out} {err}")

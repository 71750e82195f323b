// SPDX-License-Identifier: GPL-2.0
/*
 * What the running kernel can do: one row for each feature, with a probe and what is lost
 * without it. Probes run when they are asked for; `criu check` and whoever needs a
 * feature use the same rows. main.
 */
#pragma once

#include <stdbool.h>

#include "support/error.h"

enum feature_category {
	FEATURE_NEEDED,	      /* category 1: nothing works without it */
	FEATURE_EXTRA,	      /* category 2: some trees need it */
	FEATURE_EXPERIMENTAL, /* category 3 */
	FEATURE_ON_REQUEST,   /* looked at only when it is named */
};

/* FEATURE(id, name, category, what is lost without it) */
#define FEATURE_LIST(FEATURE)                                                                                          \
	FEATURE(map_files, "map_files", NEEDED, "mapped files cannot be identified")                                   \
	FEATURE(sock_diag, "sock_diag", NEEDED, "sockets cannot be saved")                                             \
	FEATURE(ns_last_pid, "ns_last_pid", NEEDED, "process numbers cannot be chosen on old kernels")                 \
	FEATURE(sock_peek_off, "sock_peek_off", NEEDED, "data queued in unix sockets cannot be saved")                 \
	FEATURE(kcmp, "kcmp", NEEDED, "shared descriptors and memory cannot be told from copies")                      \
	FEATURE(prctl, "prctl", NEEDED, "the fields of address spaces cannot be restored")                             \
	FEATURE(fcntl, "fcntl", NEEDED, "owners of files cannot be saved")                                             \
	FEATURE(proc_stat, "proc_stat", NEEDED, "the state of tasks cannot be read")                                   \
	FEATURE(tcp, "tcp", NEEDED, "TCP connections cannot be repaired")                                              \
	FEATURE(fdinfo_ext, "fdinfo_ext", NEEDED, "eventfd, epoll and their kin cannot be saved")                      \
	FEATURE(unaligned_vmsplice, "unaligned_vmsplice", NEEDED, "pages cannot be moved by pipes")                    \
	FEATURE(tty, "tty", NEEDED, "terminals cannot be saved")                                                       \
	FEATURE(so_gets, "so_gets", NEEDED, "socket options cannot be saved")                                          \
	FEATURE(ipc, "ipc", NEEDED, "System V objects cannot be saved")                                                \
	FEATURE(sigqueuinfo, "sigqueuinfo", NEEDED, "pending signals cannot be restored")                              \
	FEATURE(ptrace_peeksiginfo, "ptrace_peeksiginfo", NEEDED, "pending signals cannot be saved")                   \
	FEATURE(special_mapping_mremap, "special_mapping_mremap", NEEDED, "the vdso cannot be put at its place")       \
	FEATURE(mnt_id, "mnt_id", EXTRA, "files in several mounts cannot be told apart")                               \
	FEATURE(mem_dirty_track, "mem_dirty_track", EXTRA, "incremental dumps by soft-dirty bits are not possible")    \
	FEATURE(aio_remap, "aio_remap", EXTRA, "rings of asynchronous I/O cannot be restored")                         \
	FEATURE(timerfd, "timerfd", EXTRA, "unread ticks of a timerfd are lost")                                       \
	FEATURE(tun, "tun", EXTRA, "tun and tap devices cannot be saved")                                              \
	FEATURE(tun_ns, "tun_ns", ON_REQUEST, "tun devices in other network namespaces cannot be saved")               \
	FEATURE(userns, "userns", EXTRA, "trees in user namespaces cannot be restored")                                \
	FEATURE(fdinfo_lock, "fdinfo_lock", EXTRA, "file locks cannot be attributed to descriptors")                   \
	FEATURE(seccomp_suspend, "seccomp_suspend", EXTRA, "programs under seccomp cannot be dumped")                  \
	FEATURE(seccomp_filters, "seccomp_filters", EXTRA, "seccomp filters cannot be saved")                          \
	FEATURE(loginuid, "loginuid", EXTRA, "audit user ids cannot be restored")                                      \
	FEATURE(cgroupns, "cgroupns", EXTRA, "trees in cgroup namespaces cannot be restored")                          \
	FEATURE(autofs, "autofs", EXPERIMENTAL, "autofs mounts cannot be restored")                                    \
	FEATURE(tcp_half_closed, "tcp_half_closed", EXTRA, "half-closed TCP connections cannot be restored")           \
	FEATURE(compat_cr, "compat_cr", EXPERIMENTAL, "32-bit programs cannot be restored")                            \
	FEATURE(uffd, "uffd", EXTRA, "lazy restore is not possible")                                                   \
	FEATURE(uffd_noncoop, "uffd-noncoop", EXTRA, "lazy restore of programs that fork or remap is not possible")    \
	FEATURE(can_map_vdso, "can_map_vdso", EXTRA, "32-bit programs cannot be given a vdso")                         \
	FEATURE(sk_ns, "sk_ns", EXTRA, "sockets of other network namespaces cannot be found")                          \
	FEATURE(sk_unix_file, "sk_unix_file", ON_REQUEST, "files of unix sockets cannot be opened")                    \
	FEATURE(net_diag_raw, "net_diag_raw", EXTRA, "raw sockets cannot be saved")                                    \
	FEATURE(nsid, "nsid", ON_REQUEST, "numbers of network namespaces cannot be kept")                              \
	FEATURE(link_nsid, "link_nsid", ON_REQUEST, "network devices with peers elsewhere cannot be saved")            \
	FEATURE(kcmp_epoll, "kcmp_epoll", EXTRA, "epoll targets that were duplicated cannot be found")                 \
	FEATURE(timens, "timens", EXTRA, "clocks cannot go on after a reboot")                                         \
	FEATURE(external_net_ns, "external_net_ns", ON_REQUEST, "external network namespaces cannot be used")          \
	FEATURE(clone3_set_tid, "clone3_set_tid", EXTRA, "process numbers cannot be chosen safely")                    \
	FEATURE(newifindex, "newifindex", EXTRA, "numbers of network devices cannot be kept")                          \
	FEATURE(nftables, "nftables", ON_REQUEST, "nftables rules cannot be saved")                                    \
	FEATURE(has_ipt_legacy, "has_ipt_legacy", ON_REQUEST, "legacy iptables rules cannot be saved")                 \
	FEATURE(pidfd_store, "pidfd_store", EXTRA, "reused process numbers cannot be noticed between pre-dumps")       \
	FEATURE(ns_pid, "ns_pid", EXTRA, "process numbers inside of namespaces are found slowly")                      \
	FEATURE(apparmor_stacking, "apparmor_stacking", EXTRA, "stacked AppArmor profiles cannot be saved")            \
	FEATURE(network_lock_nftables, "network_lock_nftables", EXTRA, "the network cannot be locked by nftables")     \
	FEATURE(sockopt_buf_lock, "sockopt_buf_lock", EXTRA, "fixed socket buffer sizes cannot be kept")               \
	FEATURE(memfd_hugetlb, "memfd_hugetlb", EXTRA, "shared huge pages cannot be restored")                         \
	FEATURE(move_mount_set_group, "move_mount_set_group", EXTRA, "mount sharing is restored the slow way")         \
	FEATURE(openat2, "openat2", EXTRA, "paths cannot be opened without following links")                           \
	FEATURE(get_rseq_conf, "get_rseq_conf", EXTRA, "restartable sequences cannot be saved")                        \
	FEATURE(ipv6_freebind, "ipv6_freebind", EXTRA, "the freebind option of IPv6 sockets cannot be kept")           \
	FEATURE(pagemap_scan, "pagemap_scan", EXTRA, "finding pages that hold data is slower")                         \
	FEATURE(timer_cr_ids, "timer_cr_ids", EXTRA, "POSIX timers with high numbers are restored slowly")             \
	FEATURE(overlayfs_maps, "overlayfs_maps", EXTRA, "files mapped from overlayfs are found the slow way")         \
	FEATURE(breakpoints, "breakpoints", ON_REQUEST, "hardware breakpoints cannot be used")                         \
	FEATURE(pagemap_scan_guard_pages, "pagemap_scan_guard_pages", EXTRA, "guard pages inside of mappings are lost")

enum feature {
#define FEATURE(id, name, category, lost) FEATURE_##id,
	FEATURE_LIST(FEATURE)
#undef FEATURE
	FEATURE_COUNT
};

struct feature_row {
	const char *name, *lost;
	enum feature_category category;
};
extern const struct feature_row feature_rows[FEATURE_COUNT];

/* Runs the probe. */
bool feature_probe(enum feature feature);
/* FEATURE_COUNT: there is no such name. */
enum feature feature_find(const char *name);

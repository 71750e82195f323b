// SPDX-License-Identifier: GPL-2.0
/*
 * What this kernel can do: every facility that a checkpoint may need, once. criu check, its
 * help and the cache are made from the list; any layer may ask kernel_feature(). Each is
 * probed when it is first asked for, by using it (probes/); answers are kept for the time the
 * machine is up in /run/criu.kdat. Main.
 */
#pragma once

#include <stdbool.h>

#include "support/error.h"

enum feature_category {
	FEATURE_NEEDED,	      /* nothing works without it; criu check has no name for it */
	FEATURE_EXTRA,	      /* --extra */
	FEATURE_UNNAMED,      /* --extra, but not for --feature */
	FEATURE_APPARMOR,     /* --extra, where AppArmor rules */
	FEATURE_EXPERIMENTAL, /* --experimental */
	FEATURE_ASKED,	      /* only with --feature */
	FEATURE_OPTIONAL,     /* always looked at, never a reason to fail */
};

/* FEATURE(id, name, category, what is lost without it). The probe is probe_ID in lower case. */
/* clang-format off */
#define FEATURE_LIST(FEATURE) \
	FEATURE(map_files, "map_files", NEEDED, "files that are mapped but not open cannot be found") \
	FEATURE(sock_diag, "sock_diag", NEEDED, "sockets cannot be dumped") \
	FEATURE(ns_last_pid, "ns_last_pid", NEEDED, "processes cannot get their pids back") \
	FEATURE(sock_peek_off, "sock_peek_off", NEEDED, "data waiting in unix sockets cannot be dumped") \
	FEATURE(kcmp, "kcmp", NEEDED, "what processes share cannot be told from copies") \
	FEATURE(prctl, "prctl", NEEDED, "the memory fields of a process cannot be restored") \
	FEATURE(fcntl, "fcntl", NEEDED, "owners of asynchronous files cannot be dumped") \
	FEATURE(proc_stat, "proc_stat", NEEDED, "the memory fields of a process cannot be dumped") \
	FEATURE(tcp, "tcp", NEEDED, "TCP connections cannot be dumped or restored") \
	FEATURE(fdinfo_ext, "fdinfo_ext", NEEDED, "eventfd, epoll, signalfd and inotify descriptors cannot be dumped") \
	FEATURE(unaligned_vmsplice, "unaligned_vmsplice", NEEDED, "contents of pipes cannot be restored") \
	FEATURE(tty, "tty", NEEDED, "terminals cannot be dumped") \
	FEATURE(so_gets, "so_gets", NEEDED, "filters and protocols of sockets cannot be dumped") \
	FEATURE(ipc, "ipc", NEEDED, "System V queues, semaphores and segments cannot be dumped or restored") \
	FEATURE(sigqueuinfo, "sigqueuinfo", NEEDED, "pending signals cannot be restored") \
	FEATURE(ptrace_peeksiginfo, "ptrace_peeksiginfo", NEEDED, "pending signals cannot be dumped") \
	FEATURE(special_mapping_mremap, "special_mapping_mremap", NEEDED, "the vdso cannot be moved to its old place") \
	FEATURE(mnt_id, "mnt_id", EXTRA, "files on different mounts with one path cannot be told apart") \
	FEATURE(mem_dirty_track, "mem_dirty_track", EXTRA, "changed pages cannot be found: --track-mem and pre-dump save everything") \
	FEATURE(aio_remap, "aio_remap", EXTRA, "processes with asynchronous I/O contexts cannot be restored") \
	FEATURE(timerfd, "timerfd", EXTRA, "timerfd descriptors cannot be dumped or restored") \
	FEATURE(tun, "tun", EXTRA, "tun and tap devices cannot be dumped or restored") \
	FEATURE(tun_ns, "tun_ns", ASKED, "tun devices of other network namespaces cannot be dumped") \
	FEATURE(userns, "userns", EXTRA, "user namespaces cannot be restored") \
	FEATURE(fdinfo_lock, "fdinfo_lock", EXTRA, "file locks cannot be dumped") \
	FEATURE(seccomp_suspend, "seccomp_suspend", EXTRA, "processes under seccomp cannot be dumped") \
	FEATURE(seccomp_filters, "seccomp_filters", EXTRA, "seccomp filters cannot be dumped") \
	FEATURE(loginuid, "loginuid", EXTRA, "the audit login user is not restored") \
	FEATURE(cgroupns, "cgroupns", EXTRA, "cgroup namespaces cannot be restored") \
	FEATURE(autofs, "autofs", EXPERIMENTAL, "automount points cannot be dumped or restored") \
	FEATURE(tcp_half_closed, "tcp_half_closed", EXTRA, "TCP connections that are half closed cannot be dumped") \
	FEATURE(compat_cr, "compat_cr", EXPERIMENTAL, "32-bit processes cannot be restored") \
	FEATURE(uffd, "uffd", EXTRA, "--lazy-pages does not work") \
	FEATURE(uffd_noncoop, "uffd-noncoop", EXTRA, "--lazy-pages does not work for processes that fork or change their mappings") \
	FEATURE(can_map_vdso, "can_map_vdso", EXTRA, "a vdso cannot be put at a chosen place: 32-bit processes and moved images need it") \
	FEATURE(sk_ns, "sk_ns", EXTRA, "sockets of other network namespaces cannot be dumped") \
	FEATURE(sk_unix_file, "sk_unix_file", ASKED, "the mount of a unix socket's file cannot be found") \
	FEATURE(net_diag_raw, "net_diag_raw", EXTRA, "raw sockets cannot be dumped") \
	FEATURE(nsid, "nsid", ASKED, "network namespaces cannot be matched by their ids") \
	FEATURE(link_nsid, "link_nsid", ASKED, "links between nested network namespaces cannot be dumped") \
	FEATURE(kcmp_epoll, "kcmp_epoll", EXTRA, "targets of epoll descriptors that were closed or moved cannot be found") \
	FEATURE(timens, "timens", EXTRA, "monotonic clocks jump after a restore on another host") \
	FEATURE(external_net_ns, "external_net_ns", ASKED, "external network namespaces cannot be used") \
	FEATURE(clone3_set_tid, "clone3_set_tid", EXTRA, "pids are restored slower and may be lost to other processes") \
	FEATURE(newifindex, "newifindex", EXTRA, "links moved between network namespaces lose their index") \
	FEATURE(nftables, "nftables", ASKED, "nftables rules cannot be dumped or restored") \
	FEATURE(has_ipt_legacy, "has_ipt_legacy", ASKED, "rules of legacy iptables cannot be dumped or restored") \
	FEATURE(pidfd_store, "pidfd_store", EXTRA, "a pid that was used again cannot be noticed between pre-dumps") \
	FEATURE(ns_pid, "ns_pid", EXTRA, "pids inside nested namespaces cannot be read") \
	FEATURE(apparmor_stacking, "apparmor_stacking", APPARMOR, "stacked AppArmor profiles cannot be restored") \
	FEATURE(network_lock_nftables, "network_lock_nftables", EXTRA, "--network-lock nftables does not work") \
	FEATURE(sockopt_buf_lock, "sockopt_buf_lock", EXTRA, "socket buffers of fixed size become automatic") \
	FEATURE(memfd_hugetlb, "memfd_hugetlb", EXTRA, "memory files with huge pages cannot be restored") \
	FEATURE(move_mount_set_group, "move_mount_set_group", EXTRA, "some propagation groups of mounts cannot be restored") \
	FEATURE(openat2, "openat2", EXTRA, "files are opened without protection against links that leave the root") \
	FEATURE(get_rseq_conf, "get_rseq_conf", EXTRA, "restartable sequences cannot be dumped") \
	FEATURE(ipv6_freebind, "ipv6_freebind", EXTRA, "IPv6 sockets bound to foreign addresses cannot be restored") \
	FEATURE(pagemap_scan, "pagemap_scan", EXTRA, "looking for pages of large sparse mappings is slower") \
	FEATURE(timer_cr_ids, "timer_cr_ids", EXTRA, "POSIX timers with large ids are restored slower, or not at all") \
	FEATURE(overlayfs_maps, "overlayfs_maps", EXTRA, "files mapped from overlayfs need a search for their mount") \
	FEATURE(io_uring, "io_uring", EXTRA, "io_uring instances cannot be dumped") \
	FEATURE(breakpoints, "breakpoints", OPTIONAL, "the end of a restore is found by single steps, which is slower") \
	FEATURE(pagemap_scan_guard_pages, "pagemap_scan_guard_pages", EXTRA, "guard pages inside mappings cannot be dumped") \
	FEATURE(tcp_time_wait, "tcp_time_wait", UNNAMED, "TCP connections that wait to be accepted cannot be restored") \
	FEATURE(smaps_guards, "smaps_guards", UNNAMED, "every shared mapping is searched for guard pages") \
	FEATURE(prctl_thp, "prctl_thp", UNNAMED, "whether a process refuses huge pages is not restored") \
	FEATURE(posix_timers, "posix_timers", UNNAMED, "POSIX timers cannot be dumped") \
	FEATURE(clone_parent, "clone_parent", UNNAMED, "--restore-sibling does not work with a pid namespace") \
	FEATURE(tcp_window, "tcp_window", UNNAMED, "TCP connections stall for a while after a restore")
/* clang-format on */

enum feature {
#define FEATURE(id, name, category, lost) FEATURE_##id,
	FEATURE_LIST(FEATURE)
#undef FEATURE
	    FEATURE_COUNT
};

struct feature_row {
	const char *name, *lost;
	enum feature_category category;
	struct error *(*probe)(void);
};

extern const struct feature_row feature_rows[FEATURE_COUNT];

struct kernel;

/* Reads the cache, which may be missing or old; *ret is the caller's, kernel_close() frees it. */
struct error *kernel_open(bool unprivileged, struct kernel **ret) must_check;
/* NULL: this kernel has it. Else why not, with what is lost as the detail. */
struct error *kernel_feature(struct kernel *kernel, enum feature feature) must_check;
/* The same; what the cache says is missing is probed again. */
struct error *kernel_feature_again(struct kernel *kernel, enum feature feature) must_check;
/* Writes the cache when there is news. NULL is fine. */
void kernel_close(struct kernel *kernel);

/* FEATURE_COUNT: there is none of that name for --feature. */
enum feature feature_find(const char *name);
/* Does AppArmor rule here? */
bool kernel_has_apparmor(void);

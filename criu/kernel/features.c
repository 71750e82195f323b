// SPDX-License-Identifier: GPL-2.0
/* The probes. Each tries the facility itself on this process or on throw-away objects. */
#include "kernel/features.h"

#include <arpa/inet.h>
#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/kcmp.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <linux/userfaultfd.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/cleanup.h"
#include "support/file.h"

const struct feature_row feature_rows[FEATURE_COUNT] = {
#define FEATURE(id, name, category, lost) { name, lost, FEATURE_##category },
	FEATURE_LIST(FEATURE)
#undef FEATURE
};

enum feature feature_find(const char *name)
{
	for (int i = 0; i < FEATURE_COUNT; i++)
		if (!strcmp(feature_rows[i].name, name))
			return i;
	return FEATURE_COUNT;
}

/* ---- helpers ---- */

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static bool file_has(const char *path, const char *word)
{
	cleanup_free char *text = NULL;
	struct error *error = read_file_at(AT_FDCWD, path, &text, NULL);

	error_free(error);
	return !error && strstr(text, word);
}

static bool fdinfo_has(int fd, const char *word)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return fd >= 0 && file_has(path, word);
}

/* Runs body in a child that may spoil itself; true when it returns true. */
static bool in_child(bool (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(body() ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

/* Seizes a sleeping child and asks about it. */
static bool with_tracee(bool (*body)(pid_t))
{
	pid_t pid = fork();
	bool answer = false;

	if (pid == 0)
		for (;;)
			pause();
	if (pid < 0)
		return false;
	if (!ptrace(PTRACE_SEIZE, pid, 0, 0) && !ptrace(PTRACE_INTERRUPT, pid, 0, 0) &&
	    waitpid(pid, NULL, __WALL) == pid)
		answer = body(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
	return answer;
}

static bool has_option(int family, int type, int level, int option)
{
	cleanup_close int fd = socket(family, type | SOCK_CLOEXEC, 0);
	int value = 0;
	socklen_t length = sizeof(value);

	return fd >= 0 && !getsockopt(fd, level, option, &value, &length);
}

static bool sets_option(int family, int type, int level, int option, int value)
{
	cleanup_close int fd = socket(family, type | SOCK_CLOEXEC, 0);

	return fd >= 0 && !setsockopt(fd, level, option, &value, sizeof(value));
}

static bool answers_unshare(int flag)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(flag) ? 1 : 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

/* ---- category 1 ---- */

static bool probe_map_files(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cleanup_close int fd = -1;
	char path[80];

	if (page == MAP_FAILED)
		return false;
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (long)page, (long)page + 4096);
	fd = open(path, O_RDWR | O_CLOEXEC);
	munmap(page, 4096);
	return fd >= 0;
}

static bool probe_sock_diag(void)
{
	cleanup_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	return fd >= 0;
}

static bool probe_ns_last_pid(void)
{
	return exists("/proc/sys/kernel/ns_last_pid");
}

static bool probe_sock_peek_off(void)
{
	return sets_option(AF_UNIX, SOCK_DGRAM, SOL_SOCKET, SO_PEEK_OFF, 0);
}

static bool probe_kcmp(void)
{
	return syscall(SYS_kcmp, getpid(), getpid(), KCMP_VM, 0, 0) == 0;
}

static bool probe_prctl(void)
{
	unsigned int size = 0;
	unsigned long address;

	return !prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0) && size &&
	       !prctl(PR_GET_TID_ADDRESS, &address, 0, 0, 0);
}

static bool probe_fcntl(void)
{
	cleanup_close int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct f_owner_ex owner;
	uint32_t uids[2];

	return fd >= 0 && !fcntl(fd, F_GETOWN_EX, &owner) && !fcntl(fd, 17 /* F_GETOWNER_UIDS */, uids);
}

static bool probe_proc_stat(void)
{
	cleanup_free char *text = NULL;
	struct error *error = read_file_at(AT_FDCWD, "/proc/self/stat", &text, NULL);
	unsigned spaces = 0;

	error_free(error);
	for (const char *place = text; !error && *place; place++)
		spaces += *place == ' ';
	return spaces >= 51; /* 52 fields: memory areas and exit code */
}

static bool probe_tcp(void)
{
	return sets_option(AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_REPAIR, 1);
}

static bool probe_fdinfo_ext(void)
{
	cleanup_close int event = eventfd(0, EFD_CLOEXEC), poll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event in = { .events = EPOLLIN };

	return fdinfo_has(event, "eventfd-count:") && !epoll_ctl(poll, EPOLL_CTL_ADD, event, &in) &&
	       fdinfo_has(poll, "tfd:");
}

static bool probe_unaligned_vmsplice(void)
{
	cleanup_close int reader = -1, writer = -1;
	char bytes[10] = "0123456789";
	struct iovec piece = { bytes + 1, 3 };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return false;
	reader = ends[0];
	writer = ends[1];
	return vmsplice(writer, &piece, 1, SPLICE_F_GIFT | SPLICE_F_NONBLOCK) == 3;
}

static bool probe_tty(void)
{
	cleanup_close int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int value;

	return fd >= 0 && !ioctl(fd, TIOCGPTLCK, &value) && !ioctl(fd, TIOCGPKT, &value) &&
	       !ioctl(fd, TIOCGEXCL, &value);
}

static bool probe_so_gets(void)
{
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t length = 0;
	char name[16];

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &length))
		return false;
	length = sizeof(name);
	return !getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length);
}

static bool probe_ipc(void)
{
	return exists("/proc/sys/kernel/sem_next_id");
}

static bool probe_sigqueuinfo(void)
{
	siginfo_t info = { .si_signo = SIGUSR1, .si_code = 1 };
	uint64_t mask = 1ULL << (SIGUSR1 - 1), before;
	struct timespec none = { 0 };
	sigset_t set;
	bool good;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, &before, 8);
	good = !syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	if (good)
		sigtimedwait(&set, NULL, &none);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8);
	return good;
}

static bool peeks(pid_t pid)
{
	struct __ptrace_peeksiginfo_args arguments = { .nr = 1 };
	siginfo_t info;

	return ptrace(PTRACE_PEEKSIGINFO, pid, &arguments, &info) >= 0;
}

static bool probe_ptrace_peeksiginfo(void)
{
	return with_tracee(peeks);
}

static bool move_vdso(void)
{
	cleanup_free char *text = NULL;
	unsigned long start, end;
	char *place, *line;
	struct error *error = read_file_at(AT_FDCWD, "/proc/self/maps", &text, NULL);

	error_free(error);
	place = error ? NULL : strstr(text, "[vdso]");
	if (!place)
		return false;
	*place = '\0';
	line = strrchr(text, '\n');
	if (!line || sscanf(line + 1, "%lx-%lx", &start, &end) != 2)
		return false;
	place = mmap(NULL, end - start, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return syscall(SYS_mremap, start, end - start, end - start, MREMAP_MAYMOVE | MREMAP_FIXED, place) ==
	       (long)place;
}

static bool probe_special_mapping_mremap(void)
{
	return in_child(move_vdso);
}

/* ---- the others ---- */

static bool probe_mnt_id(void)
{
	return fdinfo_has(STDIN_FILENO, "mnt_id:") || file_has("/proc/self/mountinfo", " / ");
}

static bool probe_mem_dirty_track(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cleanup_close int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t word = 0;

	if (page == MAP_FAILED || fd < 0)
		return false;
	*page = 1;
	if (pread(fd, &word, 8, (uintptr_t)page / 4096 * 8) != 8)
		word = 0;
	munmap(page, 4096);
	return word >> 55 & 1;
}

static bool probe_aio_remap(void)
{
	uint64_t context = 0;
	void *place = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool good;

	if (syscall(SYS_io_setup, 1, &context))
		return false;
	good = syscall(SYS_mremap, context, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, place) == (long)place &&
	       !syscall(SYS_io_getevents, place, 0, 0, NULL, NULL);
	syscall(SYS_io_destroy, good ? (uint64_t)place : context);
	return good;
}

static bool probe_timerfd(void)
{
	cleanup_close int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	uint64_t ticks = 1;

	return fd >= 0 && !ioctl(fd, _IOW('T', 0, uint64_t), &ticks);
}

static bool probe_tun(void)
{
	return exists("/dev/net/tun");
}

static bool probe_tun_ns(void)
{
	cleanup_close int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	cleanup_close int space = -1;

	if (fd < 0)
		return false;
	space = ioctl(fd, SIOCGSKNS);
	return space >= 0;
}

static bool probe_userns(void)
{
	return exists("/proc/self/ns/user") && answers_unshare(CLONE_NEWUSER);
}

static bool probe_fdinfo_lock(void)
{
	cleanup_close int fd = memfd_create("lock", MFD_CLOEXEC);
	struct flock lock = { .l_type = F_WRLCK };

	return fd >= 0 && !fcntl(fd, F_SETLK, &lock) && fdinfo_has(fd, "lock:");
}

static bool suspends(pid_t pid)
{
	return !ptrace(PTRACE_SETOPTIONS, pid, 0, 0x200000 /* PTRACE_O_SUSPEND_SECCOMP */);
}

static bool probe_seccomp_suspend(void)
{
	return with_tracee(suspends);
}

static bool reads_filters(pid_t pid)
{
	return ptrace(0x420c /* PTRACE_SECCOMP_GET_FILTER */, pid, 0, NULL) >= 0 || errno == ENOENT || errno == EINVAL;
}

static bool probe_seccomp_filters(void)
{
	return with_tracee(reads_filters);
}

static bool probe_loginuid(void)
{
	return exists("/proc/self/loginuid");
}

static bool probe_cgroupns(void)
{
	return exists("/proc/self/ns/cgroup");
}

static bool probe_autofs(void)
{
	return file_has("/proc/filesystems", "autofs");
}

static bool probe_tcp_half_closed(void)
{
	/* Repair of half-closed connections is part of every kernel from 4.9 on: the window option came before it. */
	return has_option(AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_REPAIR) && probe_tcp();
}

static bool map_vdso32(void)
{
	return syscall(SYS_arch_prctl, 0x2002 /* ARCH_MAP_VDSO_32 */, 0x10000000) > 0 || errno == EEXIST;
}

static bool probe_can_map_vdso(void)
{
	return in_child(map_vdso32);
}

static bool probe_compat_cr(void)
{
	return probe_can_map_vdso();
}

static int open_userfaultfd(uint64_t features)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct uffdio_api api = { .api = UFFD_API, .features = features };

	if (fd >= 0 && ioctl(fd, UFFDIO_API, &api)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool probe_uffd(void)
{
	cleanup_close int fd = open_userfaultfd(0);

	return fd >= 0;
}

static bool probe_uffd_noncoop(void)
{
	cleanup_close int fd = open_userfaultfd(UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP |
						UFFD_FEATURE_EVENT_REMOVE | UFFD_FEATURE_EVENT_UNMAP);

	return fd >= 0;
}

static bool probe_sk_ns(void)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), space = -1;

	space = fd < 0 ? -1 : ioctl(fd, SIOCGSKNS);
	return space >= 0;
}

static bool probe_sk_unix_file(void)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* SIOCUNIXFILE on an unbound socket answers ENOENT where it is known. */
	return fd >= 0 && (ioctl(fd, SIOCPROTOPRIVATE + 0) >= 0 || errno == ENOENT);
}

static bool probe_net_diag_raw(void)
{
	return probe_sock_diag() && (file_has("/proc/net/protocols", "RAW"));
}

static bool probe_netlink_route(void)
{
	cleanup_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd >= 0;
}

static bool probe_nsid(void)
{
	return probe_netlink_route();
}

static bool probe_link_nsid(void)
{
	return probe_netlink_route();
}

static bool probe_kcmp_epoll(void)
{
	cleanup_close int event = eventfd(0, EFD_CLOEXEC), poll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event in = { .events = EPOLLIN };
	struct kcmp_epoll_slot slot = { .efd = poll, .tfd = event, .toff = 0 };

	return !epoll_ctl(poll, EPOLL_CTL_ADD, event, &in) &&
	       syscall(SYS_kcmp, getpid(), getpid(), KCMP_EPOLL_TFD, event, &slot) == 0;
}

static bool probe_timens(void)
{
	return exists("/proc/self/timens_offsets");
}

static bool probe_external_net_ns(void)
{
	return true;
}

static bool probe_clone3_set_tid(void)
{
	pid_t none = -1;
	struct clone_args arguments = { .set_tid = (uintptr_t)&none, .set_tid_size = 1, .exit_signal = SIGCHLD };

	/* A number that cannot be is refused only by kernels that look at it. */
	return syscall(SYS_clone3, &arguments, sizeof(arguments)) < 0 && errno == EINVAL;
}

static bool probe_newifindex(void)
{
	return probe_netlink_route();
}

static bool probe_nftables(void)
{
	cleanup_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	return fd >= 0 && (file_has("/proc/modules", "nf_tables") || exists("/proc/sys/net/netfilter"));
}

static bool probe_has_ipt_legacy(void)
{
	return exists("/usr/sbin/iptables-legacy-save") || exists("/sbin/iptables-legacy-save");
}

static bool probe_pidfd_store(void)
{
	cleanup_close int self = syscall(SYS_pidfd_open, getpid(), 0), copy = -1;

	copy = self < 0 ? -1 : syscall(SYS_pidfd_getfd, self, self, 0);
	return copy >= 0;
}

static bool probe_ns_pid(void)
{
	return file_has("/proc/self/status", "NSpid:");
}

static bool probe_apparmor_stacking(void)
{
	/* Asked only of hosts with AppArmor. */
	return !exists("/sys/kernel/security/apparmor") ||
	       file_has("/sys/kernel/security/apparmor/features/domain/stack", "yes");
}

static bool probe_sockopt_buf_lock(void)
{
	return has_option(AF_UNIX, SOCK_DGRAM, SOL_SOCKET, 72 /* SO_BUF_LOCK */);
}

static bool probe_memfd_hugetlb(void)
{
	cleanup_close int fd = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB);

	return fd >= 0;
}

static bool probe_move_mount_set_group(void)
{
	/* An unknown flag is EINVAL; a known one goes on to look at the descriptors. */
	return syscall(SYS_move_mount, -1, "", -1, "", 0x100 | 0x4 | 0x40) < 0 && errno != EINVAL && errno != ENOSYS;
}

static bool probe_openat2(void)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
	cleanup_close int fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

	return fd >= 0;
}

static bool reads_rseq(pid_t pid)
{
	char configuration[24];

	return ptrace(0x420f /* PTRACE_GET_RSEQ_CONFIGURATION */, pid, sizeof(configuration), configuration) > 0;
}

static bool probe_get_rseq_conf(void)
{
	return with_tracee(reads_rseq);
}

static bool probe_ipv6_freebind(void)
{
	return has_option(AF_INET6, SOCK_STREAM, IPPROTO_IPV6, 78 /* IPV6_FREEBIND */);
}

/* An argument block of PAGEMAP_SCAN, linux/fs.h of Linux 6.7. */
static int scan_own_memory(uint64_t category)
{
	struct {
		uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, inverted, mask, any, wanted;
	} argument = { .size = 96, .mask = category, .wanted = category, .start = 4096, .end = 8192 };
	struct {
		uint64_t start, end, categories;
	} region;
	cleanup_close int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	argument.vec = (uintptr_t)&region;
	argument.vec_len = 1;
	return fd < 0 ? -1 : ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, 'f', 16, 96), &argument);
}

static bool probe_pagemap_scan(void)
{
	return scan_own_memory(1 << 3) >= 0;
}

static bool probe_pagemap_scan_guard_pages(void)
{
	return scan_own_memory(1 << 8) >= 0;
}

static bool probe_timer_cr_ids(void)
{
	return prctl(77 /* PR_TIMER_CREATE_RESTORE_IDS */, 2, 0, 0, 0) >= 0;
}

static bool probe_overlayfs_maps(void)
{
	unsigned major = 0, minor = 0;
	cleanup_free char *text = NULL;
	struct error *error = read_file_at(AT_FDCWD, "/proc/sys/kernel/osrelease", &text, NULL);

	/* From 6.8 on /proc/PID/maps names the overlay's own device and inode. */
	error_free(error);
	return !error && sscanf(text, "%u.%u", &major, &minor) == 2 && (major > 6 || (major == 6 && minor >= 8));
}

static bool probe_network_lock_nftables(void)
{
	return probe_nftables();
}

static bool pokes_debug_register(pid_t pid)
{
	return !ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg), 0);
}

static bool probe_breakpoints(void)
{
	return with_tracee(pokes_debug_register);
}

bool feature_probe(enum feature feature)
{
	static bool (*const probes[FEATURE_COUNT])(void) = {
#define FEATURE(id, name, category, lost) probe_##id,
		FEATURE_LIST(FEATURE)
#undef FEATURE
	};

	return probes[feature]();
}

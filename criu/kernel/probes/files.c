// SPDX-License-Identifier: GPL-2.0
/* Probes: what the kernel tells about open files, and ways to open them. */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kernel/peek.h"
#include "kernel/proc/fdinfo.h"
#include "kernel/probes/probe.h"
#include "support/cleanup.h"
#include "support/file.h"

enum { KCMP_FILE_ = 0, KCMP_EPOLL_TFD_ = 7 };
#define GET_EXCLUSIVE _IOR('T', 0x40, int)
#define GET_PACKET _IOR('T', 0x38, int)
#define GET_LOCK _IOR('T', 0x39, int)

/* Does fdinfo of a descriptor have this field? The descriptor is closed. */
static struct error *field(int fd, const char *name)
{
	cleanup_close int own = fd;
	cleanup_free char *text = NULL;
	const char *rest;
	char path[64];

	if (own < 0)
		return fail_errno("no descriptor with %s", name);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", own);
	TRY(read_file_at(AT_FDCWD, path, &text, NULL));
	return fdinfo_line(text, name, &rest) ? NULL : fail("fdinfo has no %s", name);
}

struct error *probe_map_files(void)
{
	cleanup_close int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), again = -1;
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, program, 0);
	char path[96];

	if (page == MAP_FAILED)
		return fail_errno("no mapping of a file");
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)page, (unsigned long)page + 4096);
	again = open(path, O_RDONLY | O_CLOEXEC);
	if (again < 0 && errno == ENOENT) { /* merged with a neighbour: the directory must do */
		close(again);
		again = open("/proc/self/map_files", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	munmap(page, 4096);
	return again >= 0 ? NULL : fail_errno("/proc/self/map_files");
}

struct error *probe_kcmp(void)
{
	cleanup_close int first = eventfd(0, EFD_CLOEXEC), second = -1;

	second = dup(first);
	if (syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE_, first, second))
		return fail_errno("kcmp");
	return NULL;
}

struct error *probe_kcmp_epoll(void)
{
	cleanup_close int epoll = epoll_create1(EPOLL_CLOEXEC), target = eventfd(0, EFD_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN };
	struct {
		uint32_t epoll, target, offset;
	} slot = { epoll, target, 0 };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, target, &event))
		return fail_errno("epoll_ctl");
	if (syscall(SYS_kcmp, getpid(), getpid(), KCMP_EPOLL_TFD_, target, &slot))
		return fail_errno("kcmp");
	return NULL;
}

struct error *probe_fcntl(void)
{
	cleanup_close int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct f_owner_ex owner = { 0 };
	uint32_t ids[2];

	if (fcntl(fd, 17 /* F_GETOWNER_UIDS */, ids))
		return fail_errno("F_GETOWNER_UIDS");
	return fcntl(fd, F_GETOWN_EX, &owner) ? fail_errno("F_GETOWN_EX") : NULL;
}

struct error *probe_fdinfo_ext(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), watch = inotify_init1(IN_CLOEXEC);
	cleanup_close int target = eventfd(0, EFD_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN };
	sigset_t none;

	sigemptyset(&none);
	TRY(field(eventfd(0, EFD_CLOEXEC), "eventfd-count"));
	TRY(field(signalfd(-1, &none, SFD_CLOEXEC), "sigmask"));
	epoll_ctl(epoll, EPOLL_CTL_ADD, target, &event);
	TRY(field(epoll, "tfd"));
	if (watch >= 0 && inotify_add_watch(watch, "/", IN_ATTRIB) < 0) {
		close(watch);
		return fail_errno("inotify");
	}
	return field(watch, "inotify wd");
}

struct error *probe_mnt_id(void)
{
	return field(open("/", O_RDONLY | O_CLOEXEC), "mnt_id");
}

struct error *probe_timerfd(void)
{
	cleanup_close int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	struct itimerspec far = { .it_value = { .tv_sec = 1000 } };
	uint64_t ticks = 1;

	TRY(field(dup(fd), "clockid"));
	TRY(field(dup(fd), "ticks"));
	if (timerfd_settime(fd, 0, &far, NULL) || ioctl(fd, _IOW('T', 0, uint64_t) /* TFD_IOC_SET_TICKS */, &ticks))
		return fail_errno("TFD_IOC_SET_TICKS");
	return NULL;
}

struct error *probe_fdinfo_lock(void)
{
	int fd = memfd_create("lock", MFD_CLOEXEC);

	if (flock(fd, LOCK_EX)) {
		close(fd);
		return fail_errno("flock");
	}
	return field(fd, "lock");
}

struct error *probe_unaligned_vmsplice(void)
{
	char buffer[4096] = "", *place = (char *)((uintptr_t)buffer | 1);
	struct iovec piece = { place, 33 };
	cleanup_close int from = -1, to = -1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return fail_errno("no pipe");
	from = ends[0];
	to = ends[1];
	return vmsplice(to, &piece, 1, SPLICE_F_NONBLOCK) == 33 ? NULL : fail_errno("vmsplice");
}

struct error *probe_tty(void)
{
	cleanup_close int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave = -1;
	int value;

	if (master < 0)
		return fail_errno("no pseudoterminal");
	if (grantpt(master) || unlockpt(master) || (slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY)) < 0)
		return fail_errno("no pseudoterminal");
	if (ioctl(master, GET_PACKET, &value))
		return fail_errno("TIOCGPKT");
	if (ioctl(master, GET_LOCK, &value))
		return fail_errno("TIOCGPTLCK");
	return ioctl(slave, GET_EXCLUSIVE, &value) ? fail_errno("TIOCGEXCL") : NULL;
}

struct error *probe_memfd_hugetlb(void)
{
	cleanup_close int fd = memfd_create("probe", MFD_CLOEXEC | MFD_HUGETLB);

	return fd >= 0 ? NULL : fail_errno("memfd_create");
}

struct error *probe_openat2(void)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	cleanup_close int fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

	return fd >= 0 ? NULL : fail_errno("openat2");
}

struct error *probe_pidfd_store(void)
{
	cleanup_close int process = syscall(SYS_pidfd_open, getpid(), 0), copy = -1;

	if (process < 0)
		return fail_errno("pidfd_open");
	copy = syscall(SYS_pidfd_getfd, process, process, 0);
	return copy >= 0 ? NULL : fail_errno("pidfd_getfd");
}

/* May one be made, and does the kernel let us see what is in flight? */
struct error *probe_io_uring(void)
{
	struct io_uring_params params = { 0 };
	cleanup_close int ring = syscall(SYS_io_uring_setup, 1, &params);
	struct btf *btf = NULL;
	struct peek *peek = NULL;
	struct btf_place place;
	struct error *error;

	if (ring < 0)
		return fail_errno("io_uring_setup");
	error = btf_open(&btf) ?: btf_find(btf, "io_ring_ctx", "nr_req_allocated", &place) ?: peek_open(btf, &peek);
	peek_close(peek);
	btf_close(btf);
	return error;
}

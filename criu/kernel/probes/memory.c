// SPDX-License-Identifier: GPL-2.0
/* Probes: memory, its page tables and its special mappings. */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/proc/maps.h"
#include "kernel/proc/stat.h"
#include "kernel/probes/probe.h"
#include "support/cleanup.h"
#include "support/file.h"

enum {
	PAGE = 4096,
	SOFT_DIRTY_BIT = 55,
	GUARD_INSTALL = 102,	/* MADV_GUARD_INSTALL, Linux 6.13 */
	PAGE_PRESENT = 1 << 3,	/* PAGE_IS_PRESENT */
	PAGE_GUARD = 1 << 8,	/* PAGE_IS_GUARD, Linux 6.15 */
};

/* struct pm_scan_arg of linux/fs.h (Linux 6.7), which older headers lack. */
struct scan_argument {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
struct scan_region {
	uint64_t start, end, categories;
};
#define SCAN_PAGES _IOWR('f', 16, struct scan_argument)

struct error *probe_proc_stat(void)
{
	struct arena arena = { 0 };
	struct proc_stat stat;
	struct error *error = proc_thread_stat_read(getpid(), getpid(), &arena, &stat);

	arena_free(&arena);
	TRY(error);
	return stat.start_data && stat.arg_start && stat.env_end ? NULL : fail("/proc/PID/stat does not tell addresses");
}

struct error *probe_prctl(void)
{
	unsigned size = 0;
	int *address;

	if (prctl(PR_GET_TID_ADDRESS, &address, 0, 0, 0))
		return fail_errno("PR_GET_TID_ADDRESS");
	return prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0) ? fail_errno("PR_SET_MM_MAP_SIZE") : NULL;
}

struct error *probe_prctl_thp(void)
{
	return prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) < 0 ? fail_errno("PR_GET_THP_DISABLE") : NULL;
}

static struct error *track(void)
{
	cleanup_close int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t before = 0, after = 0;
	off_t place;
	char *page;

	TRY(probe_page(1, &page));
	place = (uintptr_t)page / PAGE * sizeof(before);
	*page = 1;
	TRY(write_file_at(AT_FDCWD, "/proc/self/clear_refs", "4", 1));
	TRY(pread_exactly(pagemap, &before, sizeof(before), place));
	*page = 2;
	TRY(pread_exactly(pagemap, &after, sizeof(after), place));
	if (before >> SOFT_DIRTY_BIT & 1 || !(after >> SOFT_DIRTY_BIT & 1))
		return fail("the kernel keeps no soft-dirty bits");
	return NULL;
}

struct error *probe_mem_dirty_track(void)
{
	return probe_in_child(track); /* it resets the bits of the whole process */
}

static struct error *move_ring(void)
{
	aio_context_t context = 0;
	struct mapping_line *lines;
	struct arena arena = { 0 };
	size_t count, size = 0;
	void *moved;

	if (syscall(SYS_io_setup, 8, &context))
		return fail_errno("io_setup");
	TRY(own_maps_read(&arena, &lines, &count));
	for (size_t i = 0; i < count; i++)
		if (lines[i].start == context)
			size = lines[i].end - lines[i].start;
	moved = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mremap((void *)context, size, size, MREMAP_FIXED | MREMAP_MAYMOVE, moved) == MAP_FAILED)
		return fail_errno("moving a ring");
	return syscall(SYS_io_destroy, (aio_context_t)(uintptr_t)moved) ? fail_errno("a moved ring") : NULL;
}

struct error *probe_aio_remap(void)
{
	return probe_in_child(move_ring);
}

static struct error *move_vdso(void)
{
	struct mapping_line *lines;
	struct arena arena = { 0 };
	size_t count;

	TRY(own_maps_read(&arena, &lines, &count));
	for (size_t i = 0; i < count; i++) {
		size_t size = lines[i].end - lines[i].start;
		void *place;

		if (strcmp(lines[i].path, "[vdso]"))
			continue;
		place = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (mremap((void *)lines[i].start, size, size, MREMAP_FIXED | MREMAP_MAYMOVE, place) == MAP_FAILED)
			return fail_errno("moving the vdso");
	}
	return NULL;
}

struct error *probe_special_mapping_mremap(void)
{
	return probe_in_child(move_vdso);
}

/* The system call may be reserved for those who may trace everyone; the device asks its own mode. */
static struct error *open_uffd(uint64_t features, uint64_t *found)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	cleanup_close int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK), device = -1;

	if (fd < 0) {
		device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
		fd = device >= 0 ? ioctl(device, _IO(0xAA, 0) /* USERFAULTFD_IOC_NEW */, O_CLOEXEC) : -1;
	}
	if (fd < 0)
		return fail_errno("userfaultfd");
	if (ioctl(fd, UFFDIO_API, &api))
		return fail_errno("UFFDIO_API");
	*found = api.features;
	return NULL;
}

struct error *probe_uffd(void)
{
	uint64_t features;

	return open_uffd(0, &features);
}

struct error *probe_uffd_noncoop(void)
{
	uint64_t wanted = UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EVENT_REMOVE |
			  UFFD_FEATURE_EVENT_UNMAP;
	uint64_t features;

	TRY(open_uffd(wanted, &features));
	return (features & wanted) == wanted ? NULL : fail("userfaultfd tells no events");
}

static struct error *scan(char *pages, size_t count, uint64_t category, long *found)
{
	cleanup_close int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	struct scan_region regions[4];
	struct scan_argument argument = {
		.size = sizeof(argument),
		.start = (uintptr_t)pages,
		.end = (uintptr_t)pages + count * PAGE,
		.vec = (uintptr_t)regions,
		.vec_len = 4,
		.category_mask = category,
		.return_mask = category,
	};

	*found = ioctl(pagemap, SCAN_PAGES, &argument);
	return *found >= 0 ? NULL : fail_errno("PAGEMAP_SCAN");
}

struct error *probe_pagemap_scan(void)
{
	struct error *error;
	char *pages;
	long found;

	TRY(probe_page(4, &pages));
	pages[PAGE] = 1;
	error = scan(pages, 4, PAGE_PRESENT, &found);
	munmap(pages, 4 * PAGE);
	TRY(error);
	return found == 1 ? NULL : fail("PAGEMAP_SCAN found %ld ranges instead of one", found);
}

static struct error *find_guard_flag(const char *page)
{
	struct arena arena = { 0 };
	struct mapping_line *lines;
	size_t count, i = 0;
	cleanup_close int self = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error *error = smaps_read(self, &arena, &lines, &count);

	while (!error && i < count && (uintptr_t)page >= lines[i].end)
		i++;
	if (!error && (i == count || !(lines[i].flags & MAPPING_GUARD)))
		error = fail("/proc/PID/smaps does not tell of guard pages");
	arena_free(&arena);
	return error;
}

struct error *probe_smaps_guards(void)
{
	struct error *error;
	char *pages;

	TRY(probe_page(4, &pages));
	if (madvise(pages + PAGE, PAGE, GUARD_INSTALL))
		error = fail_errno("MADV_GUARD_INSTALL");
	else
		error = find_guard_flag(pages);
	munmap(pages, 4 * PAGE);
	return error;
}

struct error *probe_pagemap_scan_guard_pages(void)
{
	struct error *error = NULL;
	char *pages;
	long found = 0;

	TRY(probe_page(4, &pages));
	if (madvise(pages + PAGE, PAGE, GUARD_INSTALL))
		error = fail_errno("MADV_GUARD_INSTALL");
	else
		error = scan(pages, 4, PAGE_GUARD, &found);
	munmap(pages, 4 * PAGE);
	TRY(error);
	return found == 1 ? NULL : fail("PAGEMAP_SCAN found %ld guard ranges instead of one", found);
}

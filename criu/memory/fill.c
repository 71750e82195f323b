// SPDX-License-Identifier: GPL-2.0
/*
 * Two ways: large pieces of fresh memory are brought by userfaultfd from the mapped image: the
 * kernel then allocates without zeroing and takes no fault. All else is read. The pieces
 * are cut into jobs; helpers, if any, and the newborn take one job after the other. Helpers share
 * the newborn's memory and C library, so what they run makes bare system calls only.
 */
#include "memory/fill.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/arch.h"
#include "files/remap.h"
#include "image/checksums.h"
#include "memory/vma.h"
#include "model/run.h"
#include "model/snapshot.h"
#include "raw_syscall.h"
#include "support/cleanup.h"

enum {
	JOB_BYTES = 1 << 20,
	JOB_PIECES = 256,
	LARGE_PIECE = 32 * 1024, /* from here on by userfaultfd, on average */
	HELPED_BYTES = 24 << 20, /* from here on with helpers */
	MAX_HELPERS = 3,
	STACK_BYTES = 32 * 1024,
	NUMBER_TRIES = 100,
};

struct job {
	uint64_t offset, bytes;
	const struct iovec *pieces;
	uint32_t count;
	bool fresh;
};

struct filler {
	struct job *jobs;
	size_t count;
	size_t next; /* atomic */
	int fd, uffd;
	const char *image; /* the file, mapped, where there is a uffd or blocks */
	uint64_t image_size;
	const struct checksums_blocks *blocks; /* or NULL */
	uint64_t *pages;   /* in shared memory, atomic: pages that came back */
	int64_t failure;   /* negative errno of the first failure; 1: the file ended */
};

size_t fill_area(struct fill *fill, uint64_t start, uint64_t end)
{
	*arena_append(fill->arena, fill->areas, fill->area_count, fill->area_capacity) =
	    (struct fill_area){ .start = start, .end = end };
	return fill->area_count;
}

void fill_add(struct fill *fill, uint64_t address, uint64_t bytes, uint64_t offset, size_t area)
{
	struct fill_piece *last = fill->count ? &fill->pieces[fill->count - 1] : NULL;
	bool follows = last && last->address + last->bytes == address && last->offset + last->bytes == offset &&
		       last->area == area;

	fill->bytes += bytes;
	if (follows)
		last->bytes += bytes;
	else
		*arena_append(fill->arena, fill->pieces, fill->count, fill->capacity) =
		    (struct fill_piece){ address, bytes, offset, area };
	if (area) {
		fill->areas[area - 1].bytes += bytes;
		fill->areas[area - 1].pieces += !follows;
	}
}

/* Many small pieces are read faster, several in one call. */
static bool is_dense(const struct fill_area *area)
{
	return area->pieces && area->bytes / area->pieces >= LARGE_PIECE;
}

/* ---- one job; bare system calls only ---- */

/* Looks at all blocks that begin in the job's part of the file; that also brings what is copied next into the cache. */
static void look_at_blocks(const struct checksums_blocks *blocks, const struct job *job, const char *image)
{
	size_t low = 0, high = blocks->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (blocks->starts[middle] < job->offset)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < blocks->count && blocks->starts[low] < job->offset + job->bytes; low++)
		checksums_look_at(blocks, low, image);
}

static int64_t copy_in(const struct filler *filler, const struct job *job)
{
	struct uffdio_copy copy = { .dst = (uint64_t)job->pieces->iov_base,
				    .src = (uint64_t)filler->image + job->offset,
				    .len = job->bytes };

	while (copy.len) {
		int64_t result;

		copy.copy = 0;
		result = raw_syscall3(SYS_ioctl, filler->uffd, UFFDIO_COPY, (uint64_t)&copy);
		if (result < 0 && result != -EAGAIN)
			return result;
		if (copy.copy > 0) {
			copy.dst += copy.copy;
			copy.src += copy.copy;
			copy.len -= copy.copy;
		}
	}
	return 0;
}

static int64_t read_in(const struct filler *filler, const struct job *job)
{
	struct iovec pieces[JOB_PIECES];
	struct iovec *piece = pieces, *end = pieces + job->count;
	uint64_t offset = job->offset;

	for (uint32_t i = 0; i < job->count; i++)
		pieces[i] = job->pieces[i];
	while (piece < end) {
		int64_t done =
		    raw_syscall4(SYS_preadv, filler->fd, (uint64_t)piece, end - piece, offset);

		if (done == -EINTR)
			continue;
		if (done <= 0)
			return done ?: 1;
		offset += done;
		while (piece < end && (uint64_t)done >= piece->iov_len)
			done -= (piece++)->iov_len;
		if (piece < end) {
			piece->iov_base = (char *)piece->iov_base + done;
			piece->iov_len -= done;
		}
	}
	return 0;
}

static void do_jobs(void *argument)
{
	struct filler *filler = argument;
	size_t next;

	while ((next = __atomic_fetch_add(&filler->next, 1, __ATOMIC_RELAXED)) < filler->count) {
		const struct job *job = &filler->jobs[next];
		int64_t failure;

		if (filler->blocks) /* reading maps 64 KiB at a time, which is faster than populating */
			look_at_blocks(filler->blocks, job, filler->image);
		else if (filler->image)
			raw_syscall3(SYS_madvise, (uint64_t)filler->image + job->offset, job->bytes, MADV_POPULATE_READ);
		failure = filler->uffd >= 0 && job->fresh ? copy_in(filler, job) : read_in(filler, job);
		if (failure)
			__atomic_store_n(&filler->failure, failure, __ATOMIC_RELAXED);
		else
			__atomic_add_fetch(filler->pages, job->bytes / PAGE_BYTES, __ATOMIC_RELAXED);
	}
}

/* ---- helpers ---- */

struct helpers {
	pid_t pids[MAX_HELPERS];
	void *stacks[MAX_HELPERS];
	size_t count;
};

/* Numbers that the tree will want are left free. */
static int64_t start_helper(const struct restore *restore, struct filler *filler, void *stack, unsigned seed)
{
	for (unsigned i = 0; i < NUMBER_TRIES; i++) {
		pid_t wanted = 300 + (seed * 131 + i) % 30000;
		struct clone_args arguments = {
			.flags = CLONE_VM | CLONE_FILES | CLONE_FS,
			.stack = (uint64_t)stack,
			.stack_size = STACK_BYTES,
			.set_tid = (uint64_t)&wanted,
			.set_tid_size = 1,
		};
		int64_t pid;

		if (snapshot_has_pid(restore->snapshot, wanted) || remap_needs_pid(restore, wanted))
			continue;
		pid = arch_clone_and_call(&arguments, sizeof(arguments), do_jobs, filler);
		if (pid != -EEXIST)
			return pid;
	}
	return -EEXIST;
}

static void start_helpers(const struct restore *restore, struct filler *filler, struct helpers *helpers)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	while (helpers->count < MAX_HELPERS && (long)helpers->count + 1 < processors) {
		void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
		int64_t pid;

		if (stack == MAP_FAILED)
			return;
		pid = start_helper(restore, filler, stack, getpid() + helpers->count * 17);
		if (pid < 0) {
			munmap(stack, STACK_BYTES);
			return;
		}
		helpers->pids[helpers->count] = pid;
		helpers->stacks[helpers->count++] = stack;
	}
}

static void end_helpers(struct helpers *helpers)
{
	for (size_t i = 0; i < helpers->count; i++) {
		while (waitpid(helpers->pids[i], NULL, __WALL) < 0 && errno == EINTR)
			;
		munmap(helpers->stacks[i], STACK_BYTES);
	}
}

/* ---- all jobs ---- */

/* Cuts what follows each other in the file into jobs; pieces for userfaultfd are alone in theirs. */
static void make_jobs(const struct fill *fill, struct filler *filler)
{
	struct iovec *pieces = arena_array(fill->arena, struct iovec, fill->count + fill->bytes / JOB_BYTES + 1);
	size_t at = 0, capacity = 0;
	struct job *job = NULL;

	for (size_t i = 0; i < fill->count; i++) {
		struct fill_piece piece = fill->pieces[i];
		bool fresh = piece.area && is_dense(&fill->areas[piece.area - 1]);

		while (piece.bytes) {
			uint64_t bytes;

			if (!job || fresh || job->fresh || job->count == JOB_PIECES || job->bytes == JOB_BYTES ||
			    job->offset + job->bytes != piece.offset) {
				job = arena_append(fill->arena, filler->jobs, filler->count, capacity);
				*job = (struct job){ .offset = piece.offset, .pieces = &pieces[at], .fresh = fresh };
			}
			bytes = JOB_BYTES - job->bytes < piece.bytes ? JOB_BYTES - job->bytes : piece.bytes;
			pieces[at++] = (struct iovec){ (void *)piece.address, bytes };
			job->count++;
			job->bytes += bytes;
			piece.address += bytes;
			piece.offset += bytes;
			piece.bytes -= bytes;
		}
	}
}

static bool wants_userfaultfd(const struct filler *filler)
{
	for (size_t i = 0; i < filler->count; i++)
		if (filler->jobs[i].fresh)
			return true;
	return false;
}

static bool watch_areas(const struct fill *fill, int uffd)
{
	struct uffdio_api api = { .api = UFFD_API };

	if (ioctl(uffd, UFFDIO_API, &api))
		return false;
	for (size_t i = 0; i < fill->area_count; i++) {
		struct uffdio_register area = { .range = { fill->areas[i].start,
							   fill->areas[i].end - fill->areas[i].start },
						.mode = UFFDIO_REGISTER_MODE_MISSING };

		if (is_dense(&fill->areas[i]) && ioctl(uffd, UFFDIO_REGISTER, &area))
			return false;
	}
	return true;
}

/* A userfaultfd over the fresh areas, if there is anything to gain and the right to it. */
static void open_userfaultfd(const struct fill *fill, struct filler *filler)
{
	cleanup_close int uffd = -1;

	if (!wants_userfaultfd(filler))
		return;
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (uffd >= 0 && watch_areas(fill, uffd))
		filler->uffd = take_fd(&uffd);
}

/* Without room for it everything is read, and main checks the blocks. */
static void map_image(struct filler *filler, const struct checksums_blocks *blocks)
{
	void *image = MAP_FAILED;

	if (filler->uffd >= 0 || blocks)
		image = mmap(NULL, filler->image_size, PROT_READ, MAP_SHARED, filler->fd, 0);
	if (image != MAP_FAILED) {
		filler->image = image;
		filler->blocks = blocks && blocks->starts[blocks->count] <= filler->image_size ? blocks : NULL;
	} else if (filler->uffd >= 0) {
		close(filler->uffd);
		filler->uffd = -1;
	}
}

static void unmap_image(struct filler *filler)
{
	if (filler->uffd >= 0)
		close(filler->uffd);
	if (filler->image)
		munmap((void *)filler->image, filler->image_size);
}

struct error *fill_run(struct restore *restore, const struct fill *fill, int fd, const struct checksums_blocks *blocks)
{
	struct filler filler = { .fd = fd, .uffd = -1, .pages = restore->pages_restored };
	struct helpers helpers = { .count = 0 };
	struct stat stat;

	if (!fill->count)
		return NULL;
	if (fstat(fd, &stat))
		return fail_errno("could not examine the pages image");
	filler.image_size = stat.st_size;
	make_jobs(fill, &filler);
	open_userfaultfd(fill, &filler);
	map_image(&filler, blocks);
	if (fill->bytes >= HELPED_BYTES)
		start_helpers(restore, &filler, &helpers);
	do_jobs(&filler);
	end_helpers(&helpers);
	unmap_image(&filler);
	if (filler.failure > 0)
		return fail("the pages image is too short");
	if (filler.failure)
		return fail_number(-filler.failure, "could not bring back pages");
	return NULL;
}

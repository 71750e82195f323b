// SPDX-License-Identifier: GPL-2.0
#include "model/traces.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/log.h"

/* Only what is written to takes memory. */
enum { TRACES_BYTES = 64 << 20, OPEN_DIRECTORIES = 16 };

struct trace {
	uint64_t device, inode; /* 0, 0: about to be made */
	uint32_t size;		/* of all, with the path */
	uint32_t mode, uid, gid; /* of a socket that was there before; mode 0: nothing was */
	char path[];
};

struct traces {
	uint64_t used; /* bytes of entries that are complete; atomic */
	_Alignas(8) unsigned char entries[];
};

struct error *traces_make(struct restore *restore)
{
	void *memory = mmap(NULL, TRACES_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return fail_errno("could not map memory for the traces of the restore");
	restore->traces = memory;
	return NULL;
}

static struct error *note(struct restore *restore, const char *path, const struct stat *before)
{
	struct traces *traces = restore->traces;
	size_t length = strlen(path) + 1, size = (sizeof(struct trace) + length + 7) & ~(size_t)7;
	struct trace *trace = (struct trace *)(traces->entries + traces->used);
	if (traces->used + size > TRACES_BYTES - sizeof(*traces))
		return fail("cannot keep track of that many new files");
	trace->size = size;
	if (before) {
		trace->mode = before->st_mode;
		trace->uid = before->st_uid;
		trace->gid = before->st_gid;
	}
	memcpy(trace->path, path, length);
	__atomic_store_n(&traces->used, traces->used + size, __ATOMIC_RELEASE);
	return NULL;
}

struct error *trace_file(struct restore *restore, const char *path)
{
	struct stat stat;

	return lstat(path, &stat) ? note(restore, path, NULL) : NULL;
}

struct error *trace_replaced_socket(struct restore *restore, const char *path, const struct stat *stat)
{
	return note(restore, path, stat);
}

/* The newest entry with this path. */
static struct trace *find(struct traces *traces, const char *path)
{
	struct trace *found = NULL;

	for (uint64_t at = 0; at < traces->used;) {
		struct trace *trace = (struct trace *)(traces->entries + at);

		if (!trace->device && !trace->inode && !trace->mode && !strcmp(trace->path, path))
			found = trace;
		at += trace->size;
	}
	return found;
}

void trace_made(struct restore *restore, const char *path)
{
	struct trace *trace = find(restore->traces, path);
	struct stat stat;

	if (!trace || lstat(path, &stat))
		return;
	trace->device = stat.st_dev;
	__atomic_store_n(&trace->inode, stat.st_ino, __ATOMIC_RELEASE);
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *where)
{
	return remove(path);
}

static void remove_trace(const struct trace *trace)
{
	struct stat stat;
	bool there = !lstat(trace->path, &stat);

	if (trace->mode && !there && (mknod(trace->path, trace->mode, 0) || lchown(trace->path, trace->uid, trace->gid)))
		log_warning("could not put the socket %s back, ignored", trace->path);
	if (trace->mode || !there || (trace->inode && (stat.st_ino != trace->inode || stat.st_dev != trace->device)))
		return;
	if (S_ISDIR(stat.st_mode) ? nftw(trace->path, remove_one, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS | FTW_MOUNT)
				  : unlink(trace->path))
		log_warning("could not remove %s, ignored", trace->path);
}

void traces_remove(void *argument)
{
	struct restore *restore = argument;
	struct traces *traces = restore->traces;
	uint64_t used = __atomic_load_n(&traces->used, __ATOMIC_ACQUIRE);

	for (uint64_t at = 0; at < used;) {
		const struct trace *trace = (const struct trace *)(traces->entries + at);

		remove_trace(trace);
		at += trace->size;
	}
}

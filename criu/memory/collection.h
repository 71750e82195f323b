// SPDX-License-Identifier: GPL-2.0
/* What a dump knows of memory while pages travel. For memory/; main and its worker threads. */
#pragma once

#include <pthread.h>

#include "memory/kind.h"
#include "memory/pagemap.h"
#include "memory/team.h"
#include "support/progress.h"

enum {
	CHUNK_PAGES = 64,  /* 256 KiB: stays in the second-level cache; a bit for each in chunk.kept */
	CHUNK_RANGES = 64, /* pieces of one read */
	MANY_TASKS = 1000, /* a tree of more has few descriptors open for each of them */
	RESERVE_PAGES = 1024, /* from 4 MiB on blocks are reserved before they are written */
	WRITEBACK_BYTES = 8 << 20, /* what the disk is given at a time */
};

/* A piece of work: some hundred KiB of one page set, all from one source. */
struct chunk {
	struct page_set *set;
	struct task *task;  /* whose memory is read, unless the set has a descriptor */
	uint64_t bias;	    /* address in the task minus address in the page map */
	size_t first_range; /* of set->wanted, after splitting */
	uint32_t range_count, pages;
	uint64_t kept;	 /* by page: not zero */
	uint64_t offset; /* in the pages file */
	uint64_t hash;	 /* of what was written */
	char *staged;	 /* the pages wait in memory to be written; or NULL */
	char *hidden;	 /* what only the tracer could read; or NULL. Its worker frees it */
};

/* A page map in the making: a task's or a shared object's. */
struct page_set {
	struct task *task; /* NULL for shared objects */
	uint64_t key;	   /* of the page map image */
	bool shared;	   /* PAGEMAP_SHMEM */
	int source_fd;	   /* read from here, or -1 */
	bool opened_each_time; /* read from /proc/PID/mem, opened anew for each chunk: of a tree of thousands */
	struct page_ranges wanted; /* addresses of the page map, ascending */
	struct range_source *sources;
	size_t source_count, source_capacity;
	uint32_t pages_id;
	int pages_fd; /* -1 until the first write */
	/* order of the chunks' data in the file */
	pthread_mutex_t lock;
	pthread_cond_t turned;
	size_t next_chunk;
	uint64_t file_size;
	struct chunk *chunks;
	size_t chunk_count, chunk_capacity;
	bool cut; /* its chunks are on the list of work */
};

/* From where the ranges [first, next source's first) of a set are read. */
struct range_source {
	struct task *task;
	uint64_t bias;
	size_t first;
};

/* One registered file of mappings. */
struct mapped_file {
	uint32_t major, minor, access;
	uint64_t inode;
	uint32_t id;
	const char *path;
};

/* What the workers found in one task. */
struct task_scan {
	struct arena arena; /* of what follows */
	struct mapping_line *lines;
	size_t line_count;
	struct page_ranges wanted; /* private pages */
	struct page_ranges guards; /* pages that must not be touched (MADV_GUARD_INSTALL) */
	bool has_relatives;	   /* some of them are shared with relatives until one writes */
};

struct memory_collection {
	struct dump *dump;
	struct team team;
	struct task_scan *scans; /* by task->index */
	size_t scan_count, next_scan /* atomic */;
	bool guards_are_told; /* smaps says which mappings may have guard pages */
	bool hidden_is_readable; /* for workers: what a process itself may not read */
	struct page_set **sets;
	size_t set_count, set_capacity;
	struct mapped_file *files;
	size_t file_count, file_capacity;
	IpcShmEntry **segments; /* sysv.c */
	size_t segment_count, segment_capacity;
	uint32_t next_pages_id;
	struct error *first_error;
	pthread_mutex_t error_lock;
	struct chunk **work;
	size_t work_count, work_capacity;
	size_t next_work; /* atomic */
	struct progress progress;
	char *stage;	  /* where pages wait when the tree shall go on early */
	size_t stage_size, stage_used /* atomic */;
};

/* Keeps the first error of several threads. */
void collection_note_error(struct memory_collection *memory, struct error *error);

/* ---- scan.c ---- */
/* What the kernel tells of mappings; main, before the tree is frozen. */
void scan_prepare(struct memory_collection *memory);
/* Body of a worker: takes one task after the other, reads its smaps and finds its pages. */
void scan_tasks(void *memory);

/* ---- probes.c ---- */
/* Takes pages of code that differ from their file by the kernel's breakpoints only out of what is wanted; refuses
 * them when uprobes are not allowed. */
struct error *probes_leave_out(struct dump *dump, const struct task *task, struct task_scan *scan) must_check;

/* ---- drain.c ---- */
struct page_set *new_page_set(struct dump *dump, struct task *task, uint64_t key, bool shared);

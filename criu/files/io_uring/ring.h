// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring instances: io_uring_setup(2). The parts of files/io_uring/ among themselves.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "files/kind.h"

enum {
	RING_IOPOLL = 1 << 0,
	RING_SQPOLL = 1 << 1,
	RING_CQSIZE = 1 << 3,
	RING_CLAMP = 1 << 4,
	RING_DISABLED = 1 << 6,
	RING_SUBMIT_ALL = 1 << 7,
	RING_COOP_TASKRUN = 1 << 8,
	RING_TASKRUN_FLAG = 1 << 9,
	RING_SQE128 = 1 << 10,
	RING_CQE32 = 1 << 11,
	RING_SINGLE_ISSUER = 1 << 12,
	RING_DEFER_TASKRUN = 1 << 13,
	RING_NO_MMAP = 1 << 14,
	RING_NO_SQARRAY = 1 << 16,
	RING_SUPPORTED = RING_CQSIZE | RING_CLAMP | RING_DISABLED | RING_SUBMIT_ALL | RING_COOP_TASKRUN | RING_TASKRUN_FLAG |
			 RING_SQE128 | RING_CQE32 | RING_SINGLE_ISSUER | RING_DEFER_TASKRUN | RING_NO_SQARRAY,
	RING_ENTRIES_MAX = 32768,
};

/* Places in the repeated fields of the layout: struct io_sqring_offsets, struct io_cqring_offsets. */
enum { LAYOUT_HEAD = 0, LAYOUT_TAIL = 1, LAYOUT_ARRAY = 6, LAYOUT_COMPLETIONS = 5, LAYOUT_COUNT = 7 };

/* A slot of a table of registered files. */
struct registered_file {
	uint32_t slot;
	uint64_t tag;
	uint64_t file; /* the kernel's struct file */
};

/* A slot of a table of registered buffers. */
struct registered_buffer {
	uint32_t slot;
	uint64_t tag, address, length;
	uint64_t first_frame, last_frame; /* page frames it begins and ends in */
};

/* A thread that has the ring in a slot of its own table of rings. */
struct registered_thread {
	pid_t tid; /* host */
	uint32_t slot;
};

/* What the kernel knows of a ring. */
struct ring_facts {
	uint64_t setup; /* IORING_SETUP_ flags */
	uint64_t submission_entries, completion_entries;
	uint64_t submitted, completed; /* its own places */
	uint64_t skipped;	       /* IOSQE_CQE_SKIP_SUCCESS was used */
	uint64_t ring_pages, request_pages;
	pid_t submitter;	       /* host tid; 0: anybody may submit */
	uint64_t file_slots, buffer_slots;
	uint64_t file_range_start, file_range_end; /* slots that the kernel may choose */
	struct registered_file *files;
	size_t file_count, file_capacity;
	struct registered_buffer *buffers;
	size_t buffer_count, buffer_capacity;
	struct registered_thread *threads;
	size_t thread_count, thread_capacity;
	uint64_t eventfd; /* the kernel's context of an eventfd; 0: none */
	uint64_t eventfd_async;
};

struct kernel_view;

/* examine.c, dump: main, tree frozen. *view is made at the first call; kernel_view_free() frees it and accepts NULL.
 * Refuses what is not at rest and what has more registered than can be restored. fd is our own copy. */
struct error *ring_examine(struct dump *dump, struct kernel_view **view, int fd, struct ring_facts *facts) must_check;
void kernel_view_free(struct kernel_view *view);

/* make.c. Bytes of the memory that the rings, and the submission entries, share with the program. */
uint64_t ring_bytes(const IoUringFileEntry *entry);
uint64_t ring_request_bytes(const IoUringFileEntry *entry);
/* Their memory, mapped anywhere; ring_unmap() is for what was mapped by ring_map(), and for zeroes. */
struct ring_memory {
	char *rings, *requests;
	uint64_t rings_size, requests_size;
};
struct error *ring_map(const IoUringFileEntry *entry, int fd, struct ring_memory *memory) must_check;
void ring_unmap(struct ring_memory *memory);
/* How this kernel lays out such a ring: of setup and entries. main. */
struct error *ring_layout(struct arena *arena, const IoUringFileEntry *entry, IoUringLayoutEntry **ret) must_check;
/* Only one thread may submit to it: it is made disabled, and ring_enable() and ring_bring_back() are left to that thread. */
bool ring_needs_submitter(const IoUringFileEntry *entry);
struct error *ring_make(const IoUringFileEntry *entry, int *ret_fd) must_check;
struct error *ring_enable(int fd) must_check;

/* bring_back.c: places and contents, in a thread that may submit. */
struct error *ring_bring_back(const IoUringFileEntry *entry, int fd) must_check;
/* Can its places be reached again? */
bool ring_is_reachable(const IoUringFileEntry *entry);

/* io_uring.c: has a table this file? *number (may be NULL): where. */
bool table_number(const struct descriptor_table *table, uint32_t id, uint32_t *number) must_check;

/* registered.c. dump: main, all tasks and descriptors are known: what ring_examine() found, by the ids of files and processes. */
struct error *registered_dump(struct dump *dump, struct kernel_view *view, uint32_t id, const struct ring_facts *facts,
			      IoUringFileEntry *entry) must_check;
/* main, plan: checks; wants the files. */
struct error *registered_plan(struct restore *restore, const struct planned_file *file) must_check;
/* Files and eventfd; table: whose numbers they have here, NULL: the opener's. In a thread that may submit. */
struct error *registered_bring_back(struct restore *restore, const IoUringFileEntry *entry, int ring,
				    const struct descriptor_table *table) must_check;

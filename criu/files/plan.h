// SPDX-License-Identifier: GPL-2.0
/* What files_plan() decided, for the opener and the handover. Read-only after the plan. */
#pragma once

#include "files/kind.h"

/* A file to be opened for mappings: file id with an access mode. */
struct mapped_request {
	uint32_t id, flags;
	int fd; /* in the opener */
};

/* A deleted file to be made again. */
struct planned_ghost {
	uint32_t id; /* of its image */
	const GhostFileEntry *entry;
	const char *name; /* one that it had */
	const char *path; /* its temporary name */
	bool made;	  /* in the opener: it is there */
	uint32_t device;  /* at the dump, in the kernel's own encoding */
	uint64_t inode;
	int fd; /* after ghosts_keep(): O_PATH; in the opener, and in main when the opener has ended */
};

struct planned_remap {
	uint32_t file_id;
	RemapType type;
	uint32_t remap_id; /* a ghost's or another file's id, the number of a process */
	const char *path;  /* in the opener: where it is now */
	bool named;	   /* in the opener: path is a name that it has for the moment */
	uint64_t device, inode; /* in the opener: of the file there */
};

/* What one task is handed besides its table. */
struct task_requests {
	uint32_t *keys;
	size_t count, capacity;
};

struct file_plan {
	struct planned_file *files; /* sorted by id */
	size_t count;
	struct planned_file **order; /* by rank */
	struct mapped_request *mapped;
	size_t mapped_count, mapped_capacity;
	struct task_requests *requests; /* by task->index */
	struct planned_ghost *ghosts;
	size_t ghost_count;
	bool ghosts_kept;
	struct planned_remap *remaps;
	size_t remap_count;
	const char **made_parents; /* remap.c, in the opener */
	size_t made_parent_count, made_parent_capacity;
	int *finish_fds; /* main's copies, by position in files; -1 */
	int *ring_fds;	 /* io_uring/rings.c: by position in files, shared with the process that makes them */
	int hub;	 /* the opener's socket */
	struct inherited *inherited; /* inherited.c */
	size_t inherited_count;
	struct terminal_plan *terminals;
	struct pipe_plan *pipes;
	struct memfd_plan *memfds;
	struct queue_plan *queues;	 /* sockets/queue.c */
	struct unix_plan *unix_sockets; /* sockets/unix/ */
	struct lock_plan *locks;	 /* locks.c */
};

/* NULL: there is none. Entries of fifo, tty and tun have a second, REG entry under another id. */
struct planned_file *planned_file_find(const struct restore *restore, uint32_t id, FdTypes type);
/* The file that descriptors with this id refer to (not the path of a FIFO or terminal); NULL: none. */
struct planned_file *planned_file_of_id(const struct restore *restore, uint32_t id);
/* main, plan: another file needs this one, which maybe no table has. */
struct error *files_want(struct restore *restore, uint32_t id) must_check;
/* main, plan: descriptors of deleted files will be at hand in main, for files_finish(). */
void ghosts_keep(struct restore *restore);

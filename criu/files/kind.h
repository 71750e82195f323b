// SPDX-License-Identifier: GPL-2.0
/*
 * A kind of open file: one row of functions, listed in kinds.h. Each slot says in which
 * process it runs and what already exists then. Slots that do nothing are NULL. Flags,
 * position, owner and signal are the same for all files: common.c does them.
 */
#pragma once

#include <stdint.h>
#include <sys/stat.h>

#include "images/catalogue.h"
#include "model/run.h"
#include "support/error.h"

/* How a kind is recognised: data, not code. Zero fields match anything; the row with the
 * most fields that match wins, and a unit test asserts that no two rows are equally good. */
struct file_match {
	const char *anon_inode; /* link text after "anon_inode:", e.g. "[eventfd]" */
	int socket_family;	/* AF_UNIX...; 0: not looked at */
	int socket_type;
	int socket_protocol;
	mode_t mode;	       /* S_IFMT part */
	uint32_t device_major; /* of a character or block device; 0: not looked at */
	uint32_t device_minor_plus_1;
	const char *link_prefix; /* start of the link text, e.g. "/memfd:" */
	bool bracketed;		 /* the link text is no path but NAME:[NUMBER] */
};

/* A descriptor of a frozen task, while it is being dumped. fd is our own copy. */
struct open_fd {
	struct task *task;
	int number;	  /* in the task */
	int fd;		  /* borrowed copy in criu, closed by the caller */
	const char *link; /* text of /proc/PID/fd/N */
	struct stat stat;
	const char *info; /* text of its fdinfo where that was read already, or NULL */
	uint64_t identity; /* what the kernel calls the object behind it, where it tells; 0: nothing */
	uint32_t flags; /* as F_GETFL gives them, without O_CLOEXEC */
	int socket_family, socket_type, socket_protocol; /* of a socket */
	bool unowned;	/* nobody gets signals from it (F_GETOWN_EX); false: ask */
	uint32_t id;	/* the new description's id */
};

/* A description to be made again. */
struct planned_file {
	FileEntry *entry;
	const struct file_kind *kind;
	uint32_t rank;	  /* order inside a pass; 0 first */
	int fd;		  /* in the opener once created; -1 */
	void *kind_data;  /* for the kind, set in plan */
	bool wanted;	  /* some task or other file refers to it */
	bool finish_copy; /* main needs a copy for finish() */
	bool inherited;	  /* fd is the caller's own description: its flags and position stay */
	bool made;	  /* fd was made as a by-product of another file's create */
	bool born_with;	  /* main made it: opener and newborns have it under the number fd from birth on, and it is not sent */
	const struct descriptor_table *async; /* O_ASYNC is set in its owner: the signal tells a number of there */
};

struct file_kind {
	const char *name; /* "eventfd": used in logs, errors, tests and help */
	FdTypes type;	  /* its number in images/fdinfo.proto */
	size_t entry;	  /* offsetof(FileEntry, its message) */
	struct file_match match;
	const char *unsupported, *hint; /* set instead of the functions when it cannot be saved */

	/* criu, tree frozen; fills the kind's message in out. id, flags and fown, if the message
	 * has them, are filled by the caller through the field descriptors. */
	struct error *(*dump)(struct dump *, const struct open_fd *, FileEntry *out);
	/* criu, tree frozen, after all tasks were collected: references between files, images of its own. */
	struct error *(*dump_late)(struct dump *);
	/* criu: images of its own; everything is collected, the tree may run again. */
	struct error *(*write)(struct dump *);

	/* criu, before any fork, no side effects: ranks, references, warnings, refusals. */
	struct error *(*plan)(struct restore *, struct planned_file *);
	/* opener. Every task exists; no task has files. Sets *ret_fd (O_CLOEXEC is welcome). */
	struct error *(*create)(struct restore *, struct planned_file *, int *ret_fd);
	/* opener; all are created. */
	struct error *(*connect)(struct restore *, struct planned_file *);
	/* opener; all are connected. */
	struct error *(*fill)(struct restore *, struct planned_file *);
	/* the task that owns the table, all descriptors are at their numbers; number is one of them. */
	struct error *(*adopt)(struct restore *, struct planned_file *, struct task *, int number);
	/* main, last moment before the tree runs, on its own copy of the descriptor. */
	struct error *(*finish)(struct restore *, struct planned_file *, int fd);
};

#define FILE_KIND(name) extern const struct file_kind name##_kind;
#include "files/kinds.h"
#undef FILE_KIND

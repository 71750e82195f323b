// SPDX-License-Identifier: GPL-2.0
/*
 * What a run is: the two structs that the pipelines hand down to every kind of object.
 * A kind sees options, kernel facts, snapshot and a few services; it sees no stage
 * function, which keeps all ordering in dump/ and restore/.
 */
#pragma once

#include "model/snapshot.h"
#include "support/progress.h"
#include "support/undo.h"

struct criu;
struct board;
struct file_plan;   /* files/plan.h */
struct memory_plan; /* memory/plan.h */

enum { HUGE_KEY_MARK = 1u << 31 };

/* Names the contents of a memory file or of shared memory by its inode (the key of drain_file and fill_file). Huge
 * pages are in file systems of their own, which number inodes on their own. */
static inline uint64_t memory_object_key(uint64_t inode, bool huge)
{
	return huge ? inode ^ HUGE_KEY_MARK : inode;
}

/* One `criu dump`. Lives in main; the tree is frozen while kinds see it. */
struct dump {
	struct criu *criu;
	struct snapshot *snapshot;
	struct arena *arena; /* of the snapshot: all messages and texts of the run */
	struct undo undo;
	TaskKobjIdsEntry *root_ids;	  /* classes of the dumper itself */
	struct namespaces *own_namespaces; /* of the dumper: dump/identity.c */
	struct file_collection *files;	  /* files/collection.h: descriptions found so far */
	struct memory_collection *memory; /* memory/collection.h */
	struct network_lock *network;	  /* net/lock.h */
	struct verdicts *verdicts;	  /* model/verdict.h; NULL in a real dump */
	struct sleeps *sleeps;		  /* dump/sleeps.c: since when threads have been asleep */
	const char *frozen_before;	  /* dump/freeze.c: a cgroup that was frozen and will be again; NULL */
	char run_id[40];		  /* names the run; in the inventory */
	/* Service of memory/: the contents of a memory file are saved as pagemap-shmem-<key>. */
	struct error *(*drain_file)(struct dump *, uint64_t key, int fd, uint64_t size);
	uint32_t next_file_id;		  /* one counter for all file ids, from 1 */
	uint64_t freeze_start_us, frozen_us, freeze_end_us, memory_us, memory_write_us; /* for stats-dump */
	uint64_t pages_scanned, pages_written, pages_skipped_parent, pages_lazy;
	uint64_t shared_pages_scanned, shared_pages_written;
};

/* One `criu restore`. Everything but board and undo is constant once the plan is made;
 * newborns and the opener see it as the copy they were forked with. */
struct restore {
	struct criu *criu;
	struct snapshot *snapshot; /* read-only after read_images() */
	struct arena *arena;
	struct undo undo;
	struct board *board;
	int board_fd;
	int finish_pair[2]; /* opener to main: copies of descriptors that have last words */
	size_t board_size;
	/* Service of memory/: the contents of pagemap-shmem-<key> into a memory file. Opener. */
	struct error *(*fill_file)(struct restore *, uint64_t key, int fd, uint64_t size);
	struct file_plan *files;
	struct memory_plan *memory;
	struct kinship *kinship;	      /* restore/kinship.h */
	struct network_lock *network;	      /* net/lock.h */
	struct traces *traces;		      /* model/traces.h: shared memory */
	pid_t main_pid, guardian_pid;	      /* restore/guardian.h */
	pid_t verifier_pid;		      /* restore/verify.c */
	const struct proc_status *own_status; /* of criu itself: what newborns start with */
	uint64_t start_us, forked_us;
	struct progress progress; /* of the pages */
	uint64_t *pages_compared, *pages_skipped, *pages_restored; /* in shared memory, atomic */
};

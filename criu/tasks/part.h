// SPDX-License-Identifier: GPL-2.0
/*
 * A piece of the state of a task or a thread. ask() and emit() are mirror images: one
 * queues the questions that are answered inside the frozen thread, the other the calls
 * that bring the state back. Listed in parts.h.
 */
#pragma once

#include "model/run.h"
#include "remote/batch.h"
#include "support/error.h"

enum part_scope {
	PART_TASK,   /* once for each process, in its leader */
	PART_THREAD, /* for every thread, the leader included */
	PART_MEMORY, /* once for each address space, in the leader of the process that owns it */
	PART_ACTIONS, /* the same for signal actions */
};

/* The phases of a restoring program, in order; restore/program.c says what each is. */
enum phase {
	PHASE_CLEAR,
	PHASE_MEMORY,
	PHASE_IDENTITY,
	PHASE_THREADS,
	PHASE_LIMITS,
	PHASE_RESTORED, /* barrier */
	PHASE_CHILDREN,
	PHASE_SIGNALS,
	PHASE_SIGNALS_DONE, /* barrier */
	PHASE_SECCOMP,
	PHASE_CREDENTIALS,
	PHASE_GO,
	PHASE_COUNT,
};

/* What a batch answered to one part. Indexes count from the part's own first call and
 * first byte of data. */
struct answers {
	const struct batch *batch;
	size_t first_call, first_data;
};

int64_t answer_result(const struct answers *answers, size_t call);
/* The data as it came back: what batch_data() returned in ask(), same order and sizes. */
const void *answer_data(const struct answers *answers, size_t offset);

struct task_part {
	const char *name;
	enum part_scope scope;
	enum phase phase; /* of emit */
	/* main, thread stopped: queue calls. May be NULL when all is known from outside. */
	struct error *(*ask)(struct dump *, struct thread *, struct batch *);
	/* main, thread stopped, batch has run: fill thread->core. */
	struct error *(*dump)(struct dump *, struct thread *, const struct answers *);
	/* main, before any fork, no side effects. */
	struct error *(*plan)(struct restore *, struct thread *);
	/* newborn, right before it jumps: append calls to the thread's program. */
	struct error *(*emit)(struct restore *, struct thread *, struct batch *program);
};

#define TASK_PART(name) extern const struct task_part name##_part;
#include "tasks/parts.h"
#undef TASK_PART

// SPDX-License-Identifier: GPL-2.0
/*
 * seccomp: strict mode and filters of each thread. A filter's program is read with
 * PTRACE_SECCOMP_GET_FILTER (ptrace(2)). In the image, a thread names its oldest filter and
 * each filter the next newer one. Where all threads of a process have the same chain, the
 * leader installs it for all of them at once (TSYNC), so that they share it again. The
 * tracer keeps filters suspended until the thread is let go.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "kernel/proc/status.h"
#include "tasks/part.h"

enum {
	MODE_STRICT = 1,
	MODE_FILTER = 2,
	MAX_CHAIN = 1024,
	KEPT_FLAGS = SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW
};

#ifndef PTRACE_SECCOMP_GET_METADATA
#define PTRACE_SECCOMP_GET_METADATA 0x420d
#endif

/* One filter of a thread; number 0 is the oldest. */
struct filter {
	struct sock_filter *code;
	size_t length;
	uint32_t flags;
};

struct chain {
	struct filter *filters;
	size_t count, capacity;
};

static struct error *refuse_notify(const struct thread *thread, const struct filter *filter)
{
	for (size_t i = 0; i < filter->length; i++)
		if (BPF_CLASS(filter->code[i].code) == BPF_RET && BPF_RVAL(filter->code[i].code) == BPF_K &&
		    (filter->code[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
			return with_hint(
			    fail("cannot save thread %d: a seccomp filter asks a supervisor (user notification)",
				 thread->tid),
			    "Run the program without a seccomp supervisor.");
	return NULL;
}

static struct error *read_chain(struct arena *arena, const struct thread *thread, struct chain *chain)
{
	for (;;) {
		struct {
			uint64_t number, flags;
		} metadata = { .number = chain->count };
		long length = ptrace(PTRACE_SECCOMP_GET_FILTER, thread->host_tid, chain->count, NULL);
		struct filter *filter;

		if (length < 0 && errno == ENOENT)
			return NULL;
		if (length < 0)
			return with_hint(
			    fail_errno("could not read the seccomp filters of thread %d", thread->tid),
			    "Reading filters needs CAP_SYS_ADMIN, and criu must not be under seccomp itself.");
		filter = arena_append(arena, chain->filters, chain->count, chain->capacity);
		filter->length = length;
		filter->code = arena_array(arena, struct sock_filter, length);
		if (ptrace(PTRACE_SECCOMP_GET_FILTER, thread->host_tid, metadata.number, filter->code) != length)
			return fail_errno("could not read a seccomp filter of thread %d", thread->tid);
		filter->flags = 0;
		if (ptrace(PTRACE_SECCOMP_GET_METADATA, thread->host_tid, sizeof(metadata), &metadata) >= 0)
			filter->flags = metadata.flags & KEPT_FLAGS;
		TRY(refuse_notify(thread, filter));
	}
}

static bool same_chain(const struct chain *a, const struct chain *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->filters[i].length != b->filters[i].length || a->filters[i].flags != b->filters[i].flags ||
		    memcmp(a->filters[i].code, b->filters[i].code, a->filters[i].length * sizeof(struct sock_filter)))
			return false;
	return true;
}

/* Do all threads of the process have the leader's chain? */
static struct error *shared_by_all(struct dump *dump, const struct task *task, const struct chain *chain, bool *shared)
{
	*shared = task->thread_count > 1;
	for (size_t i = 1; i < task->thread_count && *shared; i++) {
		struct chain other = { 0 };

		if (task->threads[i].status->seccomp == MODE_FILTER)
			TRY(read_chain(dump->arena, &task->threads[i], &other));
		*shared = same_chain(chain, &other);
	}
	return NULL;
}

/* Appends the chain to the image, oldest first, each naming the next. */
static uint32_t append_chain(struct dump *dump, const struct chain *chain, uint32_t more_flags)
{
	SeccompEntry *image = dump->snapshot->seccomp;
	uint32_t first;

	if (!image)
		image = dump->snapshot->seccomp = new_message(dump->arena, seccomp_entry);
	first = image->n_seccomp_filters;
	for (size_t i = 0; i < chain->count; i++) {
		SeccompFilter *entry = new_message(dump->arena, seccomp_filter);

		entry->filter.len = chain->filters[i].length * sizeof(struct sock_filter);
		entry->filter.data = (uint8_t *)chain->filters[i].code;
		if (chain->filters[i].flags | more_flags)
			SET(entry, flags, chain->filters[i].flags | more_flags);
		if (i + 1 < chain->count)
			SET(entry, prev, first + i + 1);
		*arena_append(dump->arena, image->seccomp_filters, image->n_seccomp_filters,
			      dump->snapshot->seccomp_capacity) = entry;
	}
	return first;
}

static bool leader_has_it_for_all(const struct dump *dump, const struct task *task)
{
	const ThreadCoreEntry *leader = task_leader(task)->core->thread_core;

	return leader->has_seccomp_filter &&
	       dump->snapshot->seccomp->seccomp_filters[leader->seccomp_filter]->flags & SECCOMP_FILTER_FLAG_TSYNC;
}

static struct error *dump_filters(struct dump *dump, struct thread *thread)
{
	ThreadCoreEntry *core = thread->core->thread_core;
	struct chain chain = { 0 };
	bool shared = false;

	if (thread != task_leader(thread->task) && leader_has_it_for_all(dump, thread->task))
		return NULL;
	TRY(read_chain(dump->arena, thread, &chain));
	if (thread == task_leader(thread->task))
		TRY(shared_by_all(dump, thread->task, &chain, &shared));
	SET(core, seccomp_mode, SECCOMP_MODE__filter);
	SET(core, seccomp_filter, append_chain(dump, &chain, shared ? SECCOMP_FILTER_FLAG_TSYNC : 0));
	return NULL;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	if (thread->status->seccomp == MODE_STRICT)
		SET(thread->core->thread_core, seccomp_mode, SECCOMP_MODE__strict);
	else if (thread->status->seccomp == MODE_FILTER)
		return dump_filters(dump, thread);
	return NULL;
}

static struct error *plan(struct restore *restore, struct thread *thread)
{
	const ThreadCoreEntry *core = thread->core->thread_core;
	const SeccompEntry *image = restore->snapshot->seccomp;
	uint32_t number = core->seccomp_filter;

	if (!core->has_seccomp_mode || core->seccomp_mode != SECCOMP_MODE__filter)
		return NULL;
	for (size_t i = 0; i < MAX_CHAIN; i++) {
		const SeccompFilter *filter;

		if (!image || number >= image->n_seccomp_filters)
			return fail("the image is damaged: thread %d has the unknown seccomp filter %u", thread->tid,
				    number);
		filter = image->seccomp_filters[number];
		if (!filter->filter.len || filter->filter.len % sizeof(struct sock_filter) ||
		    filter->filter.len / sizeof(struct sock_filter) > BPF_MAXINSNS)
			return fail("the image is damaged: seccomp filter %u has %zu bytes", number,
				    filter->filter.len);
		if (!filter->has_prev)
			return NULL;
		number = filter->prev;
	}
	return fail("the image is damaged: the seccomp filters of thread %d have no end", thread->tid);
}

static void emit_filter(struct batch *program, const SeccompFilter *filter)
{
	struct sock_fprog fprog = { .len = filter->filter.len / sizeof(struct sock_filter) };
	size_t code = batch_data(program, filter->filter.data, filter->filter.len);
	size_t place = batch_data(program, &fprog, sizeof(fprog));

	batch_link(program, place + offsetof(struct sock_fprog, filter), code);
	batch_call_flags(program, "seccomp filter", SYS_seccomp, REMOTE_DATA(2), SECCOMP_SET_MODE_FILTER,
			 filter->has_flags ? filter->flags : 0, place);
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const ThreadCoreEntry *core = thread->core->thread_core;
	const SeccompEntry *image = restore->snapshot->seccomp;

	if (!core->has_seccomp_mode || core->seccomp_mode == SECCOMP_MODE__disabled)
		return NULL;
	if (core->seccomp_mode == SECCOMP_MODE__strict) {
		batch_call(program, "strict seccomp", SYS_prctl, PR_SET_SECCOMP, MODE_STRICT, 0, 0, 0);
		return NULL;
	}
	for (uint32_t number = core->seccomp_filter;; number = image->seccomp_filters[number]->prev) {
		emit_filter(program, image->seccomp_filters[number]);
		if (!image->seccomp_filters[number]->has_prev)
			return NULL;
	}
}

const struct task_part seccomp_part = {
	.name = "seccomp",
	.scope = PART_THREAD,
	.phase = PHASE_SECCOMP,
	.dump = dump,
	.plan = plan,
	.emit = emit,
};

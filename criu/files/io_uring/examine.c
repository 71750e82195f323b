// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel knows of a ring and tells nobody: how it was set up, whether requests are in flight, what is registered.
 * It is read from the kernel's memory (kernel/peek.h): struct io_ring_ctx of include/linux/io_uring_types.h. A kernel that
 * names things in other ways, or can register more than is known here, is refused.
 */
#include <errno.h>
#include <stdlib.h>

#include "files/io_uring/view.h"
#include "support/cleanup.h"

enum { REGISTRATIONS_KNOWN = 36, REGISTERED_RINGS = 16, LIST_MAX = 1 << 20, CLOCK_MONOTONIC_ID = 1 };

/* THING(field of struct io_ring_ctx, its value where there is none, what it is) */
#define REGISTERED_THINGS(THING)                                                                                       \
	THING("check_cq", 0, "completions that did not fit into it")                                                   \
	THING("io_bl_xa.xa_head", 0, "groups of provided buffers")                                                     \
	THING("personalities.xa_head", 0, "registered personalities")                                                  \
	THING("restrictions.registered", 0, "restrictions")                                                            \
	THING("iowq_limits_set", 0, "limits of its worker threads")                                                    \
	THING("clockid", CLOCK_MONOTONIC_ID, "another clock for its timeouts")                                         \
	THING("param_region.nr_pages", 0, "a registered memory region")                                                \
	THING("zcrx_ctxs.xa_head", 0, "a queue of a network device")

/* Only where the kernel was built with it. */
static const char napi_field[] = "napi_track_mode";
enum { NAPI_INACTIVE = 255 };

/* ---- the view ---- */

static struct error *find_places(struct kernel_view *view)
{
	uint32_t registrations;

#define PLACE(name, structure, field) TRY(btf_find(view->btf, structure, field, &view->name));
	PLACES(PLACE)
#undef PLACE
	TRY(btf_size(view->btf, "page", &view->page_bytes));
	TRY(btf_constant(view->btf, "IORING_REGISTER_LAST", &registrations));
	return registrations <= REGISTRATIONS_KNOWN ? NULL : fail("this kernel can register more with a ring than is known here");
}

static struct error *fill_view(struct kernel_view *view)
{
	TRY(btf_open(&view->btf));
	TRY(find_places(view));
	return peek_open(view->btf, &view->peek);
}

static struct error *open_view(struct kernel_view **ret)
{
	struct kernel_view *view = calloc(1, sizeof(*view));
	struct error *error;

	if (!view)
		return out_of_memory();
	error = fill_view(view);
	if (error)
		kernel_view_free(view);
	else
		*ret = view;
	return with_hint(with_context(error, "the state of an io_uring cannot be found out"),
			 "Linux 6.18 with CONFIG_DEBUG_INFO_BTF can tell it.");
}

void kernel_view_free(struct kernel_view *view)
{
	if (!view)
		return;
	peek_close(view->peek);
	btf_close(view->btf);
	free(view);
}

/* ---- a ring ---- */

static bool is_of_tree(const struct dump *dump, pid_t tid)
{
	for (size_t i = 0; i < dump->snapshot->task_count; i++)
		for (size_t j = 0; j < dump->snapshot->tasks[i]->thread_count; j++)
			if (dump->snapshot->tasks[i]->threads[j].host_tid == tid)
				return true;
	return false;
}

/* IORING_REGISTER_RING_FDS */
static struct error *find_registrations(struct arena *arena, const struct kernel_view *view, uint64_t task, uint64_t file, pid_t tid,
					struct ring_facts *facts)
{
	uint64_t context, registered;

	TRY(number(view, task, &view->task_io_uring, &context));
	for (unsigned i = 0; context && i < REGISTERED_RINGS; i++) {
		TRY(element(view, context + view->registered_rings.offset, i, &registered));
		if (registered == file)
			*arena_append(arena, facts->threads, facts->thread_count, facts->thread_capacity) =
			    (struct registered_thread){ tid, i };
	}
	return NULL;
}

/* Those who have used the ring. */
static struct error *check_users(struct dump *dump, const struct kernel_view *view, uint64_t ring, uint64_t file,
				 struct ring_facts *facts)
{
	uint64_t head = ring + view->users.offset, node;

	TRY(number(view, head, &view->list_next, &node));
	for (unsigned i = 0; node != head && i < LIST_MAX; i++) {
		uint64_t task, tid;

		TRY(number(view, node - view->user_node.offset, &view->user_task, &task));
		TRY(peek_thread(view->peek, task, &tid));
		if (!is_of_tree(dump, tid))
			return with_hint(fail("it is an io_uring that a process outside of the tree uses too"),
					 "Dump both together, or let the other one close it.");
		TRY(find_registrations(dump->arena, view, task, file, tid, facts));
		TRY(number(view, node, &view->list_next, &node));
	}
	return NULL;
}

static struct error *refuse_in_flight(uint64_t count)
{
	return as_passing(with_hint(fail("it is an io_uring with requests in flight (%llu)", (unsigned long long)count),
				    "Dump when the program has nothing in flight, or let it use another way of I/O (Node.js and libuv: UV_USE_IO_URING=0; "
				    "PostgreSQL: io_method=worker)."));
}

/* A request that has ended goes to the list of free ones. */
static struct error *check_in_flight(const struct kernel_view *view, uint64_t ring)
{
	const struct btf_place *works[] = { &view->local_work, &view->retried_work, &view->fallback_work };
	uint64_t allocated, request, work, free_count = 0;

	TRY(number(view, ring, &view->allocated, &allocated));
	TRY(number(view, ring, &view->free_requests, &request));
	while (request && free_count <= allocated) {
		free_count++;
		TRY(number(view, request, &view->free_next, &request));
	}
	if (free_count != allocated)
		return refuse_in_flight(free_count < allocated ? allocated - free_count : 1);
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		TRY(number(view, ring, works[i], &work));
		if (work)
			return refuse_in_flight(1);
	}
	return NULL;
}

static struct error *check_thing(const struct kernel_view *view, uint64_t ring, const char *field, uint64_t none, const char *what)
{
	struct btf_place place;
	uint64_t value;

	TRY(btf_find(view->btf, "io_ring_ctx", field, &place));
	TRY(number(view, ring, &place, &value));
	return value == none ? NULL
			     : with_hint(fail("it is an io_uring with %s", what),
					 "Let the program take that back, or close the ring, before the dump.");
}

static struct error *check_registered(const struct kernel_view *view, uint64_t ring)
{
	struct btf_place place;
	struct error *error;

#define THING(field, none, what) TRY(check_thing(view, ring, field, none, what));
	REGISTERED_THINGS(THING)
#undef THING
	error = btf_find(view->btf, "io_ring_ctx", napi_field, &place);
	if (!error)
		return check_thing(view, ring, napi_field, NAPI_INACTIVE, "busy polling of network devices (NAPI)");
	error_free(error);
	return NULL;
}

static struct error *check_setup(uint64_t setup, uint64_t compat)
{
	static const struct {
		uint64_t flag;
		const char *name;
	} flags[] = {
		{ RING_IOPOLL, "IORING_SETUP_IOPOLL" },
		{ RING_SQPOLL, "IORING_SETUP_SQPOLL" },
		{ RING_NO_MMAP, "IORING_SETUP_NO_MMAP" },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (setup & flags[i].flag)
			return with_hint(fail("it is an io_uring with %s, which cannot be saved", flags[i].name),
					 "Let the program set its ring up without that flag, or use another way of I/O (Node.js and libuv: UV_USE_IO_URING=0; "
					 "PostgreSQL: io_method=worker).");
	if (setup & ~(uint64_t)RING_SUPPORTED)
		return with_hint(fail("it is an io_uring with setup flags 0x%llx, which cannot be saved", (unsigned long long)setup),
				 "Let the program set its ring up without the flags beyond 0x%x.", RING_SUPPORTED);
	return compat ? with_hint(fail("it is an io_uring of a 32-bit process"), "Close it before the dump.") : NULL;
}

static struct error *find_submitter(struct dump *dump, const struct kernel_view *view, uint64_t ring, struct ring_facts *facts)
{
	uint64_t task, tid;

	TRY(number(view, ring, &view->submitter, &task));
	if (!task)
		return NULL;
	TRY(peek_thread(view->peek, task, &tid));
	facts->submitter = (pid_t)tid;
	if (!is_of_tree(dump, facts->submitter))
		return with_hint(fail("it is an io_uring that only a thread that has ended could use (IORING_SETUP_SINGLE_ISSUER)"),
				 "Let the program close it.");
	return NULL;
}

static struct error *read_facts(const struct kernel_view *view, uint64_t ring, struct ring_facts *facts)
{
	TRY(number(view, ring, &view->flags, &facts->setup));
	TRY(number(view, ring, &view->sq_entries, &facts->submission_entries));
	TRY(number(view, ring, &view->cq_entries, &facts->completion_entries));
	TRY(number(view, ring, &view->sq_head, &facts->submitted));
	TRY(number(view, ring, &view->cq_tail, &facts->completed));
	TRY(number(view, ring, &view->drain_disabled, &facts->skipped));
	TRY(number(view, ring, &view->ring_pages, &facts->ring_pages));
	return number(view, ring, &view->request_pages, &facts->request_pages);
}

struct error *ring_examine(struct dump *dump, struct kernel_view **view, int fd, struct ring_facts *facts)
{
	uint64_t file, ring, compat;

	*facts = (struct ring_facts){ 0 };
	if (!*view)
		TRY(open_view(view));
	TRY(peek_descriptor((*view)->peek, fd, &file));
	TRY(number(*view, file, &(*view)->file_private, &ring));
	TRY(read_facts(*view, ring, facts));
	TRY(number(*view, ring, &(*view)->compat, &compat));
	TRY(check_setup(facts->setup, compat));
	TRY(find_submitter(dump, *view, ring, facts));
	TRY(check_users(dump, *view, ring, file, facts));
	TRY(check_registered(*view, ring));
	TRY(examine_registered(dump->arena, *view, ring, facts));
	return check_in_flight(*view, ring);
}

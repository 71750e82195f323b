// SPDX-License-Identifier: GPL-2.0
/*
 * THE DUMP: the order of a checkpoint is in dump_tree(), everything else is detail of one stage.
 */
#include "dump/dump.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "dump/stages.h"
#include "files/files.h"
#include "hooks/hooks.h"
#include "image/directory.h"
#include "image/inventory.h"
#include "memory/memory.h"
#include "net/lock.h"
#include "sockets/tcp.h"
#include "support/cancel.h"
#include "support/cleanup.h"
#include "support/log.h"
#include "support/options.h"

uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* May the tree run on before the images are complete? Nobody may want to look at it in between. */
static bool release_early(const struct dump *dump)
{
	return dump->criu->options->leave_running && !hooks_wanted(dump->criu->hooks, HOOK_POST_DUMP);
}

static struct error *release(struct dump *dump)
{
	const struct options *options = dump->criu->options;

	TRY(cancel_check());
	if (!options->leave_running) /* the images are complete, and the tree may be gone */
		cancel_never();
	TRY(tcp_release(dump, options->leave_running || options->leave_stopped));
	TRY(release_tree(dump));
	dump->freeze_end_us = now_us();
	return NULL;
}

static struct error *dump_tree(struct dump *dump)
{
	bool early = release_early(dump);
	uint64_t drain_start;

	TRY(inventory_make_run_id(dump->run_id));
	TRY(network_lock_prepare(dump));
	TRY(identity_prepare(dump));
	TRY(files_prepare(dump));
	TRY(memory_prepare(dump));
	sleeps_note(dump);
	dump->freeze_start_us = now_us();
	TRY(freeze_tree(dump, dump->criu->options->tree)); /* from here nothing in the tree moves */
	dump->frozen_us = now_us();
	TRY(collect_tasks(dump));
	if (!early)
		TRY(write_metadata(dump)); /* workers copy pages meanwhile */
	drain_start = now_us();
	TRY(memory_drain(dump));
	dump->memory_us = now_us() - drain_start;
	if (early) {
		TRY(release(dump));
		TRY(write_metadata(dump));
	}
	TRY(cancel_check());
	dump->criu->images->sync_later = !early && dump->criu->options->leave_running;
	TRY(write_images(dump)); /* on the disk before the tree is ended */
	TRY(hooks_run(dump->criu->hooks, HOOK_POST_DUMP, 0));
	if (!early)
		TRY(release(dump));
	if (dump->criu->images->sync_later)
		TRY(image_directory_sync(dump->criu->images));
	error_ignore(write_stats(dump), "statistics"); /* the images are complete, and the tree may be gone */
	return NULL;
}

/* While the tree stands, memory of our own costs no system call and no page fault, as far as this suffices. */
static void prepare_allocator(void)
{
	enum { HEAP_AT_HAND = 512 << 10, NEVER = 1 << 30 };
	void *heap;

	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TRIM_THRESHOLD, NEVER);
	mallopt(M_MMAP_THRESHOLD, HEAP_AT_HAND);
	mallopt(M_TOP_PAD, HEAP_AT_HAND);
	heap = malloc(HEAP_AT_HAND - 4096);
	if (heap)
		memset(heap, 1, HEAP_AT_HAND - 4096);
	free(heap);
}

void close_tasks(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->task_count; i++) {
		if (snapshot->tasks[i]->proc_fd >= 0)
			close(snapshot->tasks[i]->proc_fd);
	}
}

/* One try, after which nothing of it is left but images. */
static struct error *dump_once(struct criu *criu)
{
	struct snapshot snapshot = { 0 };
	struct dump dump = {
		.criu = criu, .snapshot = &snapshot, .arena = &snapshot.arena, .drain_file = memory_drain_file
	};
	jmp_buf no_memory, *outer;
	struct error *error;

	outer = arena_rescue(&no_memory);
	if (_setjmp(no_memory))
		error = out_of_memory();
	else
		error = dump_tree(&dump);
	arena_rescue(outer);
	cancel_never();
	if (error)
		undo_all(&dump.undo);
	memory_release(&dump);
	if (error) {
		image_directory_abandon(criu->images);
	} else {
		undo_drop(&dump.undo);
		log_info("Dumping finished successfully");
	}
	files_release(&dump);
	close_tasks(&snapshot);
	arena_free(&snapshot.arena);
	return error;
}

/*
 * A busy server has a connection that it has not accepted yet at one moment and not at the next.
 * What passes by itself is given some time, while the tree runs: half a second in all, or, where a try
 * takes longer than the pause after it, as long as the tree stood still, in which work has piled up.
 */
static struct error *dump_when_possible(struct criu *criu)
{
	enum { FIRST_PAUSE_US = 1000, LAST_PAUSE_US = 256000 };

	for (useconds_t pause = FIRST_PAUSE_US;; pause *= 2) {
		uint64_t begin = now_us(), taken;
		struct error *error = dump_once(criu);

		if (!error || !error->passing || pause > LAST_PAUSE_US)
			return error;
		taken = now_us() - begin;
		log_info("Trying again: %s", error->message);
		error_free(error);
		cancel_resume();
		usleep(taken > pause ? (useconds_t)taken : pause);
		TRY(cancel_check());
	}
}

/* A dump holds several descriptors for each process. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

struct error *dump_command(struct criu *criu)
{
	struct error *error;

	if (!criu->options->tree)
		return fail("pid not specified");
	if (kill(criu->options->tree, 0) && errno == ESRCH)
		return fail_number(ESRCH, "cannot dump process %d", criu->options->tree);
	signal(SIGXFSZ, SIG_IGN); /* a limit of file sizes is an error of the write */
	prepare_allocator();
	allow_descriptors();
	criu->images->no_sync = criu->options->no_sync;
	TRY(hooks_run(criu->hooks, HOOK_PRE_DUMP, 0));
	cancel_arm(criu->options->timeout);
	error = dump_when_possible(criu);
	cancel_disarm();
	return error;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Inspecting: a dump that writes nothing. It goes through the same stages up to the last verdict, with pages
 * left where they are and the network not locked, and tells everything that stands in the way.
 */
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>

#include "dump/dump.h"
#include "dump/stages.h"
#include "files/files.h"
#include "image/directory.h"
#include "memory/memory.h"
#include "model/verdict.h"
#include "net/lock.h"
#include "support/cancel.h"
#include "support/cleanup.h"
#include "support/options.h"

static struct error *look(struct dump *dump)
{
	TRY(network_lock_prepare(dump));
	TRY(identity_prepare(dump));
	TRY(files_prepare(dump));
	TRY(memory_prepare(dump));
	dump->freeze_start_us = now_us();
	TRY(freeze_tree(dump, dump->criu->options->tree));
	return collect_tasks(dump);
}

static struct error *discard_file(struct dump *dump, uint64_t key, int fd, uint64_t size)
{
	return NULL;
}

static size_t count_threads(const struct snapshot *snapshot)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->task_count; i++)
		count += snapshot->tasks[i]->thread_count;
	return count;
}

static void print_text(const struct dump *dump)
{
	const struct verdicts *verdicts = dump->verdicts;
	double stopped = (double)(dump->freeze_end_us - dump->freeze_start_us) / 1000;

	if (verdicts->count)
		printf("The tree of process %d cannot be saved as it is:\n", dump->criu->options->tree);
	else
		printf("The tree of process %d can be saved.\n", dump->criu->options->tree);
	for (size_t i = 0; i < verdicts->count; i++) {
		cleanup_free char *text = error_text(verdicts->items[i]);

		printf("- %s\n", text ?: verdicts->items[i]->message);
	}
	if (verdicts->incomplete)
		printf("There may be more behind that: inspect it again then.\n");
	printf("Processes: %zu, threads: %zu, stopped for %.1f ms.\n", dump->snapshot->task_count,
	       count_threads(dump->snapshot), stopped);
}

static void add_text(struct json_object *object, const char *name, const char *text)
{
	if (text)
		json_object_object_add(object, name, json_object_new_string(text));
}

static void print_json(const struct dump *dump)
{
	const struct verdicts *verdicts = dump->verdicts;
	struct json_object *all = json_object_new_object(), *obstacles = json_object_new_array();

	json_object_object_add(all, "pid", json_object_new_int(dump->criu->options->tree));
	json_object_object_add(all, "can_be_saved", json_object_new_boolean(!verdicts->count));
	json_object_object_add(all, "complete", json_object_new_boolean(!verdicts->incomplete));
	json_object_object_add(all, "processes", json_object_new_int64((int64_t)dump->snapshot->task_count));
	json_object_object_add(all, "threads", json_object_new_int64((int64_t)count_threads(dump->snapshot)));
	json_object_object_add(all, "stopped_us", json_object_new_int64((int64_t)(dump->freeze_end_us - dump->freeze_start_us)));
	for (size_t i = 0; i < verdicts->count; i++) {
		struct json_object *obstacle = json_object_new_object();

		add_text(obstacle, "message", verdicts->items[i]->message);
		add_text(obstacle, "detail", verdicts->items[i]->detail);
		add_text(obstacle, "hint", verdicts->items[i]->hint);
		json_object_array_add(obstacles, obstacle);
	}
	json_object_object_add(all, "obstacles", obstacles);
	printf("%s\n", json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(all);
}

struct error *inspect_command(struct criu *criu, int *exit_status)
{
	struct snapshot snapshot = { 0 };
	struct verdicts verdicts = { 0 };
	struct dump dump = {
		.criu = criu, .snapshot = &snapshot, .arena = &snapshot.arena, .drain_file = discard_file, .verdicts = &verdicts
	};
	jmp_buf no_memory, *outer = arena_rescue(&no_memory);
	struct error *error;

	if (kill(criu->options->tree, 0) && errno == ESRCH)
		return fail_number(ESRCH, "cannot dump process %d", criu->options->tree);
	criu->images->discard = true;
	cancel_arm(criu->options->timeout);
	if (_setjmp(no_memory))
		error = out_of_memory();
	else
		error = look(&dump);
	arena_rescue(outer);
	cancel_never();
	undo_all(&dump.undo); /* the tree runs on */
	dump.freeze_end_us = now_us();
	if (!error && criu->options->json)
		print_json(&dump);
	else if (!error)
		print_text(&dump);
	*exit_status = verdicts.count != 0;
	memory_release(&dump);
	files_release(&dump);
	close_tasks(&snapshot);
	verdicts_free(&verdicts);
	arena_free(&snapshot.arena);
	cancel_disarm();
	return error;
}

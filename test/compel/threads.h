// SPDX-License-Identifier: GPL-2.0
/* Visiting a whole process: every thread is seized, answers a batch, and is let go. */
#pragma once

#include "check.h"

#include <dirent.h>

enum { THREADS_MOST = 512 };

struct party {
	size_t count;
	struct compel_thread threads[THREADS_MOST], *pointers[THREADS_MOST];
	struct batch batches[THREADS_MOST], *batch_pointers[THREADS_MOST];
	size_t calls[THREADS_MOST];
};

__attribute__((unused)) static bool party_has(const struct party *party, pid_t tid)
{
	for (size_t i = 0; i < party->count; i++)
		if (party->threads[i].tid == tid)
			return true;
	return false;
}

/* The leader comes first. Looks again until no new thread turns up. */
__attribute__((unused)) static void seize_all(struct party *party, pid_t pid)
{
	char path[64];
	bool more = true;

	party->count = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	while (more) {
		cleanup_closedir DIR *directory = opendir(path);
		struct dirent *entry;
		size_t before = party->count;

		must_be(directory != NULL, "task listing");
		while ((entry = readdir(directory))) {
			pid_t tid = atoi(entry->d_name);

			if (tid <= 0 || party_has(party, tid))
				continue;
			must(compel_seize(&party->threads[party->count], tid));
			must(compel_wait(&party->threads[party->count]));
			must_be(party->threads[party->count++].state != COMPEL_DEAD, "a thread has died");
		}
		more = party->count != before;
	}
}

/* Every thread tells its number and stores a pointer; with an arena of the given size. */
__attribute__((unused)) static void ask_all(struct party *party, size_t arena)
{
	struct compel_agent *agent;

	must(compel_infect(&party->threads[0], arena, &agent));
	for (size_t i = 0; i < party->count; i++) {
		struct batch *batch = &party->batches[i];
		size_t where, target;

		batch_clear(batch);
		where = batch_data(batch, NULL, 8);
		target = batch_data(batch, "text", 5);
		batch_link(batch, where, target);
		party->calls[i] = batch_call(batch, "thread id", SYS_gettid);
		batch_store_result(batch, where, party->calls[i], 4);
		party->pointers[i] = &party->threads[i];
		party->batch_pointers[i] = batch;
	}
	must(batch_run(agent, party->pointers, party->batch_pointers, party->count));
	for (size_t i = 0; i < party->count; i++) {
		must_be(batch_result(&party->batches[i], party->calls[i]) == party->threads[i].tid, "wrong thread");
		must_be(*(int *)batch_pointer(&party->batches[i], 0) == party->threads[i].tid, "wrong data");
	}
	must(compel_cure(agent));
}

__attribute__((unused)) static void release_all(struct party *party)
{
	for (size_t i = 0; i < party->count; i++)
		party->pointers[i] = &party->threads[i];
	must(compel_detach_all(party->pointers, NULL, party->count));
}

__attribute__((unused)) static void free_party(struct party *party)
{
	for (size_t i = 0; i < THREADS_MOST; i++)
		batch_free(&party->batches[i]);
	free(party);
}

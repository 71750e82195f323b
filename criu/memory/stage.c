// SPDX-License-Identifier: GPL-2.0
#include "memory/stage.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

#include "kernel/proc/text.h"
#include "memory/vma.h"
#include "model/context.h"
#include "hooks/hooks.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/options.h"

enum { STAGE_MAX = 512 << 20, HUGE_BYTES = 2 << 20, TREE_MAX = 8192 };

/* Anonymous pages that are resident, by /proc/PID/statm. */
static uint64_t resident_pages(pid_t pid)
{
	unsigned long size, resident = 0, shared = 0;
	cleanup_fclose FILE *file = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%lu %lu %lu", &size, &resident, &shared) != 3 || shared > resident)
		return 0;
	return resident - shared;
}

/* The tree as it is now, by first threads only: an estimate is enough. */
static uint64_t tree_pages(pid_t root)
{
	cleanup_free pid_t *pids = malloc(TREE_MAX * sizeof(pid_t));
	uint64_t pages = 0;
	size_t count = 1;

	if (!pids)
		return 0;
	pids[0] = root;
	for (size_t i = 0; i < count; i++) {
		cleanup_fclose FILE *file = NULL;
		char path[64];

		pages += resident_pages(pids[i]);
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pids[i], pids[i]);
		file = fopen(path, "re");
		while (file && count < TREE_MAX && fscanf(file, "%d", &pids[count]) == 1)
			count++;
	}
	return pages;
}

void stage_prepare(struct dump *dump)
{
	struct memory_collection *memory = dump->memory;
	struct sysinfo info;
	uint64_t size, most = STAGE_MAX;
	char *place;

	if (!dump->criu->options->leave_running || hooks_wanted(dump->criu->hooks, HOOK_POST_DUMP) || sysinfo(&info))
		return;
	size = tree_pages(dump->criu->options->tree) * PAGE_BYTES;
	size += size / 8 + CHUNK_PAGES * PAGE_BYTES;
	if (most > (uint64_t)info.freeram * info.mem_unit / 4)
		most = (uint64_t)info.freeram * info.mem_unit / 4;
	if (size > most)
		size = most;
	size = (size + HUGE_BYTES - 1) & ~(uint64_t)(HUGE_BYTES - 1);
	place = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (place == MAP_FAILED)
		return;
	(void)madvise(place, size, MADV_HUGEPAGE);
	(void)madvise(place, size, MADV_POPULATE_WRITE);
	memory->stage = place;
	memory->stage_size = size;
}

char *stage_take(struct memory_collection *memory, size_t size)
{
	size_t at;

	if (__atomic_load_n(&memory->stage_used, __ATOMIC_RELAXED) + size > memory->stage_size)
		return NULL;
	at = __atomic_fetch_add(&memory->stage_used, size, __ATOMIC_RELAXED);
	return at + size <= memory->stage_size ? memory->stage + at : NULL;
}

void stage_release(struct memory_collection *memory)
{
	if (memory->stage)
		munmap(memory->stage, memory->stage_size);
}

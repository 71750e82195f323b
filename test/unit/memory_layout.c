// SPDX-License-Identifier: GPL-2.0
/* The hole for the restoring program: never where the task or this process has anything. */
#include <sys/mman.h>

#include "memory/place.h"
#include "tap.h"

enum { ENTRIES = 64, STEP = 64 << 20, SIZE = 1 << 20 };
#define FIRST 0x10000000ULL

static struct vdso_place vdso = { .vvar = 0x1000, .vdso = 0x5000, .end = 0x7000, .parts = { { 0x1000, 0x4000 }, { 0x5000, 0x2000 } } };
static struct task_memory memory;
static struct memory_plan plan = { .tasks = &memory, .own_vdso = &vdso };
static struct restore restore = { .memory = &plan };

static bool overlaps(const struct task *task, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < task->mapping_count; i++)
		if (start < task->mappings[i].entry->end && end > task->mappings[i].entry->start)
			return true;
	return false;
}

/* A mapping across every place that is tried first. */
static void test_crowded(struct task *task, uint64_t offset, uint64_t length, const char *what)
{
	void *hole = NULL;

	for (size_t i = 0; i < ENTRIES; i++) {
		task->mappings[i].entry->start = FIRST + i * (uint64_t)(STEP + SIZE) + offset;
		task->mappings[i].entry->end = task->mappings[i].entry->start + length;
	}
	if (!check_no_error(reserve_hole(&restore, task, SIZE, &hole), what))
		return;
	check(!overlaps(task, (uint64_t)hole, (uint64_t)hole + SIZE), "it is free in the task: %p", hole);
	munmap(hole, SIZE);
}

int main(void)
{
	struct mapping mappings[ENTRIES] = { 0 };
	VmaEntry entries[ENTRIES];
	struct task task = { .mappings = mappings };
	void *hole = NULL, *other = NULL;

	for (size_t i = 0; i < ENTRIES; i++) {
		vma_entry__init(&entries[i]);
		mappings[i].entry = &entries[i];
	}
	check_no_error(reserve_hole(&restore, &task, SIZE, &hole), "a task without mappings");
	check_no_error(reserve_hole(&restore, &task, SIZE, &other), "another hole");
	check(hole != other, "what this process has is avoided");
	munmap(hole, SIZE);
	munmap(other, SIZE);
	memory.vdso_home = (uint64_t)hole + SIZE - 4096;
	check_no_error(reserve_hole(&restore, &task, SIZE, &other), "a hole beside the place of the vdso");
	check(other != hole, "the place that the vdso is to get is avoided");
	memory.vdso_home = 0;
	munmap(other, SIZE);
	task.mapping_count = ENTRIES;
	test_crowded(&task, 0, SIZE, "each place is taken");
	test_crowded(&task, SIZE - 4096, 4096, "each place is taken by its last page");
	test_crowded(&task, (uint64_t)-4096 + 4096, 4096, "each place is taken by its first page");
	for (size_t i = 0; i < ENTRIES; i++)
		entries[i].flags = MAP_GROWSDOWN;
	test_crowded(&task, SIZE + 4096, 4096, "below each place a stack may grow");
	task.mapping_count = 1;
	entries[0].start = 0x10000;
	entries[0].end = 0x7fffffff0000;
	error_free(reserve_hole(&restore, &task, SIZE, &hole));
	check(reserve_hole(&restore, &task, SIZE, &hole) != NULL, "no place at all is an error");
	return tap_end();
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Scanning: what a stopped task has mapped and which pages of it must be saved. Runs in main
 * and the workers at once, a task at a time, before anything is asked inside the tasks: the
 * mappings must not show our own code there.
 */
#include <fcntl.h>
#include <string.h>

#include "kernel/features.h"
#include "memory/aio.h"
#include "memory/collection.h"
#include "memory/vma.h"
#include "model/context.h"
#include "support/cleanup.h"
#include "support/options.h"

enum page_class {
	PAGES_NONE,	 /* contents are not ours to save */
	PAGES_ANONYMOUS, /* what is there */
	PAGES_WRITTEN,	 /* what is no longer the file's */
	PAGES_ALL,
};

#define VAST_BYTES (4ULL << 30)

static enum page_class classify(const struct mapping_line *line)
{
	if (!strcmp(line->path, "[vdso]") || is_aio_ring(line))
		return PAGES_ALL;
	if (line->shared || (line->flags & MAPPING_DROPPABLE) || !strncmp(line->path, "[vvar", 5) ||
	    !strcmp(line->path, "[vsyscall]") || !strcmp(line->path, "[uprobes]"))
		return PAGES_NONE;
	return line->inode ? PAGES_WRITTEN : PAGES_ANONYMOUS;
}

static bool has_relatives(const struct mapping_line *line)
{
	switch (classify(line)) {
	case PAGES_ANONYMOUS:
		return line->shared_dirty_kib || line->shared_clean_kib;
	case PAGES_WRITTEN: /* clean ones are mostly the file's */
		return line->shared_dirty_kib;
	default:
		return false;
	}
}

/* Where contents are not ours to save, guard pages are: in shared mappings since Linux 6.15. Which of them may have some
 * smaps tells since 6.19, and kernels in which that was put later. */
static struct error *scan_guards(struct task_scan *scan, int pagemap, const struct mapping_line *lines, size_t count,
				 bool are_told)
{
	for (size_t i = 0; i < count; i++)
		if (lines[i].flags & MAPPING_GUARD || (!are_told && lines[i].shared))
			TRY(pagemap_guards(pagemap, lines[i].start, lines[i].end, &scan->arena, &scan->guards));
	return NULL;
}

/* What is swapped is not counted, and pages of hugetlbfs are larger ones. */
static uint64_t count_pages(const struct mapping_line *line)
{
	return line->swapped_kib || (line->flags & MAPPING_HUGETLB) ? PAGES_UNKNOWN : line->anonymous_pages;
}

/* A page that is swapped while pages are counted is not among them: what is swapped is asked before and after. */
static struct error *count_all(const struct task *task, struct task_scan *scan)
{
	struct mapping_line *again;
	size_t count;

	TRY(numa_maps_read(task->proc_fd, scan->lines, scan->line_count));
	TRY(smaps_read(task->proc_fd, &scan->arena, &again, &count));
	if (count != scan->line_count)
		return fail("the mappings of process %d change", task->pid);
	for (size_t i = 0; i < count; i++)
		scan->lines[i].swapped_kib += again[i].swapped_kib;
	return NULL;
}

/* Counting costs about as much as looking through this: only for a task that has more. */
static bool is_vast(const struct task_scan *scan)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < scan->line_count; i++)
		if (classify(&scan->lines[i]) != PAGES_NONE)
			bytes += scan->lines[i].end - scan->lines[i].start;
	return bytes > VAST_BYTES;
}

/* Neighbours of one class are scanned by one call. */
static struct error *scan_pages(struct task_scan *scan, int pagemap, bool guards_are_told)
{
	struct page_area *areas = arena_array(&scan->arena, struct page_area, scan->line_count);

	for (size_t i = 0, count; i < scan->line_count; i += count) {
		enum page_class class = classify(&scan->lines[i]);

		for (count = 0; i + count < scan->line_count && classify(&scan->lines[i + count]) == class; count++)
			areas[count] = (struct page_area){ scan->lines[i + count].start, scan->lines[i + count].end,
							   count_pages(&scan->lines[i + count]) };
		if (class == PAGES_ALL)
			for (size_t j = 0; j < count; j++)
				*arena_append(&scan->arena, scan->wanted.items, scan->wanted.count, scan->wanted.capacity) =
				    (struct page_range){ areas[j].start, areas[j].end };
		else if (class == PAGES_NONE)
			TRY(scan_guards(scan, pagemap, &scan->lines[i], count, guards_are_told));
		else
			TRY(pagemap_scan(pagemap, areas, count, class == PAGES_WRITTEN, &scan->arena, &scan->wanted,
					 &scan->guards));
	}
	return NULL;
}

void scan_prepare(struct memory_collection *memory)
{
	struct kernel *kernel = NULL;
	struct error *error = kernel_open(memory->dump->criu->options->unprivileged, &kernel);

	if (!error)
		error = kernel_feature(kernel, FEATURE_smaps_guards);
	memory->guards_are_told = !error;
	error_free(error);
	kernel_close(kernel);
}

static struct error *scan_task(struct dump *dump, const struct task *task, struct task_scan *scan)
{
	cleanup_close int pagemap = openat(task->proc_fd, "pagemap", O_RDONLY | O_CLOEXEC);

	if (pagemap < 0)
		return fail_errno("could not open the page map of process %d", task->pid);
	TRY(smaps_read(task->proc_fd, &scan->arena, &scan->lines, &scan->line_count));
	for (size_t i = 0; i < scan->line_count && !scan->has_relatives; i++)
		scan->has_relatives = has_relatives(&scan->lines[i]);
	TRY(aio_settle(task, scan->lines, scan->line_count));
	if (is_vast(scan) && !pagemap_has_scan(pagemap))
		TRY(count_all(task, scan));
	TRY(scan_pages(scan, pagemap, dump->memory->guards_are_told));
	return probes_leave_out(dump, task, scan);
}

/* The same in any thread, also when there is no memory. */
static struct error *try_scan(struct dump *dump, const struct task *task, struct task_scan *scan)
{
	jmp_buf no_memory, *outer = arena_rescue(&no_memory);
	struct error *error;

	if (_setjmp(no_memory))
		error = out_of_memory();
	else
		error = scan_task(dump, task, scan);
	arena_rescue(outer);
	return error;
}

void scan_tasks(void *argument)
{
	struct memory_collection *memory = argument;
	size_t next;

	while ((next = __atomic_fetch_add(&memory->next_scan, 1, __ATOMIC_RELAXED)) < memory->scan_count) {
		const struct task *task = memory->dump->snapshot->tasks[next];

		if (task->state != TASK_DEAD)
			collection_note_error(memory, try_scan(memory->dump, task, &memory->scans[next]));
	}
}

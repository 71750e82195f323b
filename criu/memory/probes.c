// SPDX-License-Identifier: GPL-2.0
/*
 * probes: breakpoints that the kernel itself has put into code (uprobes). Each is one byte in a page of a private file
 * mapping, which is the task's own from then on. Such a page must not be saved: where it came back, the kernel would
 * not know of the breakpoint, and the program would die of it. Without the page the kernel puts the breakpoint in again
 * when the code is mapped, if anybody still wants it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory/collection.h"
#include "memory/vma.h"
#include "model/context.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/options.h"

enum { BREAKPOINT = 0xcc };

static bool is_code(const struct mapping_line *line)
{
	return line->inode && !line->shared && (line->prot & PROT_EXEC) && !(line->prot & PROT_WRITE);
}

/* Does memory differ from the file in nothing but breakpoints, and in some? */
static bool has_only_breakpoints(const unsigned char *memory, const unsigned char *file)
{
	bool found = false;

	for (size_t i = 0; i < PAGE_BYTES; i++) {
		if (memory[i] == file[i])
			continue;
		if (memory[i] != BREAKPOINT)
			return false;
		found = true;
	}
	return found;
}

struct inspection {
	const struct task *task;
	const struct mapping_line *line;
	int memory, file;
};

static struct error *inspect_page(const struct inspection *inspection, uint64_t address, bool *probed)
{
	unsigned char memory[PAGE_BYTES], file[PAGE_BYTES];
	ssize_t length = pread(inspection->file, file, PAGE_BYTES,
			       (off_t)(inspection->line->offset + address - inspection->line->start));

	*probed = false;
	if (length <= 0)
		return NULL;
	memset(file + length, 0, PAGE_BYTES - length);
	TRY(pread_exactly(inspection->memory, memory, PAGE_BYTES, (off_t)address));
	*probed = has_only_breakpoints(memory, file);
	return NULL;
}

static void append(struct arena *arena, struct page_ranges *ranges, uint64_t start, uint64_t end)
{
	if (start < end)
		*arena_append(arena, ranges->items, ranges->count, ranges->capacity) = (struct page_range){ start, end };
}

/* The range without the pages that have breakpoints; it lies in the inspected mapping. */
static struct error *leave_out(const struct inspection *inspection, bool allowed, struct page_range range,
			       struct arena *arena, struct page_ranges *rest)
{
	uint64_t start = range.start;

	for (uint64_t at = range.start; at < range.end; at += PAGE_BYTES) {
		bool probed;

		TRY(inspect_page(inspection, at, &probed));
		if (!probed)
			continue;
		if (!allowed)
			return with_hint(fail("the mapping at 0x%llx (%s) of process %d cannot be saved: a debugger or tracer has put "
					      "probes into it (uprobes)",
					      (unsigned long long)inspection->line->start, inspection->line->path, inspection->task->pid),
					 "Remove the probes (perf probe --del, bpftrace) before the dump, or use --allow-uprobes.");
		append(arena, rest, start, at);
		start = at + PAGE_BYTES;
	}
	append(arena, rest, start, range.end);
	return NULL;
}

static struct error *inspect(struct inspection *inspection, bool allowed, struct page_range range, struct arena *arena,
			     struct page_ranges *rest)
{
	cleanup_close int memory = openat(inspection->task->proc_fd, "mem", O_RDONLY | O_CLOEXEC), file = -1;
	char link[64];

	snprintf(link, sizeof(link), "map_files/%llx-%llx", (unsigned long long)inspection->line->start,
		 (unsigned long long)inspection->line->end);
	file = openat(inspection->task->proc_fd, link, O_RDONLY | O_CLOEXEC);
	if (memory < 0 || file < 0) {
		append(arena, rest, range.start, range.end);
		return NULL;
	}
	inspection->memory = memory;
	inspection->file = file;
	return leave_out(inspection, allowed, range, arena, rest);
}

/* Hardly any code has pages of its own, so that mostly nothing is read here. */
struct error *probes_leave_out(struct dump *dump, const struct task *task, struct task_scan *scan)
{
	bool allowed = dump->criu->options->allow_uprobes;
	struct page_ranges rest = { 0 };
	size_t at = 0;
	bool any = false;

	for (size_t i = 0, line = 0; i < scan->wanted.count && !any; i++) {
		while (line < scan->line_count && scan->lines[line].end <= scan->wanted.items[i].start)
			line++;
		for (size_t in = line; in < scan->line_count && scan->lines[in].start < scan->wanted.items[i].end && !any; in++)
			any = is_code(&scan->lines[in]);
	}
	for (size_t i = 0; any && i < scan->wanted.count; i++) {
		struct page_range range = scan->wanted.items[i];

		while (range.start < range.end) {
			struct page_range part = range;

			while (scan->lines[at].end <= range.start)
				at++;
			if (part.end > scan->lines[at].end)
				part.end = scan->lines[at].end;
			if (is_code(&scan->lines[at]))
				TRY(inspect(&(struct inspection){ .task = task, .line = &scan->lines[at] }, allowed, part, &scan->arena,
					    &rest));
			else
				append(&scan->arena, &rest, part.start, part.end);
			range.start = part.end;
		}
	}
	if (any)
		scan->wanted = rest;
	return NULL;
}

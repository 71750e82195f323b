// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: an instance with nothing in flight. Its memory is saved with it; its mappings
 * (memory/io_uring.c) only show it. A ring that only one thread may submit to is enabled and brought back by that
 * thread, which must be the first of its process.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/io_uring/ring.h"
#include "files/plan.h"
#include "kernel/proc/maps.h"
#include "model/verdict.h"
#include "support/cleanup.h"
#include "support/log.h"

enum { PAGE_BYTES = 4096, MANY_PLACES = 200000000 };
#define RING_LINK "anon_inode:[io_uring]"

bool table_number(const struct descriptor_table *table, uint32_t id, uint32_t *number)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->entries[i]->id == id) {
			if (number)
				*number = table->entries[i]->fd;
			return true;
		}
	return false;
}

/* ---- dump ---- */

struct saved_ring {
	uint32_t id;
	ino_t inode; /* each ring has its own */
	struct ring_facts facts;
	IoUringFileEntry *entry; /* NULL: it cannot be saved */
};

struct ring_collection {
	struct kernel_view *view;
	struct saved_ring *rings;
	size_t count, capacity;
};

static ProtobufCBinaryData save(struct arena *arena, const char *memory, uint64_t size)
{
	while (size && !memory[size - 1])
		size--;
	return (ProtobufCBinaryData){ .data = arena_copy(arena, memory, size), .len = size };
}

static struct error *check_places(const IoUringFileEntry *entry, const struct ring_memory *memory)
{
	uint32_t fetched;

	memcpy(&fetched, memory->rings + entry->layout->completion[LAYOUT_HEAD], sizeof(fetched));
	if (entry->completed - fetched > entry->completion_entries)
		return with_hint(fail("it is an io_uring whose completion ring the program has damaged"), "Close it before the dump.");
	return ring_is_reachable(entry) ? NULL
					: with_hint(fail("it is an io_uring without an array of submissions (IORING_SETUP_NO_SQARRAY) that has lost completions"),
						    "Let the program set up another one.");
}

static struct error *save_memory(struct dump *dump, IoUringFileEntry *entry, const struct ring_memory *memory)
{
	TRY(check_places(entry, memory));
	SET(entry, rings, save(dump->arena, memory->rings, memory->rings_size));
	SET(entry, requests, save(dump->arena, memory->requests, memory->requests_size));
	return NULL;
}

static struct error *check_sizes(const IoUringFileEntry *entry, const struct ring_facts *facts)
{
	if (ring_bytes(entry) == facts->ring_pages * PAGE_BYTES && ring_request_bytes(entry) == facts->request_pages * PAGE_BYTES)
		return NULL;
	return with_hint(fail("it is an io_uring whose memory is not laid out as expected (%llu and %llu pages)",
			      (unsigned long long)facts->ring_pages, (unsigned long long)facts->request_pages),
			 "Close it before the dump.");
}

/* Who may submit to it must be there to bring it back. */
static struct error *dump_submitter(struct dump *dump, IoUringFileEntry *entry, const struct ring_facts *facts)
{
	for (size_t i = 0; facts->submitter && i < dump->snapshot->task_count; i++) {
		const struct task *task = dump->snapshot->tasks[i];

		if (task->host_pid == facts->submitter && task->table->owner == task) {
			SET(entry, submitter, task->pid);
			return NULL;
		}
	}
	return !facts->submitter ? NULL
				 : with_hint(fail("it is an io_uring that only thread %d may submit to (IORING_SETUP_SINGLE_ISSUER), which is not "
						  "the first of its process, or shares its descriptors with another process",
						  facts->submitter),
					     "Let the program use it in its first thread, or set it up without that flag.");
}

static struct error *describe(struct dump *dump, const struct open_fd *fd, const struct ring_facts *facts, IoUringFileEntry *entry)
{
	struct ring_memory memory = { 0 };
	struct error *error;

	SET(entry, setup, facts->setup);
	SET(entry, submission_entries, facts->submission_entries);
	SET(entry, completion_entries, facts->completion_entries);
	SET(entry, submitted, facts->submitted);
	SET(entry, completed, facts->completed);
	SET(entry, skipped, facts->skipped);
	if (entry->submitted > MANY_PLACES || entry->completed > MANY_PLACES)
		log_warning("an io_uring has gone round so often (%u requests, %u completions) that its restore takes minutes",
			    entry->submitted, entry->completed);
	TRY(dump_submitter(dump, entry, facts));
	TRY(ring_layout(dump->arena, entry, &entry->layout));
	TRY(check_sizes(entry, facts));
	error = ring_map(entry, fd->fd, &memory);
	if (!error)
		error = save_memory(dump, entry, &memory);
	ring_unmap(&memory);
	return error;
}

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	IoUringFileEntry *entry = out->io_uring = new_message(dump->arena, io_uring_file_entry);
	struct ring_collection *all = dump->files->rings;
	struct saved_ring *ring;

	if (!all)
		all = dump->files->rings = arena_new(dump->arena, struct ring_collection);
	ring = arena_append(dump->arena, all->rings, all->count, all->capacity);
	*ring = (struct saved_ring){ .id = fd->id, .inode = fd->stat.st_ino };
	SET(entry, id, 0); /* this and the next are filled by the caller */
	SET(entry, flags, 0);
	TRY(ring_examine(dump, &all->view, fd->fd, &ring->facts));
	TRY(describe(dump, fd, &ring->facts, entry));
	ring->entry = entry;
	return NULL;
}

/* ---- dump: whose memory is mapped where ---- */

static bool is_ring_memory(const struct mapping_line *line)
{
	return !strcmp(line->path, RING_LINK);
}

static struct error *find_ring(const struct dump *dump, struct mapping *mapping)
{
	const struct ring_collection *all = dump->files->rings;

	for (size_t i = 0; all && i < all->count; i++)
		if (all->rings[i].inode == mapping->line->inode) {
			mapping->entry->shmid = all->rings[i].id;
			return NULL;
		}
	return with_hint(fail("it is the memory of an io_uring that no process of the tree has open any more"),
			 "Let the program keep the descriptor open, or unmap the memory before the dump.");
}

static struct error *find_rings_of(struct dump *dump, struct task *task)
{
	for (size_t i = 0; i < task->mapping_count; i++) {
		struct mapping *mapping = &task->mappings[i];

		if (mapping->line && is_ring_memory(mapping->line))
			TRY(verdict(dump, verdict_mark(dump), find_ring(dump, mapping), "cannot save process %d: the mapping at 0x%llx",
				    task->pid, (unsigned long long)mapping->line->start));
	}
	return NULL;
}

static struct error *dump_late(struct dump *dump)
{
	const struct ring_collection *all = dump->files->rings;

	for (size_t i = 0; i < dump->snapshot->task_count; i++)
		TRY(find_rings_of(dump, dump->snapshot->tasks[i]));
	for (size_t i = 0; all && i < all->count; i++) {
		const struct saved_ring *ring = &all->rings[i];

		if (ring->entry)
			TRY(verdict(dump, verdict_mark(dump), registered_dump(dump, all->view, ring->id, &ring->facts, ring->entry),
				    "cannot save file %u (io_uring)", ring->id));
	}
	return NULL;
}

void rings_release(struct dump *dump)
{
	if (dump->files && dump->files->rings)
		kernel_view_free(take_pointer(dump->files->rings->view));
}

/* ---- restore ---- */

static bool is_power_of_two(uint32_t number)
{
	return number && !(number & (number - 1));
}

static bool is_sound(const IoUringFileEntry *entry)
{
	return entry->layout && entry->layout->n_submission == LAYOUT_COUNT && entry->layout->n_completion == LAYOUT_COUNT &&
	       is_power_of_two(entry->submission_entries) && entry->submission_entries <= RING_ENTRIES_MAX &&
	       is_power_of_two(entry->completion_entries) && entry->completion_entries <= 2 * RING_ENTRIES_MAX &&
	       entry->completion_entries >= entry->submission_entries && !(entry->setup & ~(uint32_t)RING_SUPPORTED) &&
	       (!(entry->setup & RING_DISABLED) || (!entry->submitted && !entry->completed));
}

static bool is_same_layout(const IoUringLayoutEntry *one, const IoUringLayoutEntry *other)
{
	return !memcmp(one->submission, other->submission, LAYOUT_COUNT * sizeof(uint32_t)) &&
	       !memcmp(one->completion, other->completion, LAYOUT_COUNT * sizeof(uint32_t));
}

static struct error *check_kernel(struct restore *restore, const IoUringFileEntry *entry)
{
	IoUringLayoutEntry *here;

	TRY(ring_layout(restore->arena, entry, &here));
	if (entry->layout->features & ~here->features)
		return with_hint(fail("the io_uring of this kernel lacks features 0x%x that the program has seen",
				      entry->layout->features & ~here->features),
				 "Restore under the kernel of the dump or a newer one.");
	if (!is_same_layout(entry->layout, here))
		return with_hint(fail("this kernel lays an io_uring out in another way"), "Restore under the kernel of the dump.");
	return NULL;
}

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	const IoUringFileEntry *entry = file->entry->io_uring;
	const struct task *submitter = snapshot_task(restore->snapshot, entry->submitter);
	uint32_t fetched = 0;

	if (!is_sound(entry))
		return fail("the image is damaged: io_uring %u", entry->id);
	TRY(check_kernel(restore, entry));
	if (entry->layout->completion[LAYOUT_HEAD] + sizeof(fetched) <= entry->rings.len)
		memcpy(&fetched, entry->rings.data + entry->layout->completion[LAYOUT_HEAD], sizeof(fetched));
	if (entry->rings.len > ring_bytes(entry) || entry->requests.len > ring_request_bytes(entry) ||
	    entry->completed - fetched > entry->completion_entries || !ring_is_reachable(entry))
		return fail("the image is damaged: memory of io_uring %u", entry->id);
	if (ring_needs_submitter(entry) && (!submitter || submitter->state == TASK_DEAD || task_shares_memory(submitter) ||
					    submitter->table->owner != submitter ||
					    !table_number(submitter->table, file->entry->id, NULL)))
		return fail("the image is damaged: process %u, who submits to io_uring %u", entry->submitter, entry->id);
	file->kind_data = arena_new(restore->arena, bool); /* its submitter has done its part */
	return registered_plan(restore, file);
}

/* In the process that runs rings_make(). */
static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	const IoUringFileEntry *entry = file->entry->io_uring;

	TRY(ring_make(entry, ret_fd));
	return ring_needs_submitter(entry) ? NULL : ring_bring_back(entry, *ret_fd);
}

static struct error *connect(struct restore *restore, struct planned_file *file)
{
	const IoUringFileEntry *entry = file->entry->io_uring;

	return ring_needs_submitter(entry) ? NULL : registered_bring_back(restore, entry, file->fd, NULL);
}

static struct error *adopt(struct restore *restore, struct planned_file *file, struct task *task, int number)
{
	const IoUringFileEntry *entry = file->entry->io_uring;
	bool *done = file->kind_data;

	if (!ring_needs_submitter(entry) || (pid_t)entry->submitter != task->pid || *done)
		return NULL;
	*done = true;
	TRY(ring_enable(number));
	TRY(ring_bring_back(entry, number));
	return registered_bring_back(restore, entry, number, task->table);
}

const struct file_kind io_uring_kind = {
	.name = "io_uring",
	.type = FD_TYPES__IO_URING,
	.entry = offsetof(FileEntry, io_uring),
	.match = { .anon_inode = "[io_uring]" },
	.dump = dump,
	.dump_late = dump_late,
	.plan = plan,
	.create = create,
	.connect = connect,
	.adopt = adopt,
};

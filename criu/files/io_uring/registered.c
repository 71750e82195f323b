// SPDX-License-Identifier: GPL-2.0
/* What is registered with a ring, by the ids of the images: io_uring_register(2). */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/io_uring/frames.h"
#include "files/io_uring/rings.h"
#include "files/io_uring/view.h"
#include "files/plan.h"
#include "kernel/proc/maps.h"
#include "support/cleanup.h"

enum { FILE_SLOTS_MAX = 1 << 20, BUFFER_SLOTS_MAX = 1 << 14, RING_SLOTS_MAX = 16 };

/* Own definitions: headers of Linux 5.13 to 5.19 have them. */
enum { REGISTER_FILES2 = 13, REGISTER_BUFFERS2 = 15, REGISTER_RING_FDS = 20, REGISTER_FILE_RANGE = 25 };

struct table_request {
	uint32_t count, flags;
	uint64_t unused, data, tags;
};

/* ---- dump: files ---- */

/* A description of the tree, and what the kernel calls it. */
struct known_file {
	uint64_t file, private;
	uint32_t id;
	FdTypes type;
};

struct known_files {
	struct arena *arena;
	const struct kernel_view *view;
	struct known_file *files;
	size_t count, capacity;
	struct error *error;
};

static struct error *know(struct known_files *known, const struct seen_description *seen)
{
	cleanup_close int process = syscall(SYS_pidfd_open, seen->pid, 0), copy = -1;
	struct known_file file = { .id = seen->id, .type = seen->type };

	copy = process < 0 ? -1 : syscall(SYS_pidfd_getfd, process, seen->number, 0);
	if (copy < 0)
		return fail_errno("could not borrow descriptor %d", seen->number);
	TRY(peek_descriptor(known->view->peek, copy, &file.file));
	TRY(number(known->view, file.file, &known->view->file_private, &file.private));
	*arena_append(known->arena, known->files, known->count, known->capacity) = file;
	return NULL;
}

static void visit(const struct seen_description *seen, void *argument)
{
	struct known_files *known = argument;

	if (!known->error && seen->id)
		known->error = know(known, seen);
}

static const struct known_file *find_file(const struct known_files *known, uint64_t file)
{
	for (size_t i = 0; i < known->count; i++)
		if (known->files[i].file == file)
			return &known->files[i];
	return NULL;
}

static struct error *dump_files(const struct known_files *known, const struct ring_facts *facts, IoUringFileEntry *entry)
{
	SET(entry, file_slots, facts->file_slots);
	SET(entry, file_range_start, facts->file_range_start);
	SET(entry, file_range_end, facts->file_range_end);
	entry->files = arena_array(known->arena, IoUringFixedFileEntry *, facts->file_count);
	for (size_t i = 0; i < facts->file_count; i++) {
		const struct known_file *file = find_file(known, facts->files[i].file);
		IoUringFixedFileEntry *out = new_message(known->arena, io_uring_fixed_file_entry);

		if (!file)
			return with_hint(fail("the file in its slot %u is not open in any process of the tree", facts->files[i].slot),
					 "Let the program keep descriptors of registered files open, or take them back before the dump.");
		SET(out, slot, facts->files[i].slot);
		SET(out, file_id, file->id);
		SET(out, tag, facts->files[i].tag);
		entry->files[entry->n_files++] = out;
	}
	return NULL;
}

static struct error *dump_eventfd(const struct known_files *known, const struct ring_facts *facts, IoUringFileEntry *entry)
{
	for (size_t i = 0; i < known->count; i++)
		if (known->files[i].type == FD_TYPES__EVENTFD && known->files[i].private == facts->eventfd) {
			SET(entry, eventfd_id, known->files[i].id);
			SET(entry, eventfd_async, facts->eventfd_async);
			return NULL;
		}
	return with_hint(fail("its eventfd is not open in any process of the tree"),
			 "Let the program keep the eventfd open, or take it back (IORING_UNREGISTER_EVENTFD), before the dump.");
}

/* Those that one thread brings back must be among its own. */
static struct error *check_submitters_files(const struct dump *dump, const IoUringFileEntry *entry)
{
	const struct task *submitter = entry->has_submitter ? snapshot_task(dump->snapshot, entry->submitter) : NULL;

	for (size_t i = 0; submitter && i <= entry->n_files; i++) {
		uint32_t id = i < entry->n_files ? entry->files[i]->file_id : entry->eventfd_id;

		if (id && !table_number(submitter->table, id, NULL))
			return with_hint(fail("the only thread that may submit to it (IORING_SETUP_SINGLE_ISSUER) has not open what is registered with it"),
					 "Let that process keep the descriptors open.");
	}
	return NULL;
}

static struct error *dump_known(struct dump *dump, struct kernel_view *view, const struct ring_facts *facts, IoUringFileEntry *entry)
{
	struct known_files known = { .arena = dump->arena, .view = view };

	if (!facts->file_slots && !facts->eventfd)
		return NULL;
	files_visit(dump, visit, &known);
	TRY(known.error);
	if (facts->file_slots)
		TRY(dump_files(&known, facts, entry));
	if (facts->eventfd)
		TRY(dump_eventfd(&known, facts, entry));
	return check_submitters_files(dump, entry);
}

/* ---- dump: buffers ---- */

static bool is_writable(const struct task *task, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < task->mapping_count && start < end; i++) {
		const struct mapping_line *line = task->mappings[i].line;

		if (line->start <= start && start < line->end && (line->prot & PROT_WRITE))
			start = line->end;
	}
	return start >= end;
}

/* Are the buffers pages of this process, and still at their places? */
static struct error *check_owner(const struct task *task, const struct ring_facts *facts, bool *owns)
{
	cleanup_close int pagemap = openat(task->proc_fd, "pagemap", O_RDONLY | O_CLOEXEC);

	if (pagemap < 0)
		return fail_errno("could not open the page map of process %d", task->pid);
	*owns = true;
	for (size_t i = 0; i < facts->buffer_count && *owns; i++) {
		const struct registered_buffer *buffer = &facts->buffers[i];
		uint64_t first, last;

		TRY(frame_of(pagemap, buffer->address, &first));
		TRY(frame_of(pagemap, buffer->address + buffer->length - 1, &last));
		*owns = first == buffer->first_frame && last == buffer->last_frame &&
			is_writable(task, buffer->address, buffer->address + buffer->length);
	}
	return NULL;
}

static struct error *find_owner(struct dump *dump, uint32_t id, const struct ring_facts *facts, IoUringFileEntry *entry)
{
	for (size_t i = 0; i < dump->snapshot->task_count; i++) {
		const struct task *task = dump->snapshot->tasks[i];
		bool owns = false;

		if (task->state == TASK_DEAD || !table_number(task->table, id, NULL) ||
		    (entry->has_submitter && entry->submitter != (uint32_t)task->pid))
			continue;
		TRY(check_owner(task, facts, &owns));
		if (owns) {
			SET(entry, buffer_owner, task->pid);
			return NULL;
		}
	}
	return with_hint(fail("its registered buffers are not, or not any more, memory at their addresses of one process that has it open"),
			 "Let the program take the buffers back (IORING_UNREGISTER_BUFFERS) before the dump.");
}

static struct error *dump_buffers(struct dump *dump, uint32_t id, const struct ring_facts *facts, IoUringFileEntry *entry)
{
	if (!facts->buffer_slots)
		return NULL;
	TRY(find_owner(dump, id, facts, entry));
	SET(entry, buffer_slots, facts->buffer_slots);
	entry->buffers = arena_array(dump->arena, IoUringBufferEntry *, facts->buffer_count);
	for (size_t i = 0; i < facts->buffer_count; i++) {
		IoUringBufferEntry *out = new_message(dump->arena, io_uring_buffer_entry);

		SET(out, slot, facts->buffers[i].slot);
		SET(out, address, facts->buffers[i].address);
		SET(out, length, facts->buffers[i].length);
		SET(out, tag, facts->buffers[i].tag);
		entry->buffers[entry->n_buffers++] = out;
	}
	return NULL;
}

/* ---- dump: threads ---- */

static const struct thread *find_thread(const struct dump *dump, pid_t host_tid)
{
	for (size_t i = 0; i < dump->snapshot->task_count; i++)
		for (size_t j = 0; j < dump->snapshot->tasks[i]->thread_count; j++)
			if (dump->snapshot->tasks[i]->threads[j].host_tid == host_tid)
				return &dump->snapshot->tasks[i]->threads[j];
	return NULL;
}

static struct error *dump_threads(struct dump *dump, uint32_t id, const struct ring_facts *facts, IoUringFileEntry *entry)
{
	entry->threads = arena_array(dump->arena, IoUringThreadEntry *, facts->thread_count);
	for (size_t i = 0; i < facts->thread_count; i++) {
		const struct thread *thread = find_thread(dump, facts->threads[i].tid);
		IoUringThreadEntry *out = new_message(dump->arena, io_uring_thread_entry);

		if (!thread || !table_number(thread->task->table, id, NULL))
			return with_hint(fail("thread %d has registered it (IORING_REGISTER_RING_FDS) and has no descriptor of it",
					      facts->threads[i].tid),
					 "Let the program keep the descriptor open.");
		SET(out, thread, thread->tid);
		SET(out, slot, facts->threads[i].slot);
		entry->threads[entry->n_threads++] = out;
	}
	return NULL;
}

struct error *registered_dump(struct dump *dump, struct kernel_view *view, uint32_t id, const struct ring_facts *facts,
			      IoUringFileEntry *entry)
{
	TRY(dump_known(dump, view, facts, entry));
	TRY(dump_buffers(dump, id, facts, entry));
	return dump_threads(dump, id, facts, entry);
}

/* ---- restore ---- */

static struct error *plan_files(struct restore *restore, const IoUringFileEntry *entry)
{
	if (entry->file_slots > FILE_SLOTS_MAX || entry->file_range_start > entry->file_range_end ||
	    entry->file_range_end > entry->file_slots)
		return fail("the image is damaged: registered files of io_uring %u", entry->id);
	for (size_t i = 0; i < entry->n_files; i++) {
		if (entry->files[i]->slot >= entry->file_slots)
			return fail("the image is damaged: registered files of io_uring %u", entry->id);
		TRY(files_want(restore, entry->files[i]->file_id));
	}
	return entry->has_eventfd_id ? files_want(restore, entry->eventfd_id) : NULL;
}

/* Who calls needs a number of the ring. */
static bool has_ring(const struct task *task, const IoUringFileEntry *entry)
{
	return task && task->state != TASK_DEAD && task->table && table_number(task->table, entry->id, NULL);
}

static const struct task *task_of_thread(const struct restore *restore, uint32_t tid)
{
	for (size_t i = 0; i < restore->snapshot->task_count; i++)
		for (size_t j = 0; j < restore->snapshot->tasks[i]->thread_count; j++)
			if ((uint32_t)restore->snapshot->tasks[i]->threads[j].tid == tid)
				return restore->snapshot->tasks[i];
	return NULL;
}

struct error *registered_plan(struct restore *restore, const struct planned_file *file)
{
	const IoUringFileEntry *entry = file->entry->io_uring;

	TRY(plan_files(restore, entry));
	if (entry->buffer_slots > BUFFER_SLOTS_MAX ||
	    (entry->buffer_slots && !has_ring(snapshot_task(restore->snapshot, entry->buffer_owner), entry)))
		return fail("the image is damaged: registered buffers of io_uring %u", entry->id);
	for (size_t i = 0; i < entry->n_buffers; i++)
		if (entry->buffers[i]->slot >= entry->buffer_slots)
			return fail("the image is damaged: registered buffers of io_uring %u", entry->id);
	for (size_t i = 0; i < entry->n_threads; i++)
		if (entry->threads[i]->slot >= RING_SLOTS_MAX || !has_ring(task_of_thread(restore, entry->threads[i]->thread), entry))
			return fail("the image is damaged: threads of io_uring %u", entry->id);
	return NULL;
}

static int descriptor_of(struct restore *restore, const struct descriptor_table *table, uint32_t id)
{
	uint32_t number;

	if (!table)
		return planned_file_of_id(restore, id)->fd;
	return table_number(table, id, &number) ? (int)number : -1;
}

static struct error *bring_back_files(struct restore *restore, const IoUringFileEntry *entry, int ring,
				      const struct descriptor_table *table)
{
	uint32_t count = entry->file_slots;
	cleanup_free int32_t *fds = malloc((count + 1) * sizeof(*fds));
	cleanup_free uint64_t *tags = calloc(count + 1, sizeof(*tags));
	struct table_request request = { .count = count, .data = (uint64_t)(uintptr_t)fds, .tags = (uint64_t)(uintptr_t)tags };
	struct {
		uint32_t start, length;
		uint64_t unused;
	} range = { entry->file_range_start, entry->file_range_end - entry->file_range_start, 0 };

	if (!fds || !tags)
		return out_of_memory();
	memset(fds, 0xff, count * sizeof(*fds));
	for (size_t i = 0; i < entry->n_files; i++) {
		fds[entry->files[i]->slot] = descriptor_of(restore, table, entry->files[i]->file_id);
		tags[entry->files[i]->slot] = entry->files[i]->tag;
	}
	if (syscall(SYS_io_uring_register, ring, REGISTER_FILES2, &request, sizeof(request)))
		return fail_errno("could not register files with an io_uring");
	if ((range.start || range.length != count) && syscall(SYS_io_uring_register, ring, REGISTER_FILE_RANGE, &range, 0))
		return fail_errno("could not set the range of registered files of an io_uring");
	return NULL;
}

struct error *registered_bring_back(struct restore *restore, const IoUringFileEntry *entry, int ring,
				    const struct descriptor_table *table)
{
	int eventfd;

	if (entry->file_slots)
		TRY(bring_back_files(restore, entry, ring, table));
	if (!entry->has_eventfd_id)
		return NULL;
	eventfd = descriptor_of(restore, table, entry->eventfd_id);
	if (syscall(SYS_io_uring_register, ring, entry->eventfd_async ? IORING_REGISTER_EVENTFD_ASYNC : IORING_REGISTER_EVENTFD,
		    &eventfd, 1))
		return fail_errno("could not register an eventfd with an io_uring");
	return NULL;
}

/* ---- the program's part ---- */

static void emit_buffers(const IoUringFileEntry *entry, uint32_t ring, struct batch *program)
{
	uint32_t count = entry->buffer_slots;
	size_t places = batch_data(program, NULL, count * sizeof(struct iovec));
	size_t tags = batch_data(program, NULL, count * sizeof(uint64_t));
	size_t request = batch_data(program, &(struct table_request){ .count = count }, sizeof(struct table_request));

	for (size_t i = 0; i < entry->n_buffers && !program->exhausted; i++) {
		const IoUringBufferEntry *buffer = entry->buffers[i];

		((struct iovec *)batch_pointer(program, places))[buffer->slot] =
		    (struct iovec){ (void *)(uintptr_t)buffer->address, buffer->length };
		((uint64_t *)batch_pointer(program, tags))[buffer->slot] = buffer->tag;
	}
	batch_link(program, request + offsetof(struct table_request, data), places);
	batch_link(program, request + offsetof(struct table_request, tags), tags);
	batch_call_flags(program, "registered buffers of an io_uring", SYS_io_uring_register, REMOTE_DATA(2), ring, REGISTER_BUFFERS2,
			 request, sizeof(struct table_request));
}

static void emit_thread(uint32_t slot, uint32_t ring, struct batch *program)
{
	struct {
		uint32_t slot, unused;
		uint64_t ring;
	} request = { slot, 0, ring };

	batch_call_flags(program, "registered io_uring", SYS_io_uring_register, REMOTE_DATA(2), ring, REGISTER_RING_FDS,
			 batch_data(program, &request, sizeof(request)), 1);
}

void rings_emit(struct restore *restore, const struct thread *thread, struct batch *program)
{
	const struct task *task = thread->task;

	for (size_t i = 0; i < restore->files->count; i++) {
		const IoUringFileEntry *entry = restore->files->files[i].entry->io_uring;
		uint32_t ring;

		if (!entry || !table_number(task->table, entry->id, &ring))
			continue;
		if (entry->buffer_slots && entry->buffer_owner == (uint32_t)task->pid && thread == task_leader(task))
			emit_buffers(entry, ring, program);
		for (size_t j = 0; j < entry->n_threads; j++)
			if (entry->threads[j]->thread == (uint32_t)thread->tid)
				emit_thread(entry->threads[j]->slot, ring, program);
	}
}

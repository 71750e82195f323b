// SPDX-License-Identifier: GPL-2.0
/* Reading and planning files: main, before any fork, no side effects. */
#include "files/plan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/context.h"
#include "files/collection.h"
#include "files/files.h"
#include "files/inherited.h"
#include "files/locks.h"
#include "files/remap.h"
#include "files/terminal/session.h"
#include "image/old_forms.h"
#include "image/record.h"
#include "model/keep.h"

/* ---- reading ---- */

static int compare_files(const void *a, const void *b)
{
	const struct planned_file *x = a, *y = b;

	if (x->entry->id != y->entry->id)
		return x->entry->id < y->entry->id ? -1 : 1;
	return (int)x->entry->type - (int)y->entry->type;
}

static struct error *add_file(struct file_plan *plan, FileEntry *entry)
{
	struct planned_file *file = &plan->files[plan->count++];

	*file = (struct planned_file){ .entry = entry, .fd = -1, .kind = file_kind_of_type(entry->type) };
	if (!file->kind)
		return with_hint(fail("cannot restore file %u: its type %d is not supported", entry->id, entry->type),
				 "The image was made by a tool or version that can save more kinds of files.");
	if (!file_entry_message(file->kind, entry))
		return fail("the image is damaged: file %u has no content for its type %d", entry->id, entry->type);
	return NULL;
}

static struct error *read_files(struct restore *restore)
{
	struct file_plan *plan = restore->files;
	FileEntry **entries;
	size_t count;

	TRY(image_read_files(restore->criu->images, restore->arena, &entries, &count));
	plan->files = arena_array(restore->arena, struct planned_file, count);
	for (size_t i = 0; i < count; i++)
		TRY(add_file(plan, entries[i]));
	qsort(plan->files, plan->count, sizeof(*plan->files), compare_files);
	for (size_t i = 1; i < plan->count; i++)
		if (!compare_files(&plan->files[i - 1], &plan->files[i]))
			return fail("the image is damaged: file %u is there twice", plan->files[i].entry->id);
	return NULL;
}

static int compare_numbers(const void *a, const void *b)
{
	const FdinfoEntry *const *x = a, *const *y = b;

	return (*x)->fd < (*y)->fd ? -1 : (*x)->fd > (*y)->fd;
}

static struct error *read_table(struct restore *restore, struct descriptor_table *table)
{
	enum { MAX_NUMBER = 1 << 30 };
	ProtobufCMessage **entries;

	TRY(image_read_all(restore->criu->images, IMAGE_FDINFO, table->id, restore->arena, &entries, &table->count));
	table->entries = (FdinfoEntry **)entries;
	if (!table->count)
		return NULL;
	qsort(table->entries, table->count, sizeof(*table->entries), compare_numbers);
	for (size_t i = 0; i < table->count; i++) {
		const FdinfoEntry *entry = table->entries[i];

		if (entry->fd > MAX_NUMBER || (i && table->entries[i - 1]->fd == entry->fd))
			return fail("the image is damaged: descriptor %u in table %u", entry->fd, table->id);
		if (!planned_file_find(restore, entry->id, entry->type))
			return fail("the image is damaged: descriptor %u is file %u of type %d, which is not there",
				    entry->fd, entry->id, entry->type);
	}
	return NULL;
}

struct error *files_read(struct restore *restore)
{
	restore->files = arena_new(restore->arena, struct file_plan);
	restore->files->hub = -1;
	TRY(read_files(restore));
	for (size_t i = 0; i < restore->snapshot->table_count; i++)
		TRY(read_table(restore, restore->snapshot->tables[i]));
	restore->snapshot->number_limit = highest_descriptor(restore->snapshot);
	TRY(remap_read(restore));
	restore->files->requests = arena_array(restore->arena, struct task_requests, restore->snapshot->task_count);
	return NULL;
}

/* ---- lookups ---- */

struct planned_file *planned_file_find(const struct restore *restore, uint32_t id, FdTypes type)
{
	const struct file_plan *plan = restore->files;
	size_t low = 0, high = plan->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const FileEntry *entry = plan->files[middle].entry;

		if (entry->id < id || (entry->id == id && entry->type < type))
			low = middle + 1;
		else
			high = middle;
	}
	if (low < plan->count && plan->files[low].entry->id == id && plan->files[low].entry->type == type)
		return &plan->files[low];
	return NULL;
}

struct planned_file *planned_file_of_id(const struct restore *restore, uint32_t id)
{
	const struct file_plan *plan = restore->files;
	size_t low = 0, high = plan->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (plan->files[middle].entry->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == plan->count || plan->files[low].entry->id != id)
		return NULL;
	/* The path of a tun descriptor has the same id. */
	if (low + 1 < plan->count && plan->files[low + 1].entry->id == id && plan->files[low].entry->type == FD_TYPES__REG)
		low++;
	return &plan->files[low];
}

int files_number_limit(const struct restore *restore)
{
	return highest_descriptor(restore->snapshot);
}

/* ---- what is wanted ---- */

static struct error *want(struct restore *restore, uint32_t id, FdTypes type)
{
	struct planned_file *file = planned_file_find(restore, id, type);

	if (file->wanted)
		return NULL;
	file->wanted = true;
	if (file->kind->plan)
		TRY(with_context(file->kind->plan(restore, file), "file %u", id));
	return common_plan(restore, file);
}

struct error *files_want(struct restore *restore, uint32_t id)
{
	struct planned_file *file = planned_file_of_id(restore, id);

	return file ? want(restore, id, file->entry->type)
		    : fail("the image is damaged: file %u, which travels in a socket's queue, is not there", id);
}

struct error *files_want_mapping(struct restore *restore, struct task *task, uint32_t id, uint32_t flags,
				 uint32_t *ret_key)
{
	struct file_plan *plan = restore->files;
	struct task_requests *requests = &plan->requests[task->index];
	struct planned_file *file =
	    planned_file_find(restore, id, FD_TYPES__REG) ?: planned_file_find(restore, id, FD_TYPES__MEMFD);
	uint32_t key;

	if (!file)
		return with_hint(fail("the mapped file %u is not among the files of the image", id),
				 "Mappings of other than regular and memory files are not supported yet.");
	for (key = 0; key < plan->mapped_count; key++)
		if (plan->mapped[key].id == id && plan->mapped[key].flags == flags)
			break;
	if (key == plan->mapped_count) {
		TRY(file->entry->memfd ? want(restore, id, FD_TYPES__MEMFD) : file->kind->plan(restore, file));
		*arena_append(restore->arena, plan->mapped, plan->mapped_count, plan->mapped_capacity) =
		    (struct mapped_request){ id, flags, -1 };
	}
	*ret_key = key;
	for (size_t i = requests->count; i-- > 0;)
		if (requests->keys[i] == key)
			return NULL;
	*arena_append(restore->arena, requests->keys, requests->count, requests->capacity) = key;
	return NULL;
}

void files_open_early(struct restore *restore, uint32_t key, int *ret_fd)
{
	const struct mapped_request *mapped = &restore->files->mapped[key];
	const struct planned_file *file = planned_file_find(restore, mapped->id, FD_TYPES__REG);
	const RegFileEntry *entry = file ? file->entry->reg : NULL;

	*ret_fd = -1;
	if (!entry || entry->name[0] != '/' || remap_of(restore, entry) || inherited_find(restore, entry->name + 1) >= 0)
		return;
	error_free(regular_open(restore, entry, mapped->flags, ret_fd)); /* the opener will say why */
}

static struct error *check_special(struct restore *restore, const struct task *task, uint32_t id, const char *what)
{
	struct planned_file *file = planned_file_find(restore, id, FD_TYPES__REG);

	if (!file)
		return fail("the image is damaged: the %s of process %d is not among its files", what, task->pid);
	return file->kind->plan(restore, file);
}

static struct error *check_threads(struct restore *restore, const struct task *task)
{
	for (size_t i = 1; i < task->thread_count; i++) {
		const ThreadCoreEntry *core = task->threads[i].core->thread_core;

		if (core->has_cwd_id)
			TRY(check_special(restore, task, core->cwd_id, "working directory"));
		if (core->has_root_id)
			TRY(check_special(restore, task, core->root_id, "root directory"));
	}
	return NULL;
}

static int compare_rank(const void *a, const void *b)
{
	const struct planned_file *const *x = a, *const *y = b;

	if ((*x)->rank != (*y)->rank)
		return (*x)->rank < (*y)->rank ? -1 : 1;
	return *x < *y ? -1 : *x > *y;
}

struct error *files_plan(struct restore *restore)
{
	struct file_plan *plan = restore->files;

	for (size_t i = 0; i < restore->snapshot->table_count; i++)
		for (size_t j = 0; j < restore->snapshot->tables[i]->count; j++)
			TRY(want(restore, restore->snapshot->tables[i]->entries[j]->id,
				 restore->snapshot->tables[i]->entries[j]->type));
	for (size_t i = 0; i < restore->snapshot->task_count; i++) {
		const struct task *task = restore->snapshot->tasks[i];

		if (task->state == TASK_DEAD)
			continue;
		TRY(check_special(restore, task, task->mm->exe_file_id, "executable"));
		TRY(check_special(restore, task, task->fs->cwd_id, "working directory"));
		TRY(check_special(restore, task, task->fs->root_id, "root directory"));
		TRY(check_threads(restore, task));
	}
	TRY(terminals_plan(restore));
	TRY(locks_plan(restore));
	plan->order = arena_array(restore->arena, struct planned_file *, plan->count);
	plan->finish_fds = arena_array(restore->arena, int, plan->count);
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->files[i].wanted)
			common_plan_late(restore, &plan->files[i]);
		plan->order[i] = &plan->files[i];
		plan->finish_fds[i] = -1;
	}
	qsort(plan->order, plan->count, sizeof(*plan->order), compare_rank);
	return NULL;
}

struct error *files_finish(struct restore *restore)
{
	struct file_plan *plan = restore->files;

	for (size_t i = 0; i < plan->count; i++) {
		struct planned_file *file = &plan->files[i];

		if (plan->finish_fds[i] < 0 && file->wanted && file->finish_copy)
			return fail("file %u (%s) was lost on its way from the opener", file->entry->id, file->kind->name);
		if (plan->finish_fds[i] < 0)
			continue;
		TRY(common_finish(restore, file, plan->finish_fds[i]));
		if (!file->kind->finish)
			continue;
		TRY(with_context(file->kind->finish(restore, file, plan->finish_fds[i]), "file %u (%s)",
				 file->entry->id, file->kind->name));
	}
	for (size_t i = 0; i < plan->count; i++) /* main may wait for the end of the tree, and must not hold its files */
		if (plan->finish_fds[i] >= 0)
			close(plan->finish_fds[i]);
	for (size_t i = 0; plan->ghosts_kept && i < plan->ghost_count; i++)
		close(plan->ghosts[i].fd);
	return terminals_finish(restore);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * THE PASSES: order between open files is here and nowhere else. One process makes every
 * description once; inside a pass a kind may rank its files.
 *
 *   ghosts    deleted files under temporary names
 *   create    every description, alone
 *   connect   what needs another description
 *   fill      contents, then what would have hindered them: flags, owner
 *   hand over to the tasks, and to main what has last words
 */
#include "restore/opener.h"

#include <fcntl.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/ghost.h"
#include "files/memfd.h"
#include "files/plan.h"
#include "model/handover.h"
#include "restore/send.h"
#include "support/cleanup.h"
#include "support/log.h"

typedef struct error *(*pass)(struct restore *, struct planned_file *);

static struct error *create(struct restore *restore, struct planned_file *file)
{
	if (file->made || file->fd >= 0)
		return NULL;
	return file->kind->create(restore, file, &file->fd);
}

static struct error *connect_file(struct restore *restore, struct planned_file *file)
{
	return file->kind->connect ? file->kind->connect(restore, file) : NULL;
}

static struct error *fill(struct restore *restore, struct planned_file *file)
{
	if (file->kind->fill)
		TRY(file->kind->fill(restore, file));
	return common_restore(restore, file, file->fd);
}

static struct error *run_pass(struct restore *restore, pass pass)
{
	const struct file_plan *plan = restore->files;

	for (size_t i = 0; i < plan->count; i++) {
		struct planned_file *file = plan->order[i];

		if (file->wanted)
			TRY(with_context(pass(restore, file), "cannot restore file %u (%s)", file->entry->id,
					 file->kind->name));
	}
	return NULL;
}

static struct error *make_ghosts(struct restore *restore)
{
	for (size_t i = 0; i < restore->files->ghost_count; i++)
		TRY(ghost_create(restore, &restore->files->ghosts[i]));
	return NULL;
}

/* Watches on them are set at the very end, by main. */
static struct error *keep_ghosts(struct restore *restore)
{
	for (size_t i = 0; restore->files->ghosts_kept && i < restore->files->ghost_count; i++)
		TRY(ghost_open(&restore->files->ghosts[i]));
	return NULL;
}

static void remove_ghosts(struct restore *restore)
{
	for (size_t i = 0; i < restore->files->ghost_count; i++)
		ghost_remove(&restore->files->ghosts[i]);
}

static struct error *open_mapped(struct restore *restore)
{
	struct file_plan *plan = restore->files;

	for (size_t i = 0; i < plan->mapped_count; i++) {
		struct mapped_request *mapped = &plan->mapped[i];
		struct planned_file *file = planned_file_find(restore, mapped->id, FD_TYPES__REG);

		if (file)
			TRY(regular_open(restore, file->entry->reg, mapped->flags, &mapped->fd));
		else
			TRY(memfd_open(restore, planned_file_find(restore, mapped->id, FD_TYPES__MEMFD), mapped->flags,
				       &mapped->fd));
	}
	return NULL;
}

static struct error *make_all(struct restore *restore)
{
	TRY(run_pass(restore, create));
	TRY(run_pass(restore, connect_file));
	TRY(run_pass(restore, fill));
	TRY(open_mapped(restore));
	return send_to_tasks(restore);
}

struct error *opener_run(struct restore *restore)
{
	struct error *error = make_ghosts(restore);

	if (!error)
		error = make_all(restore) ?: keep_ghosts(restore);
	remove_ghosts(restore);
	return error ?: send_finish_copies(restore);
}

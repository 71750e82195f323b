// SPDX-License-Identifier: GPL-2.0
/*
 * THE PASSES: order between open files is here and nowhere else. One process makes every
 * description once; inside a pass a kind may rank its files.
 *
 *   ghosts    deleted files and directories under temporary names
 *   create    every description, alone
 *   connect   what needs another description
 *   fill      contents
 *   mapped    the same files as mappings want them
 *   locks     which an opening could break
 *   set up    what would have hindered or signalled all this: flags, owner
 *   hand over to the tasks, and to main what has last words
 */
#include "restore/opener.h"

#include <fcntl.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/ghost.h"
#include "files/locks.h"
#include "files/memfd.h"
#include "files/plan.h"
#include "files/remap.h"
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
	return file->kind->fill ? file->kind->fill(restore, file) : NULL;
}

static struct error *set_up(struct restore *restore, struct planned_file *file)
{
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

/* Watches on them are set at the very end, by main. */
static struct error *keep_ghosts(struct restore *restore)
{
	for (size_t i = 0; restore->files->ghosts_kept && i < restore->files->ghost_count; i++)
		TRY(ghost_open(&restore->files->ghosts[i]));
	return NULL;
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
	TRY(locks_restore(restore));
	TRY(run_pass(restore, set_up));
	return send_to_tasks(restore);
}

struct error *opener_run(struct restore *restore)
{
	struct error *error = remap_prepare(restore);

	if (!error)
		error = make_all(restore) ?: keep_ghosts(restore);
	remap_clean(restore);
	return error ?: send_finish_copies(restore);
}

// SPDX-License-Identifier: GPL-2.0
/* Writing: the messages that collecting filled, each into its image; the inventory last. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "model/context.h"
#include "arch/arch.h"
#include "dump/stages.h"
#include "files/files.h"
#include "image/directory.h"
#include "image/inventory.h"
#include "image/record.h"
#include "image/stats.h"
#include "memory/memory.h"
#include "net/lock.h"
#include "support/cancel.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"
#include "support/options.h"

static struct error *write_tree(struct dump *dump)
{
	cleanup_image_writer struct image_writer *writer = NULL;

	TRY(image_create(dump->criu->images, IMAGE_PSTREE, 0, &writer));
	for (size_t i = 0; i < dump->snapshot->task_count; i++) {
		const struct task *task = dump->snapshot->tasks[i];
		PstreeEntry *entry = new_message(dump->arena, pstree_entry);

		entry->pid = task->pid;
		entry->ppid = task->parent ? task->parent->pid : 0;
		entry->pgid = task->pgid;
		entry->sid = task->sid;
		entry->threads = arena_array(dump->arena, uint32_t, task->thread_count);
		for (size_t j = 0; j < task->thread_count; j++)
			entry->threads[entry->n_threads++] = task->threads[j].tid;
		TRY(image_write(writer, &entry->base));
	}
	return image_close(take_pointer(writer));
}

static struct error *write_task(struct dump *dump, const struct task *task)
{
	for (size_t i = 0; i < task->thread_count; i++)
		TRY(image_write_one(dump->criu->images, IMAGE_CORE, task->threads[i].tid,
				    &task->threads[i].core->base));
	if (task->state == TASK_DEAD)
		return NULL;
	TRY(image_write_one(dump->criu->images, IMAGE_IDS, task->pid, &task->ids->base));
	if (!task_shares_memory(task))
		TRY(image_write_one(dump->criu->images, IMAGE_MM, task->pid, &task->mm->base));
	return image_write_one(dump->criu->images, IMAGE_FS, task->pid, &task->fs->base);
}

/* Control groups are not saved yet: the tree will live where criu is called from. */
static void warn_of_cgroups(const struct task *root)
{
	cleanup_free char *theirs = NULL, *own = NULL;
	struct error *error = read_file_at(root->proc_fd, "cgroup", &theirs, NULL);

	if (!error)
		error = read_file_at(AT_FDCWD, "/proc/self/cgroup", &own, NULL);
	if (!error && strcmp(theirs, own))
		log_warning("process %d is in other control groups than criu; a restore will put it into criu's",
			    root->pid);
	error_free(error); /* it has ended meanwhile */
}

/* 0 when the tree has no time namespace of its own. */
static uint32_t clocks_key(const struct dump *dump)
{
	uint32_t theirs = snapshot_root(dump->snapshot)->ids->time_ns_id;

	return theirs == dump->root_ids->time_ns_id ? 0 : theirs;
}

struct error *write_metadata(struct dump *dump)
{
	struct snapshot *snapshot = dump->snapshot;

	warn_of_cgroups(snapshot_root(snapshot));
	TRY(write_tree(dump));
	for (size_t i = 0; i < snapshot->task_count; i++) {
		TRY(cancel_check());
		TRY(write_task(dump, snapshot->tasks[i]));
	}
	TRY(files_write(dump));
	if (!snapshot->seccomp)
		snapshot->seccomp = new_message(dump->arena, seccomp_entry);
	TRY(image_write_one(dump->criu->images, IMAGE_SECCOMP, 0, &snapshot->seccomp->base));
	TRY(image_write_one(dump->criu->images, IMAGE_TIMENS, clocks_key(dump), &snapshot->clocks->base));
	if (dump->criu->options->cpu_cap && strcmp(dump->criu->options->cpu_cap, "none"))
		TRY(image_write_one(dump->criu->images, IMAGE_CPUINFO, 0, &arch_cpuinfo(dump->arena)->base));
	return NULL;
}

struct error *write_images(struct dump *dump)
{
	InventoryEntry *inventory;
	uint64_t start = now_us();

	TRY(memory_write(dump));
	dump->memory_write_us = now_us() - start;
	inventory = inventory_new(dump->arena, dump->run_id);
	inventory->root_ids = dump->root_ids;
	SET(inventory, root_cg_set, 1);
	SET(inventory, network_lock_method, network_lock_method(dump));
	if (dump->criu->options->tcp_close)
		SET(inventory, tcp_close, 1);
	if (dump->criu->options->allow_uprobes)
		SET(inventory, allow_uprobes, 1);
	TRY(image_write_one(dump->criu->images, IMAGE_INVENTORY, 0, &inventory->base));
	return image_directory_commit(dump->criu->images);
}

struct error *write_stats(struct dump *dump)
{
	DumpStatsEntry stats;

	stats_init_dump(&stats);
	stats.freezing_time = dump->frozen_us - dump->freeze_start_us;
	stats.frozen_time = dump->freeze_end_us - dump->frozen_us;
	stats.memdump_time = dump->memory_us;
	stats.memwrite_time = dump->memory_write_us;
	stats.pages_scanned = dump->pages_scanned;
	stats.pages_skipped_parent = dump->pages_skipped_parent;
	stats.pages_written = dump->pages_written;
	stats.pages_lazy = dump->pages_lazy;
	SET(&stats, shpages_scanned, dump->shared_pages_scanned);
	SET(&stats, shpages_written, dump->shared_pages_written);
	if (dump->criu->options->display_stats)
		stats_print_dump(stdout, &stats);
	return stats_write_dump(dump->criu->images, &stats);
}

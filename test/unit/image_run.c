// SPDX-License-Identifier: GPL-2.0
/* The inventory, the statistics, and older forms of images. */
#include <fcntl.h>
#include <unistd.h>

#include "image/inventory.h"
#include "image/old_forms.h"
#include "image/stats.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "tap.h"

static TaskKobjIdsEntry *new_ids(struct arena *arena, uint32_t id)
{
	TaskKobjIdsEntry *ids = arena_new(arena, TaskKobjIdsEntry);

	task_kobj_ids_entry__init(ids);
	ids->vm_id = ids->files_id = ids->fs_id = ids->sighand_id = id;
	return ids;
}

static InventoryEntry *sound_inventory(struct arena *arena)
{
	InventoryEntry *inventory = inventory_new(arena, "11c37311-d5a7-4dcb-931e-3a68d0b3d44b");

	inventory->root_ids = new_ids(arena, 1);
	inventory->has_root_cg_set = true;
	inventory->root_cg_set = 1;
	return inventory;
}

static void test_inventory_checks(struct arena *arena)
{
	InventoryEntry *inventory = sound_inventory(arena);

	check_no_error(inventory_check(inventory, false, false), "a sound inventory");
	inventory->has_tcp_close = inventory->tcp_close = true;
	check_error(inventory_check(inventory, false, false), "Restore with --tcp-close", "closed connections");
	check_no_error(inventory_check(inventory, true, false), "are fine with the option");
	inventory->tcp_close = false;
	inventory->has_allow_uprobes = inventory->allow_uprobes = true;
	check_error(inventory_check(inventory, false, false), "Restore with --allow-uprobes", "uprobes");
	check_no_error(inventory_check(inventory, false, true), "are fine with the option");
	inventory->root_cg_set = 0;
	check_error(inventory_check(inventory, false, true), "root_cg_set is 0", "cgroup set 0");
	inventory->has_root_cg_set = false;
	check_no_error(inventory_check(inventory, false, true), "none is fine");
	inventory->root_ids = NULL;
	check_error(inventory_check(inventory, false, true), "root_ids are missing", "no root ids");
	inventory->fdinfo_per_id = false;
	check_error(inventory_check(inventory, false, true), "too old", "descriptors by task");
	inventory->img_version = 3;
	check_error(inventory_check(inventory, false, true), "version 3", "a later version");
	inventory_set_pre_dump(inventory, INVENTORY_PRE_DUMP_READ);
	check_error(inventory_check(inventory, false, true), "pre-dump", "a pre-dump");
	check(inventory->has_pre_dump_mode && inventory->pre_dump_mode == 2, "says how it was taken");
}

static void test_inventory(struct image_directory *directory)
{
	char id[RUN_ID_LENGTH + 1], other[RUN_ID_LENGTH + 1];
	struct arena arena = {};
	InventoryEntry *read;
	uint64_t before = inventory_uptime();

	test_inventory_checks(&arena);
	check_no_error(inventory_make_run_id(id), "an id of the run");
	check_no_error(inventory_make_run_id(other), "another");
	check(strlen(id) == 36 && id[8] == '-' && id[14] == '4' && id[23] == '-' && strchr("89ab", id[19]), "is a UUID");
	check(strcmp(id, other), "they differ");
	check(before > 1000000 && inventory_uptime() >= before, "the time since boot");
	check_no_error(image_write_one(directory, IMAGE_INVENTORY, 0, &sound_inventory(&arena)->base), "written");
	check_no_error(image_directory_commit(directory), "commit");
	check_no_error(inventory_read(directory, &arena, &read), "read");
	check(read->img_version == 2 && read->has_lsmtype && read->plugins_entry && read->dump_criu_run_id &&
		      !read->has_dump_uptime && !read->has_allow_uprobes,
	      "with what every dump says and no more");
	check_error(inventory_check_root(read, new_ids(&arena, 1)), "damaged", "a root task with criu's descriptors");
	check_no_error(inventory_check_root(read, new_ids(&arena, 2)), "and one with its own");
	check(inventory_network_lock(read) == INVENTORY_LOCK_IPTABLES, "the way the network was locked");
	read->network_lock_method = 2;
	check(inventory_network_lock(read) == INVENTORY_LOCK_SKIP, "another");
	read->has_network_lock_method = false;
	check(inventory_network_lock(read) == INVENTORY_LOCK_IPTABLES, "the one where nothing is said");
	arena_free(&arena);
}

/* The file, without its head, equals a recorded one with the same numbers. */
static void test_stats(struct image_directory *directory)
{
	struct image_directory *recorded = NULL;
	cleanup_free char *text = NULL, *ours = NULL, *theirs = NULL;
	struct arena arena = {};
	DumpStatsEntry dump;
	RestoreStatsEntry restore;
	StatsEntry *read;
	size_t length, ours_size = 0, theirs_size = 1;
	FILE *stream;

	check_no_error(image_directory_open("test/images/4.2/one", NULL, false, &recorded), "a recorded set");
	check_no_error(image_read_one(recorded, IMAGE_STATS_DUMP, 0, &arena, &read), "its statistics");
	stats_init_dump(&dump);
	dump.freezing_time = read->dump->freezing_time;
	dump.frozen_time = read->dump->frozen_time;
	dump.memdump_time = read->dump->memdump_time;
	dump.memwrite_time = read->dump->memwrite_time;
	dump.pages_scanned = 23;
	dump.pages_written = 16;
	dump.page_pipes = dump.page_pipe_bufs = 4;
	check_no_error(stats_write_dump(directory, &dump), "written");
	check_no_error(read_file_at(directory->fd, "stats-dump", &ours, &ours_size), "ours");
	check_no_error(read_file_at(recorded->fd, "stats-dump", &theirs, &theirs_size), "the recorded");
	check(ours_size == theirs_size && !memcmp(ours, theirs, ours_size), "are equal");
	image_directory_close(recorded);

	stream = open_memstream(&text, &length);
	stats_print_dump(stream, &dump);
	stats_init_restore(&restore);
	restore.pages_restored = 31;
	restore.restore_time = 4;
	stats_print_restore(stream, &restore);
	fclose(stream);
	check(strstr(text, "Displaying dump stats:\nFreezing time: 1159 us\nFrozen time: 67634 us\n") == text, "text");
	check(strstr(text, "\nMemory pages scanned: 23 (0x17)\n") != NULL, "of counters");
	check(strstr(text, "\nDisplaying restore stats:\n") && strstr(text, "\nPages restored: 31 (0x1f)\nRestore time: 4 us\n"),
	      "of a restore");
	check_no_error(stats_write_restore(directory, &restore), "written");
	check_no_error(image_read_one(directory, IMAGE_STATS_RESTORE, 0, &arena, &read), "read");
	check(read->restore && read->restore->has_pages_restored && !read->dump, "with its member");
	arena_free(&arena);
}

static struct error *write_list(struct image_directory *directory, enum image_id id, uint64_t key,
				const ProtobufCMessage *message, int count)
{
	cleanup_image_writer struct image_writer *writer = NULL;

	TRY(image_create(directory, id, key, &writer));
	for (int i = 0; i < count; i++)
		TRY(image_write(writer, message));
	return image_close(take_pointer(writer));
}

static void test_split_files(struct image_directory *directory)
{
	FownEntry owner = FOWN_ENTRY__INIT;
	RegFileEntry regular = REG_FILE_ENTRY__INIT;
	PipeEntry pipe = PIPE_ENTRY__INIT;
	FileEntry whole = FILE_ENTRY__INIT;
	struct arena arena = {};
	FileEntry **files;
	size_t count;

	check_no_error(image_read_files(directory, &arena, &files, &count), "no files");
	check(!count, "are none");
	regular.id = 7;
	regular.fown = pipe.fown = &owner;
	regular.name = "/x";
	pipe.id = 9;
	check_no_error(write_list(directory, IMAGE_REG_FILES, 0, &regular.base, 2), "regular files of old");
	check_no_error(write_list(directory, IMAGE_PIPE_FILES, 0, &pipe.base, 1), "pipes of old");
	check_no_error(image_directory_commit(directory), "commit");
	check_no_error(image_read_files(directory, &arena, &files, &count), "are read");
	check(count == 3 && files[0]->type == FD_TYPES__REG && files[0]->id == 7 && files[0]->reg &&
		      !strcmp(files[1]->reg->name, "/x") && files[2]->type == FD_TYPES__PIPE && files[2]->id == 9 &&
		      files[2]->pipe && !files[2]->reg,
	      "as entries of today");
	whole.type = FD_TYPES__REG;
	whole.id = 1;
	check_no_error(write_list(directory, IMAGE_FILES, 0, &whole.base, 1), "files of today");
	check_no_error(image_directory_commit(directory), "commit");
	check_no_error(image_read_files(directory, &arena, &files, &count), "are read");
	check(count == 1 && files[0]->id == 1, "before those of old");
	arena_free(&arena);
}

static CoreEntry *new_core(struct arena *arena)
{
	CoreEntry *core = arena_new(arena, CoreEntry);

	core_entry__init(core);
	core->tc = arena_new(arena, TaskCoreEntry);
	task_core_entry__init(core->tc);
	core->tc->task_state = 1;
	core->tc->comm = "old";
	core->tc->has_cg_set = true;
	core->tc->cg_set = 5;
	core->tc->has_old_seccomp_mode = true;
	core->tc->old_seccomp_mode = SECCOMP_MODE__strict;
	core->thread_core = arena_new(arena, ThreadCoreEntry);
	thread_core_entry__init(core->thread_core);
	return core;
}

static void write_old_parts(struct image_directory *directory)
{
	SaEntry action = SA_ENTRY__INIT;
	SiginfoEntry signal = SIGINFO_ENTRY__INIT;
	ItimerEntry timer = ITIMER_ENTRY__INIT;
	PosixTimerEntry posix = POSIX_TIMER_ENTRY__INIT;
	RlimitEntry limit = RLIMIT_ENTRY__INIT;
	CredsEntry creds = CREDS_ENTRY__INIT;
	VmaEntry mapping = VMA_ENTRY__INIT;

	creds.uid = 33;
	check_no_error(write_list(directory, IMAGE_LEGACY_SIGACTIONS, 10, &action.base, 62), "signal actions of old");
	check_no_error(write_list(directory, IMAGE_LEGACY_SIGNALS_SHARED, 10, &signal.base, 2), "shared signals");
	check_no_error(write_list(directory, IMAGE_LEGACY_SIGNALS_PRIVATE, 11, &signal.base, 3), "private signals");
	check_no_error(write_list(directory, IMAGE_LEGACY_INTERVAL_TIMERS, 10, &timer.base, 3), "timers");
	check_no_error(write_list(directory, IMAGE_LEGACY_INTERVAL_TIMERS, 20, &timer.base, 2), "too few timers");
	check_no_error(write_list(directory, IMAGE_LEGACY_POSIX_TIMERS, 10, &posix.base, 1), "POSIX timers");
	check_no_error(write_list(directory, IMAGE_LEGACY_LIMITS, 10, &limit.base, 16), "limits");
	check_no_error(write_list(directory, IMAGE_LEGACY_CREDS, 10, &creds.base, 1), "credentials");
	check_no_error(write_list(directory, IMAGE_LEGACY_VMAS, 10, &mapping.base, 4), "mappings");
	check_no_error(image_write_one(directory, IMAGE_IDS, 10, &(TaskKobjIdsEntry)TASK_KOBJ_IDS_ENTRY__INIT.base),
		       "ids");
	check_no_error(image_directory_commit(directory), "commit");
}

static void test_old_parts(struct image_directory *directory)
{
	struct arena arena = {};
	CoreEntry *leader = new_core(&arena), *thread = new_core(&arena), *other = new_core(&arena);
	MmEntry mm = MM_ENTRY__INIT;

	write_old_parts(directory);
	check_no_error(image_complete_task(directory, 10, false, &arena, leader), "a task");
	check(leader->tc->n_sigactions == 62 && leader->tc->signals_s->n_signals == 2 && leader->ids, "is completed");
	check(!leader->tc->timers && !leader->tc->rlimits, "without deprecated forms");
	check_no_error(image_complete_task(directory, 10, true, &arena, leader), "if they are allowed");
	check(leader->tc->timers->n_posix == 1 && leader->tc->timers->prof && leader->tc->rlimits->n_rlimits == 16,
	      "with them");
	check_error(image_complete_task(directory, 20, true, &arena, other), "itimers-20.img has 2 timers", "too few");
	check_no_error(image_complete_thread(directory, 10, 11, leader, &arena, thread), "a thread");
	check(thread->thread_core->signals_p->n_signals == 3 && thread->thread_core->creds->uid == 33 &&
		      !strcmp(thread->thread_core->comm, "old") && thread->thread_core->cg_set == 5 &&
		      !thread->thread_core->has_seccomp_mode,
	      "is completed");
	check_no_error(image_complete_thread(directory, 10, 10, leader, &arena, leader), "the leader");
	check(leader->thread_core->has_seccomp_mode && !leader->thread_core->signals_p->n_signals,
	      "has the seccomp mode of its process");
	check_error(image_complete_thread(directory, 21, 21, other, &arena, other), "creds-21.img is missing",
		    "credentials nowhere");
	check_no_error(image_complete_mm(directory, 10, &arena, &mm), "mappings");
	check(mm.n_vmas == 4, "are completed");
	arena_free(&arena);
}

int main(void)
{
	char path[] = "/tmp/image-run-XXXXXX", command[64];
	struct image_directory *directory = NULL;

	check(mkdtemp(path) != NULL, "a directory for the test");
	check_no_error(image_directory_open(path, NULL, true, &directory), "open");
	test_inventory(directory);
	test_stats(directory);
	test_split_files(directory);
	test_old_parts(directory);
	image_directory_close(directory);
	snprintf(command, sizeof(command), "rm -r %s", path);
	check(!system(command), "cleaned");
	return tap_end();
}

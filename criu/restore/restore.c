// SPDX-License-Identifier: GPL-2.0
/*
 * THE RESTORE: the order is in restore_tree(), everything else is detail of one stage.
 */
#include "restore/restore.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "files/files.h"
#include "files/inherited.h"
#include "files/io_uring/rings.h"
#include "files/remap.h"
#include "files/terminal/session.h"
#include "hooks/hooks.h"
#include "image/stats.h"
#include "memory/memory.h"
#include "memory/plan.h"
#include "memory/sysv.h"
#include "model/handover.h"
#include "model/traces.h"
#include "namespaces/time.h"
#include "net/lock.h"
#include "restore/guardian.h"
#include "restore/kinship.h"
#include "restore/newborn.h"
#include "restore/opener.h"
#include "restore/report.h"
#include "restore/stages.h"
#include "support/cancel.h"
#include "support/log.h"
#include "support/options.h"

enum { MOST_DESCRIPTORS = 1 << 20 }; /* fs.nr_open, unless it was changed */

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Helpers that bear others are gone before the first barrier, those of groups before the third. */
static size_t expected(const struct restore *restore, enum stage stage)
{
	size_t count = 0;

	for (size_t i = 0; i < restore->kinship->count; i++) {
		const struct kin *kin = &restore->kinship->kin[i];

		count += !kin->leaves_early && !kin->made_last && !(kin->leaves_later && stage >= STAGE_MOVED);
	}
	return count;
}

/* The root is born into the tree's own time; main stays in this machine's. */
static struct error *fork_root(struct restore *restore, bool sibling)
{
	struct error *error;
	int own_time;

	TRY(clocks_enter(restore, &own_time));
	error = newborn_fork(restore, NULL, snapshot_root(restore->snapshot), sibling);
	if (error) {
		error_ignore(clocks_leave(own_time), "own clocks");
		return error;
	}
	return clocks_leave(own_time);
}

struct error *grow_tree(struct restore *restore)
{
	bool sibling = restore->criu->options->restore_sibling;
	uint64_t all = ~0ULL, before; /* raw: the C library hides two signals from its sets */
	struct error *error;

	/* Newborns inherit a mask that blocks everything until their registers are set. */
	TRY(traces_make(restore));
	TRY(sysv_prepare(restore));
	TRY(guardian_start(restore));
	undo_push(&restore->undo, "remove new files", traces_remove, restore);
	TRY(sysv_fill(restore));
	undo_push(&restore->undo, "end the half-born tree", kill_tree_of, restore);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof(all));
	error = fork_root(restore, sibling);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
	if (error)
		return error;
	for (enum stage stage = STAGE_BORN; stage <= STAGE_MOVED; stage++) {
		TRY(board_await(restore, stage, expected(restore, stage)));
		if (stage == STAGE_MOVED)
			restore->forked_us = now_us();
		board_open(restore, stage);
	}
	return NULL;
}

static struct error *await_maker(pid_t maker, int *status)
{
	while (waitpid(maker, status, 0) < 0 && errno == EINTR) {
		struct error *error = cancel_check();

		if (!error)
			continue;
		kill(maker, SIGKILL);
		while (waitpid(maker, status, 0) < 0 && errno == EINTR)
			;
		return error;
	}
	return NULL;
}

static struct error *make_rings(struct restore *restore)
{
	bool wanted;
	pid_t maker;
	int status;

	TRY(rings_prepare(restore, &wanted));
	if (!wanted)
		return NULL;
	TRY(helper_fork(restore, rings_make, CLONE_FILES, &maker));
	TRY(await_maker(maker, &status));
	TRY(board_error(restore));
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return fail("the process that makes io_urings ended unexpectedly (status 0x%x)", status);
	return rings_take(restore);
}

static struct error *open_files(struct restore *restore)
{
	pid_t opener;
	int status;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, restore->finish_pair))
		return fail_errno("could not make a socket pair");
	TRY(helper_fork(restore, opener_run, 0, &opener));
	__atomic_store_n(&restore->board->opener_pid, opener, __ATOMIC_SEQ_CST);
	TRY(opener_collect_finish_copies(restore));
	while (waitpid(opener, &status, 0) < 0 && errno == EINTR)
		TRY(cancel_check());
	__atomic_store_n(&restore->board->opener_pid, 0, __ATOMIC_SEQ_CST);
	TRY(board_error(restore));
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return fail("the process that opens the files ended unexpectedly (status 0x%x)", status);
	return NULL;
}

static struct error *run_programs(struct restore *restore)
{
	TRY(board_await(restore, STAGE_RESTORED, live_threads(restore)));
	TRY(verify_finish(restore));
	TRY(hooks_run(restore->criu->hooks, HOOK_POST_RESTORE, snapshot_root(restore->snapshot)->pid));
	TRY(seize_tree(restore));
	board_open(restore, STAGE_RESTORED);
	TRY(board_await(restore, STAGE_FINAL, live_threads(restore)));
	return catch_tree(restore);
}

static struct error *finish_restore(struct restore *restore)
{
	progress_end(&restore->progress); /* the terminal may be the tree's */
	TRY(network_unlock_restored(restore)); /* connections can answer again, before they speak */
	TRY(files_finish(restore));
	TRY(hooks_run(restore->criu->hooks, HOOK_NETWORK_UNLOCK, 0));
	TRY(write_pidfile(restore));
	error_ignore(hooks_run(restore->criu->hooks, HOOK_PRE_RESUME, 0), "pre-resume script");
	return NULL;
}

static struct error *write_stats(struct restore *restore)
{
	RestoreStatsEntry stats;

	stats_init_restore(&stats);
	stats.pages_compared = *restore->pages_compared;
	stats.pages_skipped_cow = *restore->pages_skipped;
	SET(&stats, pages_restored, *restore->pages_restored);
	stats.forking_time = restore->forked_us - restore->start_us;
	stats.restore_time = now_us() - restore->start_us;
	if (restore->criu->options->display_stats)
		stats_print_restore(stdout, &stats);
	return stats_write_restore(restore->criu->images, &stats);
}

static void begin_progress(struct restore *restore)
{
	progress_begin(&restore->progress, "restored", restore->criu->options->verbosity);
	for (size_t i = 0; i < restore->snapshot->task_count; i++) {
		const struct task *task = restore->snapshot->tasks[i];
		const struct task_memory *memory;

		if (task->helper) /* came after the memory was planned */
			continue;
		memory = &restore->memory->tasks[task->index];
		for (size_t j = 0; j < memory->run_count; j++)
			progress_expect(&restore->progress, memory->runs[j].pages);
	}
}

/* A newborn opens the task's descriptors before it has the task's limit. Without the right to raise the hard limit
 * what it allows must do. */
static void raise_descriptor_limit(struct rlimit *before)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, before))
		return;
	limit = (struct rlimit){ MOST_DESCRIPTORS, MOST_DESCRIPTORS };
	if (before->rlim_max >= MOST_DESCRIPTORS || setrlimit(RLIMIT_NOFILE, &limit)) {
		limit = (struct rlimit){ before->rlim_max, before->rlim_max };
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static struct error *restore_tree(struct restore *restore)
{
	pid_t root;

	restore->start_us = now_us();
	restore->main_pid = getpid();
	TRY(read_images(restore)); /* all metadata; nothing touched */
	TRY(make_plan(restore));   /* births, files, memory; pure */
	root = snapshot_root(restore->snapshot)->pid;
	TRY(network_lock_restore(restore)); /* before a script that may bring an address here */
	TRY(hooks_run(restore->criu->hooks, HOOK_PRE_RESTORE, 0));
	begin_progress(restore);
	TRY(terminals_make(restore)); /* a session's members get its terminal when they are born */
	TRY(make_rings(restore));     /* they cannot be sent to those who are born already */
	TRY(verify_start(restore));
	TRY(arena_seal(restore->arena));
	TRY(grow_tree(restore)); /* every pid, session and group exists */
	TRY(hooks_run(restore->criu->hooks, HOOK_SETUP_NAMESPACES, root));
	TRY(hooks_run(restore->criu->hooks, HOOK_POST_SETUP_NAMESPACES, 0));
	TRY(open_files(restore));     /* create, connect, fill; hand over */
	TRY(terminals_hand_over(restore));
	rings_close(restore);
	inherited_close(restore);
	TRY(run_programs(restore));   /* newborns become the tasks and are caught at the end */
	TRY(finish_restore(restore)); /* last words to the files */
	TRY(sleeps_resume(restore));
	TRY(cancel_check());
	TRY(release_restored(restore));
	cancel_never();
	terminals_tell_size(restore);
	sysv_detach(restore);
	guardian_dismiss(restore);
	undo_drop(&restore->undo); /* the tree runs: nothing is taken back any more */
	remap_finish(restore);
	log_info("Restore finished successfully. Tasks resumed.");
	error_ignore(write_stats(restore), "statistics");
	error_ignore(hooks_run(restore->criu->hooks, HOOK_POST_RESUME, 0), "post-resume script");
	return NULL;
}

struct error *restore_command(struct criu *criu, int *exit_status)
{
	struct snapshot snapshot = { 0 };
	struct restore restore = {
		.criu = criu,
		.snapshot = &snapshot,
		.arena = &snapshot.arena,
		.board_fd = -1,
		.fill_file = memory_fill_file,
	};
	int was_subreaper = 0;
	struct rlimit descriptors = { 0 };
	jmp_buf no_memory, *outer;
	struct error *error;

	arena_prepare_seal(&snapshot.arena);
	/* Until the tree is complete its orphans are ours, so that a failure leaves nothing behind. */
	prctl(PR_GET_CHILD_SUBREAPER, &was_subreaper);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return fail_errno("could not become a subreaper");
	raise_descriptor_limit(&descriptors);
	cancel_arm(criu->options->timeout);
	outer = arena_rescue(&no_memory);
	if (_setjmp(no_memory))
		error = out_of_memory();
	else
		error = restore_tree(&restore);
	arena_rescue(outer);
	if (descriptors.rlim_max)
		(void)setrlimit(RLIMIT_NOFILE, &descriptors);
	cancel_never();
	progress_end(&restore.progress);
	if (error && restore.board && restore.board != MAP_FAILED)
		board_abort(&restore);
	undo_all(&restore.undo);
	cancel_disarm();
	prctl(PR_SET_CHILD_SUBREAPER, was_subreaper);
	if (!error)
		error = after_restore(&restore, exit_status);
	arena_free(&snapshot.arena);
	return error;
}

// SPDX-License-Identifier: GPL-2.0
#include "restore/newborn.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board.h"
#include "image/directory.h"
#include "model/context.h"
#include "files/files.h"
#include "files/remap.h"
#include "files/terminal/session.h"
#include "memory/memory.h"
#include "model/handover.h"
#include "restore/busy.h"
#include "restore/kinship.h"
#include "restore/program.h"
#include "restore/report.h"
#include "sockets/unix/maker.h"
#include "support/ending.h"
#include "support/log.h"
#include "support/options.h"
#include "tasks/autogroup.h"
#include "tasks/coredump_filter.h"
#include "tasks/login_uid.h"
#include "tasks/oom.h"

enum { HELPER_TRIES = 50, BUSY_WAIT_US = 10000, BUSY_LIMIT_US = 5000000 };

static pid_t clone_with_pid(pid_t pid, uint64_t flags, int exit_signal)
{
	struct clone_args arguments = {
		.flags = CLONE_CLEAR_SIGHAND | flags,
		.exit_signal = exit_signal,
		.set_tid = (uint64_t)(uintptr_t)&pid,
		.set_tid_size = pid ? 1 : 0,
	};

	/* The kernel looks at the number last, when it has copied the whole process. */
	if (pid && !kill(pid, 0)) {
		errno = EEXIST;
		return -1;
	}
	return syscall(SYS_clone3, &arguments, sizeof(arguments));
}

static void fork_children(struct restore *restore, struct task *const *children, size_t count, struct task *task)
{
	for (size_t i = 0; i < count; i++) {
		struct error *error = newborn_fork(restore, task, children[i], false);

		if (error)
			report_and_exit(restore, task, error);
	}
}

enum leaving { LEAVES_EARLY, LEAVES_LATER, LEAVES_LAST, STAYS };

static enum leaving leaving_of(const struct restore *restore, const struct task *task)
{
	const struct kin *kin = kin_of(restore, task);

	if (!kin->leaves_later)
		return kin->leaves_early ? LEAVES_EARLY : STAYS;
	return unix_serves(restore, task) ? LEAVES_LAST : LEAVES_LATER;
}

/* Children that were only there to bear others. Zombies of the tree stay. */
static void reap_helpers(struct task *const *children, size_t count, const struct restore *restore, enum leaving when)
{
	for (size_t i = 0; i < count; i++) {
		if (leaving_of(restore, children[i]) != when)
			continue;
		waitpid(restore->board->rows[children[i]->index].host_pid, NULL, __WALL);
		restore->board->rows[children[i]->index].host_pid = 0; /* the number may be anybody's now */
	}
}

static struct error *grow(struct restore *restore, struct task *task, const struct kin *kin)
{
	if (kin->subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1))
		return fail_errno("could not become a subreaper");
	TRY(task->state == TASK_DEAD ? NULL : memory_restore_inherited(restore, task));
	fork_children(restore, kin->before, kin->before_count, task);
	if (kin->new_session && setsid() < 0)
		return fail_errno("could not make session %d", task->sid);
	if (kin->new_session)
		TRY(terminals_take(restore, task));
	fork_children(restore, kin->after, kin->after_count, task);
	reap_helpers(kin->before, kin->before_count, restore, LEAVES_EARLY);
	reap_helpers(kin->after, kin->after_count, restore, LEAVES_EARLY);
	return NULL;
}

/* Who stands in for one that is gone makes what that one had made. */
static struct error *leave(struct restore *restore, const struct task *task, const struct handover *handover)
{
	if (unix_serves(restore, task))
		TRY(unix_makers_serve(restore, handover->mailbox));
	_exit(0);
}

static struct error *join_groups(struct restore *restore, const struct task *task, const struct kin *kin,
				 const struct handover *handover)
{
	if (kin->own_group && getpgrp() != getpid() && setpgid(0, 0))
		return fail_errno("could not make process group %d", task->pid);
	if (kin->leaves_early)
		_exit(0);
	board_arrive(restore, STAGE_BORN);
	if (!kin->moves_last && getpgrp() != kin->group && setpgid(0, kin->group))
		return fail_errno("could not join process group %d", kin->group);
	board_arrive(restore, STAGE_GROUPS);
	if (kin->leaves_later)
		return leave(restore, task, handover);
	if (kin->moves_last && setpgid(0, kin->group))
		return fail_errno("could not join process group %d", kin->group);
	reap_helpers(kin->after, kin->after_count, restore, LEAVES_LATER);
	board_arrive(restore, STAGE_MOVED);
	return NULL;
}

static void die(const struct restore *restore, const struct task *task) __attribute__((noreturn));
static void die(const struct restore *restore, const struct task *task)
{
	const TaskCoreEntry *core = task_leader(task)->core->tc;

	reap_helpers(kin_of(restore, task)->after, kin_of(restore, task)->after_count, restore, LEAVES_LAST);
	prctl(PR_SET_NAME, core->comm);
	end_with_status((int)core->exit_code);
}

/* The program will change directories that children share, who are criu still and use paths. */
static void await_sharers(struct restore *restore, const struct task *task)
{
	for (const struct task *child = task->first_child; child; child = child->next_sibling) {
		if (!task_shares_fs(child) || task_shares_memory(child))
			continue;
		await_sharers(restore, child);
		board_await_word(restore, &restore->board->rows[child->index].paths_done);
	}
}

/* From a bare process to the jump. */
static struct error *live(struct restore *restore, struct task *task, struct handover *handover)
{
	struct board_row *rows = restore->board->rows;
	struct memory_layout layout = { 0 };

	TRY(unix_makers_serve(restore, handover->mailbox));
	if (task->table->owner != task)
		board_await_word(restore, &rows[task->table->owner->index].table_ready);
	TRY(handover_receive(restore, task, handover));
	reap_helpers(kin_of(restore, task)->after, kin_of(restore, task)->after_count, restore, LEAVES_LAST);
	if (task->table->owner == task)
		board_tell(&rows[task->index].table_ready);
	TRY(oom_restore(task));
	TRY(login_uid_restore(task));
	TRY(coredump_filter_restore(task));
	TRY(autogroup_restore(task));
	TRY(memory_restore(restore, task, handover, program_room(restore, task), &layout));
	if (task->table->owner == task)
		TRY(handover_adopt(restore, task));
	TRY(terminals_adopt(restore, task));
	if (!task_shares_fs(task))
		await_sharers(restore, task);
	return program_run(restore, task, &layout, handover);
}

static void start_log(const struct restore *restore, pid_t pid)
{
	const struct options *options = restore->criu->options;

	if (options->log_pid)
		log_split(restore->criu->images->work_fd, options->log_file, pid);
	else
		log_set_pid_prefix(pid);
}

static void die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

static void newborn_main(struct restore *restore, struct task *task) __attribute__((noreturn));
static void newborn_main(struct restore *restore, struct task *task)
{
	const struct kin *kin = kin_of(restore, task);
	struct handover handover = { .mailbox = -1 };
	struct error *error = NULL;
	jmp_buf no_memory;

	arena_rescue(&no_memory);
	if (_setjmp(no_memory))
		report_and_exit(restore, task, out_of_memory());
	start_log(restore, task->pid);
	/* Whoever ends the restore sets the mark first and looks at the rows then. */
	__atomic_store_n(&restore->board->rows[task->index].host_pid, getpid(), __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&restore->board->failed, __ATOMIC_SEQ_CST))
		_exit(1);
	if (unix_serves(restore, task))
		error = handover_open_mailbox(restore, task, &handover);
	if (!error)
		error = grow(restore, task, kin);
	if (!error)
		error = join_groups(restore, task, kin, &handover);
	if (!error && task->state == TASK_DEAD && unix_serves(restore, task))
		error = unix_makers_serve(restore, handover.mailbox);
	if (!error && task->state == TASK_DEAD)
		die(restore, task);
	if (!error)
		error = live(restore, task, &handover);
	report_and_exit(restore, task, error);
}

/* A number that only zombies hold is worth waiting for: an init may reap them late. */
static struct error *clone_when_free(const struct task *task, bool sibling, pid_t *pid)
{
	/* What is shared can only be shared from birth on. */
	uint64_t flags = (sibling ? CLONE_PARENT : 0) | (task_shares_table(task) ? CLONE_FILES : 0) |
			 (task_shares_fs(task) ? CLONE_FS : 0);

	for (unsigned waited = 0;; waited += BUSY_WAIT_US) {
		struct error *error;
		bool passing;

		*pid = clone_with_pid(task->pid, flags, sibling ? 0 : task_exit_signal(task));
		if (*pid >= 0)
			return NULL;
		if (errno != EEXIST)
			return with_hint(fail_errno("could not fork process %d", task->pid),
					 "Choosing a process number needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN.");
		error = busy_number(task->pid, &passing);
		if (!passing || waited > BUSY_LIMIT_US)
			return error;
		error_free(error);
		usleep(BUSY_WAIT_US);
	}
}

struct error *newborn_fork(struct restore *restore, const struct task *forker, struct task *task, bool sibling)
{
	const struct kin *kin = forker ? kin_of(restore, forker) : NULL;
	bool leaves = kin && (kin->leaves_early || kin->leaves_later || forker->state == TASK_DEAD);
	bool stays = !sibling && !leaves;
	pid_t pid, parent = getpid();

	TRY(clone_when_free(task, sibling, &pid));
	if (pid == 0 && stays)
		die_with(parent);
	if (pid == 0)
		newborn_main(restore, task);
	restore->board->rows[task->index].host_pid = pid;
	return NULL;
}

struct error *helper_fork(struct restore *restore, struct error *(*body)(struct restore *), uint64_t flags, pid_t *ret_pid)
{
	pid_t wanted = 0, pid = -1;

	for (int i = 0; i < HELPER_TRIES; i++) {
		do {
			wanted = wanted ? wanted + 1 : 300;
		} while (snapshot_has_pid(restore->snapshot, wanted) || remap_needs_pid(restore, wanted) ||
			 unix_needs_pid(restore, wanted) || kill(wanted, 0) == 0);
		pid = clone_with_pid(wanted, flags, SIGCHLD);
		if (pid >= 0 || errno != EEXIST)
			break;
	}
	if (pid < 0)
		return fail_errno("could not fork a helper process");
	if (pid == 0) {
		struct error *error;
		jmp_buf no_memory;

		arena_rescue(&no_memory);
		if (_setjmp(no_memory))
			report_and_exit(restore, NULL, out_of_memory());
		start_log(restore, getpid());
		error = body(restore);
		if (error)
			report_and_exit(restore, NULL, error);
		_exit(0);
	}
	*ret_pid = pid;
	return NULL;
}

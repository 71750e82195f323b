// SPDX-License-Identifier: GPL-2.0
/* Sessions and their terminals at restore; and the terminal that stays the caller's. */
#include "files/terminal/session.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "files/inherited.h"
#include "files/terminal/terminal.h"
#include "kernel/proc/stat.h"
#include "model/context.h"
#include "support/cleanup.h"
#include "support/log.h"

struct error *terminals_take(struct restore *restore, const struct task *task)
{
	struct planned_terminal *terminal = terminal_of_session(restore, task->pid);

	if (!terminal)
		return NULL;
	if (ioctl(terminal->slave_fd, TIOCSCTTY, 0))
		return with_hint(fail_errno("could not make %s the terminal of session %d",
					    terminal->source == TERMINAL_INHERITED ? "the given one" : "a new one",
					    task->pid),
				 "A terminal can control one session only: give one that no session has yet.");
	return NULL;
}

static bool group_exists(const struct restore *restore, pid_t group)
{
	for (size_t i = 0; i < restore->snapshot->task_count; i++)
		if (restore->snapshot->tasks[i]->pgid == group && !restore->snapshot->tasks[i]->helper)
			return true;
	return false;
}

/* All signals are blocked, so that a background process is not stopped for it. */
static struct error *set_foreground(const struct restore *restore, int fd, const TtyInfoEntry *info)
{
	int group = info->pgrp;

	/* A group that has ended meanwhile cannot be named; its shell is about to find out. */
	if (!group || !group_exists(restore, group))
		return NULL;
	return ioctl(fd, TIOCSPGRP, &group) && errno != ENOTTY
		       ? fail_errno("could not bring group %d to the foreground", group)
		       : NULL;
}

struct error *terminals_adopt(struct restore *restore, const struct task *task)
{
	const struct planned_terminal *terminal = terminal_of_session(restore, task->pid);
	const TaskCoreEntry *core = task_leader(task)->core->tc;
	cleanup_close int own = -1;

	if (terminal)
		TRY(set_foreground(restore, terminal->slave_fd, terminal->slave ?: terminal->master));
	if (!core->has_no_terminal || !core->no_terminal)
		return NULL;
	own = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (own >= 0 && ioctl(own, TIOCNOTTY))
		return fail_errno("could not leave the terminal of session %d", task->sid);
	return NULL;
}

/* ---- main, once every task has what it needs ---- */

static struct error *send_master(int socket, const struct planned_terminal *terminal)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	char name[32];
	struct iovec data = { name, snprintf(name, sizeof(name), "/dev/pts/%u", terminal->index) };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *rights = (struct cmsghdr *)control;

	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(rights), &terminal->master_fd, sizeof(int));
	if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		return with_hint(fail_errno("could not hand over the master of %s", name),
				 "fd[N]:" ORPHAN_KEY " must be a connected unix socket.");
	log_info("the master of %s is handed to the caller", name);
	return NULL;
}

static bool stays_open(const struct planned_terminal *terminal)
{
	return terminal->source == TERMINAL_CALLER || terminal->source == TERMINAL_INHERITED;
}

struct error *terminals_hand_over(struct restore *restore)
{
	struct terminal_plan *plan = restore->files->terminals;

	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].source == TERMINAL_ORPHAN)
			TRY(send_master(inherited_find(restore, ORPHAN_KEY), &plan->items[i]));
	for (size_t i = 0; i < plan->file_count; i++) {
		int fd = take_fd(&plan->files[i]->fd);

		if (fd >= 0 && fd != terminal_of(restore, plan->files[i])->master_fd)
			close(fd);
	}
	for (size_t i = 0; i < plan->count; i++) {
		struct planned_terminal *terminal = &plan->items[i];

		if (terminal->master_fd >= 0)
			close(take_fd(&terminal->master_fd));
		if (terminal->slave_fd >= 0 && !stays_open(terminal))
			close(take_fd(&terminal->slave_fd));
	}
	return NULL;
}

/* Is the process where it waits? A signal that comes just before its call would not interrupt it. */
static bool sleeps(const struct restore *restore, const struct task *task)
{
	struct proc_stat stat;
	struct error *error = proc_thread_stat_read(task->pid, task->pid, restore->arena, &stat);

	error_free(error);
	return error || stat.state != 'R';
}

static void await_sleep(const struct restore *restore, pid_t group)
{
	enum { TRIES = 50, PAUSE_US = 1000 };

	for (int tries = 0; tries < TRIES; tries++) {
		bool all = true;

		usleep(PAUSE_US);
		for (size_t i = 0; i < restore->snapshot->task_count && all; i++) {
			const struct task *task = restore->snapshot->tasks[i];

			all = task->helper || task->pgid != group || sleeps(restore, task);
		}
		if (all)
			return;
	}
}

void terminals_tell_size(struct restore *restore)
{
	const struct terminal_plan *plan = restore->files->terminals;

	for (size_t i = 0; i < plan->count; i++) {
		const struct planned_terminal *terminal = &plan->items[i];
		int group;

		if (!stays_open(terminal) || !terminal->slave || !terminal_size_differs(terminal->slave_fd, terminal->slave))
			continue;
		group = terminal->slave->pgrp;
		if (terminal->source == TERMINAL_CALLER && ioctl(terminal->slave_fd, TIOCGPGRP, &group))
			continue;
		if (group <= 0)
			continue;
		await_sleep(restore, group);
		kill(-group, SIGWINCH);
	}
}

static struct error *finish_one(struct restore *restore, const struct planned_terminal *terminal)
{
	TRY(terminal_settings_write(terminal->slave_fd, terminal->slave, false));
	if (terminal->source == TERMINAL_CALLER)
		TRY(set_foreground(restore, terminal->slave_fd, terminal->slave));
	return NULL;
}

struct error *terminals_finish(struct restore *restore)
{
	struct terminal_plan *plan = restore->files->terminals;
	struct error *error = NULL;
	sigset_t output, before;

	sigemptyset(&output);
	sigaddset(&output, SIGTTOU);
	sigprocmask(SIG_BLOCK, &output, &before);
	for (size_t i = 0; i < plan->count && !error; i++)
		if (stays_open(&plan->items[i]) && plan->items[i].slave)
			error = finish_one(restore, &plan->items[i]);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return error;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * login_uid: the audit user id (/proc/PID/loginuid). It can be set once where the kernel
 * forbids changes afterwards, so a failure to set an equal or unset value is not looked for.
 */
#include <fcntl.h>
#include <stdio.h>

#include "support/cleanup.h"
#include "support/file.h"
#include "tasks/login_uid.h"
#include "tasks/part.h"

static const uint32_t unset = UINT32_MAX;

static uint32_t read_login_uid(int proc, const char *path)
{
	cleanup_free char *text = NULL;
	struct error *error = read_file_at(proc, path, &text, NULL);

	if (error) { /* a kernel without audit */
		error_free(error);
		return unset;
	}
	return strtoul(text, NULL, 10);
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	uint32_t uid = read_login_uid(thread->task->proc_fd, "loginuid");

	if (uid != unset)
		SET(thread->core->tc, loginuid, uid);
	return NULL;
}

struct error *login_uid_restore(const struct task *task)
{
	const TaskCoreEntry *core = task_leader(task)->core->tc;
	char wanted[16];
	int length;

	if (!core->has_loginuid || read_login_uid(AT_FDCWD, "/proc/self/loginuid") == core->loginuid)
		return NULL;
	length = snprintf(wanted, sizeof(wanted), "%u", core->loginuid);
	return with_hint(write_file_at(AT_FDCWD, "/proc/self/loginuid", wanted, length),
			 "Run criu with CAP_AUDIT_CONTROL, outside of a login session that fixed the audit user.");
}

const struct task_part login_uid_part = {
	.name = "login_uid",
	.scope = PART_TASK,
	.phase = PHASE_LIMITS,
	.dump = dump,
};

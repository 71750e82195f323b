// SPDX-License-Identifier: GPL-2.0
/*
 * security_label: what SELinux or AppArmor calls the process. A restored one has the label of criu,
 * so only processes with the same one are saved: a confinement must not be lost unnoticed.
 */
#include <fcntl.h>
#include <string.h>

#include "support/cleanup.h"
#include "support/file.h"
#include "tasks/part.h"

/* Without a security module there is nothing to read: an empty label. */
static char *read_label(int directory, const char *path)
{
	char *text = NULL;
	struct error *error = read_file_at(directory, path, &text, NULL);

	if (error) {
		error_free(error);
		return NULL;
	}
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	cleanup_free char *label = read_label(thread->task->proc_fd, "attr/current");
	cleanup_free char *own = label && *label ? read_label(AT_FDCWD, "/proc/self/attr/current") : NULL;

	if (!label || !*label || (own && !strcmp(label, own)))
		return NULL;
	return with_hint(fail("it has the security label \"%s\", which cannot be restored yet", label),
			 "Run the program unconfined, or criu with the same label.");
}

const struct task_part security_label_part = {
	.name = "security_label",
	.scope = PART_TASK,
	.phase = PHASE_CREDENTIALS,
	.dump = dump,
};

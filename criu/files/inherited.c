// SPDX-License-Identifier: GPL-2.0
/* --inherit-fd: descriptors of the caller in place of objects of the images. */
#include "files/inherited.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/plan.h"
#include "model/context.h"
#include "model/keep.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"

/* One option, taken apart. */
struct inherited {
	const char *key; /* part of the option */
	int number;	 /* the caller's */
	int fd;		 /* where it is now; -1: closed */
	bool asked_for;
};

static struct error *invalid(const char *text)
{
	return with_hint(fail("invalid value \"%s\" for --inherit-fd", text),
			 "Write fd[N]:KEY, as in fd[3]:pipe:[1234], where N is an open descriptor.");
}

/* fd[N]:KEY or debug[N]:TEXT. */
static struct error *parse(const char *text, struct inherited *out, bool *debug)
{
	const char *number = strchr(text, '[');
	char *end;
	long value;

	*debug = !strncmp(text, "debug[", 6);
	if (!number || (!*debug && strncmp(text, "fd[", 3)))
		return invalid(text);
	value = strtol(number + 1, &end, 10);
	if (end == number + 1 || value < 0 || value > INT_MAX || strncmp(end, "]:", 2) || !end[2])
		return invalid(text);
	*out = (struct inherited){ .key = end + 2, .number = value, .fd = value };
	return NULL;
}

struct error *inherited_check(const struct options *options)
{
	for (size_t i = 0; i < options->inherit_fd.count; i++) {
		struct inherited one;
		bool debug;

		TRY(parse(options->inherit_fd.items[i], &one, &debug));
		if (fcntl(one.number, F_GETFD) < 0)
			return with_hint(fail("--inherit-fd %s: descriptor %d is not open", options->inherit_fd.items[i],
					      one.number),
					 "Open it before criu is called, without close-on-exec.");
		if (debug)
			TRY(with_context(write_exactly(one.number, one.key, strlen(one.key)), "--inherit-fd debug"));
	}
	return NULL;
}

static struct error *keep_one(struct restore *restore, struct inherited *one)
{
	/* A copy first: keep_descriptor() would close the caller's, which may have another key too. */
	one->fd = fcntl(one->number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (one->fd < 0)
		return fail_errno("could not copy the inherited descriptor %d", one->number);
	return keep_descriptor(restore, &one->fd);
}

struct error *inherited_keep(struct restore *restore)
{
	const struct text_list *list = &restore->criu->options->inherit_fd;
	struct file_plan *plan = restore->files;

	plan->inherited = arena_array(restore->arena, struct inherited, list->count);
	for (size_t i = 0; i < list->count; i++) {
		struct inherited *one = &plan->inherited[plan->inherited_count];
		bool debug;

		TRY(parse(list->items[i], one, &debug));
		if (debug)
			continue;
		TRY(keep_one(restore, one));
		plan->inherited_count++;
	}
	return NULL;
}

int inherited_find(struct restore *restore, const char *key)
{
	struct file_plan *plan = restore->files;

	for (size_t i = 0; i < plan->inherited_count; i++) {
		struct inherited *one = &plan->inherited[i];

		if (one->fd < 0 || strcmp(one->key, key))
			continue;
		one->asked_for = true;
		return one->fd;
	}
	return -1;
}

struct error *inherited_duplicate(struct restore *restore, const char *key, int *ret_fd)
{
	int fd = inherited_find(restore, key);

	*ret_fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return fd >= 0 && *ret_fd < 0 ? fail_errno("could not copy the descriptor given for %s", key) : NULL;
}

void inherited_report(const struct restore *restore)
{
	const struct file_plan *plan = restore->files;

	for (size_t i = 0; i < plan->inherited_count; i++)
		if (!plan->inherited[i].asked_for)
			log_warning("--inherit-fd fd[%d]:%s: nothing in the images has this name, ignored",
				    plan->inherited[i].number, plan->inherited[i].key);
}

void inherited_close(struct restore *restore)
{
	struct file_plan *plan = restore->files;

	for (size_t i = 0; i < plan->inherited_count; i++) {
		close(take_fd(&plan->inherited[i].fd));
		if (plan->inherited[i].number > STDERR_FILENO)
			close(plan->inherited[i].number);
	}
}

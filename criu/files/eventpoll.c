// SPDX-License-Identifier: GPL-2.0
/*
 * eventpoll: the targets of an epoll, by descriptor number. All epolls are made empty; targets
 * are added in the owning task when all its descriptors are at their numbers, so epolls
 * that watch each other need no order.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "files/collection.h"
#include "kernel/proc/fdinfo.h"
#include "support/cleanup.h"

/* A target that was closed under this number but lives on in a duplicate would come back wrong. */
static struct error *check_target(const struct open_fd *fd, const EventpollTfdEntry *target)
{
	struct stat stat;
	char path[32];

	snprintf(path, sizeof(path), "fd/%u", target->tfd);
	if (!fstatat(fd->task->proc_fd, path, &stat, 0) && (!target->has_inode || stat.st_ino == target->inode))
		return NULL;
	return with_hint(fail("the epoll watches descriptor %u, which was closed or used again since", target->tfd),
			 "Remove the target (EPOLL_CTL_DEL) before closing its descriptor.");
}

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	EventpollFileEntry *entry = out->epfd = new_message(dump->arena, eventpoll_file_entry);
	cleanup_free char *text = NULL;
	size_t capacity = 0;
	const char *rest;

	TRY(fdinfo_read(fd->task->proc_fd, fd->number, &text));
	for (const char *line = text; (line = fdinfo_line(line, "tfd", &rest)); line = rest) {
		EventpollTfdEntry *target = new_message(dump->arena, eventpoll_tfd_entry);
		unsigned long long data, inode;
		unsigned number, events, device;
		long long position;

		if (sscanf(rest, "%u events: %x data: %llx pos:%lli ino:%llx sdev:%x", &number, &events, &data,
			   &position, &inode, &device) != 6)
			return fail("unexpected text in fdinfo: tfd");
		target->id = fd->id;
		target->tfd = number;
		target->events = events;
		target->data = data;
		SET(target, pos, position);
		SET(target, inode, inode);
		SET(target, dev, device);
		TRY(check_target(fd, target));
		*arena_append(dump->arena, entry->tfd, entry->n_tfd, capacity) = target;
	}
	return NULL;
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	*ret_fd = epoll_create1(EPOLL_CLOEXEC);
	return *ret_fd < 0 ? fail_errno("could not create an epoll") : NULL;
}

static struct error *adopt(struct restore *restore, struct planned_file *file, struct task *task, int number)
{
	const EventpollFileEntry *entry = file->entry->epfd;

	for (size_t i = 0; i < entry->n_tfd; i++) {
		struct epoll_event event = { .events = entry->tfd[i]->events, .data.u64 = entry->tfd[i]->data };

		if (epoll_ctl(number, EPOLL_CTL_ADD, entry->tfd[i]->tfd, &event))
			return fail_errno("could not add descriptor %u to epoll %d", entry->tfd[i]->tfd, number);
	}
	return NULL;
}

const struct file_kind eventpoll_kind = {
	.name = "eventpoll",
	.type = FD_TYPES__EVENTPOLL,
	.entry = offsetof(FileEntry, epfd),
	.match = { .anon_inode = "[eventpoll]" },
	.dump = dump,
	.create = create,
	.adopt = adopt,
};

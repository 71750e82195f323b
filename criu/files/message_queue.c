// SPDX-License-Identifier: GPL-2.0
/*
 * message_queue: a POSIX message queue. Like a file it has a name and outlives its processes, and like a file's contents
 * the messages stay where they are: they can only be read by taking them out, which others could notice. So a queue that is
 * still there is opened, one that is not is made if it was empty, and one without a name must be empty at the dump.
 * mq_overview(7).
 */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/plan.h"
#include "support/cleanup.h"
#include "support/log.h"

/* The status text that reading it gives has a fixed size, which stat shows. */
enum { STATUS_SIZE = 80 };

static const char deleted_mark[] = " (deleted)";

static long get_attributes(int fd, struct mq_attr *attributes)
{
	return syscall(SYS_mq_getsetattr, fd, NULL, attributes);
}

bool message_queue_is(int fd, const struct stat *stat)
{
	struct mq_attr attributes;

	return S_ISREG(stat->st_mode) && major(stat->st_dev) == 0 && stat->st_size == STATUS_SIZE &&
	       !get_attributes(fd, &attributes);
}

/* ---- dump ---- */

/* The kernel tells who has registered, and which signal, but not the value that comes with it. */
static struct error *dump_notification(struct dump *dump, const struct open_fd *fd, MqueueFileEntry *entry)
{
	const struct snapshot *snapshot = dump->snapshot;
	char path[32], text[STATUS_SIZE + 1] = "";
	const struct task *task = NULL;
	cleanup_close int status = -1;
	unsigned type, signo, pid;
	const char *at;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd->fd);
	status = open(path, O_RDONLY | O_CLOEXEC);
	if (status < 0 || pread(status, text, STATUS_SIZE, 0) < 0)
		return fail_errno("could not read the status of message queue %s", entry->name);
	at = strstr(text, "NOTIFY:");
	if (!at || sscanf(at, "NOTIFY:%u SIGNO:%u NOTIFY_PID:%u", &type, &signo, &pid) != 3)
		return fail("unexpected text in the status of a message queue: %s", text);
	for (size_t i = 0; pid && i < snapshot->task_count && !task; i++)
		if (snapshot->tasks[i]->host_pid == (pid_t)pid)
			task = snapshot->tasks[i];
	if (!task)
		return NULL;
	if (type != SIGEV_NONE)
		return with_hint(fail("process %d waits to be notified by message queue %s (mq_notify)", task->pid,
				      entry->name),
				 "The kernel does not tell the value that goes with it; have the program take the "
				 "registration back (mq_notify with NULL).");
	if (task_shares_memory(task))
		return with_hint(fail("process %d, which shares its memory with another one, waits for messages of %s", task->pid, entry->name),
				 "Dump it when it has left mq_notify().");
	SET(entry, notify_pid, task->pid);
	return NULL;
}

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	MqueueFileEntry *entry = out->mqueue = new_message(dump->arena, mqueue_file_entry);
	size_t length = strlen(fd->link), mark = sizeof(deleted_mark) - 1;
	struct mq_attr attributes;

	if (get_attributes(fd->fd, &attributes))
		return fail_errno("could not read the attributes of message queue %s", fd->link);
	SET(entry, id, 0); /* this and the next are filled by the caller */
	SET(entry, flags, 0);
	entry->name = arena_string(dump->arena, fd->link);
	if (!fd->stat.st_nlink && length > mark && !strcmp(fd->link + length - mark, deleted_mark)) {
		entry->name[length - mark] = '\0';
		SET(entry, deleted, true);
	}
	SET(entry, inode, fd->stat.st_ino);
	SET(entry, mode, fd->stat.st_mode & 07777);
	SET(entry, uid, fd->stat.st_uid);
	SET(entry, gid, fd->stat.st_gid);
	SET(entry, max_messages, attributes.mq_maxmsg);
	SET(entry, message_size, attributes.mq_msgsize);
	SET(entry, messages, attributes.mq_curmsgs);
	if (entry->deleted && entry->messages)
		return with_hint(fail("message queue %s has %ld messages and no name any more", entry->name,
				      attributes.mq_curmsgs),
				 "Messages stay in queues that have a name; dump before mq_unlink or when the queue is "
				 "empty.");
	if (entry->messages)
		log_warning("message queue %s has %ld messages: they stay in the queue of this machine, and a restore "
			    "elsewhere will be refused",
			    entry->name, attributes.mq_curmsgs);
	return dump_notification(dump, fd, entry);
}

/* ---- restore ---- */

/* Of several descriptors the first makes the queue. */
struct planned_queue {
	const MqueueFileEntry *entry;
	const char *name; /* without slash; of deleted ones maybe another */
	bool made;
};

/* The system calls take names without slash. */
static int open_queue(const char *name, int flags, mode_t mode, struct mq_attr *attributes)
{
	return syscall(SYS_mq_open, name, flags | O_CLOEXEC, mode, attributes);
}

static struct error *check_existing(const MqueueFileEntry *entry)
{
	cleanup_close int fd = open_queue(entry->name + 1, O_RDONLY | O_NONBLOCK, 0, NULL);
	struct mq_attr now;

	if (fd < 0 && errno != ENOENT)
		return fail_errno("could not open message queue %s", entry->name);
	if (fd < 0 && entry->messages)
		return with_hint(fail("message queue %s is not there, and it had %llu messages", entry->name,
				      (unsigned long long)entry->messages),
				 "Restore on the machine of the dump, without a reboot in between, or make the queue with its "
				 "messages.");
	if (fd < 0)
		return NULL;
	if (get_attributes(fd, &now))
		return fail_errno("could not read the attributes of message queue %s", entry->name);
	if ((uint64_t)now.mq_maxmsg != entry->max_messages || (uint64_t)now.mq_msgsize != entry->message_size)
		return with_hint(fail("message queue %s has room for %ld messages of %ld bytes now, and had it for %llu of %llu",
				      entry->name, now.mq_maxmsg, now.mq_msgsize, (unsigned long long)entry->max_messages,
				      (unsigned long long)entry->message_size),
				 "Remove it (mq_unlink), if nobody else uses it.");
	if ((uint64_t)now.mq_curmsgs != entry->messages)
		log_warning("message queue %s has %ld messages now, and had %llu at the dump, ignored", entry->name,
			    now.mq_curmsgs, (unsigned long long)entry->messages);
	return NULL;
}

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	const MqueueFileEntry *entry = file->entry->mqueue;
	struct planned_queue *queue;

	if (!entry->name || entry->name[0] != '/' || strchr(entry->name + 1, '/') || !entry->name[1])
		return fail("the image is damaged: the name of a message queue");
	for (size_t i = 0; i < restore->files->count; i++) {
		const struct planned_file *other = &restore->files->files[i];

		if (other->entry->mqueue && other->entry->mqueue->inode == entry->inode && other->kind_data) {
			file->kind_data = other->kind_data;
			return NULL;
		}
	}
	if (!entry->deleted)
		TRY(check_existing(entry));
	queue = file->kind_data = arena_new(restore->arena, struct planned_queue);
	*queue = (struct planned_queue){ entry, entry->name + 1, false };
	return NULL;
}

static struct error *make(struct restore *restore, struct planned_queue *queue)
{
	const MqueueFileEntry *entry = queue->entry;
	struct mq_attr attributes = { .mq_maxmsg = entry->max_messages, .mq_msgsize = entry->message_size };
	cleanup_close int fd = -1;

	fd = open_queue(queue->name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
	if (fd < 0 && errno == EEXIST && !entry->deleted)
		return NULL;
	if (fd < 0 && errno == EEXIST) {
		queue->name = arena_format(restore->arena, "%.200s.criu.%d.%u", entry->name + 1, getpid(), entry->id);
		fd = open_queue(queue->name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
	}
	if (fd < 0)
		return with_hint(fail_errno("could not make message queue %s", entry->name),
				 "Limits are in /proc/sys/fs/mqueue, and RLIMIT_MSGQUEUE.");
	if (fchown(fd, entry->uid, entry->gid) || fchmod(fd, entry->mode))
		return fail_errno("could not set owner and mode of message queue %s", entry->name);
	return NULL;
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	struct planned_queue *queue = file->kind_data;

	if (!queue->made)
		TRY(make(restore, queue));
	queue->made = true;
	*ret_fd = open_queue(queue->name, file->entry->mqueue->flags & (O_ACCMODE | O_NONBLOCK), 0, NULL);
	return *ret_fd < 0 ? fail_errno("could not open message queue /%s", queue->name) : NULL;
}

/* All that have it open do so now. */
static struct error *connect(struct restore *restore, struct planned_file *file)
{
	struct planned_queue *queue = file->kind_data;

	if (queue->entry->deleted && queue->made && syscall(SYS_mq_unlink, queue->name))
		return fail_errno("could not remove message queue /%s", queue->name);
	queue->made = false;
	return NULL;
}

static struct error *adopt(struct restore *restore, struct planned_file *file, struct task *task, int number)
{
	struct sigevent nothing = { .sigev_notify = SIGEV_NONE };

	if (file->entry->mqueue->notify_pid != (uint32_t)task->pid)
		return NULL;
	/* Another descriptor may have done it. */
	if (syscall(SYS_mq_notify, number, &nothing) && errno != EBUSY)
		return fail_errno("could not register with message queue %s", file->entry->mqueue->name);
	return NULL;
}

const struct file_kind message_queue_kind = {
	.name = "message_queue",
	.type = FD_TYPES__MQUEUE,
	.entry = offsetof(FileEntry, mqueue),
	.dump = dump,
	.plan = plan,
	.create = create,
	.connect = connect,
	.adopt = adopt,
};

// SPDX-License-Identifier: GPL-2.0
/* Older forms of images, see old_forms.h. */
#include "image/old_forms.h"

#include <string.h>

#include "support/cleanup.h"

/* ---- open files ---- */

struct split_image {
	enum image_id id;
	FdTypes type;
	size_t member; /* of FileEntry */
};

static const struct split_image split_images[] = {
	{ IMAGE_REG_FILES, FD_TYPES__REG, offsetof(FileEntry, reg) },
	{ IMAGE_EXT_FILES, FD_TYPES__EXT, offsetof(FileEntry, ext) },
	{ IMAGE_NS_FILES, FD_TYPES__NS, offsetof(FileEntry, nsf) },
	{ IMAGE_EVENTFD_FILES, FD_TYPES__EVENTFD, offsetof(FileEntry, efd) },
	{ IMAGE_EVENTPOLL_FILES, FD_TYPES__EVENTPOLL, offsetof(FileEntry, epfd) },
	{ IMAGE_SIGNALFD_FILES, FD_TYPES__SIGNALFD, offsetof(FileEntry, sgfd) },
	{ IMAGE_INOTIFY_FILES, FD_TYPES__INOTIFY, offsetof(FileEntry, ify) },
	{ IMAGE_FANOTIFY_FILES, FD_TYPES__FANOTIFY, offsetof(FileEntry, ffy) },
	{ IMAGE_TIMERFD_FILES, FD_TYPES__TIMERFD, offsetof(FileEntry, tfd) },
	{ IMAGE_PIPE_FILES, FD_TYPES__PIPE, offsetof(FileEntry, pipe) },
	{ IMAGE_FIFO_FILES, FD_TYPES__FIFO, offsetof(FileEntry, fifo) },
	{ IMAGE_UNIX_SOCKETS, FD_TYPES__UNIXSK, offsetof(FileEntry, usk) },
	{ IMAGE_INET_SOCKETS, FD_TYPES__INETSK, offsetof(FileEntry, isk) },
	{ IMAGE_PACKET_SOCKETS, FD_TYPES__PACKETSK, offsetof(FileEntry, psk) },
	{ IMAGE_NETLINK_SOCKETS, FD_TYPES__NETLINKSK, offsetof(FileEntry, nlsk) },
	{ IMAGE_TUN_FILES, FD_TYPES__TUNF, offsetof(FileEntry, tunf) },
	{ IMAGE_TTY_FILES, FD_TYPES__TTY, offsetof(FileEntry, tty) },
	{ IMAGE_BPFMAP_FILES, FD_TYPES__BPFMAP, offsetof(FileEntry, bpf) },
	{ IMAGE_PIDFD_FILES, FD_TYPES__PIDFD, offsetof(FileEntry, pidfd) },
};

struct file_list {
	FileEntry **files;
	size_t count, capacity;
};

/* Every message of an open file has its id as a required number. */
static uint32_t id_of(const ProtobufCMessage *message)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(message->descriptor, "id");

	return *(const uint32_t *)((const char *)message + field->offset);
}

static struct error *read_split(struct image_directory *directory, const struct split_image *split,
				struct arena *arena, struct file_list *list)
{
	ProtobufCMessage **messages;
	size_t count;

	TRY(image_read_all(directory, split->id, 0, arena, &messages, &count));
	for (size_t i = 0; i < count; i++) {
		FileEntry *file = arena_new(arena, FileEntry);

		file_entry__init(file);
		file->type = split->type;
		file->id = id_of(messages[i]);
		*(ProtobufCMessage **)((char *)file + split->member) = messages[i];
		*arena_append(arena, list->files, list->count, list->capacity) = file;
	}
	return NULL;
}

struct error *image_read_files(struct image_directory *directory, struct arena *arena, FileEntry ***ret,
			       size_t *count)
{
	struct file_list list = {};

	TRY(image_read_all(directory, IMAGE_FILES, 0, arena, ret, count));
	if (*count)
		return NULL;
	for (size_t i = 0; i < sizeof(split_images) / sizeof(split_images[0]); i++)
		TRY(read_split(directory, &split_images[i], arena, &list));
	*ret = list.files;
	*count = list.count;
	return NULL;
}

/* ---- parts of core and mm ---- */

struct error *image_complete_mm(struct image_directory *directory, uint64_t pid, struct arena *arena, MmEntry *mm)
{
	if (mm->n_vmas)
		return NULL;
	return image_read_all(directory, IMAGE_LEGACY_VMAS, pid, arena, &mm->vmas, &mm->n_vmas);
}

static struct error *complete_signals(struct image_directory *directory, enum image_id id, uint64_t key,
				      struct arena *arena, SignalQueueEntry **queue)
{
	if (*queue)
		return NULL;
	*queue = arena_new(arena, SignalQueueEntry);
	signal_queue_entry__init(*queue);
	return image_read_all(directory, id, key, arena, &(*queue)->signals,
			      &(*queue)->n_signals);
}

static struct error *complete_timers(struct image_directory *directory, uint64_t pid, struct arena *arena,
				     TaskCoreEntry *task)
{
	TaskTimersEntry *timers = arena_new(arena, TaskTimersEntry);
	ItimerEntry **interval;
	size_t count;

	TRY(image_read_all(directory, IMAGE_LEGACY_INTERVAL_TIMERS, pid, arena, &interval,
			   &count));
	if (!count)
		return NULL;
	if (count != 3)
		return fail("itimers-%lu.img has %zu timers instead of 3", pid, count);
	task_timers_entry__init(timers);
	timers->real = interval[0];
	timers->virt = interval[1];
	timers->prof = interval[2];
	task->timers = timers;
	return image_read_all(directory, IMAGE_LEGACY_POSIX_TIMERS, pid, arena, &timers->posix,
			      &timers->n_posix);
}

static struct error *complete_limits(struct image_directory *directory, uint64_t pid, struct arena *arena,
				     TaskCoreEntry *task)
{
	TaskRlimitsEntry *limits = arena_new(arena, TaskRlimitsEntry);

	task_rlimits_entry__init(limits);
	TRY(image_read_all(directory, IMAGE_LEGACY_LIMITS, pid, arena, &limits->rlimits,
			   &limits->n_rlimits));
	if (limits->n_rlimits)
		task->rlimits = limits;
	return NULL;
}

static struct error *complete_ids(struct image_directory *directory, uint64_t pid, struct arena *arena,
				  CoreEntry *core)
{
	TaskKobjIdsEntry **ids;
	size_t count;

	TRY(image_read_all(directory, IMAGE_IDS, pid, arena, &ids, &count));
	if (count)
		core->ids = ids[0];
	return NULL;
}

enum { TASK_DEAD = 2 }; /* task_state of a zombie */

struct error *image_complete_task(struct image_directory *directory, uint64_t pid, bool deprecated, struct arena *arena,
				  CoreEntry *core)
{
	TaskCoreEntry *task = core->tc;

	if (!task || task->task_state == TASK_DEAD)
		return NULL;
	if (!core->ids)
		TRY(complete_ids(directory, pid, arena, core));
	if (!task->n_sigactions)
		TRY(image_read_all(directory, IMAGE_LEGACY_SIGACTIONS, pid, arena,
				   &task->sigactions, &task->n_sigactions));
	TRY(complete_signals(directory, IMAGE_LEGACY_SIGNALS_SHARED, pid, arena, &task->signals_s));
	if (deprecated && !task->timers)
		TRY(complete_timers(directory, pid, arena, task));
	if (deprecated && !task->rlimits)
		TRY(complete_limits(directory, pid, arena, task));
	return NULL;
}

/* What was said once for the process and is said for each thread today. */
static void inherit(const TaskCoreEntry *task, bool is_leader, ThreadCoreEntry *thread)
{
	if (!thread->comm)
		thread->comm = task->comm;
	if (!thread->has_cg_set && task->has_cg_set) {
		thread->has_cg_set = true;
		thread->cg_set = task->cg_set;
	}
	if (is_leader && !thread->has_seccomp_mode && task->has_old_seccomp_mode) {
		thread->has_seccomp_mode = true;
		thread->seccomp_mode = task->old_seccomp_mode;
		thread->has_seccomp_filter = task->has_old_seccomp_filter;
		thread->seccomp_filter = task->old_seccomp_filter;
	}
}

struct error *image_complete_thread(struct image_directory *directory, uint64_t pid, uint64_t tid,
				    const CoreEntry *leader, struct arena *arena, CoreEntry *core)
{
	ThreadCoreEntry *thread = core->thread_core;

	if (!thread || !leader->tc)
		return NULL;
	TRY(complete_signals(directory, IMAGE_LEGACY_SIGNALS_PRIVATE, tid, arena, &thread->signals_p));
	if (!thread->creds)
		TRY(image_read_one(directory, IMAGE_LEGACY_CREDS, pid, arena, &thread->creds));
	inherit(leader->tc, pid == tid, thread);
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * eventpoll: the targets of an epoll, by descriptor number. All epolls are made empty; targets
 * are added in the owning task when all its descriptors are at their numbers, so epolls
 * that watch each other need no order.
 */
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/epoll_members.h"
#include "files/plan.h"
#include "kernel/proc/fdinfo.h"
#include "support/cleanup.h"

enum { MANY_TARGETS = 500 }; /* from here on a process to ask them at once pays */

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	EventpollFileEntry *entry = out->epfd = new_message(dump->arena, eventpoll_file_entry);
	cleanup_free char *text = NULL;
	size_t capacity = 0;
	const char *rest;

	TRY(fdinfo_read(fd->fd, &text));
	for (const char *line = text; (line = fdinfo_line(line, "tfd", &rest)); line = rest) {
		EventpollTfdEntry *target = new_message(dump->arena, eventpoll_tfd_entry);
		unsigned long long data, inode;
		unsigned number, events, device;
		long long position;
		char own[256];

		/* sscanf() measures all that follows. */
		snprintf(own, sizeof(own), "%.*s", (int)strcspn(rest, "\n"), rest);
		if (sscanf(own, "%u events: %x data: %llx pos:%lli ino:%llx sdev:%x", &number, &events, &data,
			   &position, &inode, &device) != 6)
			return fail("unexpected text in fdinfo: tfd");
		target->id = fd->id;
		target->tfd = number;
		target->events = events;
		target->data = data;
		SET(target, pos, position);
		SET(target, inode, inode);
		SET(target, dev, device);
		*arena_append(dump->arena, entry->tfd, entry->n_tfd, capacity) = target;
	}
	return NULL;
}

/* ---- which table a target's number belongs to: known when all tables were collected ---- */

/* What is known of all descriptions, by id. */
struct known_files {
	ino_t *sockets; /* inode numbers; 0: no socket */
	uint32_t count;
};

static void note_socket(const struct seen_description *seen, void *argument)
{
	struct known_files *known = argument;
	bool socket = seen->type == FD_TYPES__INETSK || seen->type == FD_TYPES__UNIXSK ||
		      seen->type == FD_TYPES__NETLINKSK || seen->type == FD_TYPES__PACKETSK;

	if (socket && seen->id < known->count)
		known->sockets[seen->id] = seen->inode;
}

/* Is descriptor `number` of the task the file that the epoll (number `epoll` there) watches in
 * this slot? The slot is named by the number under which it was added, and a count for
 * numbers that were used again. The kernel looks through all targets each time. */
static bool is_target(const struct task *task, int epoll, int number, const EventpollTfdEntry *target, unsigned slot)
{
	struct kcmp_epoll_slot place = { .efd = epoll, .tfd = target->tfd, .toff = slot };

	return syscall(SYS_kcmp, task->host_pid, task->host_pid, KCMP_EPOLL_TFD, number, &place) == 0;
}

static const FdinfoEntry *entry_of(const struct descriptor_table *table, uint32_t number)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (table->entries[middle]->fd < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < table->count && table->entries[low]->fd == number ? table->entries[low] : NULL;
}

/* A table that has the epoll, under a number. */
struct holder {
	const struct descriptor_table *table;
	int number;
	bool *members; /* by number: is it what the epoll watches under it? NULL: not found out at once */
};

struct holders {
	struct holder *items;
	size_t count, capacity;
};

/* A target, and how many were added before it, and in all, under the same number. */
struct place {
	EventpollTfdEntry *target;
	unsigned slot, slots;
};

/* A socket has one description only, so that its inode tells all. */
static bool find_in_table(const struct known_files *known, const struct holder *holder, const struct place *place)
{
	const struct descriptor_table *table = holder->table;
	EventpollTfdEntry *target = place->target;
	const FdinfoEntry *entry = entry_of(table, target->tfd);
	bool found;

	if (!entry)
		return false;
	if (known->sockets[entry->id])
		found = known->sockets[entry->id] == target->inode;
	else if (holder->members && place->slots == 1)
		found = holder->members[target->tfd];
	else
		found = is_target(table->owner, holder->number, target->tfd, target, place->slot);
	if (found)
		SET(target, files_id, table->id);
	return found;
}

/* Closed under its number, in a table that does not have the epoll, or in a socket's queue: then criu has a copy. */
struct search {
	uint32_t epoll_id;
	EventpollTfdEntry *target;
	unsigned slot;
	const struct seen_description *holder; /* of the epoll */
};

static void look_for_holder(const struct seen_description *seen, void *argument)
{
	struct search *search = argument;

	if (seen->id == search->epoll_id)
		search->holder = seen;
}

static void look_for_target(const struct seen_description *seen, void *argument)
{
	const struct search *search = argument;
	struct kcmp_epoll_slot place = { .efd = search->holder->number,
					 .tfd = search->target->tfd,
					 .toff = search->slot };

	if (seen->inode != search->target->inode || search->target->has_file_id ||
	    syscall(SYS_kcmp, seen->pid, search->holder->pid, KCMP_EPOLL_TFD, seen->number, &place))
		return;
	SET(search->target, file_id, seen->id);
}

static bool find_elsewhere(struct dump *dump, const EventpollFileEntry *epoll, EventpollTfdEntry *target, unsigned slot)
{
	struct search search = { .epoll_id = epoll->id, .target = target, .slot = slot };

	files_visit(dump, look_for_holder, &search);
	if (search.holder)
		files_visit(dump, look_for_target, &search);
	return target->has_file_id;
}

static void find_holders(struct dump *dump, const EventpollFileEntry *epoll, struct holders *out)
{
	for (size_t i = 0; i < dump->snapshot->table_count; i++) {
		const struct descriptor_table *table = dump->snapshot->tables[i];
		size_t j = 0;

		while (j < table->count &&
		       (table->entries[j]->id != epoll->id || table->entries[j]->type != FD_TYPES__EVENTPOLL))
			j++;
		if (j < table->count)
			*arena_append(dump->arena, out->items, out->count, out->capacity) =
			    (struct holder){ table, table->entries[j]->fd, NULL };
	}
}

static struct error *find_target(struct dump *dump, const struct known_files *known, const struct holders *holders,
				 const EventpollFileEntry *epoll, const struct place *place)
{
	for (size_t i = 0; i < holders->count; i++)
		if (find_in_table(known, &holders->items[i], place))
			return NULL;
	if (find_elsewhere(dump, epoll, place->target, place->slot))
		return NULL;
	return with_hint(fail("an epoll watches a file (once descriptor %u) that nobody in the tree has open any more",
			      place->target->tfd),
			 "Remove the target (EPOLL_CTL_DEL) before closing its descriptor.");
}

/* What kcmp() would take long for. */
static void ask_at_once(struct dump *dump, const struct known_files *known, const EventpollFileEntry *epoll,
			struct holder *holder, size_t highest)
{
	uint32_t *numbers = arena_array(dump->arena, uint32_t, epoll->n_tfd);
	bool *members = arena_array(dump->arena, bool, epoll->n_tfd);
	size_t count = 0;

	for (size_t i = 0; i < epoll->n_tfd; i++) {
		const FdinfoEntry *entry = entry_of(holder->table, epoll->tfd[i]->tfd);

		if (entry && !known->sockets[entry->id])
			numbers[count++] = epoll->tfd[i]->tfd;
	}
	if (count < MANY_TARGETS || !epoll_members(holder->table->owner, holder->number, numbers, count, members))
		return;
	holder->members = arena_array(dump->arena, bool, highest + 1);
	for (size_t i = 0; i < count; i++)
		holder->members[numbers[i]] = members[i];
}

static struct error *dump_targets(struct dump *dump, const struct known_files *known, EventpollFileEntry *epoll)
{
	struct place *places = arena_array(dump->arena, struct place, epoll->n_tfd);
	struct holders holders = { 0 };
	size_t highest = 0;
	unsigned *slots;

	find_holders(dump, epoll, &holders);
	for (size_t i = 0; i < epoll->n_tfd; i++)
		highest = epoll->tfd[i]->tfd > highest ? epoll->tfd[i]->tfd : highest;
	slots = arena_array(dump->arena, unsigned, highest + 1);
	for (size_t i = 0; i < epoll->n_tfd; i++)
		places[i] = (struct place){ epoll->tfd[i], slots[epoll->tfd[i]->tfd]++, 0 };
	for (size_t i = 0; i < holders.count; i++)
		ask_at_once(dump, known, epoll, &holders.items[i], highest);
	for (size_t i = 0; i < epoll->n_tfd; i++) {
		places[i].slots = slots[epoll->tfd[i]->tfd];
		TRY(find_target(dump, known, &holders, epoll, &places[i]));
	}
	return NULL;
}

/* Targets are added by a newborn that has the table. Processes that share the memory of another are none. */
static struct error *check_adopters(const struct snapshot *snapshot, const EventpollFileEntry *epoll)
{
	for (size_t i = 0; i < epoll->n_tfd; i++) {
		const struct descriptor_table *table = snapshot_table(snapshot, epoll->tfd[i]->files_id);

		if (epoll->tfd[i]->has_files_id && table && task_shares_memory(table->owner))
			return with_hint(fail("process %d, which shares its memory with another one, has an epoll that watches its "
					      "descriptor %u",
					      table->owner->pid, epoll->tfd[i]->tfd),
					 "Start the process with CLONE_FILES, or dump when it has closed the epoll.");
	}
	return NULL;
}

static struct error *dump_late(struct dump *dump)
{
	struct known_files known = { .count = dump->next_file_id + 1 };

	for (size_t i = 0; i < dump->files->entry_count; i++) {
		EventpollFileEntry *epoll = dump->files->entries[i]->epfd;

		if (!epoll || !epoll->n_tfd)
			continue;
		if (!known.sockets) {
			known.sockets = arena_array(dump->arena, ino_t, known.count);
			files_visit(dump, note_socket, &known);
		}
		TRY(dump_targets(dump, &known, epoll));
		TRY(check_adopters(dump->snapshot, epoll));
	}
	return NULL;
}

/* ---- restore ---- */

/* Some other file of the tree, not a number of a table that has the epoll. */
static bool is_elsewhere(const EventpollTfdEntry *target)
{
	return target->has_file_id && !target->has_files_id;
}

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	const EventpollFileEntry *entry = file->entry->epfd;

	for (size_t i = 0; i < entry->n_tfd; i++) {
		if (entry->tfd[i]->tfd > INT32_MAX)
			return fail("the image is damaged: epoll target %u", entry->tfd[i]->tfd);
		if (is_elsewhere(entry->tfd[i]))
			TRY(files_want(restore, entry->tfd[i]->file_id));
	}
	return check_adopters(restore->snapshot, entry);
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	*ret_fd = epoll_create1(EPOLL_CLOEXEC);
	return *ret_fd < 0 ? fail_errno("could not create an epoll") : NULL;
}

/* Images of others do not name the table: the first that has the epoll and the number takes it. */
static bool is_first_with_both(struct restore *restore, const struct descriptor_table *table, uint32_t epoll_id,
			       uint32_t number)
{
	for (size_t i = 0; i < restore->snapshot->table_count; i++) {
		const struct descriptor_table *other = restore->snapshot->tables[i];

		for (size_t j = 0; j < other->count; j++)
			if (other->entries[j]->id == epoll_id && other->entries[j]->type == FD_TYPES__EVENTPOLL &&
			    entry_of(other, number))
				return other == table;
	}
	return false;
}

static bool is_first_number(const struct descriptor_table *table, uint32_t epoll_id, int number)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->entries[i]->id == epoll_id && table->entries[i]->type == FD_TYPES__EVENTPOLL)
			return (int)table->entries[i]->fd == number;
	return false;
}

static bool is_mine(struct restore *restore, const struct task *task, const EventpollFileEntry *epoll,
		    const EventpollTfdEntry *target)
{
	if (is_elsewhere(target))
		return false;
	return target->has_files_id ? target->files_id == task->table->id
				    : is_first_with_both(restore, task->table, epoll->id, target->tfd);
}

static struct error *add(int epoll, const EventpollTfdEntry *target, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u64 = target->data };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, target->tfd, &event))
		return fail_errno("could not add descriptor %u to epoll %d", target->tfd, epoll);
	return NULL;
}

/* A one-shot target that has fired waits for nothing, not even errors, which adding always
 * asks for: it is made to fire where its file is ready for anything at all. */
static bool has_fired(const EventpollTfdEntry *target)
{
	return (target->events & EPOLLONESHOT) && !(target->events & (EPOLLERR | EPOLLHUP));
}

static struct error *add_fired(int epoll, const EventpollTfdEntry *target)
{
	const uint32_t anything = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP;
	struct epoll_event event;

	TRY(add(epoll, target, target->events | anything));
	if (epoll_wait(epoll, &event, 1, 0) == 1)
		return NULL;
	event = (struct epoll_event){ .events = target->events, .data.u64 = target->data };
	return epoll_ctl(epoll, EPOLL_CTL_MOD, target->tfd, &event) ? fail_errno("could not change epoll %d", epoll)
								    : NULL;
}

/* A shared epoll is adopted in every table that has it: each adds the targets that are its own;
 * those that have fired first, while nothing else can fire. */
static struct error *adopt(struct restore *restore, struct planned_file *file, struct task *task, int number)
{
	const EventpollFileEntry *entry = file->entry->epfd;

	if (!is_first_number(task->table, entry->id, number))
		return NULL;
	for (size_t i = 0; i < entry->n_tfd; i++)
		if (has_fired(entry->tfd[i]) && is_mine(restore, task, entry, entry->tfd[i]))
			TRY(add_fired(number, entry->tfd[i]));
	for (size_t i = 0; i < entry->n_tfd; i++)
		if (!has_fired(entry->tfd[i]) && is_mine(restore, task, entry, entry->tfd[i]))
			TRY(add(number, entry->tfd[i], entry->tfd[i]->events));
	return NULL;
}

/* A target is known by its file and its number at that time: here, for a moment, it has that number. */
static struct error *add_by_number(const struct planned_file *file, int epoll, const EventpollTfdEntry *target)
{
	cleanup_close int ours = fcntl(target->tfd, F_DUPFD_CLOEXEC, 0), copy = -1;
	int number = target->tfd;
	struct error *error;

	/* The epoll may have that very number. */
	copy = fcntl(epoll, F_DUPFD_CLOEXEC, 0);
	if (copy < 0 || dup3(file->fd, number, O_CLOEXEC) < 0) {
		if (file->fd != number)
			return with_hint(fail_errno("could not open descriptor %d", number),
					 "Raise the limit of open files (ulimit -n) for criu.");
	}
	error = has_fired(target) ? add_fired(copy, target) : add(copy, target, target->events);
	if (ours >= 0 ? file->fd != number && dup3(ours, number, O_CLOEXEC) < 0 : close(number))
		return error ?: fail_errno("could not move descriptor %d", number);
	return error;
}

/* Opener: those that no table with the epoll could add. */
static struct error *fill(struct restore *restore, struct planned_file *file)
{
	const EventpollFileEntry *entry = file->entry->epfd;

	for (size_t i = 0; i < entry->n_tfd; i++)
		if (is_elsewhere(entry->tfd[i]))
			TRY(add_by_number(planned_file_of_id(restore, entry->tfd[i]->file_id), file->fd,
					  entry->tfd[i]));
	return NULL;
}

const struct file_kind eventpoll_kind = {
	.name = "eventpoll",
	.type = FD_TYPES__EVENTPOLL,
	.entry = offsetof(FileEntry, epfd),
	.match = { .anon_inode = "[eventpoll]" },
	.dump = dump,
	.dump_late = dump_late,
	.plan = plan,
	.create = create,
	.fill = fill,
	.adopt = adopt,
};

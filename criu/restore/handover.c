// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of up to 250 descriptors over unix datagrams. A newborn's mailbox is bound to a name that
 * the kernel chose and connected to the opener's socket, so that nobody else can put anything
 * into it. Descriptors of the table come in ascending order; what lands on a wrong number is
 * moved at once, so that the receiver never has many more open than it will keep.
 */
#include "model/handover.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "board.h"
#include "files/collection.h"
#include "files/files.h"
#include "files/plan.h"
#include "model/keep.h"
#include "restore/opener.h"
#include "restore/send.h"
#include "sockets/unix/maker.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "tasks/root_and_cwd.h"

enum { BATCH = 250, AUTOBIND_LENGTH = 6 /* NUL and five hexadecimal digits: unix(7) */ };

/* One message: what each of its descriptors is for. */
struct message {
	uint32_t kind, count;
	struct {
		uint32_t purpose, number, flags;
	} items[BATCH];
};

/* ---- sockets ---- */

static struct error *make_socket(int *ret_fd)
{
	struct sockaddr_un any = { .sun_family = AF_UNIX };

	*ret_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (*ret_fd < 0 || bind(*ret_fd, (struct sockaddr *)&any, sizeof(sa_family_t)))
		return fail_errno("could not make a socket for the handover of descriptors");
	return NULL;
}

struct error *handover_prepare(struct restore *restore)
{
	TRY(make_socket(&restore->files->hub));
	return keep_descriptor(restore, &restore->files->hub);
}

static struct error *address_of(int fd, struct sockaddr_un *address, socklen_t *length)
{
	*length = sizeof(*address);
	return getsockname(fd, (struct sockaddr *)address, length) ? fail_errno("could not read a socket's name")
								   : NULL;
}

struct error *handover_open_mailbox(struct restore *restore, struct task *task, struct handover *handover)
{
	struct sockaddr_un hub, own;
	socklen_t hub_length, own_length;
	char digits[8] = "";

	TRY(make_socket(&handover->mailbox));
	TRY(keep_descriptor(restore, &handover->mailbox));
	TRY(address_of(restore->files->hub, &hub, &hub_length));
	if (connect(handover->mailbox, (struct sockaddr *)&hub, hub_length))
		return fail_errno("could not connect to the opener");
	TRY(address_of(handover->mailbox, &own, &own_length));
	memcpy(digits, own.sun_path + 1, AUTOBIND_LENGTH - 1);
	restore->board->rows[task->index].address = strtoul(digits, NULL, 16);
	return NULL;
}

static struct sockaddr_un mailbox_address(uint32_t number, socklen_t *length)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char digits[8];

	snprintf(digits, sizeof(digits), "%05x", number & 0xfffff);
	memcpy(address.sun_path + 1, digits, AUTOBIND_LENGTH - 1);
	*length = offsetof(struct sockaddr_un, sun_path) + AUTOBIND_LENGTH;
	return address;
}

uint32_t handover_address(const struct restore *restore, const struct task *task, struct sockaddr_un *address)
{
	socklen_t length;

	*address = mailbox_address(restore->board->rows[task->index].address, &length);
	return length;
}

/* ---- the opener sends ---- */

struct sender {
	int socket;
	struct sockaddr_un address;
	socklen_t length;
	struct message message;
	int fds[BATCH];
};

static struct error *post(int socket, const struct sockaddr_un *address, socklen_t address_length, const void *data,
			  size_t length, const int *fds, size_t count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(BATCH * sizeof(int))] = { 0 };
	struct iovec vector = { (void *)data, length };
	struct msghdr header = {
		.msg_name = (void *)address, .msg_namelen = address_length, .msg_iov = &vector, .msg_iovlen = 1
	};

	if (count) {
		struct cmsghdr *rights = (struct cmsghdr *)control;

		header.msg_control = control;
		header.msg_controllen = CMSG_SPACE(count * sizeof(int));
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
	}
	while (sendmsg(socket, &header, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return fail_errno("could not hand over descriptors");
	return NULL;
}

struct error *handover_request(struct restore *restore, const struct task *task, const void *data, size_t length,
			       const int *fds, size_t count)
{
	struct sockaddr_un address;
	socklen_t address_length = handover_address(restore, task, &address);

	return post(restore->files->hub, &address, address_length, data, length, fds, count);
}

static struct error *flush(struct sender *sender, uint32_t kind)
{
	struct message *message = &sender->message;
	size_t count = message->count;

	message->kind = kind;
	TRY(post(sender->socket, &sender->address, sender->length, message,
		 offsetof(struct message, items) + count * sizeof(message->items[0]), sender->fds, count));
	message->count = 0;
	return NULL;
}

static struct error *put(struct sender *sender, int fd, enum handed_purpose purpose, uint32_t number, uint32_t flags)
{
	struct message *message = &sender->message;

	message->items[message->count].purpose = purpose;
	message->items[message->count].number = number;
	message->items[message->count].flags = flags;
	sender->fds[message->count++] = fd;
	return message->count == BATCH ? flush(sender, HANDOVER_DESCRIPTORS) : NULL;
}

static struct error *put_special(struct restore *restore, struct sender *sender, uint32_t id, int flags,
				 enum handed_purpose purpose, uint32_t number)
{
	const struct planned_file *file = planned_file_find(restore, id, FD_TYPES__REG);
	cleanup_close int fd = -1;

	TRY(regular_open(restore, file->entry->reg, flags, &fd));
	TRY(put(sender, fd, purpose, number, 0));
	/* It must still be open when it is sent. */
	return flush(sender, HANDOVER_DESCRIPTORS);
}

static struct error *send_table(struct restore *restore, struct sender *sender, const struct descriptor_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		const FdinfoEntry *entry = table->entries[i];
		const struct planned_file *file = planned_file_find(restore, entry->id, entry->type);

		if (!file->born_with)
			TRY(put(sender, file->fd, HANDED_DESCRIPTOR, entry->fd, entry->flags));
	}
	return NULL;
}

static struct error *send_to_threads(struct restore *restore, const struct task *task, struct sender *sender)
{
	for (size_t i = 1; i < task->thread_count; i++) {
		const ThreadCoreEntry *core = task->threads[i].core->thread_core;

		if (!root_and_cwd_is_own(&task->threads[i]))
			continue;
		TRY(put_special(restore, sender, core->cwd_id, O_PATH, HANDED_THREAD_CWD, i));
		TRY(put_special(restore, sender, core->root_id, O_PATH, HANDED_THREAD_ROOT, i));
	}
	return NULL;
}

uint32_t handover_number(const struct task *owner, const struct task *sharer)
{
	uint32_t number = 0;

	for (size_t i = 0; i < owner->sharer_count && owner->sharers[i] != sharer; i++)
		if (owner->sharers[i]->table->owner == owner->sharers[i])
			number += owner->sharers[i]->table->count;
	return number;
}

static struct error *send_for_sharer(struct restore *restore, const struct task *owner, const struct task *sharer,
				     struct sender *sender)
{
	const struct descriptor_table *table = sharer->table;
	uint32_t number = handover_number(owner, sharer);

	for (size_t i = 0; table->owner == sharer && i < table->count; i++)
		TRY(put(sender, planned_file_find(restore, table->entries[i]->id, table->entries[i]->type)->fd,
			HANDED_SHARERS_DESCRIPTOR, number + i, 0));
	TRY(put_special(restore, sender, sharer->fs->cwd_id, O_PATH, HANDED_CWD, sharer->index));
	return put_special(restore, sender, sharer->fs->root_id, O_PATH, HANDED_ROOT, sharer->index);
}

static struct error *send_to_task(struct restore *restore, const struct task *task)
{
	const struct task_requests *requests = &restore->files->requests[task->index];
	cleanup_free struct sender *sender = calloc(1, sizeof(*sender));

	if (!sender)
		return out_of_memory();
	sender->socket = restore->files->hub;
	sender->address = mailbox_address(restore->board->rows[task->index].address, &sender->length);
	if (task->table->owner == task)
		TRY(send_table(restore, sender, task->table));
	for (size_t i = 0; i < requests->count; i++)
		TRY(put(sender, restore->files->mapped[requests->keys[i]].fd, HANDED_MAPPING, requests->keys[i], 0));
	TRY(put_special(restore, sender, task->mm->exe_file_id, O_RDONLY, HANDED_EXE, 0));
	TRY(put_special(restore, sender, task->fs->cwd_id, O_PATH, HANDED_CWD, 0));
	TRY(put_special(restore, sender, task->fs->root_id, O_PATH, HANDED_ROOT, 0));
	TRY(send_to_threads(restore, task, sender));
	for (size_t i = 0; i < task->sharer_count; i++)
		TRY(send_for_sharer(restore, task, task->sharers[i], sender));
	return flush(sender, HANDOVER_END);
}

/* To a zombie, which may die now. */
static struct error *send_end(struct restore *restore, const struct task *task)
{
	cleanup_free struct sender *sender = calloc(1, sizeof(*sender));

	if (!sender)
		return out_of_memory();
	sender->socket = restore->files->hub;
	sender->address = mailbox_address(restore->board->rows[task->index].address, &sender->length);
	return flush(sender, HANDOVER_END);
}

struct error *send_to_tasks(struct restore *restore)
{
	for (size_t i = 0; i < restore->snapshot->task_count; i++) {
		const struct task *task = restore->snapshot->tasks[i];

		if (task->state != TASK_DEAD && !task_shares_memory(task))
			TRY(with_context(send_to_task(restore, task), "process %d", task->pid));
		else if (unix_serves(restore, task))
			TRY(send_end(restore, task));
	}
	return NULL;
}

/* main's copies travel over a pair of its own, see opener_collect_finish_copies(). */
struct error *send_finish_copies(struct restore *restore)
{
	const struct file_plan *plan = restore->files;

	for (size_t i = 0; i < plan->count; i++) {
		uint32_t number = i;

		if (plan->files[i].wanted && plan->files[i].finish_copy && !plan->files[i].born_with)
			TRY(send_descriptors(restore->finish_pair[1], &number, sizeof(number), &plan->files[i].fd, 1));
	}
	for (size_t i = 0; plan->ghosts_kept && i < plan->ghost_count; i++) {
		uint32_t number = plan->count + i;

		TRY(send_descriptors(restore->finish_pair[1], &number, sizeof(number), &plan->ghosts[i].fd, 1));
	}
	return NULL;
}

struct error *opener_collect_finish_copies(struct restore *restore)
{
	struct file_plan *plan = restore->files;

	close(restore->finish_pair[1]);
	restore->finish_pair[1] = -1;
	for (;;) {
		size_t length = sizeof(uint32_t), count = 1;
		uint32_t number;
		struct error *error;
		int fd;

		error = receive_descriptors(restore->finish_pair[0], &number, &length, &fd, &count);
		if (error) { /* the opener has ended, well or not: its status tells */
			error_free(error);
			close(restore->finish_pair[0]);
			return NULL;
		}
		if (count == 1 && length == sizeof(number) && number < plan->count)
			plan->finish_fds[number] = fd;
		else if (count == 1 && length == sizeof(number) && number - plan->count < plan->ghost_count)
			plan->ghosts[number - plan->count].fd = fd;
	}
}

/* ---- the newborn receives ---- */

static int compare_number(const void *key, const void *element)
{
	const FdinfoEntry *const *entry = element;
	uint32_t number = *(const uint32_t *)key;

	return number < (*entry)->fd ? -1 : number > (*entry)->fd;
}

/* A copy above all tables; where these reach up to the limit, at a number that this one does not use. */
static int copy_away(const struct descriptor_table *table, int fd, int above)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, above);

	for (uint32_t number = STDERR_FILENO + 1; copy < 0 && number < (uint32_t)above; number++)
		if (!bsearch(&number, table->entries, table->count, sizeof(*table->entries), compare_number) &&
		    fcntl(number, F_GETFD) < 0)
			copy = dup3(fd, number, O_CLOEXEC);
	return copy;
}

/* Makes room at a number by moving whatever of the transport stands there. */
static struct error *vacate(const struct descriptor_table *table, int *fds, size_t from, size_t count, int number,
			    int above)
{
	for (size_t i = from; i < count; i++) {
		int moved;

		if (fds[i] != number)
			continue;
		moved = copy_away(table, number, above);
		if (moved < 0)
			return fail_errno("could not move descriptor %d", number);
		fds[i] = moved;
	}
	return NULL;
}

static struct error *place_descriptor(const struct descriptor_table *table, int *fds, size_t at, size_t count,
				      uint32_t number, uint32_t flags, int above)
{
	if (fds[at] != (int)number) {
		TRY(vacate(table, fds, at + 1, count, number, above));
		if (dup3(fds[at], number, O_CLOEXEC) < 0)
			return with_hint(fail_errno("could not open descriptor %u", number),
					 "Raise the limit of open files (ulimit -n) for criu.");
		close(fds[at]);
	}
	if (!(flags & FD_CLOEXEC) && fcntl(number, F_SETFD, 0))
		return fail_errno("could not set up descriptor %u", number);
	fds[at] = -1;
	return NULL;
}

static struct error *keep_item(struct restore *restore, const struct descriptor_table *table, struct handover *handover,
			       enum handed_purpose purpose, uint32_t number, int fd, int above)
{
	struct handed *item = arena_append(restore->arena, handover->items, handover->count, handover->capacity);

	if (fd < above) {
		int moved = copy_away(table, fd, above);

		if (moved < 0)
			return fail_errno("could not move descriptor %d", fd);
		close(fd);
		fd = moved;
	}
	*item = (struct handed){ purpose, number, fd };
	return NULL;
}

/* Room at all the numbers of the table: what criu itself has open there is closed. Standard
 * streams and libraries' descriptors are not needed in a newborn any more. */
static void clear_low_numbers(struct restore *restore, const struct handover *handover)
{
	int limit = files_number_limit(restore);

	if (limit > 0 && handover->mailbox >= limit)
		close_range(0, limit - 1, 0);
}

/* What this newborn has from birth on. */
static struct error *place_born_with(struct restore *restore, const struct descriptor_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		const FdinfoEntry *entry = table->entries[i];
		const struct planned_file *file = planned_file_find(restore, entry->id, entry->type);

		if (file->born_with && dup3(file->fd, entry->fd, entry->flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
			return fail_errno("could not open descriptor %u", entry->fd);
	}
	return NULL;
}

struct error *handover_receive(struct restore *restore, struct task *task, struct handover *handover)
{
	cleanup_free struct message *message = malloc(sizeof(*message));
	cleanup_free int *fds = calloc(BATCH, sizeof(int));
	int above = files_number_limit(restore);

	if (!message || !fds)
		return out_of_memory();
	if (task->table->owner == task)
		clear_low_numbers(restore, handover);
	for (;;) {
		size_t length = sizeof(*message), count = BATCH;

		TRY(receive_descriptors(handover->mailbox, message, &length, fds, &count));
		if (count != message->count)
			return fail("could not receive descriptors: %zu of %u arrived", count, message->count);
		for (size_t i = 0; i < count; i++) {
			if (message->items[i].purpose == HANDED_DESCRIPTOR)
				TRY(place_descriptor(task->table, fds, i, count, message->items[i].number,
						     message->items[i].flags, above));
			else
				TRY(keep_item(restore, task->table, handover, message->items[i].purpose,
					      message->items[i].number, fds[i], above));
		}
		if (message->kind == HANDOVER_END)
			break;
	}
	return task->table->owner == task ? place_born_with(restore, task->table) : NULL;
}

int handover_find(const struct handover *handover, enum handed_purpose purpose, uint32_t number)
{
	for (size_t i = 0; i < handover->count; i++)
		if (handover->items[i].purpose == purpose && handover->items[i].number == number)
			return handover->items[i].fd;
	return -1;
}

void handover_close(struct handover *handover)
{
	for (size_t i = 0; i < handover->count; i++)
		close(handover->items[i].fd);
	close(handover->mailbox);
}

struct error *handover_adopt(struct restore *restore, struct task *task)
{
	for (size_t i = 0; i < task->table->count; i++) {
		const FdinfoEntry *entry = task->table->entries[i];
		struct planned_file *file = planned_file_find(restore, entry->id, entry->type);

		TRY(with_context(common_adopt(file, task, entry->fd), "descriptor %u", entry->fd));
		if (file->kind->adopt)
			TRY(with_context(file->kind->adopt(restore, file, task, entry->fd), "descriptor %u",
					 entry->fd));
	}
	return NULL;
}

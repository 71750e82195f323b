// SPDX-License-Identifier: GPL-2.0
/*
 * queue: packets are looked at through SO_PEEK_OFF, so that nothing is consumed. Of a byte
 * stream a packet is what one look gives, at most up to the end of a piece that files travel with;
 * where such a piece begins matters, for a reader gets the files with its first byte.
 */
#include "sockets/queue.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/plan.h"
#include "files/stand_in.h"
#include "image/record.h"
#include "model/context.h"
#include "model/snapshot.h"
#include "support/cleanup.h"
#include "support/file.h"

#ifndef SCM_PIDFD
#define SCM_PIDFD 4
#endif

enum { MAX_RIGHTS = 253, LOOK_BYTES = 256 * 1024 };

struct dumped_packet {
	SkPacketEntry *entry;
	void *data;
};

struct queue_collection {
	struct dumped_packet *packets;
	size_t count, capacity;
};

/* ---- dump ---- */

/* One look into a queue. */
struct look {
	size_t length;
	int fds[MAX_RIGHTS];
	size_t fd_count;
	struct ucred sender;
	bool has_sender;
	struct sockaddr_un address;
	socklen_t address_length;
};

static void close_files(struct look *look)
{
	for (size_t i = 0; i < look->fd_count; i++)
		close(look->fds[i]);
	look->fd_count = 0;
}

static struct error *take_control(struct msghdr *header, struct look *look)
{
	for (struct cmsghdr *one = CMSG_FIRSTHDR(header); one; one = CMSG_NXTHDR(header, one)) {
		size_t length = one->cmsg_len - CMSG_LEN(0);
		int pidfd;

		if (one->cmsg_level != SOL_SOCKET)
			continue;
		switch (one->cmsg_type) {
		case SCM_RIGHTS:
			memcpy(look->fds, CMSG_DATA(one), length);
			look->fd_count = length / sizeof(int);
			break;
		case SCM_CREDENTIALS:
			memcpy(&look->sender, CMSG_DATA(one), sizeof(look->sender));
			look->has_sender = true;
			break;
		case SCM_PIDFD:
			memcpy(&pidfd, CMSG_DATA(one), sizeof(pidfd));
			close(pidfd);
			break;
		}
	}
	return header->msg_flags & MSG_CTRUNC
		   ? with_hint(fail("could not take the files that travel in a socket's queue"),
			       "Raise the limit of open files (ulimit -n) for criu.")
		   : NULL;
}

/* *end: there is nothing at this offset. */
static struct error *look_at(int fd, int offset, void *buffer, size_t room, struct look *look, bool *end)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(MAX_RIGHTS * sizeof(int)) + 512];
	struct iovec data = { buffer, room };
	struct msghdr header = { .msg_name = &look->address,
				 .msg_namelen = sizeof(look->address),
				 .msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control) };
	ssize_t n;

	look->fd_count = 0;
	look->has_sender = false;
	if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)))
		return fail_errno("could not look into a socket's queue");
	n = recvmsg(fd, &header, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	*end = n < 0 && errno == EAGAIN;
	if (n < 0)
		return *end ? NULL : fail_errno("could not look into a socket's queue");
	look->length = n;
	look->address_length = header.msg_namelen;
	return take_control(&header, look);
}

/* How many bytes of a look come before those that the files belong to, which are its last piece. Sizes do
 * not tell: the kernel gives the files of the next piece even with too little room. But a piece that
 * does not fit into memory is not taken at all, so the last byte gets no memory. */
static struct error *find_files(int fd, int offset, void *buffer, const struct look *whole, size_t *before)
{
	struct iovec data[2] = { { buffer, whole->length - 1 }, { NULL, 1 } };
	struct msghdr header = { .msg_iov = data, .msg_iovlen = 2 };
	ssize_t n;

	if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)))
		return fail_errno("could not look into a socket's queue");
	n = recvmsg(fd, &header, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && errno != EFAULT)
		return fail_errno("could not look into a socket's queue");
	*before = n < 0 ? 0 : n;
	return NULL;
}

SkPacketEntry *queue_add(struct dump *dump, uint32_t id, const void *data, size_t length)
{
	struct queue_collection *all = dump->files->queues;
	struct dumped_packet *packet;

	if (!all)
		all = dump->files->queues = arena_new(dump->arena, struct queue_collection);
	packet = arena_append(dump->arena, all->packets, all->count, all->capacity);
	packet->entry = new_message(dump->arena, sk_packet_entry);
	packet->entry->id_for = id;
	packet->entry->length = length;
	packet->data = arena_copy(dump->arena, data, length);
	return packet->entry;
}

static void note_sender(struct dump *dump, SkPacketEntry *entry, const struct look *look)
{
	size_t length = look->address_length > offsetof(struct sockaddr_un, sun_path)
			    ? look->address_length - offsetof(struct sockaddr_un, sun_path)
			    : 0;

	if (length) {
		entry->has_sender = true;
		entry->sender.len = length;
		entry->sender.data = arena_copy(dump->arena, look->address.sun_path, length);
	}
	if (look->has_sender && look->sender.pid) {
		SET(entry, sender_pid, look->sender.pid);
		SET(entry, sender_uid, look->sender.uid);
		SET(entry, sender_gid, look->sender.gid);
	}
}

/* The files go into the image like those of descriptors; our copies stay open, to be compared with. */
static struct error *note_files(struct dump *dump, SkPacketEntry *entry, struct look *look)
{
	ScmEntry *scm = new_message(dump->arena, scm_entry);
	size_t count = look->fd_count;

	if (!count)
		return NULL;
	entry->scm = arena_array(dump->arena, ScmEntry *, 1);
	entry->scm[entry->n_scm++] = scm;
	scm->type = SCM_RIGHTS;
	scm->rights = arena_array(dump->arena, uint32_t, count);
	look->fd_count = 0;
	for (size_t i = 0; i < count; i++)
		files_keep(dump, look->fds[i]);
	for (size_t i = 0; i < count; i++)
		TRY(with_context(files_collect_loose(dump, look->fds[i], &scm->rights[scm->n_rights++]),
				 "a file that travels in a socket's queue"));
	return NULL;
}

/* Takes what a look gave as one packet, or as two if files come with the later part only. */
static struct error *take_look(struct dump *dump, uint32_t id, bool stream, int fd, int offset, char *buffer,
			       struct look *look)
{
	SkPacketEntry *packet;
	size_t before = 0;

	/* The search leaves the same bytes in the buffer. */
	if (stream && look->fd_count)
		TRY(find_files(fd, offset, buffer, look, &before));
	if (before)
		note_sender(dump, queue_add(dump, id, buffer, before), look);
	packet = queue_add(dump, id, buffer + before, look->length - before);
	note_sender(dump, packet, look);
	return note_files(dump, packet, look);
}

/*
 * The byte that was sent with MSG_OOB. Every look ends before it and may begin with it. While it is the first of the
 * queue, looks pass over it, and offsets do not count it, unless the socket has SO_OOBINLINE. Observed on 6.18.
 */
struct urgent {
	bool there;
	size_t at;
	bool passed_over;
};

static struct error *refuse_urgent(void)
{
	return with_hint(fail("the socket has an out-of-band byte behind files or credentials"),
			 "Let the program read what is in its queue before the dump.");
}

/* How many bytes come before it: what one look gives that is not ended by anything else. */
static struct error *find_urgent(int fd, size_t total, struct urgent *urgent)
{
	cleanup_free char *buffer = malloc(total + 1);
	struct iovec data = { buffer, total };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1 };
	int in_line = 0, at_mark = 0, start = 0;
	socklen_t length = sizeof(in_line);
	ssize_t n;

	if (!buffer)
		return out_of_memory();
	if (getsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &in_line, &length) || ioctl(fd, SIOCATMARK, &at_mark) ||
	    setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &start, sizeof(start)))
		return fail_errno("could not find a socket's out-of-band byte");
	urgent->there = true;
	urgent->passed_over = at_mark && !in_line;
	if (at_mark)
		return NULL;
	n = recvmsg(fd, &header, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0)
		return fail_errno("could not look into a socket's queue");
	urgent->at = n;
	return header.msg_flags & MSG_CTRUNC || (size_t)n >= total ? refuse_urgent() : NULL;
}

/* Of one that looks pass over. */
static struct error *take_urgent(struct dump *dump, uint32_t id, int fd)
{
	SkPacketEntry *packet;
	char byte;

	if (recv(fd, &byte, 1, MSG_OOB | MSG_PEEK | MSG_DONTWAIT) != 1)
		return fail_errno("could not look at a socket's out-of-band byte");
	packet = queue_add(dump, id, &byte, 1);
	SET(packet, out_of_band, true);
	return NULL;
}

static struct error *read_queue(struct dump *dump, uint32_t id, int type, size_t total, const struct urgent *urgent,
				int fd)
{
	size_t room = LOOK_BYTES, offset = 0;
	cleanup_free char *buffer = malloc(room);
	struct look look;
	bool end;

	if (urgent->passed_over) {
		TRY(take_urgent(dump, id, fd));
		total--;
	}
	for (;;) {
		bool is_urgent = urgent->there && !urgent->passed_over && offset == urgent->at;

		if (!buffer)
			return out_of_memory();
		/* Looking at the end would take an error that waits there. */
		if (type != SOCK_DGRAM && offset >= total)
			return NULL;
		TRY(look_at(fd, offset, buffer, is_urgent ? 1 : room, &look, &end));
		if (end || (!look.length && type == SOCK_STREAM))
			return NULL;
		if (look.length > room) { /* a datagram longer than the room */
			close_files(&look);
			room = look.length;
			free(buffer);
			buffer = malloc(room);
			continue;
		}
		TRY(take_look(dump, id, type == SOCK_STREAM, fd, offset, buffer, &look));
		if (is_urgent) {
			const struct queue_collection *all = dump->files->queues;

			SET(all->packets[all->count - 1].entry, out_of_band, true);
		}
		close_files(&look);
		offset += look.length;
		if (offset > INT_MAX)
			return fail("a socket has more than %d bytes in its queue", INT_MAX);
	}
}

struct error *queue_dump(struct dump *dump, uint32_t id, int type, size_t total, bool urgent, int fd)
{
	struct urgent byte = { 0 };
	struct error *error = NULL;
	int before = -1;
	socklen_t length = sizeof(before);

	if (getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &before, &length))
		return fail_errno("could not look into a socket's queue");
	if (urgent)
		error = find_urgent(fd, total, &byte);
	if (!error)
		error = read_queue(dump, id, type, total, &byte, fd);
	if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &before, sizeof(before)) && !error)
		error = fail_errno("could not set SO_PEEK_OFF back");
	return error;
}

struct error *queue_write(struct dump *dump)
{
	const struct queue_collection *all = dump->files->queues;
	cleanup_image_writer struct image_writer *writer = NULL;

	TRY(image_create(dump->criu->images, IMAGE_SOCKET_QUEUES, 0, &writer));
	for (size_t i = 0; all && i < all->count; i++) {
		TRY(image_write(writer, &all->packets[i].entry->base));
		TRY(image_write_bytes(writer, all->packets[i].data, all->packets[i].entry->length));
	}
	return image_close(take_pointer(writer));
}

/* ---- restore ---- */

struct queue_plan {
	struct queued_packet *packets; /* sorted by socket, then as they came */
	size_t count, capacity;
	int image; /* in the opener; -1 */
};

/* The socket that it comes back with. */
static uint32_t id_of(const struct queued_packet *packet)
{
	return packet->entry->has_sent_by ? packet->entry->sent_by : packet->entry->id_for;
}

static int compare(const void *a, const void *b)
{
	const struct queued_packet *x = a, *y = b;

	if (id_of(x) != id_of(y))
		return id_of(x) < id_of(y) ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static struct error *read_index(struct restore *restore, struct queue_plan *plan)
{
	cleanup_image_reader struct image_reader *reader = NULL;
	const SkPacketEntry *entry;

	TRY(image_open(restore->criu->images, IMAGE_SOCKET_QUEUES, 0, &reader));
	for (;;) {
		TRY(image_read(reader, &sk_packet_entry__descriptor, restore->arena, &entry));
		if (!entry)
			break;
		*arena_append(restore->arena, plan->packets, plan->count, plan->capacity) =
		    (struct queued_packet){ entry, image_reader_offset(reader) };
		TRY(image_skip_bytes(reader, entry->length));
	}
	if (plan->count)
		qsort(plan->packets, plan->count, sizeof(*plan->packets), compare);
	return NULL;
}

static struct error *get_plan(struct restore *restore, struct queue_plan **ret)
{
	struct queue_plan *plan = restore->files->queues;

	if (!plan) {
		plan = restore->files->queues = arena_new(restore->arena, struct queue_plan);
		plan->image = -1;
		TRY(read_index(restore, plan));
	}
	*ret = plan;
	return NULL;
}

static struct error *want_files(struct restore *restore, const SkPacketEntry *entry)
{
	for (size_t i = 0; i < entry->n_scm; i++) {
		const ScmEntry *scm = entry->scm[i];

		if (scm->type != SCM_RIGHTS || entry->n_scm != 1 || scm->n_rights > MAX_RIGHTS)
			return fail("the image is damaged: a packet in a socket's queue has unknown parts");
		for (size_t j = 0; j < scm->n_rights; j++)
			TRY(files_want(restore, scm->rights[j]));
	}
	return NULL;
}

struct error *queue_plan(struct restore *restore, uint32_t id, const struct queued_packet **packets, size_t *count)
{
	size_t low = 0, high, end;
	struct queue_plan *plan;

	TRY(get_plan(restore, &plan));
	high = plan->count;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (id_of(&plan->packets[middle]) < id)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < plan->count && id_of(&plan->packets[end]) == id; end++)
		TRY(want_files(restore, plan->packets[end].entry));
	*packets = plan->packets ? &plan->packets[low] : NULL;
	*count = end - low;
	return NULL;
}

struct error *queue_data(struct restore *restore, const struct queued_packet *packet, void *data)
{
	struct queue_plan *plan = restore->files->queues;

	if (plan->image < 0)
		TRY(image_open_raw(restore->criu->images, IMAGE_SOCKET_QUEUES, 0, O_RDONLY, &plan->image));
	return pread_exactly(plan->image, data, packet->entry->length, packet->offset);
}

static void put_control(struct msghdr *header, int type, const void *data, size_t length)
{
	struct cmsghdr *one = (struct cmsghdr *)((char *)header->msg_control + header->msg_controllen);

	one->cmsg_level = SOL_SOCKET;
	one->cmsg_type = type;
	one->cmsg_len = CMSG_LEN(length);
	memcpy(CMSG_DATA(one), data, length);
	header->msg_controllen += CMSG_SPACE(length);
}

static void put_files(struct restore *restore, const SkPacketEntry *entry, struct msghdr *header)
{
	int fds[MAX_RIGHTS];
	size_t count = entry->n_scm ? entry->scm[0]->n_rights : 0;

	for (size_t i = 0; i < count; i++)
		fds[i] = planned_file_of_id(restore, entry->scm[0]->rights[i])->fd;
	if (count)
		put_control(header, SCM_RIGHTS, fds, count * sizeof(int));
}

struct sending {
	int fd, flags;
	const struct msghdr *header;
	ssize_t sent;
	int reason;
};

static void send_it(void *argument)
{
	struct sending *sending = argument;

	sending->sent = sendmsg(sending->fd, sending->header, sending->flags);
	sending->reason = errno;
}

/* Its sender may have ended: then it is sent while somebody has its number, or, where that cannot be, it is from us. */
static struct error *send_packet(struct restore *restore, const SkPacketEntry *entry, int fd, struct msghdr *header)
{
	struct ucred sender = { entry->sender_pid, entry->sender_uid, entry->sender_gid };
	struct sending sending = { fd, MSG_DONTWAIT | MSG_NOSIGNAL | (entry->out_of_band ? MSG_OOB : 0), header };
	size_t files = header->msg_controllen;

	if (entry->has_sender_pid)
		put_control(header, SCM_CREDENTIALS, &sender, sizeof(sender));
	send_it(&sending);
	if (sending.sent < 0 && sending.reason == ESRCH && entry->has_sender_pid &&
	    !stand_in_run(sender.pid, send_it, &sending)) {
		header->msg_controllen = files;
		send_it(&sending);
	}
	return sending.sent == (ssize_t)entry->length ? NULL : fail_number(sending.reason, "could not fill a socket's queue");
}

struct error *queue_send(struct restore *restore, const struct queued_packet *packet, int fd, const void *address,
			 uint32_t address_length)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(MAX_RIGHTS * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	cleanup_free char *data = malloc(packet->entry->length + 1);
	struct iovec vector = { data, packet->entry->length };
	struct msghdr header = { .msg_name = (void *)address,
				 .msg_namelen = address_length,
				 .msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = control };

	if (!data)
		return out_of_memory();
	memset(control, 0, sizeof(control));
	TRY(queue_data(restore, packet, data));
	put_files(restore, packet->entry, &header);
	return send_packet(restore, packet->entry, fd, &header);
}

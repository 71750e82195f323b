// SPDX-License-Identifier: GPL-2.0
/* options: what getsockopt() tells and setsockopt() takes on level SOL_SOCKET. socket(7). */
#include "sockets/options.h"

#include <linux/filter.h>
#include <net/if.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "files/collection.h"
#include "model/snapshot.h"
#include "support/cleanup.h"

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

/* An option that is one number. */
struct plain_option {
	int option, fresh; /* fresh: value of a new socket, which needs no setting */
	size_t has, value;
	const char *name;
};

#define PLAIN(option, fresh, field)                                                                                    \
	{                                                                                                              \
		option, fresh, offsetof(SkOptsEntry, has_##field), offsetof(SkOptsEntry, field), #field                \
	}

static const struct plain_option plain[] = {
	PLAIN(SO_REUSEADDR, 0, reuseaddr),    PLAIN(SO_PRIORITY, 0, so_priority),
	PLAIN(SO_RCVLOWAT, 1, so_rcvlowat),   PLAIN(SO_MARK, 0, so_mark),
	PLAIN(SO_PASSCRED, 0, so_passcred),   PLAIN(SO_PASSSEC, 0, so_passsec),
	PLAIN(SO_DONTROUTE, 0, so_dontroute), PLAIN(SO_NO_CHECK, 0, so_no_check),
	PLAIN(SO_REUSEPORT, 0, so_reuseport), PLAIN(SO_BROADCAST, 0, so_broadcast),
	PLAIN(SO_KEEPALIVE, 0, so_keepalive), PLAIN(SO_OOBINLINE, 0, so_oobinline),
	PLAIN(SO_PASSPIDFD, 0, so_passpidfd), PLAIN(SO_PASSRIGHTS, 1, so_passrights),
	PLAIN(SO_PEEK_OFF, -1, so_peek_off),
};

/* Those that only some kernels or families have, and the mark, are noted when they differ. */
static bool is_always_noted(const struct plain_option *option)
{
	return option->option != SO_MARK && option->option != SO_PASSPIDFD && option->option != SO_PASSRIGHTS &&
	       option->option != SO_PEEK_OFF;
}

static void dump_plain(SkOptsEntry *entry, int fd)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		int value = 0;
		socklen_t length = sizeof(value);

		if (getsockopt(fd, SOL_SOCKET, plain[i].option, &value, &length))
			continue; /* the family does not have it */
		if (value == plain[i].fresh && !is_always_noted(&plain[i]))
			continue;
		*(protobuf_c_boolean *)((char *)entry + plain[i].has) = 1;
		*(int *)((char *)entry + plain[i].value) = value;
	}
}

static struct error *get(int fd, int option, void *value, socklen_t length)
{
	return getsockopt(fd, SOL_SOCKET, option, value, &length)
		   ? fail_errno("could not read socket option %d", option)
		   : NULL;
}

/* A classic filter: its program as it was attached. */
static struct error *dump_filter(struct dump *dump, SkOptsEntry *entry, int fd)
{
	socklen_t count = 0;
	struct sock_filter *code;

	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &count))
		return with_hint(fail_errno("could not read the socket's filter"),
				 "BPF programs on sockets cannot be saved; detach it before the dump.");
	if (!count)
		return NULL;
	code = arena_array(dump->arena, struct sock_filter, count);
	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, code, &count))
		return fail_errno("could not read the socket's filter");
	entry->so_filter = arena_array(dump->arena, uint64_t, count);
	for (entry->n_so_filter = 0; entry->n_so_filter < count; entry->n_so_filter++) {
		const struct sock_filter *one = &code[entry->n_so_filter];

		entry->so_filter[entry->n_so_filter] =
		    (uint64_t)one->code << 48 | (uint64_t)one->jt << 40 | (uint64_t)one->jf << 32 | one->k;
	}
	return NULL;
}

/* All that is a number: no memory is needed for it. Any thread. */
static struct error *dump_numbers(SkOptsEntry *entry, int fd)
{
	struct linger linger = { 0 };
	struct timeval time;
	socklen_t length;
	int lock, size;

	TRY(get(fd, SO_SNDBUF, &size, sizeof(size)));
	entry->so_sndbuf = size;
	TRY(get(fd, SO_RCVBUF, &size, sizeof(size)));
	entry->so_rcvbuf = size;
	TRY(get(fd, SO_SNDTIMEO, &time, sizeof(time)));
	entry->so_snd_tmo_sec = time.tv_sec;
	entry->so_snd_tmo_usec = time.tv_usec;
	TRY(get(fd, SO_RCVTIMEO, &time, sizeof(time)));
	entry->so_rcv_tmo_sec = time.tv_sec;
	entry->so_rcv_tmo_usec = time.tv_usec;
	TRY(get(fd, SO_LINGER, &linger, sizeof(linger)));
	if (linger.l_onoff)
		SET(entry, so_linger, linger.l_linger);
	length = sizeof(lock);
	if (!getsockopt(fd, SOL_SOCKET, SO_BUF_LOCK, &lock, &length))
		SET(entry, so_buf_lock, lock);
	dump_plain(entry, fd);
	return NULL;
}

static struct error *dump_rest(struct dump *dump, SkOptsEntry *entry, int fd)
{
	char device[IF_NAMESIZE] = "";
	socklen_t length = sizeof(device);

	if (!getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &length) && length && device[0])
		entry->so_bound_dev = arena_string(dump->arena, device);
	return dump_filter(dump, entry, fd);
}

struct error *socket_options_dump(struct dump *dump, int fd, SkOptsEntry **ret)
{
	*ret = new_message(dump->arena, sk_opts_entry);
	TRY(dump_numbers(*ret, fd));
	return dump_rest(dump, *ret, fd);
}

/* ---- of many sockets: while main goes on ---- */

enum { BLOCK_JOBS = 256 };

/* A block that is full gets a thread; main does the last one. */
struct options_block {
	struct options_block *next;
	struct {
		int fd;
		SkOptsEntry *entry;
		const struct fresh_socket *fresh;
		struct option_differences differences;
	} jobs[BLOCK_JOBS];
	size_t count;
	bool started;
	pthread_t thread;
	struct error *error;
};

static void *do_block(void *argument)
{
	struct options_block *block = argument;

	for (size_t i = 0; i < block->count && !block->error; i++) {
		typeof(block->jobs[0]) *job = &block->jobs[i];

		block->error = dump_numbers(job->entry, job->fd);
		if (job->fresh)
			job->differences = more_options_compare(job->fd, job->fresh);
	}
	return NULL;
}

static void note_differences(struct dump *dump, const struct options_block *block)
{
	for (size_t i = 0; i < block->count; i++)
		if (block->jobs[i].fresh)
			more_options_note(dump, block->jobs[i].fd, block->jobs[i].fresh, block->jobs[i].differences,
					  block->jobs[i].entry);
}

struct error *socket_options_join(struct dump *dump)
{
	struct error *first = NULL;

	for (struct options_block *block = take_pointer(dump->files->option_blocks); block; block = block->next) {
		if (block->started)
			pthread_join(block->thread, NULL);
		else
			do_block(block);
		note_differences(dump, block);
		if (first)
			error_free(block->error);
		else
			first = block->error;
	}
	return first;
}

/* The dump has failed: no thread may outlive what it uses. */
static void stop(void *dump)
{
	error_free(socket_options_join(dump));
}

struct error *socket_options_dump_later(struct dump *dump, int fd, const struct fresh_socket *fresh, SkOptsEntry **ret)
{
	struct options_block *block = dump->files->option_blocks;

	*ret = new_message(dump->arena, sk_opts_entry);
	if (!block)
		undo_push(&dump->undo, "wait for socket options", stop, dump);
	if (!block || block->count == BLOCK_JOBS) {
		block = arena_new(dump->arena, struct options_block);
		block->next = dump->files->option_blocks;
		dump->files->option_blocks = block;
	}
	block->jobs[block->count].fd = fd;
	block->jobs[block->count].fresh = fresh;
	block->jobs[block->count++].entry = *ret;
	if (block->count == BLOCK_JOBS)
		block->started = !pthread_create(&block->thread, NULL, do_block, block);
	return dump_rest(dump, *ret, fd);
}

/* ---- restore ---- */

static struct error *set(int fd, int option, const void *value, socklen_t length, const char *name)
{
	return setsockopt(fd, SOL_SOCKET, option, value, length)
		   ? fail_errno("could not set the socket option %s", name)
		   : NULL;
}

/* Sizes are twice what one sets, and setting them marks them as set. */
struct error *socket_sizes_restore(const SkOptsEntry *entry, int fd)
{
	const int options[2] = { SO_SNDBUF, SO_RCVBUF }, forced[2] = { SO_SNDBUFFORCE, SO_RCVBUFFORCE };
	const uint32_t wanted[2] = { entry->so_sndbuf, entry->so_rcvbuf };
	int lock = entry->has_so_buf_lock ? entry->so_buf_lock : 0, now;

	for (int i = 0; i < 2; i++) {
		int half = wanted[i] / 2;

		TRY(get(fd, options[i], &now, sizeof(now)));
		if ((uint32_t)now == wanted[i])
			continue;
		if (setsockopt(fd, SOL_SOCKET, forced[i], &half, sizeof(half)) &&
		    setsockopt(fd, SOL_SOCKET, options[i], &half, sizeof(half)))
			return fail_errno("could not set the size of a socket's buffer");
	}
	if (!entry->has_so_buf_lock)
		return NULL;
	TRY(get(fd, SO_BUF_LOCK, &now, sizeof(now)));
	return now == lock ? NULL : set(fd, SO_BUF_LOCK, &lock, sizeof(lock), "so_buf_lock");
}

static struct error *restore_times(const SkOptsEntry *entry, int fd)
{
	struct timeval sending = { entry->so_snd_tmo_sec, entry->so_snd_tmo_usec };
	struct timeval receiving = { entry->so_rcv_tmo_sec, entry->so_rcv_tmo_usec };
	struct linger linger = { 1, entry->so_linger };

	if (sending.tv_sec || sending.tv_usec)
		TRY(set(fd, SO_SNDTIMEO, &sending, sizeof(sending), "so_snd_tmo"));
	if (receiving.tv_sec || receiving.tv_usec)
		TRY(set(fd, SO_RCVTIMEO, &receiving, sizeof(receiving), "so_rcv_tmo"));
	return entry->has_so_linger ? set(fd, SO_LINGER, &linger, sizeof(linger), "so_linger") : NULL;
}

static struct error *restore_filter(const SkOptsEntry *entry, int fd)
{
	struct sock_filter code[BPF_MAXINSNS];
	struct sock_fprog program = { entry->n_so_filter, code };

	if (!entry->n_so_filter)
		return NULL;
	if (entry->n_so_filter > BPF_MAXINSNS)
		return fail("the image is damaged: a socket filter of %zu instructions", entry->n_so_filter);
	for (size_t i = 0; i < entry->n_so_filter; i++)
		code[i] = (struct sock_filter){ entry->so_filter[i] >> 48, entry->so_filter[i] >> 40 & 0xff,
						entry->so_filter[i] >> 32 & 0xff, (uint32_t)entry->so_filter[i] };
	return set(fd, SO_ATTACH_FILTER, &program, sizeof(program), "so_filter");
}

struct error *socket_options_restore(const SkOptsEntry *entry, int fd)
{
	TRY(socket_sizes_restore(entry, fd));
	TRY(restore_times(entry, fd));
	if (entry->so_bound_dev)
		TRY(set(fd, SO_BINDTODEVICE, entry->so_bound_dev, strlen(entry->so_bound_dev), "so_bound_dev"));
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		int value = *(const int *)((const char *)entry + plain[i].value);

		if (*(const protobuf_c_boolean *)((const char *)entry + plain[i].has) && value != plain[i].fresh)
			TRY(set(fd, plain[i].option, &value, sizeof(value), plain[i].name));
	}
	return restore_filter(entry, fd);
}

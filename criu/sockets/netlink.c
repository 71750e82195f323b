// SPDX-License-Identifier: GPL-2.0
/*
 * netlink: sockets of AF_NETLINK: their number, groups and options. Answers of the kernel that nobody has read cannot
 * be made again; they are dropped with a warning. netlink(7).
 */
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "files/collection.h"
#include "sockets/more_options.h"
#include "sockets/options.h"
#include "support/log.h"

enum { CONNECTED = 1, GROUP_WORDS = 64, BITS = 32, MEMBERSHIPS = 9 /* NETLINK_LIST_MEMBERSHIPS */ };

/* ---- dump ---- */

static struct error *dump_groups(struct dump *dump, int fd, NetlinkSkEntry *entry)
{
	uint32_t words[GROUP_WORDS] = { 0 };
	socklen_t length = sizeof(words);
	size_t count = 0;

	if (getsockopt(fd, SOL_NETLINK, MEMBERSHIPS, words, &length))
		return fail_errno("could not read the groups of the netlink socket");
	for (size_t i = 0; i < GROUP_WORDS; i++)
		if (words[i])
			count = i + 1;
	entry->n_groups = count;
	entry->groups = arena_copy(dump->arena, words, count * sizeof(uint32_t));
	return NULL;
}

static struct error *dump_names(int fd, NetlinkSkEntry *entry)
{
	struct sockaddr_nl address;
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &length))
		return fail_errno("could not read the name of the netlink socket");
	entry->portid = address.nl_pid;
	length = sizeof(address);
	if (getpeername(fd, (struct sockaddr *)&address, &length))
		return fail_errno("could not read the peer of the netlink socket");
	entry->dst_portid = address.nl_pid;
	entry->dst_group = address.nl_groups;
	entry->state = address.nl_pid || address.nl_groups ? CONNECTED : 0;
	return NULL;
}

static struct error *dump_socket(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	NetlinkSkEntry *entry = out->nlsk = new_message(dump->arena, netlink_sk_entry);
	struct pollfd ready = { fd->fd, POLLIN, 0 };
	int protocol = fd->socket_protocol, type = fd->socket_type;

	if (poll(&ready, 1, 0) < 0)
		return fail_errno("could not poll a netlink socket");
	entry->ino = fd->stat.st_ino;
	entry->protocol = protocol;
	if (type != SOCK_RAW)
		SET(entry, type, type);
	SET(entry, ns_id, fd->task->ids->net_ns_id);
	TRY(dump_names(fd->fd, entry));
	TRY(dump_groups(dump, fd->fd, entry));
	TRY(socket_options_dump(dump, fd->fd, &entry->opts));
	TRY(more_options_dump(dump, fd->fd, AF_NETLINK, type, protocol, entry->opts));
	if (ready.revents & POLLIN)
		log_warning("messages that netlink socket %u of process %d has not read are dropped", entry->ino,
			    fd->task->pid);
	return NULL;
}

/* ---- restore ---- */

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	return more_options_check(file->entry->nlsk->opts);
}

/* The number may be taken: then the kernel gives another, as it gave this one. */
static struct error *bind_socket(const NetlinkSkEntry *entry, int fd)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK,
				       .nl_pid = entry->portid,
				       .nl_groups = entry->n_groups ? entry->groups[0] : 0 };

	if (!entry->portid)
		return NULL;
	if (!bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return NULL;
	if (errno != EADDRINUSE)
		return fail_errno("could not bind a netlink socket to %u", entry->portid);
	log_warning("the number %u of netlink socket %u is taken; it gets another", entry->portid, entry->ino);
	address.nl_pid = 0;
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) ? fail_errno("could not bind a netlink socket")
								      : NULL;
}

static struct error *join_groups(const NetlinkSkEntry *entry, int fd)
{
	for (size_t i = entry->portid ? 1 : 0; i < entry->n_groups; i++)
		for (unsigned bit = 0; bit < BITS; bit++) {
			unsigned group = i * BITS + bit + 1;

			if (entry->groups[i] & 1u << bit &&
			    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
				return fail_errno("could not join the netlink group %u", group);
		}
	return NULL;
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	const NetlinkSkEntry *entry = file->entry->nlsk;

	*ret_fd = socket(AF_NETLINK, (entry->has_type ? entry->type : SOCK_RAW) | SOCK_CLOEXEC, entry->protocol);
	if (*ret_fd < 0)
		return with_hint(fail_errno("could not make a netlink socket of protocol %u", entry->protocol),
				 "A module of the kernel may be missing.");
	TRY(bind_socket(entry, *ret_fd));
	return join_groups(entry, *ret_fd);
}

static struct error *connect_socket(struct restore *restore, struct planned_file *file)
{
	const NetlinkSkEntry *entry = file->entry->nlsk;
	struct sockaddr_nl peer = { .nl_family = AF_NETLINK,
				    .nl_pid = entry->dst_portid,
				    .nl_groups = entry->dst_group };

	if (entry->state != CONNECTED)
		return NULL;
	return connect(file->fd, (struct sockaddr *)&peer, sizeof(peer)) ? fail_errno("could not connect a netlink socket")
									 : NULL;
}

static struct error *fill(struct restore *restore, struct planned_file *file)
{
	const SkOptsEntry *options = file->entry->nlsk->opts;

	TRY(more_options_restore(options, file->fd, OPTION_BEFORE_BIND));
	TRY(socket_options_restore(options, file->fd));
	TRY(more_options_restore(options, file->fd, OPTION_AT_THE_END));
	return more_options_restore(options, file->fd, OPTION_LAST);
}

const struct file_kind netlink_socket_kind = {
	.name = "netlink_socket",
	.type = FD_TYPES__NETLINKSK,
	.entry = offsetof(FileEntry, nlsk),
	.match = { .socket_family = AF_NETLINK },
	.dump = dump_socket,
	.plan = plan,
	.create = create,
	.connect = connect_socket,
	.fill = fill,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * packet: sockets of AF_PACKET. The kernel's list of them tells what no option does: memberships, rings, fanout
 * groups. Frames that nobody has read are dropped. packet(7).
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/packet_diag.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "files/collection.h"
#include "kernel/diag.h"
#include "sockets/more_options.h"
#include "sockets/options.h"
#include "support/log.h"

enum { OLD_TYPE = 10 /* SOCK_PACKET */, RINGS_V3 = TPACKET_V3, ADDRESS = 8, FANOUT_KINDS = 0xff };

/* ---- dump ---- */

struct facts {
	struct dump *dump;
	PacketSockEntry *entry;
	uint32_t inode;
	bool found, foreign;
};

static PacketRing *take_ring(struct dump *dump, const struct nlmsghdr *answer, unsigned type)
{
	const struct rtattr *attribute = diag_attribute(answer, sizeof(struct packet_diag_msg), type);
	const struct packet_diag_ring *ring;
	PacketRing *out;

	if (!attribute)
		return NULL;
	ring = RTA_DATA(attribute);
	out = new_message(dump->arena, packet_ring);
	out->block_size = ring->pdr_block_size;
	out->block_nr = ring->pdr_block_nr;
	out->frame_size = ring->pdr_frame_size;
	out->frame_nr = ring->pdr_frame_nr;
	out->retire_tmo = ring->pdr_retire_tmo;
	out->sizeof_priv = ring->pdr_sizeof_priv;
	out->features = ring->pdr_features;
	return ring->pdr_block_nr ? out : NULL;
}

/* Joined several times is noted several times. */
static void take_memberships(struct facts *facts, const struct rtattr *attribute)
{
	struct arena *arena = facts->dump->arena;
	const struct packet_diag_mclist *list = RTA_DATA(attribute);
	size_t count = RTA_PAYLOAD(attribute) / sizeof(*list), total = 0;

	for (size_t i = 0; i < count; i++)
		total += list[i].pdmc_count;
	facts->entry->mclist = arena_array(arena, PacketMclist *, total);
	for (size_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < list[i].pdmc_count; j++) {
			PacketMclist *out = new_message(arena, packet_mclist);
			bool has_address = list[i].pdmc_type == PACKET_MR_MULTICAST ||
					   list[i].pdmc_type == PACKET_MR_UNICAST;

			out->index = list[i].pdmc_index;
			out->type = list[i].pdmc_type;
			out->addr.len = has_address ? list[i].pdmc_alen : 0;
			out->addr.data = arena_copy(arena, list[i].pdmc_addr, out->addr.len);
			facts->entry->mclist[facts->entry->n_mclist++] = out;
		}
}

static void take_flags(PacketSockEntry *entry, const struct packet_diag_info *info)
{
	entry->ifindex = info->pdi_index;
	entry->version = info->pdi_version;
	entry->reserve = info->pdi_reserve;
	entry->copy_thresh = info->pdi_copy_thresh;
	entry->timestamp = info->pdi_tstamp;
	entry->aux_data = info->pdi_flags & PDI_AUXDATA;
	entry->orig_dev = info->pdi_flags & PDI_ORIGDEV;
	entry->vnet_hdr = info->pdi_flags & PDI_VNETHDR;
	entry->loss = info->pdi_flags & PDI_LOSS;
}

static struct error *take_facts(void *argument, const struct nlmsghdr *answer)
{
	const struct packet_diag_msg *message = NLMSG_DATA(answer);
	struct facts *facts = argument;
	const struct rtattr *attribute;

	if (message->pdiag_ino != facts->inode)
		return NULL;
	facts->found = true;
	attribute = diag_attribute(answer, sizeof(*message), PACKET_DIAG_INFO);
	if (attribute)
		take_flags(facts->entry, RTA_DATA(attribute));
	attribute = diag_attribute(answer, sizeof(*message), PACKET_DIAG_MCLIST);
	if (attribute)
		take_memberships(facts, attribute);
	attribute = diag_attribute(answer, sizeof(*message), PACKET_DIAG_FANOUT);
	if (attribute)
		SET(facts->entry, fanout, *(const uint32_t *)RTA_DATA(attribute));
	facts->entry->rx_ring = take_ring(facts->dump, answer, PACKET_DIAG_RX_RING);
	facts->entry->tx_ring = take_ring(facts->dump, answer, PACKET_DIAG_TX_RING);
	return NULL;
}

static struct error *ask_facts(struct dump *dump, PacketSockEntry *entry, uint32_t inode)
{
	struct facts facts = { .dump = dump, .entry = entry, .inode = inode };
	struct packet_diag_req request = {
		.sdiag_family = AF_PACKET,
		.pdiag_show = PACKET_SHOW_INFO | PACKET_SHOW_MCLIST | PACKET_SHOW_RING_CFG | PACKET_SHOW_FANOUT,
	};

	TRY(diag_dump(&request, sizeof(request), "packet sockets", take_facts, &facts, NULL));
	return facts.found ? NULL
			   : with_hint(fail("the packet socket is not in this network namespace"),
				       "Close it before the dump.");
}

static struct error *check_fanout(const PacketSockEntry *entry)
{
	unsigned kind = entry->fanout >> 16 & FANOUT_KINDS;

	if (!entry->has_fanout || (kind != PACKET_FANOUT_CBPF && kind != PACKET_FANOUT_EBPF))
		return NULL;
	return with_hint(fail("a BPF program shares out the frames of the packet socket's group"),
			 "The program cannot be read; close the socket before the dump.");
}

static struct error *dump_socket(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	PacketSockEntry *entry = out->psk = new_message(dump->arena, packet_sock_entry);
	struct sockaddr_ll name = { 0 };
	socklen_t length = sizeof(name);

	if (fd->socket_type == OLD_TYPE)
		return with_hint(fail("the socket is of the old type SOCK_PACKET, which cannot be saved"),
				 "Let the program use AF_PACKET.");
	if (getsockname(fd->fd, (struct sockaddr *)&name, &length))
		return fail_errno("could not read the name of the packet socket");
	entry->type = fd->socket_type;
	entry->protocol = name.sll_protocol;
	SET(entry, ns_id, fd->task->ids->net_ns_id);
	TRY(ask_facts(dump, entry, fd->stat.st_ino));
	TRY(check_fanout(entry));
	TRY(socket_options_dump(dump, fd->fd, &entry->opts));
	return more_options_dump(dump, fd->fd, AF_PACKET, fd->socket_type, 0, entry->opts);
}

/* ---- restore ---- */

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	const PacketSockEntry *entry = file->entry->psk;

	if (entry->type != SOCK_RAW && entry->type != SOCK_DGRAM)
		return fail("the image is damaged: a packet socket of type %u", entry->type);
	for (size_t i = 0; i < entry->n_mclist; i++)
		if (entry->mclist[i]->addr.len > ADDRESS)
			return fail("the image is damaged: a packet socket's address of %zu bytes",
				    entry->mclist[i]->addr.len);
	return more_options_check(entry->opts);
}

static struct error *set(int fd, int option, uint32_t value, const char *name)
{
	return setsockopt(fd, SOL_PACKET, option, &value, sizeof(value)) ? fail_errno("could not set %s", name) : NULL;
}

static struct error *set_flags(const PacketSockEntry *entry, int fd)
{
	if (entry->version)
		TRY(set(fd, PACKET_VERSION, entry->version, "PACKET_VERSION"));
	if (entry->reserve)
		TRY(set(fd, PACKET_RESERVE, entry->reserve, "PACKET_RESERVE"));
	if (entry->aux_data)
		TRY(set(fd, PACKET_AUXDATA, 1, "PACKET_AUXDATA"));
	if (entry->orig_dev)
		TRY(set(fd, PACKET_ORIGDEV, 1, "PACKET_ORIGDEV"));
	if (entry->vnet_hdr)
		TRY(set(fd, PACKET_VNET_HDR, 1, "PACKET_VNET_HDR"));
	if (entry->loss)
		TRY(set(fd, PACKET_LOSS, 1, "PACKET_LOSS"));
	if (entry->timestamp)
		TRY(set(fd, PACKET_TIMESTAMP, entry->timestamp, "PACKET_TIMESTAMP"));
	return entry->copy_thresh ? set(fd, PACKET_COPY_THRESH, entry->copy_thresh, "PACKET_COPY_THRESH") : NULL;
}

static struct error *make_ring(const PacketSockEntry *entry, const PacketRing *ring, int option, int fd)
{
	struct tpacket_req3 request;

	if (!ring)
		return NULL;
	request = (struct tpacket_req3){ ring->block_size, ring->block_nr,    ring->frame_size, ring->frame_nr,
					 ring->retire_tmo, ring->sizeof_priv, ring->features };
	return setsockopt(fd, SOL_PACKET, option, &request,
			  entry->version == RINGS_V3 ? sizeof(request) : sizeof(struct tpacket_req))
		   ? fail_errno("could not make a ring of a packet socket")
		   : NULL;
}

static struct error *join(const PacketMclist *membership, int fd)
{
	struct packet_mreq request = { .mr_ifindex = membership->index,
				       .mr_type = membership->type,
				       .mr_alen = membership->addr.len };

	memcpy(request.mr_address, membership->addr.data, membership->addr.len);
	return setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request))
		   ? fail_errno("could not join on the network device %u", membership->index)
		   : NULL;
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	const PacketSockEntry *entry = file->entry->psk;

	/* Without a protocol it hears nothing until it is bound. */
	*ret_fd = socket(AF_PACKET, entry->type | SOCK_CLOEXEC, 0);
	if (*ret_fd < 0)
		return fail_errno("could not make a packet socket");
	TRY(set_flags(entry, *ret_fd));
	TRY(make_ring(entry, entry->rx_ring, PACKET_RX_RING, *ret_fd));
	TRY(make_ring(entry, entry->tx_ring, PACKET_TX_RING, *ret_fd));
	for (size_t i = 0; i < entry->n_mclist; i++)
		TRY(join(entry->mclist[i], *ret_fd));
	return NULL;
}

/* The filter is there before the first frame comes. */
static struct error *fill(struct restore *restore, struct planned_file *file)
{
	const PacketSockEntry *entry = file->entry->psk;
	struct sockaddr_ll name = { .sll_family = AF_PACKET,
				    .sll_protocol = entry->protocol,
				    .sll_ifindex = entry->ifindex };

	TRY(more_options_restore(entry->opts, file->fd, OPTION_BEFORE_BIND));
	TRY(socket_options_restore(entry->opts, file->fd));
	TRY(more_options_restore(entry->opts, file->fd, OPTION_AT_THE_END));
	TRY(more_options_restore(entry->opts, file->fd, OPTION_LAST));
	if ((entry->protocol || entry->ifindex) && bind(file->fd, (struct sockaddr *)&name, sizeof(name)))
		return with_hint(fail_errno("could not bind a packet socket to the network device %u", entry->ifindex),
				 "The device must have the same number as at the dump.");
	return entry->has_fanout && entry->fanout != UINT32_MAX ? set(file->fd, PACKET_FANOUT, entry->fanout, "PACKET_FANOUT")
								: NULL;
}

const struct file_kind packet_socket_kind = {
	.name = "packet_socket",
	.type = FD_TYPES__PACKETSK,
	.entry = offsetof(FileEntry, psk),
	.match = { .socket_family = AF_PACKET },
	.dump = dump_socket,
	.plan = plan,
	.create = create,
	.fill = fill,
};

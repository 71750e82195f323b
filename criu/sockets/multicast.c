// SPDX-License-Identifier: GPL-2.0
/*
 * multicast: the groups a socket is a member of. The kernel lists the groups of each device, not those of each
 * socket; but a socket tells the sources of a group, and whether it is a member at all, when asked for it.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "sockets/inet.h"
#include "support/cleanup.h"

enum { MAX_SOURCES = 1024 };

/* Joined by somebody of this network namespace. */
struct candidate {
	unsigned device;
	union inet_address group;
};

struct candidates {
	struct candidate *list;
	size_t count, capacity;
};

static void add(struct dump *dump, struct candidates *all, unsigned device, const union inet_address *group)
{
	*arena_append(dump->arena, all->list, all->count, all->capacity) =
	    (struct candidate){ .device = device, .group = *group };
}

/* Lines "index device...", each followed by lines with groups as a word in hexadecimal. */
static struct error *read_v4(struct dump *dump, struct candidates *all)
{
	cleanup_fclose FILE *file = fopen("/proc/self/net/igmp", "re");
	char line[256];
	unsigned device = 0, word;

	if (!file)
		return errno == ENOENT ? NULL : fail_errno("could not open /proc/self/net/igmp");
	while (fgets(line, sizeof(line), file)) {
		union inet_address group = { .v4 = { .sin_family = AF_INET } };

		if (line[0] != '\t') {
			device = strtoul(line, NULL, 10);
		} else if (sscanf(line, "\t\t\t\t%8X", &word) == 1) {
			group.v4.sin_addr.s_addr = word;
			add(dump, all, device, &group);
		}
	}
	return NULL;
}

/* Lines "index device group ..." */
static struct error *read_v6(struct dump *dump, struct candidates *all)
{
	cleanup_fclose FILE *file = fopen("/proc/self/net/igmp6", "re");
	char line[256], digits[40], name[IF_NAMESIZE];
	unsigned device;

	if (!file)
		return errno == ENOENT ? NULL : fail_errno("could not open /proc/self/net/igmp6");
	while (fgets(line, sizeof(line), file)) {
		union inet_address group = { .v6 = { .sin6_family = AF_INET6 } };

		if (sscanf(line, "%u %15s %32s", &device, name, digits) != 3)
			continue;
		for (int i = 0; i < 16; i++)
			sscanf(digits + 2 * i, "%2hhx", &group.v6.sin6_addr.s6_addr[i]);
		add(dump, all, device, &group);
	}
	return NULL;
}

static void note(struct dump *dump, InetSkEntry *entry, const struct candidate *candidate,
		 const struct group_filter *filter)
{
	GroupMembershipEntry *membership = new_message(dump->arena, group_membership_entry);
	char device[IF_NAMESIZE] = "";
	unsigned char bytes[18];
	size_t length;

	entry->memberships[entry->n_memberships++] = membership;
	membership->device = arena_string(dump->arena, if_indextoname(candidate->device, device) ?: "");
	length = inet_pack(&candidate->group, bytes) - 2;
	membership->has_group = true;
	membership->group.len = length;
	membership->group.data = arena_copy(dump->arena, bytes, length);
	SET(membership, include, filter->gf_fmode == MCAST_INCLUDE);
	membership->sources = arena_array(dump->arena, ProtobufCBinaryData, filter->gf_numsrc);
	for (unsigned i = 0; i < filter->gf_numsrc; i++) {
		union inet_address source;
		ProtobufCBinaryData *out = &membership->sources[membership->n_sources++];

		memcpy(&source, &filter->gf_slist[i], sizeof(source));
		out->len = inet_pack(&source, bytes) - 2;
		out->data = arena_copy(dump->arena, bytes, out->len);
	}
}

static struct error *ask(struct dump *dump, int fd, InetSkEntry *entry, const struct candidate *candidate,
			 struct group_filter *filter)
{
	socklen_t length = GROUP_FILTER_SIZE(MAX_SOURCES);
	int level = candidate->group.any.sa_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;

	memset(filter, 0, GROUP_FILTER_SIZE(0));
	filter->gf_interface = candidate->device;
	memcpy(&filter->gf_group, &candidate->group, sizeof(candidate->group));
	filter->gf_numsrc = MAX_SOURCES;
	if (getsockopt(fd, level, MCAST_MSFILTER, filter, &length))
		return errno == EADDRNOTAVAIL || errno == ENOPROTOOPT || errno == ENODEV
			   ? NULL
			   : fail_errno("could not read the socket's multicast groups");
	if (filter->gf_numsrc > MAX_SOURCES)
		return with_hint(fail("the socket takes a multicast group from %u sources", filter->gf_numsrc),
				 "More than %d sources cannot be saved.", MAX_SOURCES);
	note(dump, entry, candidate, filter);
	return NULL;
}

struct error *multicast_dump(struct dump *dump, int fd, InetSkEntry *entry)
{
	cleanup_free struct group_filter *filter = malloc(GROUP_FILTER_SIZE(MAX_SOURCES));
	struct candidates all = { 0 };

	if (!filter)
		return out_of_memory();
	TRY(read_v4(dump, &all));
	if (entry->family == AF_INET6)
		TRY(read_v6(dump, &all));
	entry->memberships = arena_array(dump->arena, GroupMembershipEntry *, all.count);
	for (size_t i = 0; i < all.count; i++)
		TRY(ask(dump, fd, entry, &all.list[i], filter));
	return NULL;
}

/* ---- restore ---- */

static struct error *join(const GroupMembershipEntry *entry, unsigned device, int fd)
{
	cleanup_free struct group_filter *filter = calloc(1, GROUP_FILTER_SIZE(entry->n_sources + 1));
	struct group_req request = { .gr_interface = device };
	int family = entry->group.len == 4 ? AF_INET : AF_INET6, level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	void *place = family == AF_INET ? (void *)&((struct sockaddr_in *)&request.gr_group)->sin_addr
					: (void *)&((struct sockaddr_in6 *)&request.gr_group)->sin6_addr;

	if (!filter)
		return out_of_memory();
	request.gr_group.ss_family = family;
	memcpy(place, entry->group.data, entry->group.len);
	if (setsockopt(fd, level, MCAST_JOIN_GROUP, &request, sizeof(request)))
		return fail_errno("could not join a multicast group on %s", entry->device);
	if (!entry->include && !entry->n_sources)
		return NULL;
	filter->gf_interface = device;
	filter->gf_group = request.gr_group;
	filter->gf_fmode = entry->include ? MCAST_INCLUDE : MCAST_EXCLUDE;
	filter->gf_numsrc = entry->n_sources;
	for (size_t i = 0; i < entry->n_sources; i++) {
		union inet_address *source = (union inet_address *)&filter->gf_slist[i];

		if (entry->sources[i].len != entry->group.len)
			return fail("the image is damaged: the source of a multicast group");
		source->any.sa_family = family;
		memcpy(family == AF_INET ? (void *)&source->v4.sin_addr : (void *)&source->v6.sin6_addr,
		       entry->sources[i].data, entry->sources[i].len);
	}
	return setsockopt(fd, level, MCAST_MSFILTER, filter, GROUP_FILTER_SIZE(entry->n_sources))
		   ? fail_errno("could not set the sources of a multicast group on %s", entry->device)
		   : NULL;
}

struct error *multicast_restore(const InetSkEntry *entry, int fd)
{
	for (size_t i = 0; i < entry->n_memberships; i++) {
		const GroupMembershipEntry *membership = entry->memberships[i];
		unsigned device = membership->device ? if_nametoindex(membership->device) : 0;

		if (membership->group.len != 4 && membership->group.len != 16)
			return fail("the image is damaged: a multicast group of %zu bytes", membership->group.len);
		if (!device)
			return with_hint(fail("there is no network device %s", membership->device ?: ""),
					 "The socket is a member of a multicast group on it.");
		TRY(join(membership, device, fd));
	}
	return NULL;
}

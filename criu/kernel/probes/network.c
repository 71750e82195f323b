// SPDX-License-Identifier: GPL-2.0
/* Probes: network namespaces, their links and rules. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/probes/netlink.h"
#include "kernel/probes/probe.h"
#include "support/cleanup.h"

enum {
	TARGET_NAMESPACE = 46, /* IFLA_TARGET_NETNSID, IFLA_IF_NETNSID */
	NEW_INDEX = 49,	       /* IFLA_NEW_IFINDEX, Linux 5.2 */
	OWN_ID = 7,
	INDEX = 4321,
};

struct error *probe_external_net_ns(void)
{
	return NULL; /* since every kernel that criu runs on */
}

static struct error *open_own(int *fd)
{
	*fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return *fd >= 0 ? NULL : fail_errno("/proc/self/ns/net");
}

static struct error *ask_namespace_id(int net, const struct nlmsghdr **answer, char *room, size_t size)
{
	struct netlink_request request = { .length = 0 };
	struct rtgenmsg *head = netlink_begin(&request, RTM_GETNSID, 0, sizeof(struct rtgenmsg));
	uint32_t fd = net;

	head->rtgen_family = AF_UNSPEC;
	netlink_attribute(&request, NETNSA_FD, &fd, sizeof(fd));
	*answer = (const struct nlmsghdr *)room;
	return netlink_ask(NETLINK_ROUTE, &request, room, size);
}

struct error *probe_nsid(void)
{
	cleanup_close int net = -1;
	const struct nlmsghdr *answer;
	char room[4096] __attribute__((aligned(4)));

	TRY(open_own(&net));
	TRY(ask_namespace_id(net, &answer, room, sizeof(room)));
	if (answer->nlmsg_type != RTM_NEWNSID || !netlink_find(answer, sizeof(struct rtgenmsg), NETNSA_NSID))
		return fail("RTM_GETNSID tells no id");
	return NULL;
}

static struct error *give_id(int net, uint32_t id)
{
	struct netlink_request request = { .length = 0 };
	struct rtgenmsg *head = netlink_begin(&request, RTM_NEWNSID, NLM_F_ACK, sizeof(struct rtgenmsg));
	char answer[4096] __attribute__((aligned(4)));
	uint32_t fd = net;

	head->rtgen_family = AF_UNSPEC;
	netlink_attribute(&request, NETNSA_FD, &fd, sizeof(fd));
	netlink_attribute(&request, NETNSA_NSID, &id, sizeof(id));
	return netlink_ask(NETLINK_ROUTE, &request, answer, sizeof(answer));
}

/* The loopback of the namespace that we came from, asked for by its id. */
static struct error *ask_link_by_id(void)
{
	struct netlink_request request = { .length = 0 };
	char room[16384] __attribute__((aligned(4)));
	const struct nlmsghdr *answer = (const struct nlmsghdr *)room;
	struct ifinfomsg *head;
	cleanup_close int net = -1;
	uint32_t id = OWN_ID;

	TRY(open_own(&net));
	if (unshare(CLONE_NEWNET))
		return fail_errno("unshare");
	TRY(give_id(net, id));
	head = netlink_begin(&request, RTM_GETLINK, 0, sizeof(*head));
	head->ifi_index = 1;
	netlink_attribute(&request, TARGET_NAMESPACE, &id, sizeof(id));
	TRY(netlink_ask(NETLINK_ROUTE, &request, room, sizeof(room)));
	if (answer->nlmsg_type != RTM_NEWLINK || !netlink_find(answer, sizeof(*head), TARGET_NAMESPACE))
		return fail("RTM_GETLINK does not look into other namespaces");
	return NULL;
}

struct error *probe_link_nsid(void)
{
	return probe_in_namespaces(CLONE_NEWNET, ask_link_by_id);
}

static struct error *make_link(const char *kind, const char *name)
{
	struct netlink_request request = { .length = 0 };
	char answer[4096] __attribute__((aligned(4)));
	struct nlattr *nest;

	netlink_begin(&request, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	netlink_attribute(&request, IFLA_IFNAME, name, strlen(name) + 1);
	nest = netlink_open_nest(&request, IFLA_LINKINFO);
	netlink_attribute(&request, IFLA_INFO_KIND, kind, strlen(kind));
	netlink_close_nest(&request, nest);
	return netlink_ask(NETLINK_ROUTE, &request, answer, sizeof(answer));
}

static struct error *make_any_link(const char *name)
{
	static const char *const kinds[] = { "dummy", "veth", "ifb", "tun" };
	struct error *error = NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		error_free(error);
		error = make_link(kinds[i], name);
		if (!error)
			return NULL;
	}
	return with_context(error, "no link to try with");
}

static struct error *move_with_index(void)
{
	struct netlink_request request = { .length = 0 };
	char answer[4096] __attribute__((aligned(4)));
	cleanup_close int net = -1;
	struct ifinfomsg *head;
	uint32_t fd, index = INDEX;

	TRY(open_own(&net));
	if (unshare(CLONE_NEWNET))
		return fail_errno("unshare");
	TRY(make_any_link("probe"));
	head = netlink_begin(&request, RTM_SETLINK, NLM_F_ACK, sizeof(*head));
	head->ifi_index = if_nametoindex("probe");
	fd = net;
	netlink_attribute(&request, IFLA_NET_NS_FD, &fd, sizeof(fd));
	netlink_attribute(&request, NEW_INDEX, &index, sizeof(index));
	TRY(netlink_ask(NETLINK_ROUTE, &request, answer, sizeof(answer)));
	if (setns(net, CLONE_NEWNET))
		return fail_errno("setns");
	return if_nametoindex("probe") == INDEX ? NULL : fail("IFLA_NEW_IFINDEX has no effect");
}

struct error *probe_newifindex(void)
{
	return probe_in_namespaces(CLONE_NEWNET, move_with_index);
}

/* ---- nftables ---- */

static uint16_t nft_type(uint16_t type)
{
	return NFNL_SUBSYS_NFTABLES << 8 | type;
}

static void nft_begin(struct netlink_request *request, uint16_t type, uint16_t flags)
{
	struct nfgenmsg *head = netlink_begin(request, type, flags, sizeof(struct nfgenmsg));

	head->nfgen_family = type < NFNL_SUBSYS_NFTABLES << 8 ? AF_UNSPEC : 1 /* NFPROTO_INET */;
	head->res_id = type < NFNL_SUBSYS_NFTABLES << 8 ? htons(NFNL_SUBSYS_NFTABLES) : 0;
}

struct error *probe_nftables(void)
{
	struct netlink_request request = { .length = 0 };
	char answer[4096] __attribute__((aligned(4)));

	nft_begin(&request, nft_type(NFT_MSG_GETGEN), 0);
	return netlink_ask(NETLINK_NETFILTER, &request, answer, sizeof(answer));
}

/* A table with a set of connections (addresses and ports together), as the lock needs them. */
static struct error *make_lock_table(void)
{
	struct netlink_request request = { .length = 0 };
	char answer[4096] __attribute__((aligned(4)));
	uint32_t key_type = htonl(0x1d34d), key_length = htonl(16), id = htonl(1);

	nft_begin(&request, NFNL_MSG_BATCH_BEGIN, 0);
	nft_begin(&request, nft_type(NFT_MSG_NEWTABLE), NLM_F_CREATE);
	netlink_attribute(&request, NFTA_TABLE_NAME, "probe", 6);
	nft_begin(&request, nft_type(NFT_MSG_NEWSET), NLM_F_CREATE | NLM_F_ACK);
	netlink_attribute(&request, NFTA_SET_TABLE, "probe", 6);
	netlink_attribute(&request, NFTA_SET_NAME, "conns", 6);
	netlink_attribute(&request, NFTA_SET_KEY_TYPE, &key_type, sizeof(key_type));
	netlink_attribute(&request, NFTA_SET_KEY_LEN, &key_length, sizeof(key_length));
	netlink_attribute(&request, NFTA_SET_ID, &id, sizeof(id));
	nft_begin(&request, NFNL_MSG_BATCH_END, 0);
	return netlink_ask(NETLINK_NETFILTER, &request, answer, sizeof(answer));
}

struct error *probe_network_lock_nftables(void)
{
	return probe_in_namespaces(CLONE_NEWNET, make_lock_table);
}

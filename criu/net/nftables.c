// SPDX-License-Identifier: GPL-2.0
/*
 * nftables: one batch of netlink messages makes the table with its sets of connections, chains and rules, and the
 * kernel takes all of it or nothing. linux/netfilter/nf_tables.h.
 */
#include "net/nftables.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "support/cleanup.h"

enum {
	OWNED = 2, /* NFT_TABLE_F_OWNER */
	NEST = NLA_F_NESTED,
	ELEMENTS_PER_MESSAGE = 500,
	KEY_V4 = 16, /* address, port, address, port, each in words of four bytes */
	KEY_V6 = 40,
	TYPE_V4 = 0x1cd1cd, /* as the nft tool numbers such keys: for its listing */
	TYPE_V6 = 0x20d20d,
	PATIENCE_SECONDS = 10,
};

struct batch {
	char *data;
	size_t length, capacity;
	size_t message; /* where the one that is built begins */
	uint32_t sequence;
	bool exhausted;
};

enum { FIRST_BYTES = 4096 };

static void cleanup_batch(struct batch *batch)
{
	free(batch->data);
}

/* Zeroed room; offset from the start, for the memory may move. */
static size_t extend(struct batch *batch, size_t length)
{
	size_t at = batch->length;

	length = NLMSG_ALIGN(length);
	if (batch->length + length > batch->capacity) {
		size_t capacity = (batch->length + length) * 2 + 4096;
		char *data = batch->exhausted ? NULL : realloc(batch->data, capacity);

		if (!data) {
			batch->exhausted = true;
			batch->length = 0;
			return 0; /* FIRST_BYTES are more than any piece has */
		}
		batch->data = data;
		batch->capacity = capacity;
	}
	memset(batch->data + at, 0, length);
	batch->length += length;
	return at;
}

static void end_message(struct batch *batch)
{
	struct nlmsghdr *header = (struct nlmsghdr *)(batch->data + batch->message);

	header->nlmsg_len = batch->length - batch->message;
}

static void begin_message(struct batch *batch, int type, int flags)
{
	struct nlmsghdr *header;
	struct nfgenmsg *head;

	batch->message = extend(batch, sizeof(*header));
	extend(batch, sizeof(*head));
	header = (struct nlmsghdr *)(batch->data + batch->message);
	head = (struct nfgenmsg *)(header + 1);
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	header->nlmsg_seq = ++batch->sequence;
	header->nlmsg_type = type;
	if (type == NFNL_MSG_BATCH_BEGIN || type == NFNL_MSG_BATCH_END) {
		head->res_id = htons(NFNL_SUBSYS_NFTABLES);
	} else {
		header->nlmsg_type |= NFNL_SUBSYS_NFTABLES << 8;
		head->nfgen_family = NFPROTO_INET;
	}
}

static void put(struct batch *batch, int type, const void *data, size_t length)
{
	size_t at = extend(batch, NLA_HDRLEN + length);
	struct nlattr *attribute = (struct nlattr *)(batch->data + at);

	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + length;
	memcpy(batch->data + at + NLA_HDRLEN, data, length);
}

static void put_text(struct batch *batch, int type, const char *text)
{
	put(batch, type, text, strlen(text) + 1);
}

static void put_number(struct batch *batch, int type, uint32_t number)
{
	number = htonl(number);
	put(batch, type, &number, sizeof(number));
}

static size_t open_nest(struct batch *batch, int type)
{
	size_t at = extend(batch, NLA_HDRLEN);

	((struct nlattr *)(batch->data + at))->nla_type = type | NEST;
	return at;
}

static void close_nest(struct batch *batch, size_t at)
{
	((struct nlattr *)(batch->data + at))->nla_len = batch->length - at;
}

/* ---- expressions of rules ---- */

/* An expression is a name and a nest of its data: returns the outer nest in *outer. */
static size_t begin_expression(struct batch *batch, const char *name, size_t *outer)
{
	*outer = open_nest(batch, NFTA_LIST_ELEM);
	put_text(batch, NFTA_EXPR_NAME, name);
	return open_nest(batch, NFTA_EXPR_DATA);
}

static void end_expression(struct batch *batch, size_t inner, size_t outer)
{
	close_nest(batch, inner);
	close_nest(batch, outer);
}

static void load_meta(struct batch *batch, int key)
{
	size_t outer, inner = begin_expression(batch, "meta", &outer);

	put_number(batch, NFTA_META_KEY, key);
	put_number(batch, NFTA_META_DREG, NFT_REG_1);
	end_expression(batch, inner, outer);
}

static void compare(struct batch *batch, const void *value, size_t length)
{
	size_t outer, inner = begin_expression(batch, "cmp", &outer), data;

	put_number(batch, NFTA_CMP_SREG, NFT_REG_1);
	put_number(batch, NFTA_CMP_OP, NFT_CMP_EQ);
	data = open_nest(batch, NFTA_CMP_DATA);
	put(batch, NFTA_DATA_VALUE, value, length);
	close_nest(batch, data);
	end_expression(batch, inner, outer);
}

static void load_payload(struct batch *batch, int base, int offset, int length, int word)
{
	size_t outer, inner = begin_expression(batch, "payload", &outer);

	put_number(batch, NFTA_PAYLOAD_DREG, NFT_REG32_00 + word);
	put_number(batch, NFTA_PAYLOAD_BASE, base);
	put_number(batch, NFTA_PAYLOAD_OFFSET, offset);
	put_number(batch, NFTA_PAYLOAD_LEN, length);
	end_expression(batch, inner, outer);
}

static void look_up(struct batch *batch, const char *set)
{
	size_t outer, inner = begin_expression(batch, "lookup", &outer);

	put_text(batch, NFTA_LOOKUP_SET, set);
	put_number(batch, NFTA_LOOKUP_SREG, NFT_REG32_00);
	end_expression(batch, inner, outer);
}

static void decide(struct batch *batch, int verdict)
{
	size_t outer, inner = begin_expression(batch, "immediate", &outer), data, nest;

	put_number(batch, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = open_nest(batch, NFTA_IMMEDIATE_DATA);
	nest = open_nest(batch, NFTA_DATA_VERDICT);
	put_number(batch, NFTA_VERDICT_CODE, verdict);
	close_nest(batch, nest);
	close_nest(batch, data);
	end_expression(batch, inner, outer);
}

/* ---- the table ---- */

static size_t begin_rule(struct batch *batch, const char *table, const char *chain)
{
	begin_message(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	put_text(batch, NFTA_RULE_TABLE, table);
	put_text(batch, NFTA_RULE_CHAIN, chain);
	return open_nest(batch, NFTA_RULE_EXPRESSIONS);
}

static void end_rule(struct batch *batch, size_t nest)
{
	close_nest(batch, nest);
	end_message(batch);
}

static void add_mark_rule(struct batch *batch, const char *table, const char *chain)
{
	size_t nest = begin_rule(batch, table, chain);
	uint32_t mark = NETWORK_LOCK_MARK;

	load_meta(batch, NFT_META_MARK);
	compare(batch, &mark, sizeof(mark));
	decide(batch, NF_ACCEPT);
	end_rule(batch, nest);
}

/* local first: what comes in has it as its destination. */
static void add_drop_rule(struct batch *batch, const char *table, bool incoming, bool v4)
{
	size_t nest = begin_rule(batch, table, incoming ? "input" : "output");
	uint8_t family = v4 ? NFPROTO_IPV4 : NFPROTO_IPV6, protocol = IPPROTO_TCP;
	int length = v4 ? 4 : 16, source = v4 ? 12 : 8, words = length / 4;
	int destination = source + length;

	load_meta(batch, NFT_META_NFPROTO);
	compare(batch, &family, 1);
	load_meta(batch, NFT_META_L4PROTO);
	compare(batch, &protocol, 1);
	load_payload(batch, NFT_PAYLOAD_NETWORK_HEADER, incoming ? destination : source, length, 0);
	load_payload(batch, NFT_PAYLOAD_TRANSPORT_HEADER, incoming ? 2 : 0, 2, words);
	load_payload(batch, NFT_PAYLOAD_NETWORK_HEADER, incoming ? source : destination, length, words + 1);
	load_payload(batch, NFT_PAYLOAD_TRANSPORT_HEADER, incoming ? 0 : 2, 2, 2 * words + 1);
	look_up(batch, v4 ? "conns4" : "conns6");
	decide(batch, NF_DROP);
	end_rule(batch, nest);
}

static void add_chain(struct batch *batch, const char *table, const char *name, int hook)
{
	size_t nest;

	begin_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	put_text(batch, NFTA_CHAIN_TABLE, table);
	put_text(batch, NFTA_CHAIN_NAME, name);
	nest = open_nest(batch, NFTA_CHAIN_HOOK);
	put_number(batch, NFTA_HOOK_HOOKNUM, hook);
	put_number(batch, NFTA_HOOK_PRIORITY, 0);
	close_nest(batch, nest);
	put_number(batch, NFTA_CHAIN_POLICY, NF_ACCEPT);
	put_text(batch, NFTA_CHAIN_TYPE, "filter");
	end_message(batch);
}

static void add_set(struct batch *batch, const char *table, bool v4)
{
	begin_message(batch, NFT_MSG_NEWSET, NLM_F_CREATE);
	put_text(batch, NFTA_SET_TABLE, table);
	put_text(batch, NFTA_SET_NAME, v4 ? "conns4" : "conns6");
	put_number(batch, NFTA_SET_FLAGS, 0);
	put_number(batch, NFTA_SET_KEY_TYPE, v4 ? TYPE_V4 : TYPE_V6);
	put_number(batch, NFTA_SET_KEY_LEN, v4 ? KEY_V4 : KEY_V6);
	put_number(batch, NFTA_SET_ID, v4 ? 1 : 2);
	end_message(batch);
}

static void add_element(struct batch *batch, const struct locked_connection *connection)
{
	size_t length = connection->family == AF_INET ? 4 : 16, nest = open_nest(batch, NFTA_LIST_ELEM), value;
	unsigned char key[KEY_V6] = { 0 };

	memcpy(key, connection->local, length);
	memcpy(key + length, &connection->local_port, 2);
	memcpy(key + length + 4, connection->remote, length);
	memcpy(key + 2 * length + 4, &connection->remote_port, 2);
	value = open_nest(batch, NFTA_SET_ELEM_KEY);
	put(batch, NFTA_DATA_VALUE, key, length == 4 ? KEY_V4 : KEY_V6);
	close_nest(batch, value);
	close_nest(batch, nest);
}

static void add_elements(struct batch *batch, const char *table, bool v4, const struct locked_connection *connections,
			 size_t count)
{
	size_t nest = 0, open = 0;

	for (size_t i = 0; i < count; i++) {
		if ((connections[i].family == AF_INET) != v4)
			continue;
		if (!open) {
			begin_message(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
			put_text(batch, NFTA_SET_ELEM_LIST_TABLE, table);
			put_text(batch, NFTA_SET_ELEM_LIST_SET, v4 ? "conns4" : "conns6");
			nest = open_nest(batch, NFTA_SET_ELEM_LIST_ELEMENTS);
		}
		add_element(batch, &connections[i]);
		if (++open < ELEMENTS_PER_MESSAGE)
			continue;
		close_nest(batch, nest);
		end_message(batch);
		open = 0;
	}
	if (open) {
		close_nest(batch, nest);
		end_message(batch);
	}
}

static void build_table(struct batch *batch, const char *table, const struct locked_connection *connections,
			size_t count, bool owned)
{
	begin_message(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
	put_text(batch, NFTA_TABLE_NAME, table);
	put_number(batch, NFTA_TABLE_FLAGS, owned ? OWNED : 0);
	end_message(batch);
	add_set(batch, table, true);
	add_set(batch, table, false);
	add_elements(batch, table, true, connections, count);
	add_elements(batch, table, false, connections, count);
	add_chain(batch, table, "output", NF_INET_LOCAL_OUT);
	add_chain(batch, table, "input", NF_INET_LOCAL_IN);
	add_mark_rule(batch, table, "output");
	add_mark_rule(batch, table, "input");
	for (int i = 0; i < 4; i++)
		add_drop_rule(batch, table, i & 1, i & 2);
}

/* ---- talking to the kernel ---- */

static struct error *open_socket(int *fd)
{
	struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int room = 64 << 20, one = 1;

	*fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (*fd < 0 || bind(*fd, (struct sockaddr *)&address, sizeof(address)))
		return fail_errno("could not talk to nftables");
	(void)setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(*fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	(void)setsockopt(*fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return NULL;
}

/* The answer to the last message, or the first complaint before it. */
static struct error *await(int fd, uint32_t last)
{
	char answer[8192] __attribute__((aligned(8)));

	for (;;) {
		ssize_t n = recv(fd, answer, sizeof(answer), 0);
		size_t length = n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno("nftables does not answer");
		for (const struct nlmsghdr *header = (const struct nlmsghdr *)answer; NLMSG_OK(header, length);
		     header = NLMSG_NEXT(header, length)) {
			const struct nlmsgerr *verdict = NLMSG_DATA(header);

			if (header->nlmsg_type != NLMSG_ERROR)
				continue;
			if (verdict->error)
				return fail_number(-verdict->error, "nftables refused a change");
			if (header->nlmsg_seq == last)
				return NULL;
		}
	}
}

static struct error *commit(struct batch *batch, int fd)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	uint32_t last = batch->sequence;

	/* The newest message asks for an answer. */
	((struct nlmsghdr *)(batch->data + batch->message))->nlmsg_flags |= NLM_F_ACK;
	begin_message(batch, NFNL_MSG_BATCH_END, 0);
	end_message(batch);
	if (batch->exhausted)
		return out_of_memory();
	if (sendto(fd, batch->data, batch->length, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return fail_errno("could not talk to nftables");
	return await(fd, last);
}

static struct error *begin_batch(struct batch *batch)
{
	batch->data = malloc(FIRST_BYTES);
	if (!batch->data)
		return out_of_memory();
	batch->capacity = FIRST_BYTES;
	begin_message(batch, NFNL_MSG_BATCH_BEGIN, 0);
	end_message(batch);
	return NULL;
}

struct error *nftables_lock(const char *table, const struct locked_connection *connections, size_t count, int *ret_fd)
{
	__attribute__((cleanup(cleanup_batch))) struct batch batch = { 0 };
	cleanup_close int fd = -1;

	TRY(open_socket(&fd));
	TRY(begin_batch(&batch));
	build_table(&batch, table, connections, count, ret_fd);
	TRY(commit(&batch, fd));
	if (ret_fd)
		*ret_fd = take_fd(&fd);
	return NULL;
}

struct error *nftables_unlock(const char *table, int fd)
{
	__attribute__((cleanup(cleanup_batch))) struct batch batch = { 0 };
	cleanup_close int own = -1;
	struct error *error;

	if (fd < 0) {
		TRY(open_socket(&own));
		fd = own;
	}
	TRY(begin_batch(&batch));
	begin_message(&batch, NFT_MSG_DELTABLE, 0);
	put_text(&batch, NFTA_TABLE_NAME, table);
	end_message(&batch);
	error = commit(&batch, fd);
	if (error && error->number == ENOENT) {
		error_free(error);
		return NULL;
	}
	return error;
}

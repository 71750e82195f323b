// SPDX-License-Identifier: GPL-2.0
/* Probes: sockets and what can be asked about them. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/probes/netlink.h"
#include "kernel/probes/probe.h"
#include "support/cleanup.h"

enum {
	BUFFER_LOCK = 72, /* SO_BUF_LOCK, Linux 5.14 */
	FREEBIND6 = 78,	  /* IPV6_FREEBIND */
	REPAIR_WINDOW = 29,
	IPT_INFO = 64, /* IPT_SO_GET_INFO */
};
#define GET_NETNS 0x894C   /* SIOCGSKNS */
#define GET_UNIX_FILE (0x89E0 + 0)
#define TUN_NETNS _IO('T', 227) /* TUNGETDEVNETNS */

static struct error *dump_sockets(int family, int protocol)
{
	struct netlink_request request = { .length = 0 };
	char answer[16384];

	if (family == AF_UNIX) {
		struct unix_diag_req *head =
		    netlink_begin(&request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(struct unix_diag_req));

		head->sdiag_family = family;
		head->udiag_states = ~0u;
	} else {
		struct inet_diag_req_v2 *head =
		    netlink_begin(&request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(struct inet_diag_req_v2));

		head->sdiag_family = family;
		head->sdiag_protocol = protocol;
		head->idiag_states = ~0u;
	}
	return netlink_ask(NETLINK_SOCK_DIAG, &request, answer, sizeof(answer));
}

struct error *probe_sock_diag(void)
{
	TRY(with_context(dump_sockets(AF_UNIX, 0), "unix"));
	return with_context(dump_sockets(AF_INET, IPPROTO_TCP), "tcp");
}

struct error *probe_net_diag_raw(void)
{
	return dump_sockets(AF_INET, IPPROTO_RAW);
}

/* ---- options ---- */

static struct error *read_option(int family, int type, int level, int option, const char *name)
{
	cleanup_close int fd = socket(family, type | SOCK_CLOEXEC, 0);
	char value[256];
	socklen_t length = sizeof(value);

	if (fd < 0)
		return fail_errno("no socket");
	return getsockopt(fd, level, option, value, &length) ? fail_errno("%s", name) : NULL;
}

struct error *probe_sock_peek_off(void)
{
	return read_option(AF_UNIX, SOCK_DGRAM, SOL_SOCKET, SO_PEEK_OFF, "SO_PEEK_OFF");
}

struct error *probe_so_gets(void)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t none = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER /* SO_GET_FILTER */, NULL, &none))
		return fail_errno("SO_GET_FILTER");
	TRY(read_option(AF_UNIX, SOCK_STREAM, SOL_SOCKET, SO_DOMAIN, "SO_DOMAIN"));
	return read_option(AF_UNIX, SOCK_STREAM, SOL_SOCKET, SO_PROTOCOL, "SO_PROTOCOL");
}

struct error *probe_sockopt_buf_lock(void)
{
	return read_option(AF_UNIX, SOCK_STREAM, SOL_SOCKET, BUFFER_LOCK, "SO_BUF_LOCK");
}

struct error *probe_ipv6_freebind(void)
{
	return read_option(AF_INET6, SOCK_DGRAM, SOL_IPV6, FREEBIND6, "IPV6_FREEBIND");
}

struct error *probe_has_ipt_legacy(void)
{
	cleanup_close int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct {
		char name[32];
		unsigned numbers[13];
	} information = { "filter" };
	socklen_t length = 84; /* struct ipt_getinfo */

	return getsockopt(fd, SOL_IP, IPT_INFO, &information, &length) ? fail_errno("iptables") : NULL;
}

struct error *probe_sk_ns(void)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), net = ioctl(fd, GET_NETNS);

	return net >= 0 ? NULL : fail_errno("SIOCGSKNS");
}

struct error *probe_sk_unix_file(void)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), file = ioctl(fd, GET_UNIX_FILE);

	/* Without a name there is no file, but the question was understood. */
	return file >= 0 || errno == ENOENT ? NULL : fail_errno("SIOCUNIXFILE");
}

/* ---- TCP repair ---- */

struct error *probe_tcp(void)
{
	cleanup_close int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1, queue = 1;
	uint32_t sequence = 4711;

	if (setsockopt(fd, SOL_TCP, TCP_REPAIR, &on, sizeof(on)))
		return fail_errno("TCP_REPAIR");
	if (setsockopt(fd, SOL_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)) ||
	    setsockopt(fd, SOL_TCP, TCP_QUEUE_SEQ, &sequence, sizeof(sequence)))
		return fail_errno("TCP_QUEUE_SEQ");
	return setsockopt(fd, SOL_TCP, TCP_TIMESTAMP, &sequence, sizeof(sequence)) ? fail_errno("TCP_TIMESTAMP") :
										      NULL;
}

struct connection {
	int listener, client, server;
};

static void close_connection(struct connection *connection)
{
	cleanup_close_fd(&connection->listener);
	cleanup_close_fd(&connection->client);
	cleanup_close_fd(&connection->server);
}
#define cleanup_connection __attribute__((cleanup(close_connection)))

static struct error *connect_to_self(struct connection *connection)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof(address);

	connection->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	connection->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(connection->listener, (struct sockaddr *)&address, length) || listen(connection->listener, 1) ||
	    getsockname(connection->listener, (struct sockaddr *)&address, &length) ||
	    connect(connection->client, (struct sockaddr *)&address, length))
		return fail_errno("no connection over loopback");
	connection->server = accept(connection->listener, NULL, NULL);
	return connection->server >= 0 ? NULL : fail_errno("no connection over loopback");
}

static struct error *repair_half_closed(void)
{
	cleanup_connection struct connection connection = { -1, -1, -1 };
	socklen_t length = sizeof(uint32_t);
	int on = 1, queue = 2 /* TCP_SEND_QUEUE */;
	uint32_t sequence;

	TRY(connect_to_self(&connection));
	if (shutdown(connection.client, SHUT_WR))
		return fail_errno("shutdown");
	if (setsockopt(connection.client, SOL_TCP, TCP_REPAIR, &on, sizeof(on)) ||
	    setsockopt(connection.client, SOL_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)) ||
	    getsockopt(connection.client, SOL_TCP, TCP_QUEUE_SEQ, &sequence, &length))
		return fail_errno("TCP_REPAIR");
	return NULL;
}

struct error *probe_tcp_half_closed(void)
{
	return probe_in_namespaces(CLONE_NEWNET, repair_half_closed);
}

static struct error *first_number(int fd, uint32_t *number)
{
	socklen_t length = sizeof(*number);
	int on = 1, off = -1 /* without a window probe */, queue = 2 /* TCP_SEND_QUEUE */;

	if (setsockopt(fd, SOL_TCP, TCP_REPAIR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)) ||
	    getsockopt(fd, SOL_TCP, TCP_QUEUE_SEQ, number, &length) || setsockopt(fd, SOL_TCP, TCP_REPAIR, &off, sizeof(off)))
		return fail_errno("TCP_REPAIR");
	return NULL;
}

/* Ended by the server first; then the client comes again from the same port. */
static struct error *connect_again(struct connection *connection)
{
	struct sockaddr_in client, server;
	socklen_t length = sizeof(client);
	char byte;

	if (getsockname(connection->client, (struct sockaddr *)&client, &length) ||
	    getpeername(connection->client, (struct sockaddr *)&server, &length) || shutdown(connection->server, SHUT_WR) ||
	    read(connection->client, &byte, 1) || shutdown(connection->client, SHUT_WR) || read(connection->server, &byte, 1))
		return fail_errno("no end of a connection over loopback");
	cleanup_close_fd(&connection->server);
	cleanup_close_fd(&connection->client);
	connection->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(connection->client, (struct sockaddr *)&client, length) ||
	    connect(connection->client, (struct sockaddr *)&server, length))
		return fail_errno("no second connection over loopback");
	connection->server = accept(connection->listener, NULL, NULL);
	return connection->server >= 0 ? NULL : fail_errno("no second connection over loopback");
}

/* Not before Linux 6.10. */
static struct error *compare_numbers(void)
{
	cleanup_connection struct connection connection = { -1, -1, -1 };
	uint32_t before, after, fin = 1, syn = 1;

	TRY(connect_to_self(&connection));
	TRY(first_number(connection.server, &before));
	TRY(connect_again(&connection));
	TRY(first_number(connection.server, &after));
	return after == before + fin + 65535 + 2 + syn ? NULL : fail("numbers do not follow from those of an earlier connection");
}

struct error *probe_tcp_time_wait(void)
{
	return probe_in_namespaces(CLONE_NEWNET, compare_numbers);
}

static struct error *read_window(void)
{
	cleanup_connection struct connection connection = { -1, -1, -1 };
	uint32_t window[5];
	socklen_t length = sizeof(window);
	int on = 1;

	TRY(connect_to_self(&connection));
	if (setsockopt(connection.client, SOL_TCP, TCP_REPAIR, &on, sizeof(on)) ||
	    getsockopt(connection.client, SOL_TCP, REPAIR_WINDOW, window, &length))
		return fail_errno("TCP_REPAIR_WINDOW");
	return NULL;
}

struct error *probe_tcp_window(void)
{
	return probe_in_namespaces(CLONE_NEWNET, read_window);
}

/* ---- tun ---- */

struct error *probe_tun(void)
{
	cleanup_close int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	unsigned features, index = 4321;

	if (fd < 0)
		return fail_errno("/dev/net/tun");
	if (ioctl(fd, TUNGETFEATURES, &features))
		return fail_errno("TUNGETFEATURES");
	return ioctl(fd, TUNSETIFINDEX, &index) ? fail_errno("TUNSETIFINDEX") : NULL;
}

static struct error *ask_tun_namespace(void)
{
	cleanup_close int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC), net = -1;
	struct ifreq request = { .ifr_name = "probe", .ifr_flags = IFF_TUN };

	if (fd < 0)
		return fail_errno("/dev/net/tun");
	if (ioctl(fd, TUNSETIFF, &request))
		return fail_errno("no tun device");
	net = ioctl(fd, TUN_NETNS);
	return net >= 0 ? NULL : fail_errno("TUNGETDEVNETNS");
}

struct error *probe_tun_ns(void)
{
	return probe_in_namespaces(CLONE_NEWNET, ask_tun_namespace);
}

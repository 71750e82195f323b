// SPDX-License-Identifier: GPL-2.0
// options: --tcp-established
/* Urgent data: the byte and its mark, with and without data before and behind it, read already or not, apart from the others or inline. */
#include <linux/sockios.h>

#include "connections.h"

struct example {
	bool inside, is_read;
	const char *before, *behind;
};

static const struct example examples[] = {
	{ false, false, "", "" },	 { false, false, "", "behind" },     { false, false, "before", "" },
	{ false, false, "before", "behind" }, { false, true, "before", "behind" }, { false, true, "", "" },
	{ true, false, "before", "behind" }, { true, false, "", "" },
};
enum { COUNT = sizeof(examples) / sizeof(examples[0]) };

static bool is_urgent(int fd)
{
	struct pollfd ready = { fd, POLLPRI, 0 };

	return poll(&ready, 1, 0) == 1;
}

static int inline_bytes(int fd)
{
	int on = 1, off = 0, count;

	must(setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)));
	count = bytes_of(fd, FIONREAD);
	must(setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &off, sizeof(off)));
	return count;
}

static struct pair make(const struct example *example)
{
	struct pair pair = connect_pair(AF_INET);
	int all = strlen(example->before) + 1 + strlen(example->behind), on = 1;
	char byte;

	must(send(pair.client, example->before, strlen(example->before), 0));
	must(send(pair.client, "!", 1, MSG_OOB));
	must(send(pair.client, example->behind, strlen(example->behind), 0));
	wait_for(inline_bytes(pair.server) == all && is_urgent(pair.server));
	if (example->is_read)
		must(recv(pair.server, &byte, 1, MSG_OOB) - 1);
	if (example->inside)
		must(setsockopt(pair.server, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)));
	return pair;
}

static bool reads(int fd, const char *text)
{
	char data[32] = "";
	size_t length = strlen(text);

	return !length || (recv(fd, data, length, 0) == (ssize_t)length && !memcmp(data, text, length));
}

static void check_example(const struct example *example, const struct pair *pair)
{
	int fd = pair->server;
	char byte = 0;

	check_equal(is_urgent(fd), !example->is_read);
	check_equal(bytes_of(fd, SIOCATMARK), !*example->before);
	check(reads(fd, example->before));
	check_equal(bytes_of(fd, SIOCATMARK), 1);
	if (example->inside)
		check(reads(fd, "!"));
	else if (example->is_read)
		check(recv(fd, &byte, 1, MSG_OOB) < 0 && errno == EINVAL);
	else
		check(recv(fd, &byte, 1, MSG_OOB) == 1 && byte == '!');
	check(reads(fd, example->behind));
	check_alive(pair->client, fd);
	must(send(pair->client, "?", 1, MSG_OOB));
	wait_for(is_urgent(fd));
}

int main(void)
{
	struct pair pairs[COUNT];

	for (int i = 0; i < COUNT; i++)
		pairs[i] = make(&examples[i]);
	checkpoint();
	for (int i = 0; i < COUNT; i++)
		check_example(&examples[i], &pairs[i]);
	return finish();
}

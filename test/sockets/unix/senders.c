// SPDX-License-Identifier: GPL-2.0
/* A queue of datagrams from many senders: by path, the same name in two directories, abstract, chosen by the kernel,
 * without a name, closed since; with files and an empty one between them; in several queues at once. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { SENDERS = 10, RECEIVERS = 3 }; /* net.unix.max_dgram_qlen is 10 */

static struct sockaddr_un names[SENDERS];
static socklen_t lengths[SENDERS];

static int make_sender(int i)
{
	struct sockaddr_un own = { .sun_family = AF_UNIX };
	socklen_t length = sizeof(own);
	int fd = must(socket(AF_UNIX, SOCK_DGRAM, 0));

	if (i < 2) { /* the same name */
		must(chdir(i ? "second" : "first"));
		strcpy(own.sun_path, "name");
	} else if (i < 4) {
		snprintf(own.sun_path, sizeof(own.sun_path), "%ssender-%d", i == 2 ? "./" : "", i);
	} else if (i < 6) {
		snprintf(own.sun_path + 1, 64, "sender-%d-%d", getpid(), i);
		length = sizeof(sa_family_t) + 1 + strlen(own.sun_path + 1);
	} else if (i < 8) {
		length = sizeof(sa_family_t);
	}
	if (i < 8)
		must(bind(fd, (struct sockaddr *)&own, length));
	if (i < 2)
		must(chdir(".."));
	lengths[i] = sizeof(names[i]);
	must(getsockname(fd, (struct sockaddr *)&names[i], &lengths[i]));
	return fd;
}

int main(void)
{
	int receivers[RECEIVERS], senders[SENDERS];
	struct sockaddr_un to[RECEIVERS];

	must(mkdir("first", 0755));
	must(mkdir("second", 0755));
	for (int i = 0; i < RECEIVERS; i++) {
		to[i] = (struct sockaddr_un){ .sun_family = AF_UNIX };
		if (i)
			snprintf(to[i].sun_path + 1, 64, "receiver-%d-%d", getpid(), i);
		else
			strcpy(to[i].sun_path, "receiver");
		receivers[i] = must(socket(AF_UNIX, SOCK_DGRAM, 0));
		must(bind(receivers[i], (struct sockaddr *)&to[i], sizeof(to[i])));
	}
	for (int i = 0; i < SENDERS; i++) {
		senders[i] = make_sender(i);
		for (int j = 0; j < RECEIVERS; j++)
			must(sendto(senders[i], &(char){ 'a' + i }, i != 5, 0, (struct sockaddr *)&to[j], sizeof(to[j])));
	}
	for (int i = 1; i < SENDERS; i += 2)
		must(close(senders[i]));
	must(unlink("second/name"));

	checkpoint();

	for (int j = 0; j < RECEIVERS; j++) {
		for (int i = 0; i < SENDERS; i++) {
			struct sockaddr_un from = { 0 };
			socklen_t length = sizeof(from);
			char byte = 0;

			check_equal(recvfrom(receivers[j], &byte, 1, MSG_DONTWAIT, (struct sockaddr *)&from, &length), i != 5);
			check(i == 5 || byte == 'a' + i, "%c instead of %c", byte, 'a' + i);
			if (i < 8) /* the length of no name is 0 or that of the family */
				check(length == lengths[i] && !memcmp(&from, &names[i], length), "sender %d", i);
			else
				check(length <= sizeof(sa_family_t));
		}
		check_equal(recv(receivers[j], &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	}
	for (int i = 0; i < 8; i += 2) { /* those that live still have their names */
		struct sockaddr_un now = { 0 };
		socklen_t length = sizeof(now);

		check(!getsockname(senders[i], (struct sockaddr *)&now, &length) && length == lengths[i] &&
		      !memcmp(&now, &names[i], length));
	}
	return finish();
}

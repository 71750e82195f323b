// SPDX-License-Identifier: GPL-2.0
// refused: has data in it
/* A file travels over a connection that is not accepted yet: nothing leads to it. */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(void)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = must(socket(AF_UNIX, SOCK_STREAM, 0)), client = must(socket(AF_UNIX, SOCK_STREAM, 0)), file = must(eventfd(3, 0));
	char byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *one = (struct cmsghdr *)control;
	uint64_t value = 0;

	snprintf(address.sun_path + 1, 32, "files-%d", getpid());
	must(bind(listener, (struct sockaddr *)&address, sizeof(address)));
	must(listen(listener, 2));
	must(connect(client, (struct sockaddr *)&address, sizeof(address)));
	one->cmsg_level = SOL_SOCKET;
	one->cmsg_type = SCM_RIGHTS;
	one->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(one), &file, sizeof(int));
	must(sendmsg(client, &header, 0));
	must(close(file));
	checkpoint();
	check_equal(recvmsg(must(accept(listener, NULL, NULL)), &header, 0), 1);
	memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(int));
	check(read(file, &value, sizeof(value)) == sizeof(value) && value == 3);
	return finish();
}

// SPDX-License-Identifier: GPL-2.0
// refused: is a vsock socket
/* Sockets to the host of a virtual machine are not saved. */
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

int main(void)
{
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0), type;
	socklen_t length = sizeof(type);

	if (fd < 0)
		skip("this kernel has no vsock");
	checkpoint();
	check(!getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) && type == SOCK_STREAM);
	return finish();
}

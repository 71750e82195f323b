// SPDX-License-Identifier: GPL-2.0
// refused: Multipath TCP
/* Multipath TCP is not saved. */
#include "connections.h"

int main(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 262), type;
	socklen_t length = sizeof(type);

	if (fd < 0)
		skip("this kernel has no Multipath TCP");
	checkpoint();
	check(!getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) && type == SOCK_STREAM);
	return finish();
}

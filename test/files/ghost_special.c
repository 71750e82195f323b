// SPDX-License-Identifier: GPL-2.0
/* Deleted names of what is no regular file: a FIFO with bytes inside, a device, a symbolic link, a socket's name. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

int main(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int fifo, device, link, socket_handle, listener;
	char text[32] = "";
	struct stat status;

	must(mkfifo("fifo", 0620));
	fifo = must(open("fifo", O_RDWR));
	must(write(fifo, "kept", 4));
	must(mknod("device", S_IFCHR | 0666, makedev(1, 7)));
	device = must(open("device", O_RDWR));
	must(symlink("somewhere/else", "link"));
	link = must(open("link", O_PATH | O_NOFOLLOW));
	listener = must(socket(AF_UNIX, SOCK_DGRAM, 0));
	must(bind(listener, (struct sockaddr *)&address, sizeof(address)));
	must(close(listener));
	socket_handle = must(open("socket", O_PATH));
	must(unlink("fifo"));
	must(unlink("device"));
	must(unlink("link"));
	must(unlink("socket"));

	checkpoint();

	check_equal(read(fifo, text, 32), 4);
	check(memcmp(text, "kept", 4) == 0);
	must(fstat(fifo, &status));
	check_equal(status.st_mode, S_IFIFO | (0620 & ~022));
	check(write(device, "x", 1) < 0 && errno == ENOSPC);
	must(fstat(device, &status));
	check_equal(status.st_rdev, makedev(1, 7));
	memset(text, 0, sizeof(text));
	check_equal(readlinkat(link, "", text, sizeof(text)), 14);
	check(strcmp(text, "somewhere/else") == 0);
	must(fstat(socket_handle, &status));
	check(S_ISSOCK(status.st_mode));
	check(access("fifo", F_OK) && access("device", F_OK) && access("socket", F_OK));
	return finish();
}

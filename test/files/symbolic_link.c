// SPDX-License-Identifier: GPL-2.0
/* Handles of paths (O_PATH): of a link itself, a file, a directory, a FIFO, a device, a socket's name, something in
 * /proc; and a file opened with O_NOFOLLOW. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void check_handle(int fd, mode_t type)
{
	struct stat status;
	char byte;

	must(fstat(fd, &status));
	check_equal(status.st_mode & S_IFMT, type);
	check_equal(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
	check(read(fd, &byte, 1) < 0 && errno == EBADF);
}

int main(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int link, dangling, file, directory, fifo, device, name, proc, nofollow, listener;
	char text[32] = "";

	must(symlink("target", "link"));
	must(symlink("nowhere", "dangling"));
	must(close(must(open("target", O_CREAT | O_RDWR, 0600))));
	must(mkdir("directory", 0700));
	must(mkfifo("fifo", 0600));
	listener = must(socket(AF_UNIX, SOCK_DGRAM, 0));
	must(bind(listener, (struct sockaddr *)&address, sizeof(address)));
	link = must(open("link", O_PATH | O_NOFOLLOW));
	dangling = must(open("dangling", O_PATH | O_NOFOLLOW | O_CLOEXEC));
	file = must(open("link", O_PATH));
	directory = must(open("directory", O_PATH | O_DIRECTORY));
	fifo = must(open("fifo", O_PATH));
	device = must(open("/dev/tty", O_PATH));
	name = must(open("socket", O_PATH));
	proc = must(open("/proc/self/exe", O_PATH | O_NOFOLLOW));
	nofollow = must(open("target", O_RDWR | O_NOFOLLOW));

	checkpoint();

	check_handle(link, S_IFLNK);
	check_equal(readlinkat(link, "", text, sizeof(text)), 6);
	check(strcmp(text, "target") == 0);
	check_handle(dangling, S_IFLNK);
	check_handle(file, S_IFREG);
	check_handle(directory, S_IFDIR);
	check_handle(fifo, S_IFIFO);
	check_handle(device, S_IFCHR);
	check_handle(name, S_IFSOCK);
	check_handle(proc, S_IFLNK);
	check_equal(fcntl(nofollow, F_GETFL) & O_NOFOLLOW, O_NOFOLLOW);
	check(openat(directory, "new", O_CREAT | O_RDWR, 0600) >= 0);
	return finish();
}

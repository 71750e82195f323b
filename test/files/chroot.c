// SPDX-License-Identifier: GPL-2.0
// options: --link-remap --file-locks
/* A process in a root directory of its own with files from inside and from before: present, deleted, with another name
 * only, a FIFO, a directory, a lock, a device node. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void check_text(int fd, const char *text)
{
	char now[32] = "";

	check_equal(pread(fd, now, 32, 0), strlen(text));
	check(strcmp(now, text) == 0, "%s instead of %s", now, text);
}

static int make(const char *name, const char *text)
{
	int fd = must(open(name, O_RDWR | O_CREAT | O_EXCL, 0600));

	must(write(fd, text, strlen(text)));
	return fd;
}

static void in_jail(void)
{
	int before = must(open("/bin/sh", O_RDONLY)), present, deleted, relinked, fifo, directory, null, other;
	struct stat one, two;
	char byte;

	must(chroot("."));
	set_test_directory("/");
	present = make("/present", "inside");
	must(flock(present, LOCK_EX));
	deleted = make("/deleted", "was inside");
	must(unlink("/deleted"));
	relinked = make("/first", "two names");
	must(link("/first", "/second"));
	must(unlink("/first"));
	must(mkfifo("/fifo", 0600));
	fifo = must(open("/fifo", O_RDWR));
	must(write(fifo, "x", 1));
	must(mkdir("/directory", 0700));
	directory = must(open("/directory", O_RDONLY));
	must(mknod("/null", S_IFCHR | 0666, makedev(1, 3)));
	null = must(open("/null", O_RDWR));

	checkpoint();

	check_equal(pread(before, &byte, 1, 1), 1);
	check_equal(byte, 'E');
	check_text(present, "inside");
	other = must(open("/present", O_RDONLY));
	check(flock(other, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK);
	check_text(deleted, "was inside");
	check_text(relinked, "two names");
	must(fstat(relinked, &one));
	must(stat("/second", &two));
	check_equal(one.st_ino, two.st_ino);
	check_equal(read(fifo, &byte, 1), 1);
	must(close(must(openat(directory, "new", O_CREAT | O_RDWR, 0600))));
	check_equal(access("/directory/new", F_OK), 0);
	check_equal(write(null, "abc", 3), 3);
	check(access("/bin/sh", F_OK) < 0 && access("/deleted", F_OK) < 0 && access("/first", F_OK) < 0);
}

int main(void)
{
	participant(in_jail);
	checkpoint();
	check(access("second", F_OK) == 0);
	return finish();
}

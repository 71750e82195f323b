// SPDX-License-Identifier: GPL-2.0
/* Character devices by their number, not their name: nodes elsewhere than in /dev, /dev/kmsg, a block device as a path. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int main(void)
{
	int zero, kmsg, kmsg_writer, block;
	unsigned char byte = 1;
	struct stat status;

	must(mknod("zero", S_IFCHR | 0600, makedev(1, 5)));
	must(mknod("block", S_IFBLK | 0600, makedev(7, 0)));
	zero = must(open("zero", O_RDWR));
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	kmsg_writer = open("/dev/kmsg", O_WRONLY);
	block = must(open("block", O_PATH));

	checkpoint();

	check_equal(read(zero, &byte, 1), 1);
	check_equal(byte, 0);
	must(fstat(block, &status));
	check_equal(status.st_rdev, makedev(7, 0));
	if (kmsg >= 0 && kmsg_writer >= 0) {
		check_equal(fcntl(kmsg, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
		check_equal(fcntl(kmsg_writer, F_GETFL) & O_ACCMODE, O_WRONLY);
	}
	return finish();
}

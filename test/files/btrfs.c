// SPDX-License-Identifier: GPL-2.0
// options: --file-locks
// differs: mapping .*deleted
// timeout: 60
/* Files on a btrfs, whose subvolumes have device numbers of their own. */
#include "mounted.h"

#include <linux/loop.h>
#include <sys/ioctl.h>

static char device[32];

/* A loop device that ends with the mount. Another test may be faster to take a free one. */
static int make_loop(int file)
{
	struct loop_config config = { .fd = file, .info = { .lo_flags = LO_FLAGS_AUTOCLEAR } };
	int control = open("/dev/loop-control", O_RDWR), loop = -1;

	for (int tries = 0; control >= 0 && tries < 50; tries++) {
		snprintf(device, sizeof(device), "/dev/loop%d", ioctl(control, LOOP_CTL_GET_FREE));
		loop = open(device, O_RDWR);
		if (loop < 0 || !ioctl(loop, LOOP_CONFIGURE, &config))
			break;
		must(close(loop));
		loop = -1;
		sleep_milliseconds(10);
	}
	close(control);
	return loop;
}

static bool mount_image(void)
{
	int file = must(open("image", O_RDWR)), loop = make_loop(file);
	bool done = loop >= 0 && mount_here("btrfs", device, NULL);

	close(loop);
	close(file);
	return done;
}

int main(void)
{
	struct state state;
	int image = must(open("image", O_RDWR | O_CREAT, 0600)), subvolume = -1;

	must(ftruncate(image, 300 << 20));
	must(close(image));
	if (system("mkfs.btrfs -q image >/dev/null 2>&1"))
		skip("no mkfs.btrfs here");
	if (!mount_image())
		skip("no btrfs here");
	build_state(&state);
	if (!system("btrfs -q subvolume create " MOUNTED "/subvolume >/dev/null 2>&1")) {
		subvolume = make_file(MOUNTED "/subvolume/file", "below");
		must(flock(subvolume, LOCK_EX));
	}

	checkpoint();

	check_state(&state);
	if (subvolume >= 0) {
		char text[8] = "";

		check_equal(pread(subvolume, text, 8, 0), 5);
		check(strcmp(text, "below") == 0);
	}
	return finish();
}

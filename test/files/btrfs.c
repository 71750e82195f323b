// SPDX-License-Identifier: GPL-2.0
// options: --file-locks
// differs: mapping .*deleted
// timeout: 60
/* Files on a btrfs, whose subvolumes have device numbers of their own. */
#include "mounted.h"

#include <linux/loop.h>
#include <sys/ioctl.h>

static char device[32];

/* A loop device that ends with the mount. */
static bool make_loop(void)
{
	struct loop_config config = { .info = { .lo_flags = LO_FLAGS_AUTOCLEAR } };
	int control = open("/dev/loop-control", O_RDWR), file = must(open("image", O_RDWR)), loop, number;
	bool done;

	number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	snprintf(device, sizeof(device), "/dev/loop%d", number);
	loop = number < 0 ? -1 : open(device, O_RDWR);
	config.fd = file;
	done = loop >= 0 && !ioctl(loop, LOOP_CONFIGURE, &config) && mount_here("btrfs", device, NULL);
	close(loop);
	close(control);
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
	if (!make_loop())
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

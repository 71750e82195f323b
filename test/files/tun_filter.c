// SPDX-License-Identifier: GPL-2.0
// refused: has a filter
/* A tap device with a filter that the kernel does not tell. */
#include "test.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, 0xffff);
	struct sock_fprog filter = { 1, &all };
	struct ifreq request = { .ifr_flags = IFF_TAP };
	int fd = open("/dev/net/tun", O_RDWR);

	snprintf(request.ifr_name, IFNAMSIZ, "tf%d", getpid());
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		skip("network devices cannot be made here");
	must(ioctl(fd, TUNATTACHFILTER, &filter));
	checkpoint();
	check_equal(ioctl(fd, TUNDETACHFILTER, &filter), 0);
	return finish();
}

// SPDX-License-Identifier: GPL-2.0
// refused: device
/* Memory of a device, here the first megabyte of the machine, is not saved. */
#include "test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	int fd = open("/dev/mem", O_RDONLY);
	unsigned char *memory;

	if (fd < 0)
		skip("/dev/mem cannot be opened");
	memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0xf0000);
	if (memory == MAP_FAILED)
		skip("/dev/mem cannot be mapped");
	must(close(fd));
	checkpoint();
	check(memory[0] == memory[0]);
	return finish();
}

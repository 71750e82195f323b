// SPDX-License-Identifier: GPL-2.0
// refused: uprobes
/* A program with a probe in it is not saved. The probe is set through tracefs, where that can be reached. */
#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EVENTS "/sys/kernel/tracing/uprobe_events"

__attribute__((noinline)) static int probed(int x)
{
	asm volatile("");
	return x + 1;
}

static int write_line(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	int result = fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;

	if (fd >= 0)
		close(fd);
	return result;
}

int main(void)
{
	struct test_mapping mapping;
	char exe[PATH_MAX] = "", line[PATH_MAX + 100], enable[PATH_MAX];

	must(readlink("/proc/self/exe", exe, sizeof(exe) - 1));
	find_mapping((void *)probed, &mapping);
	snprintf(line, sizeof(line), "p:criu_test_%d/probe %s:0x%lx\n", getpid(), exe,
		 (unsigned long)probed - mapping.start + mapping.offset);
	snprintf(enable, sizeof(enable), "/sys/kernel/tracing/events/criu_test_%d/probe/enable", getpid());
	if (write_line(EVENTS, line) < 0)
		skip("uprobes cannot be set here");
	must(write_line(enable, "1"));
	check_equal(probed(1), 2);
	checkpoint();
	check_equal(probed(2), 3);
	write_line(enable, "0");
	snprintf(line, sizeof(line), "-:criu_test_%d/probe\n", getpid());
	write_line(EVENTS, line);
	return finish();
}

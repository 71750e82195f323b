// SPDX-License-Identifier: GPL-2.0
/* A probe in the test's own code, set through tracefs, which is mounted for the moment. */
#pragma once

#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((noinline)) static int probed(int x)
{
	asm volatile("");
	return x + 1;
}

static inline int write_line(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	int result = fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;

	if (fd >= 0)
		close(fd);
	return result;
}

/* The events' own text is a hundred bytes; a test's name may be anything. */
static inline void change_probe(bool set)
{
	struct test_mapping mapping;
	char exe[PATH_MAX] = "", line[PATH_MAX + 100], enable[PATH_MAX];
	int failed = 0;

	mkdir("tracing", 0700);
	if (mount("none", "tracing", "tracefs", 0, NULL))
		skip("tracefs cannot be mounted");
	must(readlink("/proc/self/exe", exe, sizeof(exe) - 1));
	find_mapping((void *)probed, &mapping);
	snprintf(enable, sizeof(enable), "tracing/events/criu_test_%d/probe/enable", getpid());
	if (set) {
		snprintf(line, sizeof(line), "p:criu_test_%d/probe %s:0x%lx\n", getpid(), exe,
			 (unsigned long)probed - mapping.start + mapping.offset);
		failed = write_line("tracing/uprobe_events", line) || write_line(enable, "1");
	} else {
		write_line(enable, "0");
		snprintf(line, sizeof(line), "-:criu_test_%d/probe\n", getpid());
		write_line("tracing/uprobe_events", line);
	}
	must(umount2("tracing", MNT_DETACH));
	rmdir("tracing");
	if (failed)
		skip("uprobes cannot be set here");
}

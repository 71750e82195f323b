// SPDX-License-Identifier: GPL-2.0
/* Open directories: openat through them, and reading that goes on where it was. */
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 200

int main(void)
{
	static bool seen[FILES];
	struct dirent *entry;
	int i, directory, fd, count = 0;
	char name[32];
	DIR *stream;

	must(mkdir("many", 0755));
	directory = must(open("many", O_RDONLY | O_DIRECTORY));
	for (i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "file-%03d", i);
		must(close(must(openat(directory, name, O_WRONLY | O_CREAT, 0644))));
	}
	stream = opendir("many");
	for (i = 0; i < 50; i++) {
		entry = readdir(stream);
		if (entry && sscanf(entry->d_name, "file-%d", &fd) == 1)
			seen[fd] = true;
	}

	checkpoint();

	while ((entry = readdir(stream))) {
		if (sscanf(entry->d_name, "file-%d", &fd) != 1)
			continue;
		check(!seen[fd], "%s comes twice", entry->d_name);
		seen[fd] = true;
	}
	for (i = 0; i < FILES; i++)
		count += seen[i];
	check_equal(count, FILES);
	fd = openat(directory, "file-007", O_RDONLY);
	check(fd >= 0, "openat through the directory");
	return finish();
}

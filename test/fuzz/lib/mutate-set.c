// SPDX-License-Identifier: GPL-2.0
/* mutate-set DIRECTORY SEED: changes one to four images of a set in place, as the fuzz target image_set does. For test/fuzz/restore-sets. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/directory.h"
#include "mutate.h"
#include "support/cleanup.h"
#include "support/file.h"

enum { DECISIONS = 512, MAX_NAMES = 500 };

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t list_images(const char *path, char **names)
{
	cleanup_closedir DIR *list = opendir(path);
	const struct dirent *entry;
	size_t count = 0;

	while (list && (entry = readdir(list)) && count < MAX_NAMES) {
		enum image_id id = image_find_name(entry->d_name);

		if (id != IMAGE_NONE && id != IMAGE_PAGES && id != IMAGE_CHECKSUMS && id != IMAGE_STATS_DUMP)
			names[count++] = strdup(entry->d_name);
	}
	qsort(names, count, sizeof(*names), compare);
	return count;
}

static void write_image(int directory, const char *name, const char *data, size_t size)
{
	cleanup_close int fd = openat(directory, name, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
}

static void change(int directory, char **names, size_t count, struct choices *choices)
{
	const char *name = names[choose(choices, count)], *other = names[choose(choices, count)];
	cleanup_free char *data = NULL, *other_data = NULL, *changed = NULL;
	size_t size, other_size, changed_size;

	if (read_file_at(directory, name, &data, &size) || read_file_at(directory, other, &other_data, &other_size))
		return; /* deleted by a change before */
	changed = mutate_image(choices, data, size, name, other_data, other_size, &changed_size);
	if (changed)
		write_image(directory, name, changed, changed_size);
	else
		unlinkat(directory, name, 0);
	printf("%s%s ", name, changed ? "" : " deleted");
}

int main(int argc, char **argv)
{
	uint64_t state = argc == 3 ? strtoull(argv[2], NULL, 10) * 0x9e3779b97f4a7c15 + 1 : 0;
	int directory = argc == 3 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	uint8_t bytes[DECISIONS];
	struct choices choices = { bytes, bytes + DECISIONS };
	char *names[MAX_NAMES];
	size_t count;

	if (directory < 0)
		return 2;
	for (size_t i = 0; i < DECISIONS; i++) { /* xorshift */
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		bytes[i] = state >> 24;
	}
	count = list_images(argv[1], names);
	for (uint64_t i = 0, changes = 1 + choose(&choices, 4); i < changes; i++)
		change(directory, names, count, &choices);
	printf("\n");
	return 0;
}

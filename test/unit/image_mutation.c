// SPDX-License-Identifier: GPL-2.0
/*
 * Damaged images: cut off everywhere, and with bytes changed. Whatever comes of it, reading
 * ends with an error or with entries that can be written again; from a file as from memory.
 */
#include <fcntl.h>
#include <glob.h>
#include <unistd.h>

#include "crit/convert.h"
#include "crit/text.h"
#include "image/record.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "tap.h"

enum { CUTS = 64, CHANGES = 60, FILE_TRIALS = 6 };

struct tally {
	size_t read, refused, wrong;
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* What decodes must encode; what does not must say which image it was. */
static void try_decode(const char *data, size_t size, struct tally *tally)
{
	struct decode_options options = { .pretty = size & 1 };
	struct json_object *json = NULL;
	cleanup_free char *image = NULL;
	size_t unknown, length;
	struct error *error = image_decode(data, size, "damaged.img", &options, &json, &unknown);

	if (error) {
		tally->refused++;
		if (!strstr(error->message, "damaged.img")) {
			printf("# an error without the name of the image: %s\n", error->message);
			tally->wrong++;
		}
		error_free(error);
		return;
	}
	tally->read++;
	error = image_encode(json, &image, &length);
	if (error) {
		printf("# read, but not written: %s\n", error->message);
		tally->wrong++;
	}
	error_free(error);
	json_object_put(json);
}

static int count_entries(struct image_reader *reader)
{
	struct arena arena = {};
	ProtobufCMessage *message;
	struct error *error;
	int count = 0;

	for (;; count++) {
		error = image_read_next(reader, &arena, &message);
		if (error || !message)
			break;
	}
	arena_free(&arena);
	if (!error)
		return count;
	error_free(error);
	return -1 - count;
}

/* A file and the same bytes in memory read alike. */
static void try_file(struct image_directory *directory, const char *data, size_t size, struct tally *tally)
{
	cleanup_image_reader struct image_reader *memory = NULL, *file = NULL;
	cleanup_close int fd = openat(directory->fd, "files.img", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct error *in_memory = image_open_memory(data, size, "files.img", IMAGE_FILES, &memory), *in_file;

	error_free(write_exactly(fd, data, size));
	in_file = image_open(directory, IMAGE_FILES, 0, &file);
	if (!in_file != !in_memory || (!in_file && count_entries(file) != count_entries(memory)))
		tally->wrong++;
	error_free(in_file);
	error_free(in_memory);
}

static void damage(struct image_directory *directory, const char *path, uint64_t *state, struct tally *tally)
{
	cleanup_free char *data = NULL, *copy = NULL;
	bool is_files = !strcmp(strrchr(path, '/'), "/files.img");
	size_t size = 0;

	if (read_file_at(AT_FDCWD, path, &data, &size) || !size || size > 60000)
		return;
	copy = malloc(size);
	for (int i = 0; i < CUTS; i++)
		try_decode(data, size < CUTS ? size * i / CUTS : next_random(state) % size, tally);
	for (int i = 0; i < CHANGES; i++) {
		memcpy(copy, data, size);
		for (uint64_t n = next_random(state) % 4 + 1; n; n--)
			copy[next_random(state) % size] = next_random(state);
		try_decode(copy, size, tally);
		if (is_files && i < FILE_TRIALS)
			try_file(directory, copy, size, tally);
	}
}

int main(void)
{
	char path[] = "/tmp/image-mutation-XXXXXX";
	struct image_directory *directory = NULL;
	uint64_t state = 0x2545f4914f6cdd1dull;
	struct tally tally = {};
	glob_t list;

	check(mkdtemp(path) != NULL, "a directory for the test");
	check_no_error(image_directory_open(path, NULL, true, &directory), "open");
	check(!glob("test/images/4.2/*/*.img", 0, NULL, &list), "recorded sets");
	for (size_t i = 0; i < list.gl_pathc; i++)
		damage(directory, list.gl_pathv[i], &state, &tally);
	globfree(&list);
	check(tally.refused > 5000, "%zu damaged images were refused", tally.refused);
	check(tally.read > 100, "%zu could be read all the same", tally.read);
	check(!tally.wrong, "all of them as they should");
	unlinkat(directory->fd, "files.img", 0);
	image_directory_close(directory);
	check(!rmdir(path), "cleaned");
	return tap_end();
}

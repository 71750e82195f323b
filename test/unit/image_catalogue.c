// SPDX-License-Identifier: GPL-2.0
/* The catalogue against the table of images in test/images, and against itself. */
#include <fcntl.h>

#include "image/record.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "tap.h"

enum { TEMPLATE, MAGIC_NAME, MAGIC, HEAD, MESSAGES, ENTRIES, PAYLOAD, STORAGE, KEY, STATUS, COLUMNS };

enum { OWN_IMAGES = 1 }; /* checksums.img */

/* Names that are only reserved: no program writes or reads such an image. */
static bool is_reserved(const char *name)
{
	return !strcmp(name, "pages-%d.img") || !strcmp(name, "pages-shmem-%ld.img");
}

/* %lu and %u stand for the same here. */
static const struct image_description *find(const char *name)
{
	char plain[IMAGE_NAME_MAX];
	const char *wide = strstr(name, "%lu");

	if (wide)
		snprintf(plain, sizeof(plain), "%.*s%%u%s", (int)(wide - name), name, wide + 3);
	else
		snprintf(plain, sizeof(plain), "%s", name);
	for (int id = 1; id < IMAGE_COUNT; id++)
		if (!strcmp(image_describe(id)->name, plain))
			return image_describe(id);
	return NULL;
}

static bool has_payload(const char *text)
{
	return !strncmp(text, "yes", 3) || !strncmp(text, "only", 4);
}

static void check_framed(const struct image_description *image, char **row)
{
	size_t length = image->message ? strlen(image->message->name) : 0;

	check(!strcmp(image->magic_name ?: "", row[MAGIC_NAME]), "magic name %s", row[MAGIC_NAME]);
	check(image->magic == strtoul(row[MAGIC], NULL, 16), "magic %s", row[MAGIC]);
	check(image->message && !strncmp(row[MESSAGES], image->message->name, length) &&
		      !strchr("_abcdefghijklmnopqrstuvwxyz", row[MESSAGES][length] ?: ' '),
	      "message %s", row[MESSAGES]);
	check(!!(image->flags & IMAGE_SERVICE) == !strcmp(row[HEAD], "service") &&
		      !!(image->flags & IMAGE_BARE) == !strcmp(row[HEAD], "self"),
	      "head %s", row[HEAD]);
	check(!!(image->flags & IMAGE_ONE) == !strcmp(row[ENTRIES], "one"), "%s entries", row[ENTRIES]);
	check((image->payload != IMAGE_PAYLOAD_NONE) == has_payload(row[PAYLOAD]), "payload: %s", row[PAYLOAD]);
	check(!!(image->flags & IMAGE_LEGACY) == !strcmp(row[STATUS], "legacy") &&
		      !!(image->flags & IMAGE_SPLIT) == !strncmp(row[STATUS], "split", 5),
	      "status %s", row[STATUS]);
}

static int check_table(char *text)
{
	char *line;
	int rows = 0;

	strsep(&text, "\n");
	while ((line = strsep(&text, "\n")) && *line) {
		char *row[COLUMNS];
		const struct image_description *image;

		for (int i = 0; i < COLUMNS; i++)
			row[i] = strsep(&line, "\t") ?: (char *)"";
		if (is_reserved(row[TEMPLATE]))
			continue;
		image = find(row[TEMPLATE]);
		rows++;
		if (!check(image != NULL, "%s is in the catalogue", row[TEMPLATE]))
			continue;
		if (!strcmp(row[MAGIC_NAME], "(raw)"))
			check(image->flags & IMAGE_RAW && !image->message, "and raw");
		else
			check_framed(image, row);
	}
	return rows;
}

int main(void)
{
	cleanup_free char *text = NULL;
	int rows = 0;

	if (check_no_error(read_file_at(AT_FDCWD, "test/images/images.tsv", &text, NULL), "the table"))
		rows = check_table(text);
	check(rows + OWN_IMAGES == IMAGE_COUNT - 1, "the catalogue has what the table has: %d images", rows);
	for (int id = 1; id < IMAGE_COUNT; id++) {
		char name[IMAGE_NAME_MAX];

		image_name(id, UINT64_MAX, name);
		check(strlen(name) < IMAGE_NAME_MAX - 8, "%s is not cut off", name);
	}
	return tap_end();
}

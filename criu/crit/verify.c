// SPDX-License-Identifier: GPL-2.0
/* The check of a whole set of images, see verify.h. */
#include "crit/verify.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "crit/convert.h"
#include "crit/text.h"
#include "image/checksums.h"
#include "image/record.h"
#include "support/cleanup.h"
#include "support/file.h"

struct verification {
	struct image_directory *directory;
	FILE *stream;
	size_t files, damaged;
};

static void end_verification(struct verification *verification)
{
	image_directory_close(verification->directory);
}

#define cleanup_verification __attribute__((cleanup(end_verification)))

static void found(void *argument, struct error *error)
{
	struct verification *verification = argument;

	verification->damaged++;
	fprintf(verification->stream, "%s\n", error->message);
	if (error->detail)
		fprintf(verification->stream, "    %s\n", error->detail);
	error_free(error);
}

static struct error *decode(struct verification *verification, const char *name)
{
	struct decode_options options = { .no_payload = true };
	cleanup_json struct json_object *json = NULL;
	cleanup_free char *data = NULL;
	size_t length, unknown;

	TRY(read_file_at(verification->directory->fd, name, &data, &length));
	return image_decode(data, length, name, &options, &json, &unknown);
}

/* Without checksums: what has a form must have the right one. */
static struct error *decode_all(struct verification *verification)
{
	int fd = openat(verification->directory->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_closedir DIR *list = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!list) {
		struct error *error = fail_errno("could not list %s", verification->directory->path);

		if (fd >= 0)
			close(fd);
		return error;
	}
	while ((entry = readdir(list))) {
		enum image_id id = image_find_name(entry->d_name);
		struct error *error;

		if (id == IMAGE_NONE || !image_describe(id)->message)
			continue;
		verification->files++;
		error = decode(verification, entry->d_name);
		if (error)
			found(verification, error);
	}
	return NULL;
}

static struct error *open_set(const char *path, struct image_directory **ret)
{
	cleanup_close int fd = -1;

	TRY(image_directory_open(path, NULL, false, ret));
	fd = openat((*ret)->fd, image_describe(IMAGE_INVENTORY)->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? image_directory_incomplete(*ret) : NULL;
}

struct error *verify(const char *path, FILE *stream)
{
	cleanup_verification struct verification verification = { .stream = stream };
	bool checksums;

	TRY(open_set(path, &verification.directory));
	checksums = verification.directory->checksums;
	if (checksums)
		verification.files = checksums_check_all(verification.directory, found, &verification);
	else
		TRY(decode_all(&verification));
	if (verification.damaged)
		return with_hint(fail("%zu of %zu images in %s are damaged", verification.damaged, verification.files,
				      path),
				 "Use another copy of the images.");
	fprintf(stream, checksums ? "%s: %zu images are what was written\n"
				  : "%s: %zu images have the right form; there are no checksums to tell more "
				    "(CRIU 4.2 writes none)\n",
		path, verification.files);
	return fflush(stream) ? fail_errno("could not write") : NULL;
}

// SPDX-License-Identifier: GPL-2.0
/* Checksums of the images of a set, see checksums.h. */
#include "image/checksums.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "image/pending.h"
#include "image/record.h"
#include "images/messages.h"
#include "support/cleanup.h"
#include "support/file.h"

enum { ALGORITHM_XXH3 = 1, BUFFER_BYTES = 256 * 1024, PAGE_SIZE_BYTES = 4096, LIST_MAX = 1 << 28, LEFT_BYTES = 24 << 20 };

struct image_checksums {
	struct arena arena;
	ChecksumsEntry **entries; /* sorted by name */
	bool *checked;
	struct checksums_blocks **left; /* to others; or NULL */
	size_t count;
};

/* ---- hashing files ---- */

static struct error *hash_file(int fd, uint64_t size, uint64_t *ret)
{
	cleanup_free char *buffer = malloc(BUFFER_BYTES);
	XXH3_state_t *state = size > BUFFER_BYTES ? XXH3_createState() : NULL;
	struct error *error = NULL;

	if (!buffer || (size > BUFFER_BYTES && !state)) {
		XXH3_freeState(state);
		return out_of_memory();
	}
	if (!state) {
		TRY(pread_exactly(fd, buffer, size, 0));
		*ret = XXH3_64bits(buffer, size);
		return NULL;
	}
	XXH3_64bits_reset(state);
	for (uint64_t at = 0; at < size && !error; at += BUFFER_BYTES) {
		size_t length = size - at < BUFFER_BYTES ? size - at : BUFFER_BYTES;

		error = pread_exactly(fd, buffer, length, at);
		XXH3_64bits_update(state, buffer, error ? 0 : length);
	}
	*ret = XXH3_64bits_digest(state);
	XXH3_freeState(state);
	return error;
}

/* ---- writing ---- */

/* Written by others through the descriptor: ghost files, archives. */
static struct error *read_back(struct image_directory *directory, struct pending_name *pending)
{
	cleanup_close int fd = -1;
	char part[PART_NAME_MAX];
	struct stat stat;

	part_name(pending->name, part);
	fd = openat(directory->fd, part, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat))
		return fail_errno("could not read %s back from %s", part, directory->path);
	pending->size = stat.st_size;
	if (!pending->blocks)
		TRY(with_context(hash_file(fd, pending->size, &pending->hash), "%s", part));
	pending->hashed = true;
	return NULL;
}

static ChecksumsEntry *new_entry(struct arena *arena, const struct pending_name *pending)
{
	ChecksumsEntry *entry = arena_new(arena, ChecksumsEntry);

	checksums_entry__init(entry);
	entry->name = arena_string(arena, pending->name); /* the list moves when checksums.img joins it */
	entry->size = pending->size;
	entry->has_hash = !pending->blocks;
	entry->hash = pending->hash;
	entry->block_pages = arena_array(arena, uint32_t, pending->block_count);
	entry->block_hashes = arena_array(arena, uint64_t, pending->block_count);
	for (size_t i = 0; i < pending->block_count; i++) {
		if (!pending->blocks[i].pages)
			continue;
		entry->block_pages[entry->n_block_pages++] = pending->blocks[i].pages;
		entry->block_hashes[entry->n_block_hashes++] = pending->blocks[i].hash;
	}
	return entry;
}

/* The bytes of an entry as they will be in the file, into the hash of the list. */
static struct error *hash_entry(const ChecksumsEntry *entry, XXH3_state_t *state)
{
	size_t size = checksums_entry__get_packed_size(entry);
	cleanup_free uint8_t *bytes = malloc(size);
	uint32_t length = size;

	if (!bytes)
		return out_of_memory();
	checksums_entry__pack(entry, bytes);
	XXH3_64bits_update(state, &length, sizeof(length));
	XXH3_64bits_update(state, bytes, size);
	return NULL;
}

static struct error *make_list(struct image_directory *directory, struct arena *arena, ChecksumsEntry ***ret,
			       ChecksumsHead *head, XXH3_state_t *state)
{
	struct image_pending *pending = directory->pending;
	ChecksumsEntry **entries = arena_array(arena, ChecksumsEntry *, pending->count);

	for (size_t i = 0; i < pending->count; i++) {
		if (pending->names[i].service || pending->names[i].empty)
			continue;
		if (!pending->names[i].hashed)
			TRY(read_back(directory, &pending->names[i]));
		entries[head->count] = new_entry(arena, &pending->names[i]);
		TRY(hash_entry(entries[head->count++], state));
	}
	head->hash = XXH3_64bits_digest(state);
	*ret = entries;
	return NULL;
}

static struct error *write_list(struct image_directory *directory, struct arena *arena, XXH3_state_t *state)
{
	cleanup_image_writer struct image_writer *writer = NULL;
	ChecksumsHead head = CHECKSUMS_HEAD__INIT;
	ChecksumsEntry **entries;

	head.algorithm = ALGORITHM_XXH3;
	TRY(make_list(directory, arena, &entries, &head, state));
	TRY(image_create(directory, IMAGE_CHECKSUMS, 0, &writer));
	TRY(image_write(writer, &head.base));
	for (size_t i = 0; i < head.count; i++)
		TRY(image_write(writer, &entries[i]->base));
	return image_close(take_pointer(writer));
}

struct error *checksums_write(struct image_directory *directory)
{
	XXH3_state_t *state = XXH3_createState();
	struct arena arena = { 0 };
	struct error *error;

	if (!state)
		return out_of_memory();
	XXH3_64bits_reset(state);
	error = write_list(directory, &arena, state);
	XXH3_freeState(state);
	arena_free(&arena);
	return error;
}

/* ---- the list ---- */

static int compare_entries(const void *a, const void *b)
{
	return strcmp((*(ChecksumsEntry *const *)a)->name, (*(ChecksumsEntry *const *)b)->name);
}

static size_t find(const struct image_checksums *checksums, const char *name)
{
	size_t low = 0, high = checksums ? checksums->count : 0;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(checksums->entries[middle]->name, name);

		if (!order)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return SIZE_MAX;
}

bool checksums_name(const struct image_checksums *checksums, const char *name)
{
	return find(checksums, name) != SIZE_MAX;
}

static struct error *damaged(const struct image_directory *directory, const char *name, const char *what)
{
	return with_hint(fail("%s in %s is damaged: %s", name, directory->path, what),
			 "Use another copy of the images. If the file was changed on purpose, delete checksums.img.");
}

static struct error *check_entry(const struct image_directory *directory, const ChecksumsEntry *entry)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < entry->n_block_pages; i++) {
		if (!entry->block_pages[i] || entry->block_pages[i] > BUFFER_BYTES / PAGE_SIZE_BYTES)
			return damaged(directory, "checksums.img", "a block of impossible size");
		pages += entry->block_pages[i];
	}
	if (!*entry->name || strchr(entry->name, '/') || entry->n_block_pages != entry->n_block_hashes ||
	    (entry->has_hash ? pages != 0 : pages * PAGE_SIZE_BYTES != entry->size))
		return damaged(directory, "checksums.img", "an entry that contradicts itself");
	return NULL;
}

/* The file as a whole: it is small, about 12 bytes for 256 KiB of page data. */
static struct error *read_list(struct image_directory *directory, const char *data, size_t size,
			       struct image_checksums *checksums)
{
	cleanup_image_reader struct image_reader *reader = NULL;
	ProtobufCMessage *message;
	const ChecksumsHead *head;
	size_t capacity = 0, start;

	TRY(image_open_memory(data, size, "checksums.img", IMAGE_CHECKSUMS, &reader));
	TRY(image_read_next(reader, &checksums->arena, &message));
	head = (const ChecksumsHead *)message;
	if (!head)
		return damaged(directory, "checksums.img", "it is empty");
	if (head->algorithm != ALGORITHM_XXH3)
		return with_hint(fail("checksums.img in %s has checksums of an unknown kind (%u)", directory->path,
				      head->algorithm),
				 "Use the version that made the images, or delete the file to do without.");
	start = image_reader_offset(reader);
	if (XXH3_64bits(data + start, size - start) != head->hash)
		return damaged(directory, "checksums.img", "its own checksum is wrong");
	for (;;) {
		TRY(image_read_next(reader, &checksums->arena, &message));
		if (!message)
			break;
		TRY(check_entry(directory, (const ChecksumsEntry *)message));
		*arena_append(&checksums->arena, checksums->entries, checksums->count, capacity) =
			(ChecksumsEntry *)message;
	}
	return checksums->count == head->count ? NULL : damaged(directory, "checksums.img", "entries are missing");
}

static struct error *read_whole(struct image_directory *directory, char **data, size_t *size)
{
	cleanup_close int fd = -1;
	struct stat stat;

	*data = NULL;
	TRY(image_directory_find(directory, IMAGE_CHECKSUMS, 0, O_RDONLY, &fd));
	if (fd < 0)
		return NULL;
	if (fstat(fd, &stat))
		return fail_errno("could not look at checksums.img in %s", directory->path);
	if (stat.st_size > LIST_MAX)
		return damaged(directory, "checksums.img", "it is too large");
	*size = stat.st_size;
	*data = malloc(*size + 1);
	return *data ? with_context(pread_exactly(fd, *data, *size, 0), "checksums.img") : out_of_memory();
}

struct error *checksums_read(struct image_directory *directory, struct image_checksums **ret)
{
	cleanup_free char *data = NULL;
	struct image_checksums *checksums;
	struct error *error;
	size_t size;

	*ret = NULL;
	TRY(read_whole(directory, &data, &size));
	if (!data)
		return NULL;
	checksums = calloc(1, sizeof(*checksums));
	if (!checksums)
		return out_of_memory();
	error = read_list(directory, data, size, checksums);
	if (error) {
		checksums_free(checksums);
		return error;
	}
	checksums->checked = arena_array(&checksums->arena, bool, checksums->count);
	checksums->left = arena_array(&checksums->arena, struct checksums_blocks *, checksums->count);
	if (checksums->count)
		qsort(checksums->entries, checksums->count, sizeof(*checksums->entries), compare_entries);
	*ret = checksums;
	return NULL;
}

void checksums_free(struct image_checksums *checksums)
{
	for (size_t i = 0; checksums && checksums->left && i < checksums->count; i++)
		if (checksums->left[i])
			munmap(checksums->left[i]->right, checksums->left[i]->count);
	if (checksums)
		arena_free(&checksums->arena);
	free(checksums);
}

/* ---- checking ---- */

static struct error *check_size(const struct image_directory *directory, const ChecksumsEntry *entry, uint64_t size)
{
	if (size == entry->size)
		return NULL;
	return with_detail(damaged(directory, entry->name, size < entry->size ? "it is cut off" : "it is too long"),
			   "It has %lu bytes and had %lu when it was written.", size, entry->size);
}

struct error *checksums_check(struct image_directory *directory, const char *name, int fd, uint64_t size)
{
	struct image_checksums *checksums = directory->checksums;
	size_t found = find(checksums, name);
	const ChecksumsEntry *entry;
	uint64_t hash;

	if (found == SIZE_MAX || checksums->checked[found])
		return NULL;
	entry = checksums->entries[found];
	TRY(check_size(directory, entry, size));
	if (entry->has_hash) {
		TRY(with_context(hash_file(fd, size, &hash), "%s", name));
		if (hash != entry->hash)
			return damaged(directory, name, "it is not what was written");
	}
	checksums->checked[found] = true;
	return NULL;
}

struct error *checksums_check_missing(struct image_directory *directory, const char *name)
{
	if (!checksums_name(directory->checksums, name))
		return NULL;
	return with_hint(fail("the images in %s are incomplete: %s is missing", directory->path, name),
			 "Use another copy of the images.");
}

struct error *checksums_check_sizes(struct image_directory *directory)
{
	const struct image_checksums *checksums = directory->checksums;
	struct stat stat;

	for (size_t i = 0; checksums && i < checksums->count; i++) {
		const ChecksumsEntry *entry = checksums->entries[i];

		if (!fstatat(directory->fd, entry->name, &stat, AT_SYMLINK_NOFOLLOW))
			TRY(check_size(directory, entry, stat.st_size));
		else if (errno == ENOENT)
			TRY(checksums_check_missing(directory, entry->name));
	}
	return NULL;
}

/* `right`, or NULL: blocks that need no look. */
static struct error *check_blocks(const struct image_directory *directory, const ChecksumsEntry *entry, int fd, const uint8_t *right)
{
	cleanup_free char *buffer = malloc(BUFFER_BYTES);
	uint64_t at = 0;

	if (!buffer)
		return out_of_memory();
	for (size_t i = 0; i < entry->n_block_pages; i++) {
		size_t length = (size_t)entry->block_pages[i] * PAGE_SIZE_BYTES;

		if (!right || !right[i]) {
			TRY(with_context(pread_exactly(fd, buffer, length, at), "%s", entry->name));
			if (XXH3_64bits(buffer, length) != entry->block_hashes[i])
				return with_detail(damaged(directory, entry->name, "its pages are not what was written"),
						   "The first wrong ones are in the %zu bytes at offset %lu.", length, at);
		}
		at += length;
	}
	return NULL;
}

static struct error *check_pages_of(struct image_directory *directory, const ChecksumsEntry *entry, const uint8_t *right)
{
	cleanup_close int fd = openat(directory->fd, entry->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return fail_errno("could not open %s in %s", entry->name, directory->path);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return check_blocks(directory, entry, fd, right);
}

bool checksums_of_pages(const struct image_directory *directory)
{
	const struct image_checksums *checksums = directory->checksums;

	for (size_t i = 0; checksums && i < checksums->count; i++)
		if (checksums->entries[i]->n_block_pages)
			return true;
	return false;
}

struct error *checksums_check_others(struct image_directory *directory)
{
	const struct image_checksums *checksums = directory->checksums;

	for (size_t i = 0; checksums && i < checksums->count; i++)
		if (checksums->entries[i]->n_block_pages && !checksums->left[i])
			TRY(check_pages_of(directory, checksums->entries[i], NULL));
	return NULL;
}

struct error *checksums_check_left(struct image_directory *directory)
{
	const struct image_checksums *checksums = directory->checksums;

	for (size_t i = 0; checksums && i < checksums->count; i++)
		if (checksums->left[i])
			TRY(check_pages_of(directory, checksums->entries[i], checksums->left[i]->right));
	return NULL;
}

struct error *checksums_check_pages(struct image_directory *directory)
{
	TRY(checksums_check_others(directory));
	return checksums_check_left(directory);
}

/* ---- checking on the way ---- */

static struct checksums_blocks *new_blocks(struct image_checksums *checksums, const ChecksumsEntry *entry)
{
	struct checksums_blocks *blocks = arena_new(&checksums->arena, struct checksums_blocks);
	size_t count = entry->n_block_pages;
	void *right = mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (right == MAP_FAILED)
		return NULL;
	*blocks = (struct checksums_blocks){ count, arena_array(&checksums->arena, uint64_t, count + 1), entry->block_hashes, right };
	for (size_t i = 0; i < count; i++)
		blocks->starts[i + 1] = blocks->starts[i] + (uint64_t)entry->block_pages[i] * PAGE_SIZE_BYTES;
	(void)XXH3_64bits("", 0); /* the linker has found it before helpers without C library call it */
	return blocks;
}

struct checksums_blocks *checksums_leave(struct image_directory *directory, const char *name)
{
	struct image_checksums *checksums = directory->checksums;
	size_t found = find(checksums, name);

	if (found == SIZE_MAX || checksums->entries[found]->has_hash || checksums->entries[found]->size < LEFT_BYTES)
		return NULL;
	if (!checksums->left[found])
		checksums->left[found] = new_blocks(checksums, checksums->entries[found]);
	return checksums->left[found];
}

void checksums_look_at(const struct checksums_blocks *blocks, size_t index, const char *file)
{
	uint64_t start = blocks->starts[index];

	if (XXH3_64bits(file + start, blocks->starts[index + 1] - start) == blocks->hashes[index])
		blocks->right[index] = true;
}

static struct error *check_one(struct image_directory *directory, const ChecksumsEntry *entry)
{
	cleanup_close int fd = openat(directory->fd, entry->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat stat;

	if (fd < 0 && errno == ENOENT)
		return checksums_check_missing(directory, entry->name);
	if (fd < 0 || fstat(fd, &stat))
		return fail_errno("could not open %s in %s", entry->name, directory->path);
	TRY(checksums_check(directory, entry->name, fd, stat.st_size));
	return entry->n_block_pages ? check_blocks(directory, entry, fd, NULL) : NULL;
}

size_t checksums_check_all(struct image_directory *directory, void (*found)(void *, struct error *), void *argument)
{
	const struct image_checksums *checksums = directory->checksums;

	for (size_t i = 0; checksums && i < checksums->count; i++) {
		struct error *error = check_one(directory, checksums->entries[i]);

		if (error)
			found(argument, error);
	}
	return checksums ? checksums->count : 0;
}

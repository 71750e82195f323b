// SPDX-License-Identifier: GPL-2.0
// seeds: test/fuzz/seeds/image_set
// longest: 400
/*
 * Whole sets of images with wrong messages in them, as restore and crit meet them: everything
 * is read and planned up to the first fork, and explored. The input is a list of decisions: which
 * recorded set, and then again and again which image, entry and field, and what becomes of it.
 * Messages are changed as messages, so that what arrives is well formed and wrong.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board.h"
#include "cli/parse.h"
#include "crit/convert.h"
#include "crit/explore.h"
#include "crit/text.h"
#include "hooks/hooks.h"
#include "images/messages.h"
#include "image/record.h"
#include "lib/mutate.h"
#include "model/context.h"
#include "model/run.h"
#include "must.h"
#include "restore/stages.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "support/log.h"
#include "support/options.h"

#define SETS "test/fuzz/seeds/sets"
#define PLACE "/tmp/criu-fuzz/"
enum { MAX_SETS = 100, MAX_FILES = 200, VDSO = 8, VVAR = 1 << 12, KEPT_FDS = 64 };

struct file {
	char name[IMAGE_NAME_MAX];
	char *data;
	size_t size;
};

struct set {
	char name[64];
	struct file files[MAX_FILES];
	size_t count;
};

static struct {
	struct set *sets[MAX_SETS];
	size_t count;
	char directory[64];
	int fd;
	int last_fd; /* descriptors above are of one run */
	const struct set *there; /* the set whose files are in the directory */
	struct options options;
} fuzz;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* ---- recorded sets ---- */

static void *take(const void *data, size_t size)
{
	void *copy = malloc(size + 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	((char *)copy)[size] = '\0';
	return copy;
}

static void unpack(struct set *set, const char *data, size_t size)
{
	const char *at = data, *end = data + size;

	while (at < end) {
		struct file *file = &set->files[set->count++];
		const char *line = memchr(at, '\n', end - at);
		char *rest;

		snprintf(file->name, sizeof(file->name), "%.*s", (int)(line - at), at);
		file->size = strtoull(line + 1, &rest, 10);
		file->data = take(rest + 1, file->size);
		at = rest + 1 + file->size;
	}
}

static void add_set(const char *name)
{
	struct set *set = calloc(1, sizeof(*set));
	char path[512], *data;
	size_t size;

	if (!set || fuzz.count == MAX_SETS)
		abort();
	snprintf(path, sizeof(path), "%s/%s", SETS, name);
	snprintf(set->name, sizeof(set->name), "%s", name);
	must(read_file_at(AT_FDCWD, path, &data, &size));
	unpack(set, data, size);
	free(data);
	fuzz.sets[fuzz.count++] = set;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(struct set *const *)a)->name, (*(struct set *const *)b)->name);
}

static void load_sets(void)
{
	cleanup_closedir DIR *list = opendir(SETS);
	const struct dirent *entry;

	while (list && (entry = readdir(list)))
		if (entry->d_name[0] != '.')
			add_set(entry->d_name);
	if (!fuzz.count)
		abort();
	qsort(fuzz.sets, fuzz.count, sizeof(*fuzz.sets), compare_names);
}

/* ---- making sets fit this machine ---- */

static bool of_kernel(const VmaEntry *vma)
{
	return vma->status & (VDSO | VVAR);
}

/* The recording machine's vdso would end every plan on another kernel. */
static void drop_vdso(struct file *file)
{
	struct mutable_image *image = mutable_open(file->data, file->size, file->name);
	MmEntry *mm = image ? (MmEntry *)image->entries[0].message : NULL;
	size_t kept = 0;

	if (!mm)
		return;
	for (size_t i = 0; i < mm->n_vmas; i++) {
		VmaEntry *vma = mm->vmas[i];

		if (of_kernel(vma))
			vma_entry__free_unpacked(vma, NULL);
		else
			mm->vmas[kept++] = vma;
	}
	mm->n_vmas = kept;
	free(file->data);
	file->data = mutable_pack(image, &file->size);
	mutable_close(image);
}

static bool mapped(const MmEntry *mm, const PagemapEntry *entry)
{
	for (size_t i = 0; i < mm->n_vmas; i++)
		if (mm->vmas[i]->start <= entry->vaddr && entry->vaddr < mm->vmas[i]->end)
			return true;
	return false;
}

static void drop_pages(struct file *file, const struct file *mm_file)
{
	struct mutable_image *image = mutable_open(file->data, file->size, file->name);
	struct mutable_image *mm = mutable_open(mm_file->data, mm_file->size, mm_file->name);

	for (size_t i = 1; image && mm && i < image->count;) {
		if (mapped((MmEntry *)mm->entries[0].message, (PagemapEntry *)image->entries[i].message))
			i++;
		else
			mutable_delete(image, i);
	}
	if (image && mm) {
		free(file->data);
		file->data = mutable_pack(image, &file->size);
	}
	mutable_close(image);
	mutable_close(mm);
}

/* Directories above, then the file itself: empty, but of the right size and type. */
static void make_path(const char *path, mode_t mode, off_t size)
{
	char above[512];

	for (const char *slash = path; (slash = strchr(slash + 1, '/'));) {
		snprintf(above, sizeof(above), "%.*s", (int)(slash - path), path);
		mkdir(above, 0755);
	}
	if (S_ISDIR(mode)) {
		mkdir(path, 0755);
	} else if (S_ISREG(mode) || S_ISFIFO(mode)) {
		mknod(path, mode, 0);
		if (S_ISREG(mode) && truncate(path, size))
			abort();
	}
	if (!S_ISLNK(mode))
		(void)chmod(path, mode & 07777);
}

/* Files of the recorded programs are made, those of the system may be of another version here. */
static void adapt_path(RegFileEntry *entry)
{
	struct stat stat;

	if (!strncmp(entry->name, PLACE, strlen(PLACE)))
		make_path(entry->name, entry->mode, entry->size);
	else if (lstat(entry->name, &stat) || (uint64_t)stat.st_size != entry->size || stat.st_mode != entry->mode)
		entry->has_size = entry->has_mode = false;
	entry->n_build_id = 0;
	entry->has_checksum = false;
}

static void adapt_files(struct file *file)
{
	struct mutable_image *image = mutable_open(file->data, file->size, file->name);

	for (size_t i = 0; image && i < image->count; i++)
		if (((FileEntry *)image->entries[i].message)->reg)
			adapt_path(((FileEntry *)image->entries[i].message)->reg);
	if (image) {
		free(file->data);
		file->data = mutable_pack(image, &file->size);
	}
	mutable_close(image);
}

static struct file *find_file(struct set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (!strcmp(set->files[i].name, name))
			return &set->files[i];
	return NULL;
}

static void adapt(struct set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		char name[IMAGE_NAME_MAX];

		if (!strcmp(set->files[i].name, "files.img"))
			adapt_files(&set->files[i]);
		if (strncmp(set->files[i].name, "mm-", 3))
			continue;
		drop_vdso(&set->files[i]);
		snprintf(name, sizeof(name), "pagemap-%s", set->files[i].name + 3);
		if (find_file(set, name))
			drop_pages(find_file(set, name), &set->files[i]);
	}
}

/* ---- the directory ---- */

static void put(const char *name, const void *data, size_t size)
{
	cleanup_close int fd = openat(fuzz.fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd < 0 ? fail_errno("%s", name) : write_exactly(fd, data, size));
}

/* Pages are holes: their number is what the recorded page maps say. */
static void put_pages(const struct file *file)
{
	struct mutable_image *image = mutable_open(file->data, file->size, file->name);
	char name[IMAGE_NAME_MAX];
	uint64_t pages = 0;
	cleanup_close int fd = -1;

	if (!image)
		return;
	for (size_t i = 1; i < image->count; i++)
		pages += ((PagemapEntry *)image->entries[i].message)->nr_pages;
	snprintf(name, sizeof(name), "pages-%u.img", ((PagemapHead *)image->entries[0].message)->pages_id);
	fd = openat(fuzz.fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, pages * 4096))
		abort();
	mutable_close(image);
}

static void empty_directory(void)
{
	cleanup_closedir DIR *list = opendir(fuzz.directory);
	const struct dirent *entry;

	while (list && (entry = readdir(list)))
		if (entry->d_name[0] != '.')
			unlinkat(fuzz.fd, entry->d_name, 0);
}

static void put_set(const struct set *set)
{
	if (fuzz.there == set)
		return;
	empty_directory();
	for (size_t i = 0; i < set->count; i++) {
		put(set->files[i].name, set->files[i].data, set->files[i].size);
		if (!strncmp(set->files[i].name, "pagemap", 7))
			put_pages(&set->files[i]);
	}
	fuzz.there = set;
}

/* ---- what is tried ---- */

static void end_plan(struct restore *restore)
{
	if (restore->board && restore->board != MAP_FAILED)
		munmap(restore->board, restore->board_size);
	if (restore->pages_compared)
		munmap(restore->pages_compared, 4096);
}

static void check_error_value(struct error *error)
{
	if (error && (!error->message || !*error->message || strlen(error->message) > 100000))
		abort();
	error_free(error);
}

static void restore_set(void)
{
	struct criu criu = { .options = &fuzz.options };
	struct snapshot snapshot = { 0 };
	struct restore restore = { .criu = &criu, .snapshot = &snapshot, .arena = &snapshot.arena, .board_fd = -1 };
	struct error *error = image_directory_open(fuzz.directory, NULL, false, &criu.images);

	must(hooks_new(&criu.hooks));
	if (!error)
		error = read_images(&restore);
	if (!error)
		error = make_plan(&restore);
	if (getenv("FUZZ_VERBOSE"))
		fprintf(stderr, "%s: %s\n", fuzz.there ? fuzz.there->name : "", error ? error->message : "planned");
	check_error_value(error);
	end_plan(&restore);
	undo_drop(&restore.undo);
	image_directory_close(criu.images);
	hooks_free(criu.hooks);
	arena_free(&snapshot.arena);
	*log_descriptor() = STDERR_FILENO;
	close_range(fuzz.last_fd + 1, ~0U, 0);
}

static void explore_set(unsigned topic)
{
	cleanup_free char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	check_error_value(explore(fuzz.directory, explore_topics[topic % 4].name, stream));
	fclose(stream);
}

static void decode_image(const char *name, const char *data, size_t size)
{
	struct decode_options options = { .pretty = size & 1 };
	cleanup_json struct json_object *json = NULL;
	size_t unknown;

	check_error_value(image_decode(data, size, name, &options, &json, &unknown));
}

/* ---- the target ---- */

static void clean_up(void)
{
	empty_directory();
	rmdir(fuzz.directory);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	snprintf(fuzz.directory, sizeof(fuzz.directory), "/dev/shm/criu-fuzz-XXXXXX");
	if (!mkdtemp(fuzz.directory))
		abort();
	fuzz.fd = open(fuzz.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	atexit(clean_up);
	load_sets();
	for (size_t i = 0; i < fuzz.count; i++)
		adapt(fuzz.sets[i]);
	options_set_defaults(&fuzz.options);
	fuzz.options.verbosity = 0;
	fuzz.options.shell_job = fuzz.options.tcp_established = fuzz.options.file_locks = true;
	fuzz.last_fd = KEPT_FDS;
	if (fuzz.fd >= KEPT_FDS)
		abort();
	return 0;
}

/* The set whose name's hash comes next: a new set changes the meaning of few inputs. */
static const struct set *choose_set(struct choices *choices)
{
	uint16_t wanted = choose_bits(choices, 2), nearest = UINT16_MAX;
	const struct set *found = fuzz.sets[0];

	for (size_t i = 0; i < fuzz.count; i++) {
		uint16_t hash = 0;

		for (const char *at = fuzz.sets[i]->name; *at; at++)
			hash = hash * 31 + *at;
		if ((uint16_t)(hash - wanted) <= nearest) {
			nearest = hash - wanted;
			found = fuzz.sets[i];
		}
	}
	return found;
}

/* One image of the set, changed; it is put back before the next input. */
static void change_one(const struct set *set, struct choices *choices)
{
	const struct file *file = &set->files[choose(choices, set->count)];
	const struct file *other = &set->files[choose(choices, set->count)];
	size_t size;
	cleanup_free char *data = mutate_image(choices, file->data, file->size, file->name, other->data, other->size, &size);

	if (data) {
		put(file->name, data, size);
		decode_image(file->name, data, size);
	} else {
		unlinkat(fuzz.fd, file->name, 0);
	}
	fuzz.there = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct choices choices = { data, data + size };
	const struct set *set = choose_set(&choices);

	put_set(set);
	for (int i = 0; i < 4 && choices.at < choices.end; i++)
		change_one(set, &choices);
	restore_set();
	explore_set(choices.end - data);
	return 0;
}

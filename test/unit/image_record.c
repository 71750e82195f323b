// SPDX-License-Identifier: GPL-2.0
/* Framing, names, commit and the bounds that the reader checks. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/checksums.h"
#include "image/record.h"
#include "images/messages.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "tap.h"

static struct error *write_pstree(struct image_directory *directory, int count)
{
	cleanup_image_writer struct image_writer *writer = NULL;

	TRY(image_create(directory, IMAGE_PSTREE, 0, &writer));
	for (int i = 0; i < count; i++) {
		PstreeEntry entry = PSTREE_ENTRY__INIT;
		uint32_t threads[] = { i + 1, i + 100000 };

		entry.pid = i + 1;
		entry.ppid = i;
		entry.threads = threads;
		entry.n_threads = 2;
		TRY(image_write(writer, &entry.base));
	}
	return image_close(take_pointer(writer));
}

static struct error *write_inventory(struct image_directory *directory)
{
	InventoryEntry entry = INVENTORY_ENTRY__INIT;

	entry.img_version = IMAGE_VERSION;
	return image_write_one(directory, IMAGE_INVENTORY, 0, &entry.base);
}

static struct error *write_timens(struct image_directory *directory, int key)
{
	Timespec zero = TIMESPEC__INIT;
	TimensEntry entry = TIMENS_ENTRY__INIT;

	entry.monotonic = entry.boottime = &zero;
	return image_write_one(directory, IMAGE_TIMENS, key, &entry.base);
}

static bool exists(struct image_directory *directory, const char *name)
{
	struct stat stat;

	return !fstatat(directory->fd, name, &stat, AT_SYMLINK_NOFOLLOW);
}

static int file_count(struct image_directory *directory)
{
	cleanup_closedir DIR *list = fdopendir(openat(directory->fd, ".", O_RDONLY | O_DIRECTORY));
	int count = 0;

	for (struct dirent *entry; (entry = readdir(list));)
		count += entry->d_name[0] != '.';
	return count;
}

static void test_names(void)
{
	char name[IMAGE_NAME_MAX];

	image_name(IMAGE_CORE, 42, name);
	check(!strcmp(name, "core-42.img"), "a decimal key");
	image_name(IMAGE_TCP_STREAM, 0x2a38a3, name);
	check(!strcmp(name, "tcp-stream-2a38a3.img"), "a hexadecimal key");
	image_name(IMAGE_PAGEMAP_SHMEM, UINT64_MAX, name);
	check(!strcmp(name, "pagemap-shmem-18446744073709551615.img"), "a 64 bit key");
	image_name(IMAGE_STATS_DUMP, 0, name);
	check(!strcmp(name, "stats-dump"), "no key");
	image_name(IMAGE_TMPFS, 77, name);
	check(!strcmp(name, "tmpfs-dev-77.tar.gz.img"), "a key in the middle");
}

static void test_round_trip(struct image_directory *directory)
{
	enum { COUNT = 20000 }; /* several buffers */
	cleanup_image_reader struct image_reader *reader = NULL;
	struct arena arena = { 0 };
	ProtobufCMessage **list;
	size_t count;
	bool same = true;

	check_no_error(write_pstree(directory, COUNT), "an image is written");
	check(!exists(directory, "pstree.img"), "it has no name before the commit");
	check_no_error(image_directory_commit(directory), "commit");
	check(exists(directory, "pstree.img"), "it has one after the commit");
	check_no_error(image_read_all(directory, IMAGE_PSTREE, 0, &arena, &list, &count), "all entries are read");
	check(count == COUNT, "as many as were written (%zu)", count);
	for (size_t i = 0; i < count; i++) {
		PstreeEntry *entry = (PstreeEntry *)list[i];

		same &= entry->pid == i + 1 && entry->n_threads == 2 && entry->threads[1] == i + 100000;
	}
	check(same, "with what was written");
	check_no_error(image_open(directory, IMAGE_PSTREE, 7, &reader), "keys do not matter where the name has none");
	arena_free(&arena);
}

/* Found by the soak: checksums.img itself made the list of its names move. */
static void test_many_names(const char *path)
{
	for (int count = 60; count < 70; count++) {
		struct image_directory *directory = NULL;
		void *pins[70] = { NULL };

		check_no_error(image_directory_open(path, NULL, true, &directory), "open");
		check_no_error(write_inventory(directory), "inventory");
		for (int i = 1; i < count; i++) {
			check_no_error(write_timens(directory, i), "one more image");
			pins[i] = malloc(64); /* so that the list cannot grow where it is */
		}
		check_no_error(image_directory_commit(directory), "commit");
		image_directory_close(directory);
		check_no_error(image_directory_open(path, NULL, false, &directory), "a set opens");
		check(directory && directory->checksums, "with checksums");
		for (int i = 0; i < 70; i++)
			free(pins[i]);
		image_directory_close(directory);
	}
}

static void test_missing(struct image_directory *directory)
{
	cleanup_image_reader struct image_reader *reader = NULL;
	struct arena arena = { 0 };
	ProtobufCMessage *message = NULL;
	int fd = 0;

	check_no_error(image_open(directory, IMAGE_CORE, 4711, &reader), "a missing image opens");
	check(reader && reader->missing, "and says that it is missing");
	check_no_error(image_read_next(reader, &arena, &message), "it reads");
	check(!message, "as an image without entries");
	check_error(image_read_one(directory, IMAGE_CORE, 4711, &arena, &message), "core-4711.img is missing",
		    "an image that must be there is missed by name");
	check_no_error(image_open_raw(directory, IMAGE_PAGES, 9, O_RDONLY, &fd), "a missing raw image");
	check(fd == -1, "gives no descriptor");
	arena_free(&arena);
}

static void test_empty(struct image_directory *directory)
{
	check(exists(directory, "pstree.img"), "an older image is there");
	check_no_error(write_pstree(directory, 0), "an image without entries is written");
	check(exists(directory, "pstree.img"), "the older one stays until the commit");
	check_no_error(image_directory_commit(directory), "commit");
	check(!exists(directory, "pstree.img"), "and is gone afterwards");
}

static void test_commit(const char *path)
{
	struct image_directory *directory = NULL, *other = NULL;
	struct stat stat;
	int before;

	check_no_error(image_directory_open(path, NULL, true, &directory), "open");
	before = file_count(directory);
	check_no_error(write_inventory(directory), "inventory");
	check_no_error(write_pstree(directory, 1), "pstree");
	check(file_count(directory) == before + 2, "two temporary files");
	image_directory_abandon(directory);
	check(file_count(directory) == before, "abandoned ones are deleted");
	check_no_error(write_inventory(directory), "inventory");
	image_directory_close(directory);
	check_no_error(image_directory_open(path, NULL, true, &directory), "open again");
	check(file_count(directory) == before, "closing abandons");

	check_no_error(write_inventory(directory), "inventory first");
	check_no_error(write_pstree(directory, 1), "pstree second");
	/* pstree cannot be renamed: the commit fails in the middle */
	check(!mkdirat(directory->fd, "pstree.img", 0700) && !mkdirat(directory->fd, "pstree.img/x", 0700),
	      "an obstacle");
	check_no_error(image_directory_open(path, NULL, true, &other), "the old set");
	check_error(image_directory_commit(directory), "pstree.img", "a commit that fails");
	check(!exists(other, "inventory.img"), "leaves no inventory");
	image_directory_abandon(directory);
	unlinkat(other->fd, "pstree.img/x", AT_REMOVEDIR);
	unlinkat(other->fd, "pstree.img", AT_REMOVEDIR);
	check_no_error(write_inventory(directory), "inventory");
	check_no_error(image_directory_commit(directory), "commit");
	check(!fstatat(other->fd, "inventory.img", &stat, 0) && (stat.st_mode & 07777) == 0600,
	      "images are readable for their owner only");
	image_directory_close(directory);
	image_directory_close(other);
}

static void test_links(struct image_directory *directory)
{
	struct image_reader *reader = NULL;

	check(!symlinkat("/etc/passwd", directory->fd, "pstree.img"), "an image that is a link");
	check_error(image_open(directory, IMAGE_PSTREE, 0, &reader), "pstree.img", "is not read");
	unlinkat(directory->fd, "pstree.img", 0);
	check(!mkfifoat(directory->fd, "pstree.img", 0600), "an image that is a FIFO");
	check_error(image_open(directory, IMAGE_PSTREE, 0, &reader), "not a regular file", "is not read");
	unlinkat(directory->fd, "pstree.img", 0);
	check(!symlinkat("/etc/passwd", directory->fd, "pstree.img.part"), "a link in place of the temporary file");
	check_no_error(write_pstree(directory, 1), "is not written through");
	check_no_error(image_directory_commit(directory), "commit");
	check(exists(directory, "pstree.img"), "the image is there");
}

static void test_payload(struct image_directory *directory)
{
	cleanup_image_writer struct image_writer *writer = NULL;
	cleanup_image_reader struct image_reader *reader = NULL;
	PipeDataEntry entry = PIPE_DATA_ENTRY__INIT;
	struct arena arena = { 0 };
	ProtobufCMessage *message;
	char data[8] = "";
	int fd = -1;

	entry.pipe_id = 5;
	entry.bytes = 5;
	check_no_error(image_create(directory, IMAGE_PIPES_DATA, 0, &writer), "payload image");
	check_no_error(image_write(writer, &entry.base), "entry");
	check_no_error(image_write_bytes(writer, "hello", 5), "payload by bytes");
	check_no_error(image_write(writer, &entry.base), "entry");
	check_no_error(image_writer_fd(writer, &fd), "descriptor");
	check(write(fd, "world", 5) == 5, "payload by descriptor");
	check_no_error(image_write(writer, &entry.base), "entry");
	check_no_error(image_write_bytes(writer, "again", 5), "payload");
	check_no_error(image_close(take_pointer(writer)), "close");
	check_no_error(image_directory_commit(directory), "commit");

	check_no_error(image_open(directory, IMAGE_PIPES_DATA, 0, &reader), "open");
	check_no_error(image_read_next(reader, &arena, &message), "entry");
	check_no_error(image_read_bytes(reader, data, 5), "payload");
	check(!memcmp(data, "hello", 5), "by bytes");
	check_no_error(image_read_next(reader, &arena, &message), "entry");
	check_no_error(image_reader_fd(reader, &fd), "payload");
	check(read(fd, data, 5) == 5 && !memcmp(data, "world", 5), "by descriptor");
	check_no_error(image_skip_bytes(reader, 5), "passed over");
	check_no_error(image_read_next(reader, &arena, &message), "entry");
	check_error(image_read_bytes(reader, data, 6), "pipes-data.img: unexpected end", "more payload than there is");
	check_error(image_skip_bytes(reader, UINT64_MAX), "unexpected end", "impossible payload");
	check_no_error(image_read_bytes(reader, data, 5), "payload");
	check(!memcmp(data, "again", 5), "right after that");
	check_no_error(image_read_next(reader, &arena, &message), "end");
	check(!message, "no more entries");
	arena_free(&arena);
}

static void test_incomplete(struct image_directory *directory)
{
	UtsnsEntry names = UTSNS_ENTRY__INIT;
	char large[100000];

	names.nodename = "here";
	names.domainname = NULL;
	check_error(image_write_one(directory, IMAGE_UTSNS, 3, &names.base), "utsns-3.img: an entry lacks a required field",
		    "an entry without a required field");
	check(!exists(directory, "utsns-3.img.part"), "leaves nothing");
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	names.domainname = large;
	check_no_error(image_write_one(directory, IMAGE_UTSNS, 3, &names.base), "an entry larger than the buffer");
	check_no_error(image_directory_commit(directory), "commit");
}

static void test_large(struct image_directory *directory)
{
	struct arena arena = {};
	UtsnsEntry *names = NULL;

	check_no_error(image_read_one(directory, IMAGE_UTSNS, 3, &arena, &names), "is read");
	check(names && strlen(names->domainname) == 99999, "whole");
	arena_free(&arena);
}

static void check_memory(const void *data, size_t size, const char *text, const char *what)
{
	cleanup_image_reader struct image_reader *reader = NULL;
	struct arena arena = { 0 };
	ProtobufCMessage *message = NULL;
	struct error *error = image_open_memory(data, size, "test.img", IMAGE_NONE, &reader);

	for (bool more = !error; more;) {
		error = image_read_next(reader, &arena, &message);
		more = !error && message;
	}
	if (text)
		check_error(error, text, what);
	else
		check_no_error(error, what);
	arena_free(&arena);
}

static void test_bounds(void)
{
	struct {
		uint32_t head, magic, length;
		uint8_t body[8];
	} image = { IMAGE_HEAD_COMMON, 0x50273030, 8, { 0x08, 1, 0x10, 2, 0x18, 3, 0x20, 4 } };

	check_memory(&image, 20, NULL, "a sound image");
	check_memory(&image.magic, 16, NULL, "the same in version 1, without head word");
	check_memory(&image, 8, NULL, "head words only");
	check_memory(&image, 0, "unexpected end of the image at offset 0", "an empty file");
	check_memory(&image, 6, "unexpected end of the image at offset 4", "half a head");
	check_memory(&image, 10, "unexpected end of the image at offset 8", "half a length");
	check_memory(&image, 19, "unexpected end of the image at offset 12", "half an entry");
	image.body[0] = 0x28;
	check_memory(&image, 20, "cannot read a pstree_entry: test.img: no valid entry at offset 8",
		     "an entry that lacks a required field");
	image.length = 0xffffffff;
	check_memory(&image, 20, "impossible length of an entry at offset 8", "an impossible length");
	image.magic++;
	check_memory(&image, 20, "wrong magic number 0x50273031", "another magic");
	image.head = 0x04034b50;
	check_memory(&image, 20, "wrong magic number 0x04034b50", "no image at all");
}

/* Directories of a control group, one in another. */
static void test_nesting(int levels, const char *text)
{
	static unsigned char image[64 * 1024];
	unsigned char body[sizeof(image)];
	size_t length = 0;
	uint32_t words[3] = { IMAGE_HEAD_COMMON, 0x59383330, 0 };

	for (int i = 0; i < levels; i++) { /* from the innermost outwards */
		unsigned char level[8] = { 0x0a, 1, 'a', 0x12, 0x80 | (length & 0x7f), 0x80 | (length >> 7 & 0x7f),
					   length >> 14 };
		size_t head = i ? 7 : 3;

		memmove(body + head, body, length);
		memcpy(body, level, head);
		length += head;
	}
	for (int i = 0; i < 2; i++) { /* cgroup_entry.controllers, cg_controller_entry.dirs */
		unsigned char level[4] = { 0x12, 0x80 | (length & 0x7f), 0x80 | (length >> 7 & 0x7f), length >> 14 };

		memmove(body + 4, body, length);
		memcpy(body, level, 4);
		length += 4;
	}
	words[2] = length;
	memcpy(image, words, sizeof(words));
	memcpy(image + sizeof(words), body, length);
	check_memory(image, sizeof(words) + length, text, "messages in messages");
}

static void test_service(const char *path, const char *work_path)
{
	struct image_directory *directory = NULL;
	struct arena arena = { 0 };
	ProtobufCMessage *message;
	StatsEntry stats = STATS_ENTRY__INIT;
	struct stat stat;

	check_no_error(image_directory_open(path, work_path, true, &directory), "open with a work directory");
	check_no_error(image_write_one(directory, IMAGE_STATS_DUMP, 0, &stats.base), "a service image");
	check(!fstatat(directory->work_fd, "stats-dump", &stat, 0), "has its name at once, in the work directory");
	check_no_error(image_read_one(directory, IMAGE_STATS_DUMP, 0, &arena, &message), "and is read from there");
	image_directory_close(directory);
	arena_free(&arena);
}

static void test_parent(struct image_directory *directory)
{
	struct image_directory *parent = NULL;

	check_no_error(image_directory_open_parent(directory, &parent), "no parent");
	check(!parent, "is none");
	check_no_error(image_directory_set_parent(directory, "work"), "a parent");
	check_no_error(image_directory_set_parent(directory, "elsewhere"), "a second time");
	check_no_error(image_directory_open_parent(directory, &parent), "opens");
	check(parent && strstr(parent->path, "/parent"), "under its path");
	image_directory_close(parent);
	unlinkat(directory->fd, "parent", 0);
	check_no_error(image_directory_set_parent(directory, "nowhere"), "a parent that is gone");
	check_error(image_directory_open_parent(directory, &parent), "parent images", "is an error");
}

int main(void)
{
	char path[] = "/tmp/image-record-XXXXXX", work[64], command[96];
	struct image_directory *directory = NULL;

	if (!check(mkdtemp(path) != NULL, "a directory for the test"))
		return tap_end();
	snprintf(work, sizeof(work), "%s/work", path);
	mkdir(work, 0700);
	check_no_error(image_directory_open(path, NULL, true, &directory), "open");
	test_names();
	test_round_trip(directory);
	test_missing(directory);
	test_empty(directory);
	test_commit(path);
	test_many_names(path);
	test_links(directory);
	test_payload(directory);
	test_incomplete(directory);
	test_large(directory);
	test_bounds();
	test_nesting(50, NULL);
	test_nesting(3000, "no valid entry");
	test_service(path, work);
	test_parent(directory);
	check_error(image_directory_open("/nonexistent", NULL, false, &(struct image_directory *){ NULL }),
		    "could not open the directory /nonexistent", "a directory that is not there");
	image_directory_close(directory);
	snprintf(command, sizeof(command), "rm -r %s", path);
	check(!system(command), "cleaned");
	return tap_end();
}

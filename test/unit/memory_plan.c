// SPDX-License-Identifier: GPL-2.0
/* Page maps of damaged images: every bound is checked, and what is right is read. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "image/directory.h"
#include "image/record.h"
#include "memory/plan.h"
#include "memory/vma.h"
#include "model/context.h"
#include "support/cleanup.h"
#include "tap.h"

/* One entry; -1: the field is absent. */
struct row {
	uint64_t address;
	int64_t pages, old_pages, flags;
};

static struct error *write_map(struct image_directory *directory, const struct row *rows, size_t count,
			       uint64_t data_pages)
{
	cleanup_image_writer struct image_writer *writer = NULL;
	PagemapHead head = PAGEMAP_HEAD__INIT;
	cleanup_close int pages = -1;

	TRY(image_create(directory, IMAGE_PAGEMAP, 1, &writer));
	head.pages_id = 1;
	TRY(image_write(writer, &head.base));
	for (size_t i = 0; i < count; i++) {
		PagemapEntry entry = PAGEMAP_ENTRY__INIT;

		entry.vaddr = rows[i].address;
		entry.compat_nr_pages = rows[i].old_pages;
		if (rows[i].pages >= 0) {
			entry.has_nr_pages = 1;
			entry.nr_pages = rows[i].pages;
		}
		if (rows[i].flags >= 0) {
			entry.has_flags = 1;
			entry.flags = rows[i].flags;
		}
		TRY(image_write(writer, &entry.base));
	}
	TRY(image_close(take_pointer(writer)));
	TRY(image_open_raw(directory, IMAGE_PAGES, 1, O_WRONLY | O_CREAT, &pages));
	if (ftruncate(pages, data_pages * PAGE_BYTES))
		return fail_errno("ftruncate");
	return image_directory_commit(directory);
}

static struct error *read_map(struct image_directory *directory, struct arena *arena, struct page_run **runs,
			      size_t *count)
{
	struct criu criu = { .images = directory };
	struct restore restore = { .criu = &criu, .arena = arena };
	struct page_runs pages;
	struct error *error = read_page_runs(&restore, IMAGE_PAGEMAP, 1, &pages);

	*runs = pages.items;
	*count = pages.count;
	if (pages.fd >= 0)
		close(pages.fd);
	return error;
}

static void refused(struct image_directory *directory, const struct row *rows, size_t count, uint64_t data_pages,
		    const char *text, const char *what)
{
	struct arena arena = { 0 };
	struct page_run *runs;
	size_t found;

	check_no_error(write_map(directory, rows, count, data_pages), "a page map is written");
	check_error(read_map(directory, &arena, &runs, &found), text, what);
	arena_free(&arena);
}
#define REFUSED(data_pages, text, what, ...)                                                                           \
	do {                                                                                                           \
		const struct row rows_[] = { __VA_ARGS__ };                                                            \
		refused(directory, rows_, sizeof(rows_) / sizeof(rows_[0]), data_pages, text, what);                   \
	} while (0)

static void test_good(struct image_directory *directory)
{
	const struct row rows[] = { { 0x10000, 2, 2, 4 }, { 0x20000, -1, 3, -1 }, { 0x30000, 1, 0, 6 } };
	struct arena arena = { 0 };
	struct page_run *runs;
	size_t count;

	check_no_error(write_map(directory, rows, 3, 6), "a page map is written");
	if (!check_no_error(read_map(directory, &arena, &runs, &count), "and read"))
		return;
	check(count == 3, "three runs (%zu)", count);
	check(runs[1].pages == 3 && runs[1].offset == 2 * PAGE_BYTES, "an entry of an old image");
	check(runs[2].pages == 1 && runs[2].offset == 5 * PAGE_BYTES, "lazy ones are ordinary here");
	arena_free(&arena);
}

int main(void)
{
	char path[] = "/tmp/criu-unit-XXXXXX";
	struct image_directory *directory = NULL;

	check(mkdtemp(path), "a directory");
	check_no_error(image_directory_open(path, NULL, true, &directory), "it opens");
	test_good(directory);
	REFUSED(1, "damaged", "an address inside a page", { 0x10001, 1, 1, 4 });
	REFUSED(1, "damaged", "no pages", { 0x10000, 0, 0, 4 });
	REFUSED(1, "damaged", "a length that overflows", { 0x10000, INT64_MAX, 1, 4 });
	REFUSED(1, "damaged", "an address beyond all memory", { 1ULL << 62, 1, 1, 4 });
	REFUSED(1, "damaged", "the last page of the address space", { -(uint64_t)PAGE_BYTES, 1, 1, 4 });
	REFUSED(4, "damaged", "overlapping entries", { 0x10000, 2, 2, 4 }, { 0x11000, 2, 2, 4 });
	REFUSED(4, "damaged", "descending entries", { 0x20000, 1, 1, 4 }, { 0x10000, 1, 1, 4 });
	REFUSED(3, "too short", "fewer pages than told", { 0x10000, 4, 4, 4 });
	REFUSED(1, "lazy", "pages that are nowhere", { 0x10000, 1, 1, 2 });
	image_directory_close(directory);
	return tap_end();
}

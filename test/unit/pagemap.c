// SPDX-License-Identifier: GPL-2.0
/* Pages of a process where the kernel has no PAGEMAP_SCAN: holes take time there, and none may be wasted on them. */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "memory/pagemap.h"
#include "memory/vma.h"
#include "support/cleanup.h"
#include "tap.h"

/* An older kernel: instead of the C library's. */
int ioctl(int fd, unsigned long request, ...)
{
	errno = ENOTTY;
	return -1;
}

static size_t reads;

/* Instead of the C library's, which it calls. */
ssize_t pread(int fd, void *buffer, size_t length, off_t offset)
{
	reads++;
	return syscall(SYS_pread64, fd, buffer, length, offset);
}

static char *reserve(uint64_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED || madvise(memory, size, MADV_NOHUGEPAGE))
		abort();
	return memory;
}

static struct page_ranges scan(struct arena *arena, const char *memory, uint64_t size, uint64_t pages)
{
	const struct page_area area = { (uintptr_t)memory, (uintptr_t)memory + size, pages };
	cleanup_close int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	struct page_ranges found = { 0 }, guards = { 0 };

	check_no_error(pagemap_scan(pagemap, &area, 1, false, arena, &found, &guards), "a scan");
	return found;
}

static bool is_page(const struct page_ranges *found, size_t number, const char *page)
{
	return number < found->count && found->items[number].start == (uintptr_t)page &&
	       found->items[number].end == (uintptr_t)page + PAGE_BYTES;
}

/* Some pages in the first MiB of many TiB. */
static void check_vast(struct arena *arena)
{
	const uint64_t size = 40ULL << 40;
	volatile char *memory = reserve(size);
	struct page_ranges found;
	time_t begin = time(NULL);

	memory[0] = 1;
	(void)memory[2 * PAGE_BYTES]; /* the zero page: it must not be counted instead of the next one */
	memory[100 * PAGE_BYTES] = 1;
	found = scan(arena, (char *)memory, size, 2);
	check(time(NULL) - begin < 5, "what is behind the last page takes no time");
	check(is_page(&found, 0, (char *)memory) && is_page(&found, found.count - 1, (char *)memory + 100 * PAGE_BYTES), "all pages are found");
	found = scan(arena, (char *)memory + size / 2, size / 2, 0);
	check(!found.count && time(NULL) - begin < 5, "an area without a page takes no time");
	munmap((void *)memory, size);
}

/* Pages that a child has too are not counted, and none behind them is missed. */
static void check_relatives(struct arena *arena)
{
	char *memory = reserve(16 * PAGE_BYTES);
	struct page_ranges found;
	pid_t child;
	int status;

	memory[0] = memory[2 * PAGE_BYTES] = memory[15 * PAGE_BYTES] = 1;
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	memory[15 * PAGE_BYTES] = 2;
	found = scan(arena, memory, 16 * PAGE_BYTES, 3);
	check(found.count == 3 && is_page(&found, 2, memory + 15 * PAGE_BYTES), "pages shared with a child");
	found = scan(arena, memory, 16 * PAGE_BYTES, PAGES_UNKNOWN);
	check(found.count == 3, "of an unknown number");
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	munmap(memory, 16 * PAGE_BYTES);
}

/* Thousands of small areas, some with a page: neighbours are read together. */
static void check_many(struct arena *arena)
{
	enum { AREAS = 20000, AREA_PAGES = 2, STEP = 3 * PAGE_BYTES };
	char *memory = reserve((uint64_t)AREAS * STEP);
	struct page_area *areas = arena_array(arena, struct page_area, AREAS);
	struct page_ranges found = { 0 }, guards = { 0 };
	cleanup_close int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	bool right = true;

	for (size_t i = 0; i < AREAS; i++) {
		areas[i] = (struct page_area){ (uintptr_t)memory + i * STEP, (uintptr_t)memory + i * STEP + AREA_PAGES * PAGE_BYTES,
					       i % 2 };
		memory[i * STEP + (i % 2 ? PAGE_BYTES : AREA_PAGES * PAGE_BYTES)] = 1; /* in the area, or behind it */
	}
	reads = 0;
	check_no_error(pagemap_scan(pagemap, areas, AREAS, false, arena, &found, &guards), "a scan of many areas");
	for (size_t i = 0; i < AREAS / 2 && right; i++)
		right = is_page(&found, i, memory + (2 * i + 1) * STEP + PAGE_BYTES);
	check(found.count == AREAS / 2 && right, "pages of many areas");
	check(reads <= 2 + AREAS * STEP / PAGE_BYTES / 4096, "neighbours are read together");
	munmap(memory, (uint64_t)AREAS * STEP);
}

int main(void)
{
	struct arena arena = { 0 };

	check_vast(&arena);
	check_relatives(&arena);
	check_many(&arena);
	arena_free(&arena);
	return tap_end();
}

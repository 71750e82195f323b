// SPDX-License-Identifier: GPL-2.0
#include "kernel/proc/maps.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/proc/text.h"
#include "support/cleanup.h"
#include "support/file.h"

/* Two letters as one number. */
#define LETTERS(a, b) ((unsigned char)(a) | (unsigned char)(b) << 8)

static uint32_t flag_of(const char *name)
{
	switch (LETTERS(name[0], name[1])) {
	/* clang-format off */
	case LETTERS('g', 'd'): return MAPPING_GROWSDOWN;
	case LETTERS('l', 'o'): return MAPPING_LOCKED;
	case LETTERS('n', 'r'): return MAPPING_NORESERVE;
	case LETTERS('h', 't'): return MAPPING_HUGETLB;
	case LETTERS('r', 'r'): return MAPPING_RANDOM;
	case LETTERS('s', 'r'): return MAPPING_SEQUENTIAL;
	case LETTERS('d', 'c'): return MAPPING_DONTFORK;
	case LETTERS('m', 'g'): return MAPPING_MERGEABLE;
	case LETTERS('h', 'g'): return MAPPING_HUGEPAGE;
	case LETTERS('n', 'h'): return MAPPING_NOHUGEPAGE;
	case LETTERS('d', 'd'): return MAPPING_DONTDUMP;
	case LETTERS('w', 'f'): return MAPPING_WIPEONFORK;
	case LETTERS('p', 'f'): return MAPPING_PFNMAP;
	case LETTERS('i', 'o'): return MAPPING_IO;
	case LETTERS('d', 'p'): return MAPPING_DROPPABLE;
	case LETTERS('s', 's'): return MAPPING_SHADOW_STACK;
	case LETTERS('u', 'm'):
	case LETTERS('u', 'w'):
	case LETTERS('u', 'i'): return MAPPING_UFFD;
	case LETTERS('g', 'u'): return MAPPING_GUARD;
	case LETTERS('a', 'c'): return MAPPING_ACCOUNTED;
	case LETTERS('m', 'w'): return MAPPING_MAY_WRITE;
	case LETTERS('l', 'f'):
	/* Kernels without a name for locking on fault (6.1 has none) write it so. */
	case LETTERS('?', '?'): return MAPPING_LOCKED_ON_FAULT;
	default: return 0;
		/* clang-format on */
	}
}

static void parse_flags(const char *place, struct mapping_line *line)
{
	while (*place && *place != '\n') {
		while (*place == ' ')
			place++;
		if (*place && *place != '\n')
			line->flags |= flag_of(place);
		while (*place && *place != ' ' && *place != '\n')
			place++;
	}
	if (!(line->flags & MAPPING_LOCKED))
		line->flags &= ~MAPPING_LOCKED_ON_FAULT;
}

/* The kernel writes a newline in a name as \012. */
static void unescape(char *path)
{
	char *to = path;

	for (const char *from = path; *from; from++) {
		if (!strncmp(from, "\\012", 4)) {
			*to++ = '\n';
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

/* START-END rwxp OFFSET MAJOR:MINOR INODE   PATH; end: its newline. */
static bool parse_head(const char *place, char *end, struct mapping_line *line)
{
	uint64_t major, minor;

	if (!text_hex(&place, &line->start) || *place++ != '-' || !text_hex(&place, &line->end) || *place++ != ' ')
		return false;
	if (end - place < 5)
		return false;
	line->prot =
	    (place[0] == 'r' ? PROT_READ : 0) | (place[1] == 'w' ? PROT_WRITE : 0) | (place[2] == 'x' ? PROT_EXEC : 0);
	line->shared = place[3] == 's';
	place += 5;
	if (!text_hex(&place, &line->offset) || *place++ != ' ' || !text_hex(&place, &major) || *place++ != ':' ||
	    !text_hex(&place, &minor) || *place++ != ' ' || !text_decimal(&place, &line->inode))
		return false;
	line->major = major;
	line->minor = minor;
	while (*place == ' ')
		place++;
	*end = '\0';
	line->path = (char *)place;
	return line->start < line->end;
}

static uint64_t kib(const char *place)
{
	uint64_t value;

	while (*place == ' ' || *place == '\t')
		place++;
	return text_decimal(&place, &value) ? value : 0;
}

/* One of the lines "Name:   value" that smaps puts under a mapping. */
static void parse_detail(const char *text, struct mapping_line *line)
{
#define IS(name) (!strncmp(text, name ":", sizeof(name)))
	switch (*text) {
	case 'V':
		if (IS("VmFlags"))
			parse_flags(text + sizeof("VmFlags"), line);
		break;
	case 'K':
		if (IS("KernelPageSize"))
			line->page_kib = kib(text + sizeof("KernelPageSize"));
		break;
	case 'A':
		if (IS("AnonHugePages"))
			line->huge_kib = kib(text + sizeof("AnonHugePages"));
		break;
	case 'S':
		if (IS("Shared_Dirty"))
			line->shared_dirty_kib = kib(text + sizeof("Shared_Dirty"));
		else if (IS("Shared_Clean"))
			line->shared_clean_kib = kib(text + sizeof("Shared_Clean"));
		else if (IS("Swap"))
			line->swapped_kib = kib(text + sizeof("Swap"));
		break;
	case 'P':
		if (IS("ProtectionKey"))
			line->protection_key = kib(text + sizeof("ProtectionKey"));
		break;
	}
#undef IS
}

/* What was read so far, and where the arrays of the result are. */
struct parser {
	struct arena *arena;
	struct mapping_line **lines;
	size_t *count, capacity;
};

/* Whole lines of the text; *rest: what is behind the last of them. */
static struct error *parse_lines(struct parser *parser, char *text, char **rest)
{
	char *place = text, *end;

	for (; (end = strchr(place, '\n')); place = end + 1) {
		struct mapping_line *line;

		if (*place >= 'A' && *place <= 'Z') {
			if (!*parser->count)
				return fail("unexpected text in /proc/PID/smaps");
			parse_detail(place, &(*parser->lines)[*parser->count - 1]);
			continue;
		}
		line = arena_append(parser->arena, *parser->lines, *parser->count, parser->capacity);
		memset(line, 0, sizeof(*line));
		line->anonymous_pages = PAGES_UNKNOWN;
		if (!parse_head(place, end, line))
			return fail("unexpected text in /proc/PID/maps");
		line->path = arena_string(parser->arena, line->path);
		unescape(line->path);
	}
	*rest = place;
	return NULL;
}

struct error *maps_parse(char *text, struct arena *arena, struct mapping_line **lines, size_t *count)
{
	char *rest;

	*lines = NULL;
	*count = 0;
	return parse_lines(&(struct parser){ arena, lines, count }, text, &rest);
}

/*
 * A piece at a time, through a buffer that stays in the cache: smaps of a large process is many
 * megabytes, and its process stands still meanwhile. A line is at most a path whose every byte is escaped.
 */
static struct error *read_and_parse(int directory, const char *name, struct arena *arena, struct mapping_line **lines,
				    size_t *count)
{
	enum { ROOM = 32 << 10 };
	cleanup_close int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	struct parser parser = { arena, lines, count };
	char buffer[ROOM + 1], *rest;
	size_t length = 0;
	ssize_t got;

	*lines = NULL;
	*count = 0;
	if (fd < 0)
		return fail_errno("could not open %s", name);
	while ((got = read(fd, buffer + length, ROOM - length)) > 0) {
		length += got;
		buffer[length] = '\0';
		TRY(parse_lines(&parser, buffer, &rest));
		length -= rest - buffer;
		if (length == ROOM)
			return fail("a line of %s is too long", name);
		memmove(buffer, rest, length);
	}
	if (got < 0)
		return fail_errno("could not read %s", name);
	return NULL;
}

struct error *smaps_read(int proc_fd, struct arena *arena, struct mapping_line **lines, size_t *count)
{
	return read_and_parse(proc_fd, "smaps", arena, lines, count);
}

/* START POLICY WORD=VALUE...; blanks and = in names are escaped. */
static bool parse_numa_line(const char *place, const char *end, uint64_t *start, uint64_t *anonymous)
{
	const char *word = memmem(place, end - place, " anon=", strlen(" anon="));

	*anonymous = 0;
	if (!text_hex(&place, start) || *place != ' ')
		return false;
	if (word)
		word += strlen(" anon=");
	return !word || text_decimal(&word, anonymous);
}

struct error *numa_maps_parse(const char *text, struct mapping_line *lines, size_t count)
{
	size_t i = 0;

	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		uint64_t start, anonymous;

		if (!parse_numa_line(text, end, &start, &anonymous))
			return fail("unexpected text in /proc/PID/numa_maps");
		while (i < count && lines[i].start < start)
			i++;
		if (i < count && lines[i].start == start)
			lines[i].anonymous_pages = anonymous;
	}
	return NULL;
}

struct error *numa_maps_read(int proc_fd, struct mapping_line *lines, size_t count)
{
	cleanup_free char *text = NULL;
	struct error *error = read_file_at(proc_fd, "numa_maps", &text, NULL);

	if (!error)
		return numa_maps_parse(text, lines, count);
	if (error->number != ENOENT)
		return error;
	error_free(error);
	return NULL;
}

struct error *own_maps_read(struct arena *arena, struct mapping_line **lines, size_t *count)
{
	return read_and_parse(AT_FDCWD, "/proc/self/maps", arena, lines, count);
}

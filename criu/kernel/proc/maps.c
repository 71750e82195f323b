// SPDX-License-Identifier: GPL-2.0
#include "kernel/proc/maps.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/proc/text.h"
#include "support/cleanup.h"
#include "support/file.h"

static const struct {
	char name[3];
	uint32_t flag;
} flag_names[] = {
	{ "gd", MAPPING_GROWSDOWN },	{ "lo", MAPPING_LOCKED },    { "nr", MAPPING_NORESERVE },
	{ "ht", MAPPING_HUGETLB },	{ "rr", MAPPING_RANDOM },    { "sr", MAPPING_SEQUENTIAL },
	{ "dc", MAPPING_DONTFORK },	{ "mg", MAPPING_MERGEABLE }, { "hg", MAPPING_HUGEPAGE },
	{ "nh", MAPPING_NOHUGEPAGE },	{ "dd", MAPPING_DONTDUMP },  { "wf", MAPPING_WIPEONFORK },
	{ "pf", MAPPING_PFNMAP },	{ "io", MAPPING_IO },	     { "dp", MAPPING_DROPPABLE },
	{ "ss", MAPPING_SHADOW_STACK }, { "um", MAPPING_UFFD },	     { "uw", MAPPING_UFFD },
	{ "ui", MAPPING_UFFD },		{ "gu", MAPPING_GUARD },
	{ "lf", MAPPING_LOCKED_ON_FAULT }, { "ac", MAPPING_ACCOUNTED },
	{ "mw", MAPPING_MAY_WRITE },
	/* Kernels without a name for locking on fault (6.1 has none) write it so. */
	{ "??", MAPPING_LOCKED_ON_FAULT },
};

static void parse_flags(const char *place, struct mapping_line *line)
{
	while (*place && *place != '\n') {
		while (*place == ' ')
			place++;
		for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++)
			if (place[0] == flag_names[i].name[0] && place[1] == flag_names[i].name[1])
				line->flags |= flag_names[i].flag;
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
		break;
	case 'P':
		if (IS("ProtectionKey"))
			line->protection_key = kib(text + sizeof("ProtectionKey"));
		break;
	}
#undef IS
}

struct error *maps_parse(char *text, struct arena *arena, struct mapping_line **lines, size_t *count)
{
	size_t capacity = 0;
	char *place = text, *end;

	*lines = NULL;
	*count = 0;
	for (; (end = strchr(place, '\n')); place = end + 1) {
		struct mapping_line *line;

		if (*place >= 'A' && *place <= 'Z') {
			if (!*count)
				return fail("unexpected text in /proc/PID/smaps");
			parse_detail(place, &(*lines)[*count - 1]);
			continue;
		}
		line = arena_append(arena, *lines, *count, capacity);
		memset(line, 0, sizeof(*line));
		if (!parse_head(place, end, line))
			return fail("unexpected text in /proc/PID/maps");
		line->path = arena_string(arena, line->path);
		unescape(line->path);
	}
	return NULL;
}

static struct error *read_and_parse(int directory, const char *name, struct arena *arena, struct mapping_line **lines,
				    size_t *count)
{
	cleanup_free char *text = NULL;

	TRY(read_file_at(directory, name, &text, NULL));
	return maps_parse(text, arena, lines, count);
}

struct error *smaps_read(int proc_fd, struct arena *arena, struct mapping_line **lines, size_t *count)
{
	return read_and_parse(proc_fd, "smaps", arena, lines, count);
}

struct error *own_maps_read(struct arena *arena, struct mapping_line **lines, size_t *count)
{
	return read_and_parse(AT_FDCWD, "/proc/self/maps", arena, lines, count);
}

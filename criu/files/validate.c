// SPDX-License-Identifier: GPL-2.0
/* GNU build ids: a note in ELF files, looked for in the first MiB. elf(5). */
#include "files/validate.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/collection.h"
#include "model/context.h"
#include "support/cleanup.h"
#include "support/options.h"

enum { LOOK_AT = 1 << 20, MAX_ID = 64, UNIDENTIFIED_MAX = 256 };

/* The id in a segment of notes; length 0: none. */
static size_t find_in_notes(const char *notes, size_t size, uint8_t id[MAX_ID])
{
	size_t at = 0;

	while (at + sizeof(Elf64_Nhdr) <= size) {
		const Elf64_Nhdr *note = (const Elf64_Nhdr *)(notes + at);
		size_t name = at + sizeof(*note);
		size_t description = name + (((size_t)note->n_namesz + 3) & ~(size_t)3);
		size_t next = description + (((size_t)note->n_descsz + 3) & ~(size_t)3);

		if (next > size || next < at)
			return 0;
		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(notes + name, "GNU", 4) &&
		    note->n_descsz && note->n_descsz <= MAX_ID) {
			memcpy(id, notes + description, note->n_descsz);
			return note->n_descsz;
		}
		at = next;
	}
	return 0;
}

static size_t find_id(const char *file, size_t size, uint8_t id[MAX_ID])
{
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)file;

	if (size < sizeof(*head) || memcmp(head->e_ident, ELFMAG, SELFMAG) || head->e_ident[EI_CLASS] != ELFCLASS64 ||
	    head->e_phentsize != sizeof(Elf64_Phdr) || head->e_phoff > size ||
	    (size - head->e_phoff) / sizeof(Elf64_Phdr) < head->e_phnum)
		return 0;
	for (size_t i = 0; i < head->e_phnum; i++) {
		const Elf64_Phdr *segment = (const Elf64_Phdr *)(file + head->e_phoff) + i;
		size_t length;

		if (segment->p_type != PT_NOTE || segment->p_offset > size ||
		    size - segment->p_offset < segment->p_filesz)
			continue;
		length = find_in_notes(file + segment->p_offset, segment->p_filesz, id);
		if (length)
			return length;
	}
	return 0;
}

static size_t read_id(int fd, uint8_t id[MAX_ID])
{
	char magic[SELFMAG];
	struct stat stat;
	size_t size, length;
	void *file;

	if (pread(fd, magic, sizeof(magic), 0) != sizeof(magic) || memcmp(magic, ELFMAG, SELFMAG) || fstat(fd, &stat))
		return 0;
	size = stat.st_size < LOOK_AT ? stat.st_size : LOOK_AT;
	file = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		return 0;
	length = find_id(file, size, id);
	munmap(file, size);
	return length;
}

static bool only_size(const struct options *options)
{
	return options->file_validation && !strcmp(options->file_validation, "filesize");
}

struct error *validate_check(const struct options *options)
{
	const char *method = options->file_validation;

	if (!method || only_size(options) || !strcmp(method, "buildid"))
		return NULL;
	return with_hint(fail("invalid value \"%s\" for --file-validation", method), "Write filesize or buildid.");
}

struct error *validate_dump_later(struct dump *dump, RegFileEntry *entry, int *fd)
{
	struct file_collection *files = dump->files;

	if (only_size(dump->criu->options))
		return NULL;
	if (files->unidentified_count == UNIDENTIFIED_MAX)
		return validate_dump(dump, entry, *fd);
	*arena_append(dump->arena, files->unidentified, files->unidentified_count, files->unidentified_capacity) =
	    (struct unidentified_file){ entry, *fd };
	files_keep(dump, take_fd(fd));
	return NULL;
}

struct error *validate_dump_all(struct dump *dump)
{
	for (size_t i = 0; i < dump->files->unidentified_count; i++)
		TRY(validate_dump(dump, dump->files->unidentified[i].entry, dump->files->unidentified[i].fd));
	return NULL;
}

struct error *validate_dump(struct dump *dump, RegFileEntry *entry, int fd)
{
	uint8_t id[MAX_ID] = { 0 };
	size_t length = read_id(fd, id);

	if (!length)
		return NULL;
	entry->n_build_id = (length + 3) / 4;
	entry->build_id = arena_copy(dump->arena, id, entry->n_build_id * 4);
	return NULL;
}

struct error *validate_restore(struct restore *restore, const RegFileEntry *entry, bool *known)
{
	cleanup_close int fd = -1;
	uint8_t id[MAX_ID] = { 0 };

	*known = false;
	if (!entry->n_build_id || entry->n_build_id > MAX_ID / 4 || only_size(restore->criu->options))
		return NULL;
	fd = open(entry->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail_errno("could not open %s", entry->name);
	if ((read_id(fd, id) + 3) / 4 != entry->n_build_id || memcmp(id, entry->build_id, entry->n_build_id * 4))
		return with_hint(fail("%s is another build than at the dump", entry->name),
				 "Install the version of the program or library that was running, or use "
				 "--file-validation filesize.");
	*known = true;
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0
#include "memory/vdso_image.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { SYMBOLS_MAX = 256 };

/* What the dynamic section points to. */
struct tables {
	const Elf64_Sym *symbols;
	size_t symbol_count;
	const char *names;
	size_t names_size;
};

static struct error *damaged(const char *what)
{
	return fail("this is no vdso: %s", what);
}

/* length bytes at an offset, NULL if they are not all there or not aligned. */
static const void *bytes_at(const struct vdso_image *image, uint64_t offset, uint64_t length, size_t alignment)
{
	if (offset > image->size || length > image->size - offset || offset % alignment)
		return NULL;
	return image->data + offset;
}

static const Elf64_Phdr *find_segment(const struct vdso_image *image, uint32_t type, size_t number)
{
	const Elf64_Ehdr *header = (const void *)image->data;
	const Elf64_Phdr *segments = bytes_at(image, header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr), 8);

	for (size_t i = 0; segments && i < header->e_phnum; i++)
		if (segments[i].p_type == type && !number--)
			return &segments[i];
	return NULL;
}

/* The number of symbols is told by no entry, but by the classic hash table: its chains have one for each.
 * Without that table they end where the names begin, which linkers put right behind. */
static size_t count_symbols(const struct vdso_image *image, uint64_t hash, uint64_t symbols, uint64_t names)
{
	const uint32_t *words = hash ? bytes_at(image, hash, 2 * sizeof(uint32_t), 4) : NULL;

	if (words)
		return words[1];
	return names > symbols ? (names - symbols) / sizeof(Elf64_Sym) : 0;
}

static struct error *read_tables(const struct vdso_image *image, struct tables *tables)
{
	const Elf64_Phdr *segment = find_segment(image, PT_DYNAMIC, 0);
	uint64_t hash = 0, symbols = 0, names = 0;
	const Elf64_Dyn *dynamic;

	dynamic = segment ? bytes_at(image, segment->p_offset, segment->p_filesz, 8) : NULL;
	if (!dynamic)
		return damaged("it has no dynamic section");
	for (size_t i = 0; i < segment->p_filesz / sizeof(*dynamic) && dynamic[i].d_tag != DT_NULL; i++) {
		uint64_t value = dynamic[i].d_un.d_val;

		switch (dynamic[i].d_tag) {
		case DT_HASH: hash = value; break;
		case DT_SYMTAB: symbols = value; break;
		case DT_STRTAB: names = value; break;
		case DT_STRSZ: tables->names_size = value; break;
		}
	}
	tables->symbol_count = count_symbols(image, hash, symbols, names);
	if (tables->symbol_count > SYMBOLS_MAX)
		return damaged("it has too many symbols");
	tables->symbols = bytes_at(image, symbols, tables->symbol_count * sizeof(Elf64_Sym), 8);
	tables->names = bytes_at(image, names, tables->names_size, 1);
	if (!symbols || !names || !tables->symbols || !tables->names || !tables->names_size ||
	    tables->names[tables->names_size - 1])
		return damaged("its symbols are not in it");
	return NULL;
}

static int compare_offsets(const void *a, const void *b)
{
	const struct vdso_function *one = a, *other = b;
	bool first = !strncmp(one->name, "__", 2), second = !strncmp(other->name, "__", 2);

	if (one->offset != other->offset)
		return one->offset < other->offset ? -1 : 1;
	return second - first;
}

static struct error *read_functions(struct arena *arena, const struct tables *tables, struct vdso_image *image)
{
	size_t count = 0;

	image->functions = arena_array(arena, struct vdso_function, tables->symbol_count);
	for (size_t i = 0; i < tables->symbol_count; i++) {
		const Elf64_Sym *symbol = &tables->symbols[i];

		if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF)
			continue;
		if (symbol->st_name >= tables->names_size || !bytes_at(image, symbol->st_value, symbol->st_size, 1))
			return damaged("a symbol lies outside of it");
		image->functions[count++] = (struct vdso_function){ .name = tables->names + symbol->st_name,
								    .offset = symbol->st_value,
								    .size = symbol->st_size };
	}
	qsort(image->functions, count, sizeof(*image->functions), compare_offsets);
	for (size_t i = 0; i < count; i++)
		if (!image->function_count ||
		    image->functions[image->function_count - 1].offset != image->functions[i].offset)
			image->functions[image->function_count++] = image->functions[i];
	for (size_t i = 1; i < image->function_count; i++)
		if (image->functions[i - 1].offset + image->functions[i - 1].size > image->functions[i].offset)
			return damaged("its functions overlap");
	return NULL;
}

static void read_build_id(struct vdso_image *image)
{
	const Elf64_Phdr *segment;

	for (size_t i = 0; (segment = find_segment(image, PT_NOTE, i)); i++) {
		uint64_t at = segment->p_offset, end = segment->p_offset + segment->p_filesz;
		const Elf64_Nhdr *note;

		while (at < end && (note = bytes_at(image, at, sizeof(*note), 4))) {
			uint64_t name = at + sizeof(*note), text = name + ((note->n_namesz + 3ULL) & ~3ULL);
			const uint8_t *found = bytes_at(image, text, note->n_descsz, 1);

			if (found && note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && note->n_descsz &&
			    !memcmp(image->data + name, "GNU", 4)) {
				image->build_id = found;
				image->build_id_size = note->n_descsz;
				return;
			}
			at = text + ((note->n_descsz + 3ULL) & ~3ULL);
		}
	}
}

struct error *vdso_image_parse(struct arena *arena, const void *data, size_t size, struct vdso_image *image)
{
	const Elf64_Ehdr *header = data;
	struct tables tables = { 0 };

	*image = (struct vdso_image){ .data = data, .size = size };
	if (size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) ||
	    header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_type != ET_DYN ||
	    header->e_phentsize != sizeof(Elf64_Phdr))
		return damaged("it does not begin with the header of a shared object");
	TRY(read_tables(image, &tables));
	read_build_id(image);
	return read_functions(arena, &tables, image);
}

const struct vdso_function *vdso_image_find(const struct vdso_image *image, const char *name)
{
	for (size_t i = 0; i < image->function_count; i++)
		if (!strcmp(image->functions[i].name, name))
			return &image->functions[i];
	return NULL;
}

bool vdso_image_same_build(const struct vdso_image *one, const struct vdso_image *other)
{
	return one->size == other->size && one->build_id && other->build_id &&
	       one->build_id_size == other->build_id_size &&
	       !memcmp(one->build_id, other->build_id, one->build_id_size);
}

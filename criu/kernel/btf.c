// SPDX-License-Identifier: GPL-2.0
/* The format is in the kernel's Documentation/bpf/btf.rst. */
#include "kernel/btf.h"

#include <fcntl.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/cleanup.h"
#include "support/file.h"

enum { DEPTH_MAX = 32, KIND_TYPE_TAG = 18, KIND_DECL_TAG = 17, KIND_ENUM64 = 19, POINTER_BYTES = 8 };

struct btf {
	char *data;
	const char *types, *strings;
	uint32_t types_size, strings_size;
	uint32_t *offsets; /* of each type in types; 0 is void */
	uint32_t count, capacity;
	uint32_t *last; /* the structure that was looked for last */
};

static const struct btf_type *type_of(const struct btf *btf, uint32_t id)
{
	return id && id < btf->count ? (const struct btf_type *)(btf->types + btf->offsets[id]) : NULL;
}

static const char *string_of(const struct btf *btf, uint32_t offset)
{
	return offset < btf->strings_size ? btf->strings + offset : "";
}

/* What follows a type in the list. */
static uint32_t size_behind(const struct btf_type *type)
{
	uint32_t count = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return count * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return count * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return count * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return count * sizeof(struct btf_var_secinfo);
	case KIND_ENUM64:
		return count * 12;
	default:
		return 0;
	}
}

static struct error *index_types(struct btf *btf)
{
	uint32_t at = 0;

	btf->capacity = btf->types_size / sizeof(struct btf_type) + 1;
	btf->offsets = malloc(btf->capacity * sizeof(*btf->offsets));
	if (!btf->offsets)
		return out_of_memory();
	btf->offsets[btf->count++] = 0;
	while (at + sizeof(struct btf_type) <= btf->types_size) {
		btf->offsets[btf->count++] = at;
		at += sizeof(struct btf_type) + size_behind((const struct btf_type *)(btf->types + at));
	}
	return at == btf->types_size ? NULL : fail("the kernel's type information is not understood");
}

static struct error *read_types(struct btf *btf)
{
	cleanup_close int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	const struct btf_header *header;
	struct stat stat;

	if (fd < 0 || fstat(fd, &stat))
		return fail_errno("could not open the kernel's type information, /sys/kernel/btf/vmlinux");
	btf->data = malloc(stat.st_size + 1);
	if (!btf->data)
		return out_of_memory();
	TRY(read_exactly(fd, btf->data, stat.st_size));
	btf->data[stat.st_size] = '\0';
	header = (const struct btf_header *)btf->data;
	if ((size_t)stat.st_size < sizeof(*header) || header->magic != BTF_MAGIC ||
	    (uint64_t)header->hdr_len + header->type_off + header->type_len > (uint64_t)stat.st_size ||
	    (uint64_t)header->hdr_len + header->str_off + header->str_len > (uint64_t)stat.st_size)
		return fail("the kernel's type information is not understood");
	btf->types = btf->data + header->hdr_len + header->type_off;
	btf->types_size = header->type_len;
	btf->strings = btf->data + header->hdr_len + header->str_off;
	btf->strings_size = header->str_len;
	return index_types(btf);
}

struct error *btf_open(struct btf **ret)
{
	struct btf *btf = calloc(1, sizeof(*btf));
	struct error *error;

	if (!btf)
		return out_of_memory();
	btf->last = calloc(1, sizeof(*btf->last));
	error = btf->last ? read_types(btf) : out_of_memory();
	if (error)
		btf_close(btf);
	else
		*ret = btf;
	return error;
}

void btf_close(struct btf *btf)
{
	if (!btf)
		return;
	free(btf->last);
	free(btf->offsets);
	free(btf->data);
	free(btf);
}

/* Without the names and qualifiers that a type has been given. */
static uint32_t resolve(const struct btf *btf, uint32_t id)
{
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		const struct btf_type *type = type_of(btf, id);

		switch (type ? BTF_INFO_KIND(type->info) : 0) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case KIND_TYPE_TAG:
			id = type->type;
			break;
		default:
			return id;
		}
	}
	return 0;
}

static uint32_t size_of(const struct btf *btf, uint32_t id, unsigned depth)
{
	const struct btf_type *type = type_of(btf, resolve(btf, id));
	const struct btf_array *array = (const struct btf_array *)(type + 1);

	switch (type ? BTF_INFO_KIND(type->info) : 0) {
	case BTF_KIND_PTR:
		return POINTER_BYTES;
	case BTF_KIND_ARRAY:
		return depth < DEPTH_MAX ? array->nelems * size_of(btf, array->type, depth + 1) : 0;
	case BTF_KIND_INT:
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_ENUM:
	case KIND_ENUM64:
		return type->size;
	default:
		return 0;
	}
}

static bool is_structure(const struct btf_type *type)
{
	return type && (BTF_INFO_KIND(type->info) == BTF_KIND_STRUCT || BTF_INFO_KIND(type->info) == BTF_KIND_UNION);
}

/* The member of that name, which may be in a part without name. start: of the structure, in bits; moved to the member. */
static const struct btf_member *member_of(const struct btf *btf, const struct btf_type *type, const char *name, size_t length,
					  uint32_t *start, uint32_t *bits, unsigned depth)
{
	const struct btf_member *members = (const struct btf_member *)(type + 1);
	bool has_sizes = BTF_INFO_KFLAG(type->info);

	for (uint32_t i = 0; i < BTF_INFO_VLEN(type->info); i++) {
		const struct btf_type *part = type_of(btf, resolve(btf, members[i].type));
		const char *text = string_of(btf, members[i].name_off);
		uint32_t at = *start + (has_sizes ? BTF_MEMBER_BIT_OFFSET(members[i].offset) : members[i].offset);

		if (strlen(text) == length && !strncmp(text, name, length) && length) {
			*start = at;
			*bits = has_sizes ? BTF_MEMBER_BITFIELD_SIZE(members[i].offset) : 0;
			return &members[i];
		}
		if (!*text && is_structure(part) && depth < DEPTH_MAX) {
			const struct btf_member *found = member_of(btf, part, name, length, &at, bits, depth + 1);

			if (found) {
				*start = at;
				return found;
			}
		}
	}
	return NULL;
}

/* Each name is there once; 0: it is not. */
static uint32_t offset_of_name(const struct btf *btf, const char *name)
{
	size_t length = strlen(name) + 1; /* with the end of the string before it, and its own */
	const char *place, *end = btf->strings + btf->strings_size;

	for (place = btf->strings; (place = memmem(place, end - place, name, length)); place++)
		if (place > btf->strings && !place[-1])
			return place - btf->strings;
	return 0;
}

static uint32_t find_structure(const struct btf *btf, const char *name)
{
	const struct btf_type *type = type_of(btf, *btf->last);
	uint32_t offset;

	if (type && !strcmp(string_of(btf, type->name_off), name))
		return *btf->last;
	offset = offset_of_name(btf, name);
	for (uint32_t id = 1; id < btf->count && offset; id++) {
		type = type_of(btf, id);
		if (type->name_off == offset && is_structure(type))
			return *btf->last = id;
	}
	return 0;
}

struct error *btf_find(const struct btf *btf, const char *structure, const char *path, struct btf_place *place)
{
	uint32_t id = find_structure(btf, structure), start = 0, bits = 0;
	const char *name = path;

	do {
		const struct btf_type *type = type_of(btf, resolve(btf, id));
		size_t length = strcspn(name, ".");
		const struct btf_member *member =
		    is_structure(type) ? member_of(btf, type, name, length, &start, &bits, 0) : NULL;

		if (!member)
			return fail("this kernel has no %s in struct %s", path, structure);
		id = member->type;
		name += length + (name[length] == '.');
	} while (*name);
	*place = (struct btf_place){ .offset = start / 8, .size = size_of(btf, id, 0), .bit = bits ? start % 8 : 0, .bits = bits };
	return NULL;
}

struct error *btf_size(const struct btf *btf, const char *structure, uint32_t *bytes)
{
	uint32_t id = find_structure(btf, structure);

	*bytes = size_of(btf, id, 0);
	return id ? NULL : fail("this kernel has no struct %s", structure);
}

struct error *btf_constant(const struct btf *btf, const char *name, uint32_t *value)
{
	uint32_t offset = offset_of_name(btf, name);

	for (uint32_t id = 1; id < btf->count && offset; id++) {
		const struct btf_type *type = type_of(btf, id);
		const struct btf_enum *constants = (const struct btf_enum *)(type + 1);

		for (uint32_t i = 0; BTF_INFO_KIND(type->info) == BTF_KIND_ENUM && i < BTF_INFO_VLEN(type->info); i++)
			if (constants[i].name_off == offset) {
				*value = constants[i].val;
				return NULL;
			}
	}
	return fail("this kernel has no %s", name);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * bpf_map: hashes and arrays with their contents, which bpf(2) gives in batches (Linux 5.6). Several descriptors of
 * one map are told from each other by its id.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/collection.h"
#include "files/plan.h"
#include "image/record.h"
#include "kernel/proc/fdinfo.h"
#include "model/context.h"
#include "support/cleanup.h"

enum { ENTRIES_MAX = 1 << 28, BYTES_MAX = 1 << 30 };

static long bpf(int command, union bpf_attr *attributes)
{
	return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static uint64_t address(const void *data)
{
	return (uint64_t)(uintptr_t)data;
}

/* ---- dump ---- */

struct map_contents {
	BpfmapDataEntry *entry;
	void *keys, *values;
};

struct bpf_collection {
	struct map_contents *maps;
	size_t count, capacity;
};

static struct error *read_info(int fd, struct bpf_map_info *info)
{
	union bpf_attr attributes = { .info = { .bpf_fd = fd, .info_len = sizeof(*info), .info = address(info) } };

	memset(info, 0, sizeof(*info));
	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes) ? fail_errno("could not examine a BPF map") : NULL;
}

static struct error *check(const struct bpf_map_info *info)
{
	if (info->type != BPF_MAP_TYPE_HASH && info->type != BPF_MAP_TYPE_ARRAY)
		return with_hint(fail("the BPF map \"%s\" is of type %u, which cannot be saved", info->name, info->type),
				 "Hashes (1) and arrays (2) can be saved; close other maps before the dump.");
	if (info->btf_value_type_id || info->btf_vmlinux_value_type_id)
		return with_hint(fail("the BPF map \"%s\" has type information, which cannot be saved", info->name),
				 "Make the map without BTF, or close it before the dump.");
	if (info->ifindex)
		return with_hint(fail("the BPF map \"%s\" is offloaded to a network device", info->name),
				 "Close it before the dump.");
	return NULL;
}

/* Our own, for all of it can be read by those who may not. */
static struct error *open_map(uint32_t id, uint32_t flags, int *ret_fd)
{
	union bpf_attr attributes = { .map_id = id, .open_flags = flags };

	*ret_fd = bpf(BPF_MAP_GET_FD_BY_ID, &attributes);
	return *ret_fd < 0 ? with_hint(fail_errno("could not open BPF map %u", id), "This needs CAP_SYS_ADMIN.") : NULL;
}

static struct error *read_contents(struct dump *dump, const struct bpf_map_info *info, struct map_contents *out)
{
	BpfmapDataEntry *entry = out->entry = new_message(dump->arena, bpfmap_data_entry);
	cleanup_close int fd = -1;
	uint64_t position = 0; /* opaque: a key or a bucket */
	union bpf_attr attributes = { 0 };

	entry->map_id = info->id;
	if (info->max_entries > ENTRIES_MAX ||
	    (uint64_t)info->max_entries * ((uint64_t)info->key_size + info->value_size) > BYTES_MAX)
		return with_hint(fail("the BPF map \"%s\" is too large to be saved", info->name),
				 "Maps of up to 1 GiB can be saved.");
	out->keys = malloc((size_t)info->max_entries * info->key_size + 8);
	out->values = malloc((size_t)info->max_entries * info->value_size + 8);
	if (!out->keys || !out->values)
		return out_of_memory();
	TRY(open_map(info->id, BPF_F_RDONLY, &fd));
	attributes.batch.map_fd = fd;
	attributes.batch.keys = address(out->keys);
	attributes.batch.values = address(out->values);
	attributes.batch.out_batch = address(&position);
	attributes.batch.count = info->max_entries;
	/* ENOENT: this was all. */
	if (bpf(BPF_MAP_LOOKUP_BATCH, &attributes) && errno != ENOENT)
		return fail_errno("could not read the BPF map \"%s\"", info->name);
	entry->count = attributes.batch.count;
	entry->keys_bytes = entry->count * info->key_size;
	entry->values_bytes = entry->count * info->value_size;
	return NULL;
}

static struct error *dump_contents(struct dump *dump, const struct bpf_map_info *info)
{
	struct bpf_collection *all = dump->files->bpf_maps;

	if (!all)
		all = dump->files->bpf_maps = arena_new(dump->arena, struct bpf_collection);
	for (size_t i = 0; i < all->count; i++)
		if (all->maps[i].entry->map_id == info->id)
			return NULL;
	return read_contents(dump, info, arena_append(dump->arena, all->maps, all->count, all->capacity));
}

static struct error *dump(struct dump *dump, const struct open_fd *fd, FileEntry *out)
{
	BpfmapFileEntry *entry = out->bpf = new_message(dump->arena, bpfmap_file_entry);
	cleanup_free char *text = NULL;
	struct bpf_map_info info;
	uint64_t frozen, more;
	const char *unused;

	TRY(read_info(fd->fd, &info));
	TRY(check(&info));
	TRY(fdinfo_read(fd->fd, &text));
	TRY(fdinfo_number(text, "memlock", 10, &entry->memlock));
	TRY(fdinfo_number(text, "frozen", 10, &frozen));
	if (fdinfo_line(text, "map_extra", &unused)) {
		TRY(fdinfo_number(text, "map_extra", 16, &more));
		SET(entry, map_extra, more);
	}
	entry->map_type = info.type;
	entry->key_size = info.key_size;
	entry->value_size = info.value_size;
	entry->map_id = info.id;
	entry->max_entries = info.max_entries;
	entry->map_flags = info.map_flags;
	entry->frozen = frozen;
	entry->map_name = arena_string(dump->arena, info.name);
	return dump_contents(dump, &info);
}

static void release(struct bpf_collection *all)
{
	for (size_t i = 0; i < all->count; i++) {
		free(take_pointer(all->maps[i].keys));
		free(take_pointer(all->maps[i].values));
	}
}

static struct error *write_maps(struct dump *dump)
{
	const struct bpf_collection *all = dump->files->bpf_maps;
	cleanup_image_writer struct image_writer *writer = NULL;

	if (!all)
		return NULL;
	TRY(image_create(dump->criu->images, IMAGE_BPFMAP_DATA, 0, &writer));
	for (size_t i = 0; i < all->count; i++) {
		const struct map_contents *map = &all->maps[i];

		TRY(image_write(writer, &map->entry->base));
		TRY(image_write_bytes(writer, map->keys, map->entry->keys_bytes));
		TRY(image_write_bytes(writer, map->values, map->entry->values_bytes));
	}
	return image_close(take_pointer(writer));
}

static struct error *write_and_release(struct dump *dump)
{
	struct error *error = write_maps(dump);

	if (dump->files->bpf_maps)
		release(dump->files->bpf_maps);
	return error;
}

/* ---- restore ---- */

static struct error *plan(struct restore *restore, struct planned_file *file)
{
	const BpfmapFileEntry *entry = file->entry->bpf;

	if (entry->map_type != BPF_MAP_TYPE_HASH && entry->map_type != BPF_MAP_TYPE_ARRAY)
		return with_hint(fail("cannot restore the BPF map \"%s\" of type %u", entry->map_name, entry->map_type),
				 "Hashes (1) and arrays (2) can be restored.");
	/* Who has the map under another description opens the one that was made. */
	for (size_t i = 0; i < restore->files->count; i++) {
		struct planned_file *other = &restore->files->files[i];

		if (!other->entry->bpf || other->entry->bpf->map_id != entry->map_id)
			continue;
		file->kind_data = other == file ? NULL : other;
		file->rank = other == file ? 0 : 1;
		return other == file ? NULL : files_want(restore, other->entry->id);
	}
	return NULL;
}

static struct error *put_contents(struct image_reader *reader, const BpfmapFileEntry *entry, const BpfmapDataEntry *data,
				  int fd)
{
	cleanup_free void *keys = NULL, *values = NULL;
	union bpf_attr attributes = { 0 };

	if (data->count > entry->max_entries || (uint64_t)data->count * entry->key_size != data->keys_bytes ||
	    (uint64_t)data->count * entry->value_size != data->values_bytes)
		return fail("the image is damaged: BPF map %u", entry->map_id);
	TRY(image_expect_bytes(reader, (uint64_t)data->keys_bytes + data->values_bytes));
	keys = malloc(data->keys_bytes + 1);
	values = malloc(data->values_bytes + 1);
	if (!keys || !values)
		return out_of_memory();
	TRY(image_read_bytes(reader, keys, data->keys_bytes));
	TRY(image_read_bytes(reader, values, data->values_bytes));
	attributes.batch.map_fd = fd;
	attributes.batch.keys = address(keys);
	attributes.batch.values = address(values);
	attributes.batch.count = data->count;
	if (data->count && bpf(BPF_MAP_UPDATE_BATCH, &attributes))
		return fail_errno("could not fill the BPF map \"%s\"", entry->map_name);
	return NULL;
}

static struct error *fill_map(struct restore *restore, const BpfmapFileEntry *entry, int fd)
{
	cleanup_image_reader struct image_reader *reader = NULL;
	BpfmapDataEntry *data;

	TRY(image_open(restore->criu->images, IMAGE_BPFMAP_DATA, 0, &reader));
	for (;;) {
		TRY(image_read_next(reader, restore->arena, &data));
		if (!data)
			return NULL; /* an empty one */
		if (data->map_id == entry->map_id)
			return put_contents(reader, entry, data, fd);
		TRY(image_skip_bytes(reader, (uint64_t)data->keys_bytes + data->values_bytes));
	}
}

static struct error *make_map(struct restore *restore, const BpfmapFileEntry *entry, int *ret_fd)
{
	union bpf_attr attributes = {
		.map_type = entry->map_type,
		.key_size = entry->key_size,
		.value_size = entry->value_size,
		.max_entries = entry->max_entries,
		/* The kernel does not tell which node it was. */
		.map_flags = entry->map_flags & ~(uint32_t)BPF_F_NUMA_NODE,
		.map_extra = entry->map_extra,
	};

	strncpy(attributes.map_name, entry->map_name, sizeof(attributes.map_name) - 1);
	*ret_fd = bpf(BPF_MAP_CREATE, &attributes);
	return *ret_fd < 0 ? with_hint(fail_errno("could not create the BPF map \"%s\"", entry->map_name),
				       "This needs CAP_BPF or CAP_SYS_ADMIN.")
			   : NULL;
}

/* The access that a description has is given to it when it is opened. */
static struct error *open_again(int map, uint32_t flags, int *ret_fd)
{
	uint32_t access = (flags & O_ACCMODE) == O_RDONLY   ? BPF_F_RDONLY
			  : (flags & O_ACCMODE) == O_WRONLY ? BPF_F_WRONLY
							    : 0;
	struct bpf_map_info info;

	TRY(read_info(map, &info));
	return open_map(info.id, access, ret_fd);
}

static struct error *create(struct restore *restore, struct planned_file *file, int *ret_fd)
{
	const struct planned_file *first = file->kind_data;
	const BpfmapFileEntry *entry = file->entry->bpf;
	cleanup_close int map = -1;

	if (first)
		return open_again(first->fd, entry->flags, ret_fd);
	TRY(make_map(restore, entry, &map));
	TRY(fill_map(restore, entry, map));
	if (entry->frozen) {
		union bpf_attr attributes = { .map_fd = map };

		if (bpf(BPF_MAP_FREEZE, &attributes))
			return fail_errno("could not freeze the BPF map \"%s\"", entry->map_name);
	}
	if ((entry->flags & O_ACCMODE) != O_RDWR)
		return open_again(map, entry->flags, ret_fd);
	*ret_fd = take_fd(&map);
	return NULL;
}

const struct file_kind bpf_map_kind = {
	.name = "bpf_map",
	.type = FD_TYPES__BPFMAP,
	.entry = offsetof(FileEntry, bpf),
	.match = { .anon_inode = "bpf-map" },
	.dump = dump,
	.write = write_and_release,
	.plan = plan,
	.create = create,
};

// SPDX-License-Identifier: GPL-2.0
/* Framing of images, see record.h. */
#include "image/record.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "images/messages.h"
#include "support/cleanup.h"
#include "support/file.h"

enum {
	BUFFER_SIZE = 64 * 1024,
	ENTRY_MAX = 1 << 30, /* no entry comes near: 60,000 mappings take 4 MiB */
	NESTING_MAX = 100,   /* of messages in messages; the deepest known are cgroup directories */
};

static const struct image_description descriptions[IMAGE_COUNT] = {
#define FRAMED_ROW(id, name, text, magic, message, later, payload, flags) \
	[IMAGE_##id] = { name,	    text, magic, &message##__descriptor, &later##__descriptor, \
			 IMAGE_PAYLOAD_##payload, flags },
#define RAW_ROW(id, name, flags) [IMAGE_##id] = { name, NULL, 0, NULL, NULL, IMAGE_PAYLOAD_NONE, (flags) | IMAGE_RAW },
	IMAGE_CATALOGUE(FRAMED_ROW, RAW_ROW)
#undef FRAMED_ROW
#undef RAW_ROW
};

const struct image_description *image_describe(enum image_id id)
{
	return &descriptions[id];
}

/* ---- writing ---- */

struct image_writer {
	struct image_directory *directory;
	enum image_id id;
	uint64_t key;
	char name[IMAGE_NAME_MAX];
	int fd; /* -1 until the first entry */
	unsigned char *buffer;
	size_t used;
	uint64_t written;     /* before what is in the buffer */
	XXH3_state_t *hash;   /* of these bytes; NULL: none yet */
	bool shared;	      /* somebody else has the descriptor, too */
};

struct error *image_create(struct image_directory *directory, enum image_id id, uint64_t key,
			   struct image_writer **ret)
{
	struct image_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return out_of_memory();
	writer->directory = directory;
	writer->id = id;
	writer->key = key;
	writer->fd = -1;
	image_name(id, key, writer->name);
	*ret = writer;
	return NULL;
}

/* A full disk is said with the room there was. */
static struct error *explain_write(const struct image_writer *writer, struct error *error)
{
	return image_explain_write(writer->directory, with_context(error, "%s", writer->name));
}

static struct error *write_out(struct image_writer *writer, const void *data, size_t length)
{
	if (!writer->hash) {
		writer->hash = XXH3_createState();
		if (!writer->hash)
			return out_of_memory();
		XXH3_64bits_reset(writer->hash);
	}
	XXH3_64bits_update(writer->hash, data, length);
	writer->written += length;
	return explain_write(writer, write_exactly(writer->fd, data, length));
}

static struct error *flush(struct image_writer *writer)
{
	size_t used = writer->used;

	writer->used = 0;
	return used ? write_out(writer, writer->buffer, used) : NULL;
}

/* The last of it; most images come here with all they have. */
static struct error *flush_last(struct image_writer *writer)
{
	uint64_t size = writer->written + writer->used, hash;

	if (writer->shared)
		return flush(writer); /* its checksum is made at the commit */
	if (!writer->hash) {
		TRY(explain_write(writer, write_exactly(writer->fd, writer->buffer, writer->used)));
		hash = XXH3_64bits(writer->buffer, writer->used);
	} else {
		TRY(flush(writer));
		hash = XXH3_64bits_digest(writer->hash);
	}
	image_directory_set_hash(writer->directory, writer->id, writer->key, size, hash);
	return NULL;
}

static struct error *put_bytes(struct image_writer *writer, const void *data, size_t length)
{
	if (length > BUFFER_SIZE - writer->used)
		TRY(flush(writer));
	if (length > BUFFER_SIZE)
		return write_out(writer, data, length);
	if (length)
		memcpy(writer->buffer + writer->used, data, length);
	writer->used += length;
	return NULL;
}

static struct error *put_word(struct image_writer *writer, uint32_t word)
{
	return put_bytes(writer, &word, sizeof(word));
}

/* The first entry is coming: the file, its buffer and its head. */
static struct error *begin(struct image_writer *writer)
{
	const struct image_description *image = image_describe(writer->id);

	TRY(image_directory_create(writer->directory, writer->id, writer->key, O_WRONLY, &writer->fd));
	writer->buffer = malloc(BUFFER_SIZE);
	if (!writer->buffer)
		return out_of_memory();
	if (!(image->flags & IMAGE_BARE))
		TRY(put_word(writer, image->flags & IMAGE_SERVICE ? IMAGE_HEAD_SERVICE : IMAGE_HEAD_COMMON));
	return put_word(writer, image->magic);
}

struct error *image_write(struct image_writer *writer, const ProtobufCMessage *message)
{
	cleanup_free unsigned char *large = NULL;
	size_t size;

	if (!protobuf_c_message_check(message)) /* readers would refuse it */
		return fail("%s: an entry lacks a required field of %s", writer->name, message->descriptor->name);
	size = protobuf_c_message_get_packed_size(message);
	if (size > ENTRY_MAX)
		return fail("%s: an entry of %zu bytes is too large", writer->name, size);
	if (writer->fd < 0)
		TRY(begin(writer));
	TRY(put_word(writer, size));
	if (size > BUFFER_SIZE) {
		large = malloc(size);
		if (!large)
			return out_of_memory();
		protobuf_c_message_pack(message, large);
		return put_bytes(writer, large, size);
	}
	if (size > BUFFER_SIZE - writer->used)
		TRY(flush(writer));
	writer->used += protobuf_c_message_pack(message, writer->buffer + writer->used);
	return NULL;
}

struct error *image_write_bytes(struct image_writer *writer, const void *data, size_t length)
{
	if (writer->fd < 0)
		TRY(begin(writer));
	return put_bytes(writer, data, length);
}

struct error *image_writer_fd(struct image_writer *writer, int *ret_fd)
{
	if (writer->fd < 0)
		TRY(begin(writer));
	*ret_fd = writer->fd;
	writer->shared = true;
	return flush(writer);
}

static void free_writer(struct image_writer *writer)
{
	if (writer->fd >= 0)
		close(writer->fd);
	XXH3_freeState(writer->hash);
	free(writer->buffer);
	free(writer);
}

struct error *image_close(struct image_writer *writer)
{
	struct error *error;

	if (writer->fd < 0)
		error = image_directory_forget(writer->directory, writer->id, writer->key);
	else
		error = flush_last(writer);
	if (!error && image_describe(writer->id)->flags & IMAGE_SERVICE)
		error = image_directory_commit_one(writer->directory, writer->id, writer->key);
	free_writer(writer);
	return error;
}

void image_discard(struct image_writer *writer)
{
	if (!writer)
		return;
	if (writer->fd >= 0)
		image_directory_drop(writer->directory, writer->id, writer->key);
	free_writer(writer);
}

struct error *image_write_one(struct image_directory *directory, enum image_id id, uint64_t key,
			      const ProtobufCMessage *message)
{
	cleanup_image_writer struct image_writer *writer = NULL;

	TRY(image_create(directory, id, key, &writer));
	TRY(image_write(writer, message));
	return image_close(take_pointer(writer));
}

/* ---- reading ---- */

static struct error *damaged(const struct image_reader *reader, const char *what)
{
	return with_hint(fail("%s: %s at offset %lu", reader->name, what, reader->offset),
			 "The image is cut off or damaged.");
}

/* Makes bytes [offset, offset + length) available in the buffer; the file has them. */
static struct error *fill(struct image_reader *reader, size_t length)
{
	uint64_t start = reader->offset - reader->buffer_offset;
	size_t want = length > BUFFER_SIZE ? length : BUFFER_SIZE;

	if (start <= reader->buffer_length && reader->buffer_length - start >= length)
		return NULL;
	if (reader->buffer_size < want) {
		unsigned char *larger = realloc(reader->buffer, want);

		if (!larger)
			return out_of_memory();
		reader->buffer = larger;
		reader->buffer_size = want;
	}
	if (want > reader->size - reader->offset)
		want = reader->size - reader->offset;
	reader->buffer_length = 0;
	reader->buffer_offset = reader->offset;
	TRY(with_context(pread_exactly(reader->fd, reader->buffer, want, reader->offset), "%s", reader->name));
	reader->buffer_length = want;
	return NULL;
}

/* The next bytes, passed over. The pointer is good until the next call. */
static struct error *take_bytes(struct image_reader *reader, size_t length, const unsigned char **ret)
{
	if (length > reader->size - reader->offset)
		return damaged(reader, "unexpected end of the image");
	TRY(fill(reader, length));
	*ret = reader->buffer + (reader->offset - reader->buffer_offset);
	reader->offset += length;
	return NULL;
}

static struct error *take_word(struct image_reader *reader, uint32_t *ret)
{
	const unsigned char *bytes;

	TRY(take_bytes(reader, sizeof(*ret), &bytes));
	memcpy(ret, bytes, sizeof(*ret));
	return NULL;
}

/* Of images with equal magic the first of the catalogue; IMAGE_NONE when unknown. */
static enum image_id find_magic(uint32_t magic, bool service)
{
	for (int id = 1; id < IMAGE_COUNT; id++) {
		const struct image_description *image = image_describe(id);

		if (image->message && image->magic == magic && service == !!(image->flags & IMAGE_SERVICE))
			return id;
	}
	return IMAGE_NONE;
}

/* Common or service word and magic, or the magic alone: inventory, and all images of version 1. */
static struct error *check_head(struct image_reader *reader)
{
	const struct image_description *image;
	uint32_t word;
	bool service;

	TRY(take_word(reader, &word));
	service = word == IMAGE_HEAD_SERVICE;
	if (service || word == IMAGE_HEAD_COMMON)
		TRY(take_word(reader, &word));
	if (reader->id == IMAGE_NONE)
		reader->id = find_magic(word, service);
	image = image_describe(reader->id);
	if (reader->id == IMAGE_NONE || image->magic != word)
		return with_hint(fail("%s: wrong magic number 0x%08x", reader->name, word),
				 "The file is no image, or not one of this name.");
	return NULL;
}

static struct error *new_reader(enum image_id id, const char *name, struct image_reader **ret)
{
	struct image_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return out_of_memory();
	reader->id = id;
	reader->fd = -1;
	snprintf(reader->name, sizeof(reader->name), "%s", name);
	*ret = reader;
	return NULL;
}

struct error *image_open(struct image_directory *directory, enum image_id id, uint64_t key,
			 struct image_reader **ret)
{
	cleanup_image_reader struct image_reader *reader = NULL;
	char name[IMAGE_NAME_MAX];
	struct stat stat;

	image_name(id, key, name);
	TRY(new_reader(id, name, &reader));
	TRY(image_directory_find(directory, id, key, O_RDONLY, &reader->fd));
	reader->missing = reader->fd < 0;
	if (!reader->missing) {
		if (fstat(reader->fd, &stat))
			return fail_errno("could not look at %s", name);
		reader->size = stat.st_size;
		TRY(check_head(reader));
	}
	*ret = take_pointer(reader);
	return NULL;
}

struct error *image_open_memory(const void *data, size_t size, const char *name, enum image_id id,
				struct image_reader **ret)
{
	cleanup_image_reader struct image_reader *reader = NULL;

	TRY(new_reader(id, name, &reader));
	reader->buffer = (unsigned char *)data;
	reader->buffer_length = reader->size = size;
	TRY(check_head(reader));
	*ret = take_pointer(reader);
	return NULL;
}

void image_reader_close(struct image_reader *reader)
{
	if (!reader)
		return;
	if (reader->fd >= 0) {
		close(reader->fd);
		free(reader->buffer);
	}
	free(reader);
}

static void *arena_allocate(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void arena_release(void *arena, void *pointer)
{
}

static bool take_varint(const unsigned char **at, const unsigned char *end, uint64_t *ret)
{
	uint64_t value = 0;

	for (int shift = 0; shift < 64 && *at < end; shift += 7) {
		unsigned char byte = *(*at)++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

/* Unpacking recurses once for each level of messages, so the levels are counted before.
 * Whatever else is wrong with the bytes is left for the unpacker to find. */
static bool too_deep(const ProtobufCMessageDescriptor *kind, const unsigned char *at, const unsigned char *end,
		     int levels)
{
	uint64_t tag, length;

	if (!levels)
		return true;
	while (at < end && take_varint(&at, end, &tag)) {
		const ProtobufCFieldDescriptor *field;

		switch (tag & 7) {
		case 0:
			if (!take_varint(&at, end, &length))
				return false;
			continue;
		case 1:
			length = 8;
			break;
		case 2:
			if (!take_varint(&at, end, &length))
				return false;
			break;
		case 5:
			length = 4;
			break;
		default:
			return false;
		}
		if (length > (uint64_t)(end - at))
			return false;
		field = tag >> 3 > UINT32_MAX ? NULL : protobuf_c_message_descriptor_get_field(kind, tag >> 3);
		if ((tag & 7) == 2 && field && field->type == PROTOBUF_C_TYPE_MESSAGE &&
		    too_deep(field->descriptor, at, at + length, levels - 1))
			return true;
		at += length;
	}
	return false;
}

/* Stores a pointer where the caller has one of another type. */
static void give(void *ret, void *pointer)
{
	memcpy(ret, &pointer, sizeof(pointer));
}

struct error *image_read(struct image_reader *reader, const ProtobufCMessageDescriptor *kind, struct arena *arena,
			 void *ret)
{
	ProtobufCAllocator allocator = { arena_allocate, arena_release, arena };
	ProtobufCMessage *message = NULL;
	const unsigned char *bytes;
	uint64_t start = reader->offset;
	uint32_t length;

	give(ret, NULL);
	if (reader->offset == reader->size)
		return NULL;
	TRY(take_word(reader, &length));
	if (length > ENTRY_MAX) {
		reader->offset = start;
		return damaged(reader, "impossible length of an entry");
	}
	TRY(take_bytes(reader, length, &bytes));
	if (!too_deep(kind, bytes, bytes + length, NESTING_MAX))
		message = protobuf_c_message_unpack(kind, &allocator, length, bytes);
	if (!message) {
		reader->offset = start;
		return with_context(damaged(reader, "no valid entry"), "cannot read a %s", kind->name);
	}
	reader->entries++;
	give(ret, message);
	return NULL;
}

struct error *image_read_next(struct image_reader *reader, struct arena *arena, void *ret)
{
	const struct image_description *image = image_describe(reader->id);

	return image_read(reader, reader->entries ? image->later_message : image->message, arena, ret);
}

struct error *image_expect_bytes(struct image_reader *reader, uint64_t length)
{
	if (length > reader->size - reader->offset)
		return damaged(reader, "unexpected end of the image");
	return NULL;
}

struct error *image_read_bytes(struct image_reader *reader, void *data, size_t length)
{
	uint64_t start = reader->offset - reader->buffer_offset;
	size_t buffered = start < reader->buffer_length ? reader->buffer_length - start : 0;

	TRY(image_expect_bytes(reader, length));
	if (buffered > length)
		buffered = length;
	if (buffered)
		memcpy(data, reader->buffer + start, buffered);
	reader->offset += buffered;
	length -= buffered;
	if (length)
		TRY(with_context(pread_exactly(reader->fd, (char *)data + buffered, length, reader->offset), "%s",
				 reader->name));
	reader->offset += length;
	return NULL;
}

struct error *image_skip_bytes(struct image_reader *reader, uint64_t length)
{
	TRY(image_expect_bytes(reader, length));
	reader->offset += length;
	return NULL;
}

uint64_t image_reader_offset(const struct image_reader *reader)
{
	return reader->offset;
}

struct error *image_reader_fd(struct image_reader *reader, int *ret_fd)
{
	if (reader->fd < 0)
		return fail("%s has no descriptor", reader->name);
	if (lseek(reader->fd, reader->offset, SEEK_SET) < 0)
		return fail_errno("could not seek in %s", reader->name);
	*ret_fd = reader->fd;
	return NULL;
}

struct error *image_read_one(struct image_directory *directory, enum image_id id, uint64_t key, struct arena *arena,
			     void *ret)
{
	cleanup_image_reader struct image_reader *reader = NULL;
	ProtobufCMessage *message;

	TRY(image_open(directory, id, key, &reader));
	if (reader->missing && id == IMAGE_INVENTORY)
		return image_directory_incomplete(directory);
	if (reader->missing)
		return with_hint(fail("%s is missing in %s", reader->name, directory->path),
				 "Name the directory of a complete dump with --images-dir.");
	TRY(image_read_next(reader, arena, &message));
	give(ret, message);
	return message ? NULL : damaged(reader, "an entry is missing");
}

struct error *image_read_all(struct image_directory *directory, enum image_id id, uint64_t key, struct arena *arena,
			     void *ret, size_t *count)
{
	cleanup_image_reader struct image_reader *reader = NULL;
	void **list = NULL;
	size_t capacity = 0;

	*count = 0;
	TRY(image_open(directory, id, key, &reader));
	for (;;) {
		void *message;

		TRY(image_read_next(reader, arena, &message));
		if (!message)
			break;
		*arena_append(arena, list, *count, capacity) = message;
	}
	give(ret, list);
	return NULL;
}

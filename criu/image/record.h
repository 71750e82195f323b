// SPDX-License-Identifier: GPL-2.0
/*
 * Framing of images: head words, then entries (u32 length, packed message), each maybe
 * followed by payload bytes. Writers and readers are buffered. Every bound is checked on
 * reading: an image is input from outside. Main, and any process that inherited the
 * directory's descriptors; one writer or reader belongs to one thread.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "image/directory.h"
#include "support/arena.h"
#include "support/error.h"

/* A row of the catalogue. Raw images have no message. */
struct image_description {
	const char *name, *magic_name;
	uint32_t magic;
	const ProtobufCMessageDescriptor *message, *later_message;
	enum image_payload payload;
	unsigned flags;
};
const struct image_description *image_describe(enum image_id id);

/* ---- writing ---- */

struct image_writer;

/* Nothing is made before the first entry. An image that gets none leaves no file, and an
 * older file of that name is deleted at the commit. */
struct error *image_create(struct image_directory *directory, enum image_id id, uint64_t key,
			   struct image_writer **ret) must_check;
struct error *image_write(struct image_writer *writer, const ProtobufCMessage *message) must_check;
/* Payload behind the entry written last. */
struct error *image_write_bytes(struct image_writer *writer, const void *data, size_t length) must_check;
/* The descriptor, positioned at the end, for splicing payload; it stays the writer's. */
struct error *image_writer_fd(struct image_writer *writer, int *ret_fd) must_check;
/* Flushes and frees the writer, also when it fails. */
struct error *image_close(struct image_writer *writer) must_check;
/* Frees the writer and deletes its temporary file. NULL is fine. */
void image_discard(struct image_writer *writer);
/* All of the above for an image of one entry. */
struct error *image_write_one(struct image_directory *directory, enum image_id id, uint64_t key,
			      const ProtobufCMessage *message) must_check;

/* ---- reading ---- */

struct image_reader {
	bool missing;			/* there is no such file: it reads as one without entries */
	enum image_id id;
	char name[256];			/* for messages */
	int fd;				/* -1: memory */
	uint64_t size, offset;		/* of the file; of the next byte given out */
	uint64_t entries;		/* given out so far */
	unsigned char *buffer;		/* holds bytes [buffer_offset, buffer_offset + buffer_length) */
	uint64_t buffer_offset;
	size_t buffer_length, buffer_size;
};

/* Opens and checks the head words (of version 1 images too). The caller owns *ret. */
struct error *image_open(struct image_directory *directory, enum image_id id, uint64_t key,
			 struct image_reader **ret) must_check;
/* The same for an image in memory, which stays the caller's and must outlive the reader. id
 * IMAGE_NONE: found by its magic; where several have one magic, the first of the catalogue. */
struct error *image_open_memory(const void *data, size_t size, const char *name, enum image_id id,
				struct image_reader **ret) must_check;
void image_reader_close(struct image_reader *reader); /* NULL is fine */

/* The next entry as a message of that kind, allocated from the arena; NULL at the end of the image.
 * ret here and below is the address of a pointer to the message, of its own type. */
struct error *image_read(struct image_reader *reader, const ProtobufCMessageDescriptor *kind, struct arena *arena,
			 void *ret) must_check;
/* The next entry, of the kind that the catalogue names for this place. */
struct error *image_read_next(struct image_reader *reader, struct arena *arena, void *ret) must_check;
/* Payload. image_skip_bytes() passes over it. */
struct error *image_read_bytes(struct image_reader *reader, void *data, size_t length) must_check;
struct error *image_skip_bytes(struct image_reader *reader, uint64_t length) must_check;
/* Fails unless that many bytes follow: before allocating room for a payload. */
struct error *image_expect_bytes(struct image_reader *reader, uint64_t length) must_check;
uint64_t image_reader_offset(const struct image_reader *reader);
/* The descriptor, positioned at the offset, for splicing payload. After taking n bytes from
 * it the caller calls image_skip_bytes(n). It stays the reader's. */
struct error *image_reader_fd(struct image_reader *reader, int *ret_fd) must_check;

/* An image that must be there and have at least one entry: its first. */
struct error *image_read_one(struct image_directory *directory, enum image_id id, uint64_t key, struct arena *arena,
			     void *ret) must_check;
/* All entries of an image without payload; none where the file is missing. ret is the address
 * of an array of pointers (CoreEntry **). */
struct error *image_read_all(struct image_directory *directory, enum image_id id, uint64_t key, struct arena *arena,
			     void *ret, size_t *count) must_check;

static inline void image_reader_cleanup(struct image_reader **reader)
{
	image_reader_close(*reader);
}

static inline void image_writer_cleanup(struct image_writer **writer)
{
	image_discard(*writer);
}

#define cleanup_image_reader __attribute__((cleanup(image_reader_cleanup)))
#define cleanup_image_writer __attribute__((cleanup(image_writer_cleanup)))

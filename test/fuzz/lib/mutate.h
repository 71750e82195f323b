// SPDX-License-Identifier: GPL-2.0
/* For fuzz targets: images as lists of messages that can be changed. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decisions: bytes of the input, then zeroes. */
struct choices {
	const uint8_t *at, *end;
};

uint64_t choose_bits(struct choices *choices, unsigned bytes);
/* Less than count. */
uint64_t choose(struct choices *choices, uint64_t count);

struct mutable_entry {
	ProtobufCMessage *message;
	unsigned char *payload; /* behind it, up to the next entry */
	size_t payload_size;
};

struct mutable_image {
	unsigned char head[8];
	size_t head_size;
	struct mutable_entry *entries;
	size_t count;
};

/* NULL when it cannot be read. Only images without payload are taken apart; others are one piece. */
struct mutable_image *mutable_open(const char *data, size_t size, const char *name);
char *mutable_pack(const struct mutable_image *image, size_t *size);
void mutable_delete(struct mutable_image *image, size_t entry);
void mutable_close(struct mutable_image *image);

/* A changed copy of the image; NULL: it is to be deleted. */
char *mutate_image(struct choices *choices, const char *data, size_t size, const char *name, const char *other,
		   size_t other_size, size_t *ret_size);

// SPDX-License-Identifier: GPL-2.0
/* Images taken apart, changed by the descriptors of their messages, and put together again. */
#include "mutate.h"

#include <stdlib.h>
#include <string.h>

#include "crit/message.h"
#include "image/record.h"
#include "images/messages.h"

enum { MAX_DEPTH = 8, MAX_CHANGES = 4, LONG_TEXT = 5000 };

static void *allocate(size_t size)
{
	void *memory = calloc(1, size + 1);

	if (!memory)
		abort();
	return memory;
}

static void *copy_of(const void *data, size_t size)
{
	void *copy = allocate(size);

	if (size)
		memcpy(copy, data, size);
	return copy;
}

/* ---- decisions ---- */

uint64_t choose_bits(struct choices *choices, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)(choices->at < choices->end ? *choices->at++ : 0) << 8 * i;
	return value;
}

uint64_t choose(struct choices *choices, uint64_t count)
{
	return count < 2 ? 0 : choose_bits(choices, count > 65536 ? 4 : count > 256 ? 2 : 1) % count;
}

/* Numbers where things break. */
static uint64_t choose_number(struct choices *choices, uint64_t old)
{
	static const uint64_t numbers[] = {
		0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 4095, 4096, 4097, 65535, 65536, INT32_MAX,
		1ULL << 31, UINT32_MAX, 1ULL << 32, 1ULL << 47, (1ULL << 47) - 4096, (1ULL << 47) - 1, INT64_MAX, 1ULL << 63,
		UINT64_MAX, UINT64_MAX - 4095, (uint64_t)-4096, (uint64_t)-1000, 1ULL << 40, 1ULL << 20, 100000, 1024,
	};

	switch (choose(choices, 6)) {
	case 0:
		return old + 1;
	case 1:
		return old - 1;
	case 2:
		return old ^ 1ULL << choose(choices, 64);
	case 3:
		return choose_bits(choices, 1);
	case 4:
		return choose_bits(choices, 8);
	default:
		return numbers[choose(choices, sizeof(numbers) / sizeof(numbers[0]))];
	}
}

/* ---- taking apart ---- */

static uint64_t payload_of(const struct image_description *image, const ProtobufCMessage *message, size_t rest)
{
	switch (image->payload) {
	case IMAGE_PAYLOAD_PIPE:
		return ((const PipeDataEntry *)message)->bytes;
	case IMAGE_PAYLOAD_SOCKET_PACKET:
		return ((const SkPacketEntry *)message)->length;
	case IMAGE_PAYLOAD_TCP_STREAM:
		return (uint64_t)((const TcpStreamEntry *)message)->inq_len + ((const TcpStreamEntry *)message)->outq_len;
	case IMAGE_PAYLOAD_NONE:
		return 0;
	default:
		return rest;
	}
}

static bool add_entry(struct mutable_image *image, const struct image_description *kind, const uint8_t **at,
		      const uint8_t *end)
{
	const ProtobufCMessageDescriptor *message = image->count ? kind->later_message : kind->message;
	struct mutable_entry *entry = &image->entries[image->count];
	uint32_t length;

	if (end - *at < 4)
		return false;
	memcpy(&length, *at, 4);
	if (length > (size_t)(end - *at - 4))
		return false;
	entry->message = protobuf_c_message_unpack(message, NULL, length, *at + 4);
	if (!entry->message)
		return false;
	*at += 4 + length;
	entry->payload_size = payload_of(kind, entry->message, end - *at);
	if (entry->payload_size > (size_t)(end - *at))
		entry->payload_size = end - *at;
	entry->payload = copy_of(*at, entry->payload_size);
	*at += entry->payload_size;
	image->count++;
	return true;
}

struct mutable_image *mutable_open(const char *data, size_t size, const char *name)
{
	enum image_id id = image_find_name(name);
	const struct image_description *kind = id ? image_describe(id) : NULL;
	const uint8_t *at = (const uint8_t *)data, *end = at + size;
	struct mutable_image *image;

	if (!kind || !kind->message || size < 8)
		return NULL;
	image = allocate(sizeof(*image));
	image->head_size = kind->flags & IMAGE_BARE ? 4 : 8;
	memcpy(image->head, data, image->head_size);
	image->entries = allocate((size / 4 + 2) * sizeof(*image->entries)); /* one more for a copy */
	for (at += image->head_size; at < end && add_entry(image, kind, &at, end);)
		;
	if (at == end && image->count)
		return image;
	mutable_close(image);
	return NULL;
}

static size_t packed_size(const struct mutable_image *image)
{
	size_t size = image->head_size;

	for (size_t i = 0; i < image->count; i++)
		size += 4 + protobuf_c_message_get_packed_size(image->entries[i].message) + image->entries[i].payload_size;
	return size;
}

char *mutable_pack(const struct mutable_image *image, size_t *size)
{
	char *data, *at;

	*size = packed_size(image);
	data = at = allocate(*size);
	memcpy(at, image->head, image->head_size);
	at += image->head_size;
	for (size_t i = 0; i < image->count; i++) {
		const struct mutable_entry *entry = &image->entries[i];
		uint32_t length = protobuf_c_message_pack(entry->message, (uint8_t *)at + 4);

		memcpy(at, &length, 4);
		memcpy(at + 4 + length, entry->payload, entry->payload_size);
		at += 4 + length + entry->payload_size;
	}
	return data;
}

void mutable_delete(struct mutable_image *image, size_t entry)
{
	protobuf_c_message_free_unpacked(image->entries[entry].message, NULL);
	free(image->entries[entry].payload);
	image->count--;
	memmove(&image->entries[entry], &image->entries[entry + 1], (image->count - entry) * sizeof(*image->entries));
}

void mutable_close(struct mutable_image *image)
{
	if (!image)
		return;
	while (image->count)
		mutable_delete(image, image->count - 1);
	free(image->entries);
	free(image);
}

static ProtobufCMessage *copy_message(const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = allocate(size);
	ProtobufCMessage *copy;

	protobuf_c_message_pack(message, bytes);
	copy = protobuf_c_message_unpack(message->descriptor, NULL, size, bytes);
	free(bytes);
	if (!copy)
		abort();
	return copy;
}

/* ---- values ---- */

static void change_number(struct choices *choices, const ProtobufCFieldDescriptor *field, void *value)
{
	uint64_t number = 0;

	memcpy(&number, value, message_value_size(field->type));
	number = choose_number(choices, number);
	if (field->type == PROTOBUF_C_TYPE_BOOL)
		number &= 1;
	memcpy(value, &number, message_value_size(field->type));
}

static void change_text(struct choices *choices, const ProtobufCFieldDescriptor *field, char **value)
{
	static const char *const texts[] = { "", "/", ".", "..", "../../../etc", "%s%s%n", "/proc/self/mem", "a//b", "\xff\xfe",
					     "/dev/null", " (deleted)", "x:[123]", "0", "-1", "\n\033[31m" };
	unsigned way = choose(choices, 3);
	char *old = *value;

	if (way == 0 && old && *old) {
		*value = copy_of(old, strlen(old));
		(*value)[choose(choices, strlen(old))] = choose_bits(choices, 1);
	} else if (way == 1) {
		*value = allocate(LONG_TEXT);
		memset(*value, '/' + choose(choices, 3), LONG_TEXT);
	} else {
		const char *text = texts[choose(choices, sizeof(texts) / sizeof(texts[0]))];

		*value = copy_of(text, strlen(text));
	}
	if (old && old != field->default_value)
		free(old);
}

static void change_bytes(struct choices *choices, ProtobufCBinaryData *value)
{
	size_t length = choose(choices, 2) ? choose(choices, value->len + 1) : choose_number(choices, value->len) % 70000;
	uint8_t *data = allocate(length);

	memcpy(data, value->data ?: data, value->len < length ? value->len : length);
	if (length)
		data[choose(choices, length)] = choose_bits(choices, 1);
	free(value->data);
	value->data = data;
	value->len = length;
}

static void change_message(struct choices *choices, ProtobufCMessage *message, int depth);

static void change_value(struct choices *choices, const ProtobufCFieldDescriptor *field, void *value, int depth)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		change_text(choices, field, value);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		change_bytes(choices, value);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		change_message(choices, *(ProtobufCMessage **)value, depth + 1);
		break;
	default:
		change_number(choices, field, value);
	}
}

static void free_value(const ProtobufCFieldDescriptor *field, void *value)
{
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		protobuf_c_message_free_unpacked(*(ProtobufCMessage **)value, NULL);
	else if (field->type == PROTOBUF_C_TYPE_STRING)
		free(*(char **)value);
	else if (field->type == PROTOBUF_C_TYPE_BYTES)
		free(((ProtobufCBinaryData *)value)->data);
}

static void duplicate_value(const ProtobufCFieldDescriptor *field, void *to, const void *from)
{
	memcpy(to, from, message_value_size(field->type));
	if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
		*(ProtobufCMessage **)to = copy_message(*(ProtobufCMessage *const *)from);
	} else if (field->type == PROTOBUF_C_TYPE_STRING) {
		*(char **)to = copy_of(*(char *const *)from, strlen(*(char *const *)from));
	} else if (field->type == PROTOBUF_C_TYPE_BYTES) {
		const ProtobufCBinaryData *data = from;

		((ProtobufCBinaryData *)to)->data = copy_of(data->data, data->len);
	}
}

/* ---- fields ---- */

static void *member(ProtobufCMessage *message, size_t offset)
{
	return (char *)message + offset;
}

static void change_list(struct choices *choices, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message, int depth)
{
	size_t *count = member(message, field->quantifier_offset), size = message_value_size(field->type);
	char **list = member(message, field->offset);
	size_t at = choose(choices, *count);
	char *larger;

	if (!*count)
		return;
	switch (choose(choices, 5)) {
	case 0: /* cut */
		while (*count > at)
			free_value(field, *list + --*count * size);
		break;
	case 1: /* one twice, at the end or in its place */
		larger = allocate((*count + 1) * size);
		memcpy(larger, *list, *count * size);
		duplicate_value(field, larger + *count * size, larger + at * size);
		free(*list);
		*list = larger;
		++*count;
		break;
	case 2: { /* two change places */
		char spare[sizeof(ProtobufCBinaryData)];
		size_t with = choose(choices, *count);

		memcpy(spare, *list + at * size, size);
		memcpy(*list + at * size, *list + with * size, size);
		memcpy(*list + with * size, spare, size);
		break;
	}
	default:
		change_value(choices, field, *list + at * size, depth);
	}
}

/* Makes a value that is not there, as far as its kind needs none inside. */
static void change_optional(struct choices *choices, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message, int depth)
{
	void *value = member(message, field->offset);
	bool pointer = field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING;
	bool there = pointer ? *(void **)value != NULL && *(void **)value != field->default_value
			     : *(protobuf_c_boolean *)member(message, field->quantifier_offset);

	if (there && choose(choices, 3) == 0) {
		free_value(field, value);
		memset(value, 0, message_value_size(field->type));
		if (!pointer)
			*(protobuf_c_boolean *)member(message, field->quantifier_offset) = false;
		return;
	}
	if (!there && field->type == PROTOBUF_C_TYPE_MESSAGE)
		return;
	if (!pointer)
		*(protobuf_c_boolean *)member(message, field->quantifier_offset) = true;
	if (!there && field->type == PROTOBUF_C_TYPE_BYTES)
		memset(value, 0, sizeof(ProtobufCBinaryData));
	change_value(choices, field, value, depth);
}

static void change_message(struct choices *choices, ProtobufCMessage *message, int depth)
{
	const ProtobufCFieldDescriptor *field;

	if (depth > MAX_DEPTH || !message->descriptor->n_fields)
		return;
	field = &message->descriptor->fields[choose(choices, message->descriptor->n_fields)];
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		change_list(choices, field, message, depth);
	else if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
		change_optional(choices, field, message, depth);
	else
		change_value(choices, field, member(message, field->offset), depth);
}

/* ---- entries and files ---- */

static void change_entries(struct choices *choices, struct mutable_image *image)
{
	size_t at = choose(choices, image->count), with = choose(choices, image->count);
	struct mutable_entry spare = image->entries[at];

	switch (choose(choices, 12)) {
	case 0:
		if (image->count > 1)
			mutable_delete(image, at);
		break;
	case 1:
		image->entries[at] = image->entries[with];
		image->entries[with] = spare;
		break;
	case 2: /* there is room for one */
		image->entries[image->count++] = (struct mutable_entry){
			.message = copy_message(spare.message), .payload = copy_of(spare.payload, spare.payload_size),
			.payload_size = spare.payload_size,
		};
		break;
	case 3:
		image->entries[at].payload_size = choose(choices, spare.payload_size + 1);
		break;
	default:
		for (uint64_t i = 0, count = 1 + choose(choices, MAX_CHANGES); i < count; i++)
			change_message(choices, spare.message, 0);
	}
}

static char *change_raw(struct choices *choices, const char *data, size_t size, size_t *ret_size)
{
	char *copy = copy_of(data, size);

	*ret_size = size;
	if (choose(choices, 3) == 0)
		*ret_size = choose(choices, size + 1);
	for (uint64_t i = 0, count = 1 + choose(choices, 4); size && i < count; i++)
		copy[choose(choices, size)] = choose_bits(choices, 1);
	return copy;
}

char *mutate_image(struct choices *choices, const char *data, size_t size, const char *name, const char *other,
		   size_t other_size, size_t *ret_size)
{
	unsigned way = choose(choices, 32);
	struct mutable_image *image;
	char *changed;

	if (way == 0)
		return NULL;
	if (way == 1) {
		*ret_size = other_size;
		return copy_of(other, other_size);
	}
	image = way < 5 ? NULL : mutable_open(data, size, name);
	if (!image)
		return change_raw(choices, data, size, ret_size);
	change_entries(choices, image);
	changed = mutable_pack(image, ret_size);
	mutable_close(image);
	return changed;
}

// SPDX-License-Identifier: GPL-2.0
/* Images to JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crit/convert.h"
#include "crit/message.h"
#include "crit/text.h"
#include "image/record.h"
#include "images/messages.h"
#include "support/cleanup.h"

struct decoder {
	struct image_reader *reader;
	struct arena arena; /* of one entry */
	const struct decode_options *options;
	size_t unknown_fields;
	struct json_object *json;
};

static void end_decoder(struct decoder *decoder)
{
	image_reader_close(decoder->reader);
	arena_free(&decoder->arena);
	json_object_put(decoder->json);
}

#define cleanup_decoder __attribute__((cleanup(end_decoder)))

static struct error *add_key(struct json_object *object, const char *key, struct json_object *value)
{
	if (value && !json_object_object_add(object, key, value))
		return NULL;
	json_object_put(value);
	return out_of_memory();
}

static struct error *add_item(struct json_object *list, struct json_object *item)
{
	if (item && !json_object_array_add(list, item))
		return NULL;
	json_object_put(item);
	return out_of_memory();
}

/* ---- payload ---- */

/* The next length bytes as base64. padded is the room they take in the image. */
static struct error *take_payload(struct decoder *decoder, uint64_t length, uint64_t padded, struct json_object **ret)
{
	struct image_reader *reader = decoder->reader;
	char text[64];

	TRY(image_expect_bytes(reader, padded));
	if (decoder->options->no_payload) {
		snprintf(text, sizeof(text), "... <%lu bytes>", length);
		*ret = json_object_new_string(text);
	} else {
		*ret = base64_show(reader->buffer + reader->offset, length); /* all of it is in memory */
	}
	if (!*ret)
		return out_of_memory();
	return image_skip_bytes(reader, padded);
}

static struct error *add_payload(struct decoder *decoder, struct json_object *object, const char *key, uint64_t length,
				 uint64_t padded)
{
	struct json_object *extra;

	TRY(take_payload(decoder, length, padded, &extra));
	return add_key(object, key, extra);
}

/* Two payloads, one after the other, as an object with two keys. */
static struct error *add_two(struct decoder *decoder, struct json_object *entry, const char *first,
			     uint64_t first_length, const char *second, uint64_t second_length)
{
	struct json_object *extra = json_object_new_object();

	TRY(add_key(entry, "extra", extra));
	TRY(add_payload(decoder, extra, first, first_length, first_length));
	return add_payload(decoder, extra, second, second_length, second_length);
}

static struct error *add_ghost(struct decoder *decoder, const ProtobufCMessage *message, struct json_object *entry)
{
	const GhostFileEntry *ghost = (const GhostFileEntry *)message;
	uint64_t length;

	if (message->descriptor == &ghost_chunk_entry__descriptor)
		length = ((const GhostChunkEntry *)message)->len;
	else if (ghost->has_chunks && ghost->chunks)
		return NULL;
	else
		length = decoder->reader->size - decoder->reader->offset;
	return add_payload(decoder, entry, "extra", length, length);
}

static struct error *add_messages(struct decoder *decoder, const IpcMsgEntry *queue, struct json_object *entry)
{
	struct json_object *extra = json_object_new_array();

	TRY(add_key(entry, "extra", extra));
	for (uint32_t i = 0; i < queue->qnum; i++) {
		struct json_object *item;
		ProtobufCMessage *message;
		uint64_t length;

		TRY(image_read(decoder->reader, &ipc_msg__descriptor, &decoder->arena, &message));
		if (!message)
			return fail("%s: a message of the queue is missing", decoder->reader->name);
		TRY(message_to_json(message, decoder->options->pretty, &item));
		TRY(add_item(extra, item));
		length = ((IpcMsg *)message)->msize;
		TRY(take_payload(decoder, length, (length + 7) / 8 * 8, &item));
		TRY(add_item(extra, item));
	}
	return NULL;
}

static struct error *add_semaphores(struct decoder *decoder, const IpcSemEntry *set, struct json_object *entry)
{
	struct json_object *extra;
	uint64_t length = (uint64_t)set->nsems * sizeof(uint16_t), padded = (length + 7) / 8 * 8;

	TRY(image_expect_bytes(decoder->reader, padded));
	extra = json_object_new_array();
	TRY(add_key(entry, "extra", extra));
	for (uint32_t i = 0; i < set->nsems; i++) {
		uint16_t value;

		TRY(image_read_bytes(decoder->reader, &value, sizeof(value)));
		TRY(add_item(extra, json_object_new_int(value)));
	}
	return image_skip_bytes(decoder->reader, padded - length);
}

static struct error *add_shared_memory(struct decoder *decoder, const IpcShmEntry *segment, struct json_object *entry)
{
	if (segment->has_in_pagemaps && segment->in_pagemaps)
		return add_key(entry, "extra", json_object_new_string(""));
	if (segment->size > decoder->reader->size)
		return fail("%s: a segment is larger than the image", decoder->reader->name);
	return add_payload(decoder, entry, "extra", segment->size, (segment->size + 3) / 4 * 4);
}

static struct error *add_extra(struct decoder *decoder, const ProtobufCMessage *message, struct json_object *entry)
{
	switch (image_describe(decoder->reader->id)->payload) {
	case IMAGE_PAYLOAD_PIPE: {
		const PipeDataEntry *pipe = (const PipeDataEntry *)message;

		return add_payload(decoder, entry, "extra", pipe->bytes, pipe->bytes);
	}
	case IMAGE_PAYLOAD_SOCKET_PACKET: {
		const SkPacketEntry *packet = (const SkPacketEntry *)message;

		return add_payload(decoder, entry, "extra", packet->length, packet->length);
	}
	case IMAGE_PAYLOAD_TCP_STREAM: {
		const TcpStreamEntry *stream = (const TcpStreamEntry *)message;

		return add_two(decoder, entry, "inq", stream->inq_len, "outq", stream->outq_len);
	}
	case IMAGE_PAYLOAD_BPFMAP: {
		const BpfmapDataEntry *map = (const BpfmapDataEntry *)message;

		return add_two(decoder, entry, "keys", map->keys_bytes, "values", map->values_bytes);
	}
	case IMAGE_PAYLOAD_GHOST:
		return add_ghost(decoder, message, entry);
	case IMAGE_PAYLOAD_IPC_SHM:
		return add_shared_memory(decoder, (const IpcShmEntry *)message, entry);
	case IMAGE_PAYLOAD_IPC_MSG:
		return add_messages(decoder, (const IpcMsgEntry *)message, entry);
	case IMAGE_PAYLOAD_IPC_SEM:
		return add_semaphores(decoder, (const IpcSemEntry *)message, entry);
	default:
		return NULL;
	}
}

/* ---- entries ---- */

/* *done: the image has ended. */
static struct error *decode_entry(struct decoder *decoder, struct json_object *entries, bool *done)
{
	cleanup_json struct json_object *entry = NULL;
	ProtobufCMessage *message;

	TRY(image_read_next(decoder->reader, &decoder->arena, &message));
	*done = !message;
	if (!message)
		return NULL;
	decoder->unknown_fields += message_unknown_fields(message);
	TRY(message_to_json(message, decoder->options->pretty, &entry));
	TRY(add_extra(decoder, message, entry));
	arena_free(&decoder->arena);
	return add_item(entries, take_pointer(entry));
}

static struct error *begin_decoder(struct decoder *decoder, const void *data, size_t size, const char *name)
{
	TRY(image_open_memory(data, size, name, IMAGE_NONE, &decoder->reader));
	decoder->json = json_object_new_object();
	if (!decoder->json)
		return out_of_memory();
	return add_key(decoder->json, "magic",
		       json_object_new_string(image_describe(decoder->reader->id)->magic_name));
}

struct error *image_decode(const void *data, size_t size, const char *name, const struct decode_options *options,
			   struct json_object **ret, size_t *unknown_fields)
{
	cleanup_decoder struct decoder decoder = { .options = options };
	struct json_object *entries;
	bool done = false;

	TRY(begin_decoder(&decoder, data, size, name));
	entries = json_object_new_array();
	TRY(add_key(decoder.json, "entries", entries));
	while (!done)
		TRY(decode_entry(&decoder, entries, &done));
	*unknown_fields = decoder.unknown_fields;
	*ret = take_pointer(decoder.json);
	return NULL;
}

static uint64_t count_pages(const ProtobufCMessage *message)
{
	const PagemapEntry *entry = (const PagemapEntry *)message;

	if (message->descriptor != &pagemap_entry__descriptor)
		return 0;
	return entry->has_nr_pages ? entry->nr_pages : entry->compat_nr_pages;
}

struct error *image_info(const void *data, size_t size, const char *name, struct json_object **ret)
{
	static const struct decode_options options = { .no_payload = true };
	cleanup_decoder struct decoder decoder = { .options = &options };
	uint64_t count = 0, pages = 0;
	ProtobufCMessage *message;

	TRY(begin_decoder(&decoder, data, size, name));
	for (;;) {
		cleanup_json struct json_object *entry = json_object_new_object();

		TRY(image_read_next(decoder.reader, &decoder.arena, &message));
		if (!message)
			break;
		count++;
		pages += count_pages(message);
		TRY(add_extra(&decoder, message, entry)); /* to pass over the payload */
		arena_free(&decoder.arena);
	}
	TRY(add_key(decoder.json, "count", json_object_new_uint64(count)));
	if (image_describe(decoder.reader->id)->later_message == &pagemap_entry__descriptor)
		TRY(add_key(decoder.json, "pages", json_object_new_uint64(pages)));
	*ret = take_pointer(decoder.json);
	return NULL;
}

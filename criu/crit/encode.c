// SPDX-License-Identifier: GPL-2.0
/* JSON to images. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crit/convert.h"
#include "crit/message.h"
#include "crit/text.h"
#include "image/record.h"
#include "images/messages.h"
#include "support/cleanup.h"

struct encoder {
	const struct image_description *image;
	struct arena arena; /* of one entry */
	FILE *stream;
};

static void put_bytes(struct encoder *encoder, const void *data, size_t length)
{
	if (length)
		fwrite(data, 1, length, encoder->stream);
}

static void put_padding(struct encoder *encoder, size_t length, size_t unit)
{
	for (; length % unit; length++)
		fputc(0, encoder->stream);
}

static void put_word(struct encoder *encoder, uint32_t word)
{
	put_bytes(encoder, &word, sizeof(word));
}

static void put_message(struct encoder *encoder, const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *packed = arena_alloc(&encoder->arena, size);

	protobuf_c_message_pack(message, packed);
	put_word(encoder, size);
	put_bytes(encoder, packed, size);
}

/* ---- payload ---- */

/* The entry says how long its payload is: both must agree, or the image could not be read. */
static struct error *put_payload(struct encoder *encoder, struct json_object *text, uint64_t expected)
{
	cleanup_free unsigned char *data = NULL;
	size_t length = 0;

	if (text && !json_object_is_type(text, json_type_string))
		return fail("text is expected here");
	if (text)
		TRY(base64_parse(json_object_get_string(text), json_object_get_string_len(text), &data, &length));
	if (length != expected)
		return fail("%zu bytes do not fit the %lu that the entry announces", length, expected);
	put_bytes(encoder, data, length);
	return NULL;
}

static struct error *put_rest(struct encoder *encoder, struct json_object *text)
{
	cleanup_free unsigned char *data = NULL;
	size_t length;

	if (!json_object_is_type(text, json_type_string))
		return fail("text is expected here");
	TRY(base64_parse(json_object_get_string(text), json_object_get_string_len(text), &data, &length));
	put_bytes(encoder, data, length);
	return NULL;
}

static struct error *put_two(struct encoder *encoder, struct json_object *extra, const char *first,
			     uint64_t first_length, const char *second, uint64_t second_length)
{
	struct json_object *text = NULL;

	if (extra && !json_object_is_type(extra, json_type_object))
		return fail("an object is expected here");
	json_object_object_get_ex(extra, first, &text);
	TRY(with_context(put_payload(encoder, text, first_length), "%s", first));
	text = NULL;
	json_object_object_get_ex(extra, second, &text);
	return with_context(put_payload(encoder, text, second_length), "%s", second);
}

static struct error *put_ghost(struct encoder *encoder, const ProtobufCMessage *message, struct json_object *extra)
{
	const GhostFileEntry *ghost = (const GhostFileEntry *)message;

	if (message->descriptor == &ghost_chunk_entry__descriptor)
		return put_payload(encoder, extra, ((const GhostChunkEntry *)message)->len);
	if (ghost->has_chunks && ghost->chunks)
		return put_payload(encoder, extra, 0);
	return extra ? put_rest(encoder, extra) : NULL;
}

static struct error *put_messages(struct encoder *encoder, const IpcMsgEntry *queue, struct json_object *extra)
{
	if (!json_object_is_type(extra, json_type_array))
		return fail("a list is expected here");
	if (json_object_array_length(extra) != (uint64_t)queue->qnum * 2)
		return fail("%zu items do not fit a queue of %u messages", json_object_array_length(extra), queue->qnum);
	for (uint32_t i = 0; i < queue->qnum; i++) {
		ProtobufCMessage *message;
		size_t length;

		TRY(with_context(message_from_json(json_object_array_get_idx(extra, i * 2), &ipc_msg__descriptor, NULL,
						   &encoder->arena, &message),
				 "%u", i * 2));
		put_message(encoder, message);
		length = ((IpcMsg *)message)->msize;
		TRY(with_context(put_payload(encoder, json_object_array_get_idx(extra, i * 2 + 1), length), "%u",
				 i * 2 + 1));
		put_padding(encoder, length, 8);
	}
	return NULL;
}

static struct error *put_semaphores(struct encoder *encoder, const IpcSemEntry *set, struct json_object *extra)
{
	if (!json_object_is_type(extra, json_type_array))
		return fail("a list is expected here");
	if (json_object_array_length(extra) != set->nsems)
		return fail("%zu items do not fit a set of %u", json_object_array_length(extra), set->nsems);
	for (uint32_t i = 0; i < set->nsems; i++) {
		struct json_object *item = json_object_array_get_idx(extra, i);
		int64_t number = json_object_get_int64(item);
		uint16_t value = number;

		if (!json_object_is_type(item, json_type_int) || number != value)
			return fail("%u: a number below 65536 is expected here", i);
		put_bytes(encoder, &value, sizeof(value));
	}
	put_padding(encoder, set->nsems * sizeof(uint16_t), 8);
	return NULL;
}

static struct error *put_shared_memory(struct encoder *encoder, const IpcShmEntry *segment, struct json_object *extra)
{
	if (segment->has_in_pagemaps && segment->in_pagemaps)
		return put_payload(encoder, extra, 0);
	TRY(put_payload(encoder, extra, segment->size));
	put_padding(encoder, segment->size, 4);
	return NULL;
}

static struct error *put_extra(struct encoder *encoder, const ProtobufCMessage *message, struct json_object *extra)
{
	switch (encoder->image->payload) {
	case IMAGE_PAYLOAD_PIPE:
		return put_payload(encoder, extra, ((const PipeDataEntry *)message)->bytes);
	case IMAGE_PAYLOAD_SOCKET_PACKET:
		return put_payload(encoder, extra, ((const SkPacketEntry *)message)->length);
	case IMAGE_PAYLOAD_TCP_STREAM: {
		const TcpStreamEntry *stream = (const TcpStreamEntry *)message;

		return put_two(encoder, extra, "inq", stream->inq_len, "outq", stream->outq_len);
	}
	case IMAGE_PAYLOAD_BPFMAP: {
		const BpfmapDataEntry *map = (const BpfmapDataEntry *)message;

		return put_two(encoder, extra, "keys", map->keys_bytes, "values", map->values_bytes);
	}
	case IMAGE_PAYLOAD_GHOST:
		return put_ghost(encoder, message, extra);
	case IMAGE_PAYLOAD_IPC_SHM:
		return put_shared_memory(encoder, (const IpcShmEntry *)message, extra);
	case IMAGE_PAYLOAD_IPC_MSG:
		return put_messages(encoder, (const IpcMsgEntry *)message, extra);
	case IMAGE_PAYLOAD_IPC_SEM:
		return put_semaphores(encoder, (const IpcSemEntry *)message, extra);
	default:
		return extra ? fail("this image has no payload") : NULL;
	}
}

/* ---- entries ---- */

static struct error *encode_entry(struct encoder *encoder, struct json_object *object, bool first)
{
	static const char *const skip[] = { "extra", NULL };
	const ProtobufCMessageDescriptor *kind = first ? encoder->image->message : encoder->image->later_message;
	struct json_object *extra = NULL;
	ProtobufCMessage *message;

	TRY(message_from_json(object, kind, skip, &encoder->arena, &message));
	json_object_object_get_ex(object, "extra", &extra);
	put_message(encoder, message);
	TRY(with_context(put_extra(encoder, message, extra), "extra"));
	arena_free(&encoder->arena);
	return NULL;
}

static const struct image_description *find_image(const char *magic_name)
{
	for (int id = 1; id < IMAGE_COUNT; id++) {
		const struct image_description *image = image_describe(id);

		if (image->magic_name && !strcmp(image->magic_name, magic_name))
			return image;
	}
	return NULL;
}

static struct error *encode(struct encoder *encoder, struct json_object *json)
{
	struct json_object *magic = NULL, *entries = NULL;

	if (!json_object_object_get_ex(json, "magic", &magic) || !json_object_is_type(magic, json_type_string) ||
	    !json_object_object_get_ex(json, "entries", &entries) || !json_object_is_type(entries, json_type_array))
		return with_hint(fail("the JSON text is no image: it lacks \"magic\" or \"entries\""),
				 "Give the output of crit decode.");
	encoder->image = find_image(json_object_get_string(magic));
	if (!encoder->image)
		return fail("there is no image with the magic %s", json_object_get_string(magic));
	if (!(encoder->image->flags & IMAGE_BARE))
		put_word(encoder, encoder->image->flags & IMAGE_SERVICE ? IMAGE_HEAD_SERVICE : IMAGE_HEAD_COMMON);
	put_word(encoder, encoder->image->magic);
	for (size_t i = 0; i < json_object_array_length(entries); i++)
		TRY(with_context(encode_entry(encoder, json_object_array_get_idx(entries, i), !i), "entries: %zu", i));
	return fflush(encoder->stream) || ferror(encoder->stream) ? out_of_memory() : NULL;
}

struct error *image_encode(struct json_object *json, char **ret, size_t *size)
{
	cleanup_free char *data = NULL;
	struct encoder encoder = { .stream = open_memstream(&data, size) };
	struct error *error;

	if (!encoder.stream)
		return out_of_memory();
	error = encode(&encoder, json);
	arena_free(&encoder.arena);
	fclose(encoder.stream);
	if (!error)
		*ret = take_pointer(data);
	return error;
}

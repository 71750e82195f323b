// SPDX-License-Identifier: GPL-2.0
/*
 * Images to JSON and back: the recorded sets byte for byte, every message of the catalogue
 * with random contents, the forms of texts, and what is refused.
 */
#include <fcntl.h>
#include <glob.h>
#include <unistd.h>

#include "crit/convert.h"
#include "crit/text.h"
#include "image/record.h"
#include "images/messages.h"
#include "support/cleanup.h"
#include "support/file.h"
#include "tap.h"

#define RECORDED "test/images/4.2/"

static struct error *to_text(const void *data, size_t size, bool pretty, char **ret, size_t *length)
{
	struct decode_options options = { .pretty = pretty };
	cleanup_json struct json_object *json = NULL;
	FILE *stream;
	struct error *error;
	size_t unknown = 0;

	TRY(image_decode(data, size, "test.img", &options, &json, &unknown));
	stream = open_memstream(ret, length);
	error = json_write(stream, json, pretty);
	fclose(stream);
	return error;
}

static struct error *to_image(const char *text, size_t length, char **ret, size_t *size)
{
	cleanup_json struct json_object *json = NULL;

	TRY(json_parse(text, length, &json));
	return image_encode(json, ret, size);
}

static bool same(const char *a, size_t a_length, const char *b, size_t b_length)
{
	return a && b && a_length == b_length && !memcmp(a, b, a_length);
}

/* Through JSON of both kinds and back to the same bytes. */
static bool survives(const char *image, size_t size, const char *what)
{
	bool fine = true;

	for (int pretty = 0; pretty < 2; pretty++) {
		cleanup_free char *text = NULL, *back = NULL;
		size_t length, back_size = 0;
		struct error *error = to_text(image, size, pretty, &text, &length);

		if (!error)
			error = to_image(text, length, &back, &back_size);
		if (error || !same(image, size, back, back_size)) {
			printf("# %s (%s): %s\n", what, pretty ? "pretty" : "plain", error ? error->message : "differs");
			fine = false;
		}
		error_free(error);
	}
	return fine;
}

/* ---- the recorded sets ---- */

/* DIR/json/NAME.json belongs to DIR/NAME.img. */
static void image_path(const char *json, char *path, size_t size)
{
	const char *name = strrchr(json, '/') + 1;

	snprintf(path, size, "%.*s%.*s.img", (int)(name - strlen("json/") - json), json, (int)(strlen(name) - 5), name);
}

static void test_recorded_image(const char *json_path)
{
	cleanup_free char *json = NULL, *image = NULL, *text = NULL, *back = NULL;
	size_t json_length, size, length = 0, back_size = 0;
	char path[256];

	image_path(json_path, path, sizeof(path));
	if (!check_no_error(read_file_at(AT_FDCWD, json_path, &json, &json_length), json_path) ||
	    !check_no_error(read_file_at(AT_FDCWD, path, &image, &size), path))
		return;
	check_no_error(to_text(image, size, true, &text, &length), "decodes");
	check(same(text, length, json, json_length), "to the recorded text");
	check_no_error(to_image(json, json_length, &back, &back_size), "the recorded text encodes");
	check(same(back, back_size, image, size), "to the recorded image");
	check(survives(image, size, path), "and plain JSON holds as much");
}

static void test_recorded_sets(void)
{
	glob_t list;
	size_t count;

	check(!glob(RECORDED "*/json/*.json", 0, NULL, &list), "recorded sets");
	count = list.gl_pathc;
	for (size_t i = 0; i < count; i++)
		test_recorded_image(list.gl_pathv[i]);
	globfree(&list);
	check(count > 100, "all %zu of them", count);
	check(!glob(RECORDED "*/stats-dump", 0, NULL, &list), "images without recorded text");
	for (size_t i = 0; i < list.gl_pathc; i++) {
		cleanup_free char *image = NULL;
		size_t size = 0;

		check_no_error(read_file_at(AT_FDCWD, list.gl_pathv[i], &image, &size), list.gl_pathv[i]);
		check(survives(image, size, list.gl_pathv[i]), "survive too");
	}
	globfree(&list);
}

/* ---- every message, random contents ---- */

static uint64_t random_number(uint64_t *state)
{
	static const uint64_t corners[] = { 0, 1, 0x7f, 0x80, INT32_MAX, 1ull << 31, UINT32_MAX, INT64_MAX, 1ull << 63, UINT64_MAX };
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return x % 3 ? x >> (x >> 58) : corners[x / 3 % (sizeof(corners) / sizeof(corners[0]))];
}

static void *random_bytes(uint64_t *state, struct arena *arena, size_t length)
{
	unsigned char *data = arena_alloc(arena, length + 1);

	for (size_t i = 0; i < length; i++)
		data[i] = random_number(state);
	return data;
}

static ProtobufCMessage *random_message(const ProtobufCMessageDescriptor *kind, uint64_t *state, struct arena *arena,
					int depth);

static void random_value(const ProtobufCFieldDescriptor *field, uint64_t *state, struct arena *arena, int depth,
			 void *place)
{
	static const char *const texts[] = { "", "/a b", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\xa7", "\"\\\n\t\x01\x7f", "=",
					     "\xff\xc3(\xed\xa0\x80" };
	uint64_t number = random_number(state);
	ProtobufCBinaryData *bytes = place;

	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		*(ProtobufCMessage **)place = random_message(field->descriptor, state, arena, depth - 1);
		break;
	case PROTOBUF_C_TYPE_STRING:
		*(const char **)place = texts[number % (sizeof(texts) / sizeof(texts[0]))];
		break;
	case PROTOBUF_C_TYPE_BYTES:
		bytes->len = number % 200;
		bytes->data = random_bytes(state, arena, bytes->len);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)place = number & 1;
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		*(uint64_t *)place = number;
		break;
	default:
		*(uint32_t *)place = number;
	}
}

static size_t size_of(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
	case PROTOBUF_C_TYPE_STRING:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return sizeof(uint64_t);
	default:
		return sizeof(uint32_t);
	}
}

static ProtobufCMessage *random_message(const ProtobufCMessageDescriptor *kind, uint64_t *state, struct arena *arena,
					int depth)
{
	ProtobufCMessage *message = arena_alloc(arena, kind->sizeof_message);

	kind->message_init(message);
	for (unsigned i = 0; i < kind->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &kind->fields[i];
		char *place = (char *)message + field->offset, *mark = (char *)message + field->quantifier_offset;
		bool pointer = field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING;

		if (field->label != PROTOBUF_C_LABEL_REQUIRED && (random_number(state) % 4 == 0 || depth <= 0))
			continue;
		if (field->label == PROTOBUF_C_LABEL_REPEATED) {
			size_t count = random_number(state) % 6, size = size_of(field);
			char *list = arena_alloc(arena, count * size);

			for (size_t j = 0; j < count; j++)
				random_value(field, state, arena, depth, list + j * size);
			*(size_t *)mark = count;
			*(char **)place = list;
			continue;
		}
		if (field->label == PROTOBUF_C_LABEL_OPTIONAL && !pointer)
			*(protobuf_c_boolean *)mark = true;
		random_value(field, state, arena, depth, place);
	}
	return message;
}

static void put_entry(FILE *stream, ProtobufCMessage *message)
{
	uint32_t size = protobuf_c_message_get_packed_size(message);
	cleanup_free uint8_t *packed = malloc(size + 1);

	protobuf_c_message_pack(message, packed);
	fwrite(&size, sizeof(size), 1, stream);
	fwrite(packed, 1, size, stream);
}

static void put_random(FILE *stream, uint64_t *state, struct arena *arena, size_t length, size_t unit)
{
	fwrite(random_bytes(state, arena, length), 1, length, stream);
	for (; length % unit; length++)
		fputc(0, stream);
}

/* Makes the entry announce a payload of a length that fits a test, and writes both. */
static void put_with_payload(FILE *stream, enum image_payload payload, ProtobufCMessage *message, uint64_t *state,
			     struct arena *arena)
{
	uint32_t first = random_number(state) % 150, second = random_number(state) % 150;

	switch (payload) {
	case IMAGE_PAYLOAD_PIPE:
		((PipeDataEntry *)message)->bytes = first;
		second = 0;
		break;
	case IMAGE_PAYLOAD_SOCKET_PACKET:
		((SkPacketEntry *)message)->length = first;
		second = 0;
		break;
	case IMAGE_PAYLOAD_TCP_STREAM:
		((TcpStreamEntry *)message)->inq_len = first;
		((TcpStreamEntry *)message)->outq_len = second;
		break;
	case IMAGE_PAYLOAD_BPFMAP:
		((BpfmapDataEntry *)message)->keys_bytes = first;
		((BpfmapDataEntry *)message)->values_bytes = second;
		break;
	case IMAGE_PAYLOAD_GHOST:
		second = 0;
		if (message->descriptor == &ghost_chunk_entry__descriptor)
			((GhostChunkEntry *)message)->len = first;
		else
			((GhostFileEntry *)message)->has_chunks = ((GhostFileEntry *)message)->chunks = true, first = 0;
		break;
	case IMAGE_PAYLOAD_IPC_SHM:
		((IpcShmEntry *)message)->in_pagemaps = false;
		((IpcShmEntry *)message)->size = first;
		put_entry(stream, message);
		put_random(stream, state, arena, first, 4);
		return;
	case IMAGE_PAYLOAD_IPC_SEM:
		((IpcSemEntry *)message)->nsems = first;
		put_entry(stream, message);
		put_random(stream, state, arena, first * 2, 8);
		return;
	case IMAGE_PAYLOAD_IPC_MSG:
		((IpcMsgEntry *)message)->qnum = second % 5;
		put_entry(stream, message);
		for (uint32_t i = 0; i < second % 5; i++) {
			IpcMsg *item = (IpcMsg *)random_message(&ipc_msg__descriptor, state, arena, 3);

			item->msize = first + i;
			put_entry(stream, &item->base);
			put_random(stream, state, arena, item->msize, 8);
		}
		return;
	default:
		first = second = 0;
	}
	put_entry(stream, message);
	put_random(stream, state, arena, first, 1);
	put_random(stream, state, arena, second, 1);
}

static void test_random_image(enum image_id id, uint64_t *state)
{
	const struct image_description *image = image_describe(id);
	uint32_t head[2] = { image->flags & IMAGE_SERVICE ? IMAGE_HEAD_SERVICE : IMAGE_HEAD_COMMON, image->magic };
	cleanup_free char *data = NULL;
	struct arena arena = {};
	FILE *stream;
	size_t size;

	stream = open_memstream(&data, &size);
	fwrite(image->flags & IMAGE_BARE ? head + 1 : head, image->flags & IMAGE_BARE ? 4 : 8, 1, stream);
	for (int i = 0; i < 30; i++)
		put_with_payload(stream, image->payload,
				 random_message(i ? image->later_message : image->message, state, &arena, 4), state,
				 &arena);
	fclose(stream);
	check(survives(data, size, image->name), "%s: random entries survive", image->name);
	arena_free(&arena);
}

static void test_every_message(void)
{
	uint64_t state = 88172645463325252ull;

	for (int id = 1; id < IMAGE_COUNT; id++)
		if (image_describe(id)->message)
			test_random_image(id, &state);
}

/* ---- forms ---- */

/* Part of the pretty text of an image with one entry. */
static void check_shows(const char *json, const char *expected)
{
	cleanup_free char *image = NULL, *text = NULL;
	size_t size = 0, length = 0;

	if (!check_no_error(to_image(json, strlen(json), &image, &size), json))
		return;
	check_no_error(to_text(image, size, true, &text, &length), "decodes");
	if (!check(text && strstr(text, expected), "to the expected form"))
		printf("# expected %s in %s\n", expected, text);
}

static void test_forms(void)
{
	check_shows("{\"magic\": \"REG_FILES\", \"entries\": [{\"id\": 1, \"flags\": 8389634, \"pos\": 0, \"name\": \"/\", \"fown\": "
		    "{\"uid\": 0, \"euid\": 0, \"signum\": 0, \"pid_type\": 0, \"pid\": 0}}]}",
		    "\"flags\": \"O_RDWR | O_APPEND | 0x800000\"");
	check_shows("{\"magic\": \"AUTOFS\", \"entries\": [{\"fd\": -1, \"pgrp\": \"0x10\", \"timeout\": \"-7\", \"minproto\": 0, "
		    "\"maxproto\": -2147483648, \"mode\": 0}]}",
		    "\"fd\": -1,\n            \"pgrp\": 16,\n            \"timeout\": -7");
	check_shows("{\"magic\": \"GHOST_FILE\", \"entries\": [{\"uid\": 0, \"gid\": 0, \"mode\": 0, \"dev\": \"8:1048575\", \"rdev\": \"5:300\", \"extra\": \"\"}]}",
		    "\"dev\": \"8:1048575\",\n            \"rdev\": \"5:300\"");
	check_shows("{\"magic\": \"RLIMIT\", \"entries\": [{\"cur\": 18446744073709551615, \"max\": \"0xffffffffffffffff\"}]}",
		    "\"cur\": 18446744073709551615,\n            \"max\": 18446744073709551615");
	check_shows("{\"magic\": \"NETDEV\", \"entries\": [{\"type\": \"SIT\", \"ifindex\": 1, \"mtu\": 2, \"flags\": 3, \"name\": \"s\","
		    "\"address\": \"AQI=\", \"sit\": {\"local\": [\"fe80::1\"], \"remote\": [\"10.0.0.1\"], \"rd_prefix\": [1, 2]}}]}",
		    "\"fe80::1\"");
	check_shows("{\"magic\": \"PAGEMAP\", \"entries\": [{\"pages_id\": 1}, {\"vaddr\": 4096, \"compat_nr_pages\": 1, \"flags\": 12}]}",
		    "\"vaddr\": \"0x1000\",\n            \"compat_nr_pages\": 1,\n            \"flags\": \"PE_PRESENT | 0x8\"");
	check_shows("{\"magic\": \"FDINFO\", \"entries\": [{\"id\": 1, \"flags\": 0, \"type\": 99, \"fd\": 0}]}", "\"type\": 99");
	check_shows("{\"magic\": \"PIDNS\", \"entries\": [{}]}", "\"entries\": [\n        {}\n    ]");
	check_shows("{\"magic\": \"PIDNS\", \"entries\": []}", "\"entries\": []");
	check_shows("{\"magic\": \"PIDNS\", \"entries\": [{\"ext_key\": \"\\u00fc\\ud83d\\udc27/\\\"\"}]}",
		    "\"\\u00fc\\ud83d\\udc27/\\\"\"");
}

static void check_base64(const char *data, size_t length, const char *expected)
{
	cleanup_json struct json_object *text = base64_show(data, length);
	cleanup_free unsigned char *back = NULL;
	size_t back_length = 0;

	check(!strcmp(json_object_get_string(text), expected), "base64 of %zu bytes", length);
	check_no_error(base64_parse(expected, strlen(expected), &back, &back_length), "and back");
	check(same((char *)back, back_length, data, length), "the same");
}

static void check_quoted(const char *data, size_t length, const char *expected)
{
	cleanup_json struct json_object *text = quoted_show(data, length);
	cleanup_free unsigned char *back = NULL;
	size_t back_length = 0;

	if (!check(!strcmp(json_object_get_string(text), expected), "quoted text of %zu bytes", length))
		printf("# %s\n", json_object_get_string(text));
	check_no_error(quoted_parse(expected, strlen(expected), &back, &back_length), "and back");
	check(same((char *)back, back_length, data, length), "the same");
}

static void test_texts(void)
{
	unsigned char *data = NULL;
	char zeros[58] = "", long_name[80];
	size_t length;

	check_base64("", 0, "");
	check_base64("a", 1, "YQ==\n");
	check_base64("ab", 2, "YWI=\n");
	check_base64("abc", 3, "YWJj\n");
	check_base64(zeros, 57, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
	check_base64(zeros, 58, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAA==\n");
	check_error(base64_parse("YQ", 2, &data, &length), "cut off", "base64 without its end");
	check_error(base64_parse("Y!==", 4, &data, &length), "character 1", "base64 with a wrong letter");
	check_error(base64_parse("YQ==YQ==", 8, &data, &length), "character 4", "base64 after its end");
	check_error(base64_parse("=", 1, &data, &length), "character 0", "base64 that begins with its end");

	memset(long_name, 'n', sizeof(long_name));
	check_quoted("", 0, "");
	check_quoted("\0ab=\xff", 5, "=00ab=3D=FF");
	check_quoted("a b\t\r\n.", 7, "a=20b=09=0D\n=2E");
	check_quoted(long_name, 76, "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn");
	check_quoted(long_name, 77, "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn=\nnn");
	check_error(quoted_parse("a=4", 3, &data, &length), "character 1", "quoted text that is cut off");
}

/* ---- what is refused ---- */

static void check_refused(const char *json, const char *expected)
{
	cleanup_free char *image = NULL;
	size_t size;

	check_error(to_image(json, strlen(json), &image, &size), expected, json);
}

static void test_refusals(void)
{
	check_refused("", "ends too early");
	check_refused("{\"magic\": ", "ends too early");
	check_refused("{} x", "wrong at byte 3");
	check_refused("null", "ends too early");
	check_refused("[]", "no image");
	check_refused("{\"magic\": \"PIDNS\"}", "no image");
	check_refused("{\"magic\": \"NOTHING\", \"entries\": []}", "no image with the magic NOTHING");
	check_refused("{\"magic\": \"PIDNS\", \"entries\": [1]}", "entries: 0: an object is expected here");
	check_refused("{\"magic\": \"PIDNS\", \"entries\": [{}, {\"ext_kay\": \"\"}]}",
		      "entries: 1: 'ext_kay' is no field of pidns_entry");
	check_refused("{\"magic\": \"PIDNS\", \"entries\": [{\"ext_key\": 7}]}", "entries: 0: ext_key: text is expected here");
	check_refused("{\"magic\": \"PIDNS\", \"entries\": [{\"ext_key\": \"a\\u0000b\"}]}", "NUL");
	check_refused("{\"magic\": \"PIDNS\", \"entries\": [{\"extra\": \"\"}]}", "this image has no payload");
	check_refused("{\"magic\": \"FS\", \"entries\": [{\"cwd_id\": 1}]}", "the field 'root_id' of fs_entry is missing");
	check_refused("{\"magic\": \"FS\", \"entries\": [{\"cwd_id\": 1, \"root_id\": 4294967296}]}", "4294967296 is too large");
	check_refused("{\"magic\": \"FS\", \"entries\": [{\"cwd_id\": 1, \"root_id\": -1}]}", "-1 is too small");
	check_refused("{\"magic\": \"FS\", \"entries\": [{\"cwd_id\": 1, \"root_id\": \"many\"}]}", "'many' is not known");
	check_refused("{\"magic\": \"FS\", \"entries\": [{\"cwd_id\": 1, \"root_id\": 1.5}]}", "a number is expected");
	check_refused("{\"magic\": \"FS\", \"entries\": [{\"cwd_id\": 1, \"root_id\": null}]}", "a number is expected");
	check_refused("{\"magic\": \"PSTREE\", \"entries\": [{\"pid\": 1, \"ppid\": 0, \"pgid\": 1, \"sid\": 1, \"threads\": 1}]}",
		      "threads: a list is expected");
	check_refused("{\"magic\": \"PIPES_DATA\", \"entries\": [{\"pipe_id\": 1, \"bytes\": 2, \"extra\": \"YQ==\"}]}",
		      "entries: 0: extra: 1 bytes do not fit the 2 that the entry announces");
	check_refused("{\"magic\": \"IPCNS_SEM\", \"entries\": [{\"desc\": {\"key\": 0, \"uid\": 0, \"gid\": 0, \"cuid\": 0, \"cgid\": "
		      "0, \"mode\": 0, \"id\": 0}, \"nsems\": 1, \"extra\": [65536]}]}",
		      "a number below 65536");
}

int main(void)
{
	test_recorded_sets();
	test_every_message();
	test_forms();
	test_texts();
	test_refusals();
	return tap_end();
}

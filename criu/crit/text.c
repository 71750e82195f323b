// SPDX-License-Identifier: GPL-2.0
/* JSON, base64 and quoted-printable texts, see text.h. */
#include "crit/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/cleanup.h"

enum {
	LINE_BYTES = 57,   /* of base64: 76 characters */
	QUOTED_LINE = 76,  /* quoted-printable, with the "=" that continues a line */
	JSON_DEPTH = 256,  /* two levels for each level of messages, which have a limit of their own */
};

/* ---- JSON ---- */

/* Length of the UTF-8 sequence at text, 0 where there is none; its character in *ret. */
static size_t take_character(const unsigned char *text, size_t length, uint32_t *ret)
{
	size_t size = *text < 0x80 ? 1 : *text >> 5 == 6 ? 2 : *text >> 4 == 14 ? 3 : *text >> 3 == 30 ? 4 : 0;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (!size || size > length)
		return 0;
	*ret = size == 1 ? *text : *text & (0x7f >> size);
	for (size_t i = 1; i < size; i++) {
		if (text[i] >> 6 != 2)
			return 0;
		*ret = *ret << 6 | (text[i] & 0x3f);
	}
	if (*ret < least[size] || *ret > 0x10ffff || (*ret >= 0xd800 && *ret < 0xe000))
		return 0;
	return size;
}

static void write_character(FILE *stream, uint32_t character)
{
	static const char named[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
	const char *place = character && character < 0x80 ? strchr(named, character) : NULL;

	if (place)
		fprintf(stream, "\\%c", names[place - named]);
	else if (character >= 0x20 && character < 0x80)
		fputc(character, stream);
	else if (character < 0x10000)
		fprintf(stream, "\\u%04x", character);
	else
		fprintf(stream, "\\u%04x\\u%04x", 0xd800 + ((character - 0x10000) >> 10),
			0xdc00 + ((character - 0x10000) & 0x3ff));
}

static void write_string(FILE *stream, const char *text, size_t length)
{
	fputc('"', stream);
	while (length) {
		uint32_t character;
		size_t size = take_character((const unsigned char *)text, length, &character);

		if (size)
			write_character(stream, character);
		else
			fputc(*text, stream);
		text += size ?: 1;
		length -= size ?: 1;
	}
	fputc('"', stream);
}

/* A line break and the indent, or in one line a space behind commas. */
static void write_break(FILE *stream, bool pretty, int level, bool comma)
{
	if (pretty)
		fprintf(stream, "\n%*s", level * 4, "");
	else if (comma)
		fputc(' ', stream);
}

static void write_value(FILE *stream, struct json_object *object, bool pretty, int level);

static void write_object(FILE *stream, struct json_object *object, bool pretty, int level)
{
	bool comma = false;

	json_object_object_foreach(object, key, value)
	{
		if (comma)
			fputc(',', stream);
		write_break(stream, pretty, level + 1, comma);
		write_string(stream, key, strlen(key));
		fputs(": ", stream);
		write_value(stream, value, pretty, level + 1);
		comma = true;
	}
	if (comma)
		write_break(stream, pretty, level, false);
}

static void write_array(FILE *stream, struct json_object *array, bool pretty, int level)
{
	size_t length = json_object_array_length(array);

	for (size_t i = 0; i < length; i++) {
		if (i)
			fputc(',', stream);
		write_break(stream, pretty, level + 1, i);
		write_value(stream, json_object_array_get_idx(array, i), pretty, level + 1);
	}
	if (length)
		write_break(stream, pretty, level, false);
}

static void write_value(FILE *stream, struct json_object *object, bool pretty, int level)
{
	switch (json_object_get_type(object)) {
	case json_type_object:
		fputc('{', stream);
		write_object(stream, object, pretty, level);
		fputc('}', stream);
		break;
	case json_type_array:
		fputc('[', stream);
		write_array(stream, object, pretty, level);
		fputc(']', stream);
		break;
	case json_type_string:
		write_string(stream, json_object_get_string(object), json_object_get_string_len(object));
		break;
	case json_type_int:
		if (json_object_get_int64(object) < 0)
			fprintf(stream, "%ld", json_object_get_int64(object));
		else
			fprintf(stream, "%lu", json_object_get_uint64(object));
		break;
	default:
		fputs(json_object_to_json_string(object), stream);
	}
}

struct error *json_write(FILE *stream, struct json_object *object, bool pretty)
{
	write_value(stream, object, pretty, 0);
	fputc('\n', stream);
	if (fflush(stream) || ferror(stream))
		return fail_errno("could not write the JSON text");
	return NULL;
}

static void free_tokener(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

struct error *json_parse(const char *text, size_t length, struct json_object **ret)
{
	__attribute__((cleanup(free_tokener))) struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
	enum json_tokener_error number;
	size_t end;

	if (!tokener)
		return out_of_memory();
	if (length > INT32_MAX - 1)
		return fail("the JSON text is too large");
	*ret = json_tokener_parse_ex(tokener, text, length);
	number = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	while (number == json_tokener_success && end < length && strchr(" \t\r\n", text[end]) && text[end])
		end++;
	if (number == json_tokener_success && *ret && end == length)
		return NULL;
	json_object_put(*ret);
	*ret = NULL;
	if (number == json_tokener_continue)
		return fail("the JSON text ends too early");
	return fail("the JSON text is wrong at byte %zu: %s", end,
		    number ? json_tokener_error_desc(number) : "more text after the end");
}

/* ---- base64 ---- */

static const char base64_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Up to three bytes as four characters. */
static void put_group(char *place, const unsigned char *data, size_t count)
{
	uint32_t bits = data[0] << 16 | (count > 1 ? data[1] << 8 : 0) | (count > 2 ? data[2] : 0);

	for (int i = 0; i < 4; i++)
		place[i] = i <= (int)count ? base64_letters[bits >> (18 - 6 * i) & 63] : '=';
}

struct json_object *base64_show(const void *data, size_t length)
{
	cleanup_free char *text = malloc((length + 2) / 3 * 4 + (length + LINE_BYTES - 1) / LINE_BYTES + 1);
	const unsigned char *bytes = data;
	size_t used = 0;

	if (!text)
		return NULL;
	for (size_t i = 0; i < length; i += 3) {
		put_group(text + used, bytes + i, length - i < 3 ? length - i : 3);
		used += 4;
		if ((i + 3) % LINE_BYTES == 0 || i + 3 >= length)
			text[used++] = '\n';
	}
	return json_object_new_string_len(text, used);
}

struct error *base64_parse(const char *text, size_t length, unsigned char **ret, size_t *ret_length)
{
	cleanup_free unsigned char *data = malloc(length / 4 * 3 + 3);
	size_t used = 0, letters = 0, padding = 0;
	uint32_t bits = 0;

	if (!data)
		return out_of_memory();
	for (size_t i = 0; i < length; i++) {
		const char *letter = text[i] ? strchr(base64_letters, text[i]) : NULL;

		if (text[i] && strchr(" \t\r\n", text[i]))
			continue;
		if (text[i] == '=' && letters % 4 + padding >= 2 && padding < 2) {
			padding++;
			continue;
		}
		if (!letter || padding)
			return fail("wrong base64 text at character %zu", i);
		bits = bits << 6 | (letter - base64_letters);
		letters++;
		if (letters % 4 != 1)
			data[used++] = bits >> (letters % 4 == 2 ? 4 : letters % 4 == 3 ? 2 : 0);
	}
	if ((letters + padding) % 4)
		return fail("the base64 text is cut off");
	*ret = take_pointer(data);
	*ret_length = used;
	return NULL;
}

/* ---- quoted-printable ---- */

/* Line feeds stay, so that names with several lines can be read; carriage returns do not,
 * because a reader could take them for part of the line's end. */
static bool must_quote(const unsigned char *data, size_t i, size_t length, size_t column)
{
	unsigned char c = data[i];

	if (c == '\n')
		return false;
	if (c == '.' && !column)
		return i + 1 == length || data[i + 1] == '\n' || data[i + 1] == '\r' || !data[i + 1];
	return c > 126 || c == '=' || c <= ' ';
}

struct json_object *quoted_show(const void *data, size_t length)
{
	cleanup_free char *text = malloc(length * 4 + 1);
	const unsigned char *bytes = data;
	size_t used = 0, column = 0;

	if (!text)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		bool quote = must_quote(bytes, i, length, column), last = i + 1 == length || bytes[i + 1] == '\n';

		if (bytes[i] == '\n') {
			text[used++] = '\n';
			column = 0;
			continue;
		}
		if (column + (quote ? 3 : 1) >= QUOTED_LINE && (quote || !last)) {
			text[used++] = '=';
			text[used++] = '\n';
			column = 0;
		}
		column += quote ? 3 : 1;
		if (quote)
			used += sprintf(text + used, "=%02X", bytes[i]);
		else
			text[used++] = bytes[i];
	}
	return json_object_new_string_len(text, used);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct error *quoted_parse(const char *text, size_t length, unsigned char **ret, size_t *ret_length)
{
	cleanup_free unsigned char *data = malloc(length + 1);
	size_t used = 0;

	if (!data)
		return out_of_memory();
	for (size_t i = 0; i < length; i++) {
		if (text[i] != '=') {
			data[used++] = text[i];
		} else if (i + 1 < length && text[i + 1] == '\n') {
			i++;
		} else if (i + 2 < length && text[i + 1] == '\r' && text[i + 2] == '\n') {
			i += 2;
		} else if (i + 2 < length && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
			data[used++] = hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]);
			i += 2;
		} else {
			return fail("wrong quoted text at character %zu", i);
		}
	}
	*ret = take_pointer(data);
	*ret_length = used;
	return NULL;
}

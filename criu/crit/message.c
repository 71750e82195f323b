// SPDX-License-Identifier: GPL-2.0
/* Messages as JSON, see message.h. */
#include "crit/message.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "crit/forms.h"
#include "crit/text.h"
#include "support/cleanup.h"

size_t message_value_size(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_ENUM:
		return sizeof(uint32_t);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return sizeof(uint64_t);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	default:
		return sizeof(void *);
	}
}

static bool is_pointer(ProtobufCType type)
{
	return type == PROTOBUF_C_TYPE_STRING || type == PROTOBUF_C_TYPE_MESSAGE;
}

/* ---- to JSON ---- */

static struct json_object *show_enum(const ProtobufCFieldDescriptor *field, int value)
{
	const ProtobufCEnumValue *named = protobuf_c_enum_descriptor_get_value(field->descriptor, value);

	return named ? json_object_new_string(named->name) : json_object_new_int(value);
}

static struct json_object *show_bytes(const struct field_form *form, const ProtobufCBinaryData *bytes)
{
	return (form->kind == FORM_QUOTED ? quoted_show : base64_show)(bytes->data, bytes->len);
}

static struct error *show_value(const ProtobufCFieldDescriptor *field, const struct field_form *form,
				const void *value, bool pretty, struct json_object **ret)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_to_json(*(ProtobufCMessage *const *)value, pretty, ret);
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		*ret = json_object_new_int(*(const int32_t *)value);
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		*ret = json_object_new_int64(*(const int64_t *)value);
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		*ret = pretty ? form_show(form, *(const uint32_t *)value) :
				json_object_new_uint64(*(const uint32_t *)value);
		break;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		*ret = pretty ? form_show(form, *(const uint64_t *)value) :
				json_object_new_uint64(*(const uint64_t *)value);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		*ret = json_object_new_boolean(*(const protobuf_c_boolean *)value);
		break;
	case PROTOBUF_C_TYPE_ENUM:
		*ret = show_enum(field, *(const int *)value);
		break;
	case PROTOBUF_C_TYPE_STRING:
		*ret = json_object_new_string(*(char *const *)value);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		*ret = show_bytes(form, value);
		break;
	default:
		return fail("the field %s has a type that images do not use", field->name);
	}
	return *ret ? NULL : out_of_memory();
}

/* Words of an address as one text, in network order as they lie in the image. NULL when
 * their count is not that of an address. */
static struct json_object *show_address(const uint32_t *words, size_t count)
{
	char text[INET6_ADDRSTRLEN];

	if (count != 1 && count != 4)
		return NULL;
	if (!inet_ntop(count == 1 ? AF_INET : AF_INET6, words, text, sizeof(text)))
		return NULL;
	return json_object_new_string(text);
}

static struct error *show_list(const ProtobufCFieldDescriptor *field, const struct field_form *form,
			       const unsigned char *values, size_t count, bool pretty, struct json_object **ret)
{
	cleanup_json struct json_object *list = json_object_new_array();
	size_t size = message_value_size(field->type);

	if (!list)
		return out_of_memory();
	if (pretty && form->kind == FORM_ADDRESS) {
		struct json_object *address = show_address((const uint32_t *)values, count);

		if (address && json_object_array_add(list, address))
			return out_of_memory();
		count = address ? 0 : count;
	}
	for (size_t i = 0; i < count; i++) {
		struct json_object *value;

		TRY(show_value(field, form, values + i * size, pretty, &value));
		if (json_object_array_add(list, value))
			return out_of_memory();
	}
	*ret = take_pointer(list);
	return NULL;
}

static bool is_present(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	const char *place = (const char *)message;

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)(place + field->quantifier_offset);
	if (is_pointer(field->type))
		return *(void *const *)(place + field->offset);
	return field->label == PROTOBUF_C_LABEL_REQUIRED ||
	       *(const protobuf_c_boolean *)(place + field->quantifier_offset);
}

struct error *message_to_json(const ProtobufCMessage *message, bool pretty, struct json_object **ret)
{
	cleanup_json struct json_object *object = json_object_new_object();
	const ProtobufCMessageDescriptor *kind = message->descriptor;

	if (!object)
		return out_of_memory();
	for (unsigned i = 0; i < kind->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &kind->fields[i];
		const struct field_form *form = form_find(kind, field);
		const char *place = (const char *)message + field->offset;
		struct json_object *value;

		if (!is_present(message, field))
			continue;
		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			TRY(show_list(field, form, *(unsigned char *const *)place,
				      *(const size_t *)((const char *)message + field->quantifier_offset), pretty,
				      &value));
		else
			TRY(show_value(field, form, place, pretty, &value));
		if (json_object_object_add_ex(object, field->name, value, JSON_C_OBJECT_ADD_KEY_IS_NEW))
			return out_of_memory();
	}
	*ret = take_pointer(object);
	return NULL;
}

size_t message_unknown_fields(const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *kind = message->descriptor;
	size_t count = message->n_unknown_fields;

	for (unsigned i = 0; i < kind->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &kind->fields[i];
		const char *place = (const char *)message + field->offset;

		if (field->type != PROTOBUF_C_TYPE_MESSAGE || !is_present(message, field))
			continue;
		if (field->label == PROTOBUF_C_LABEL_REPEATED) {
			ProtobufCMessage **list = *(ProtobufCMessage **const *)place;
			size_t n = *(const size_t *)((const char *)message + field->quantifier_offset);

			for (size_t j = 0; j < n; j++)
				count += message_unknown_fields(list[j]);
		} else {
			count += message_unknown_fields(*(ProtobufCMessage *const *)place);
		}
	}
	return count;
}

/* ---- from JSON ---- */

static struct error *wrong_type(const char *expected)
{
	return fail("%s is expected here", expected);
}

/* A number between the bounds, given as a number or as text in the field's form. */
static struct error *parse_integer(struct json_object *object, const struct field_form *form, int64_t least,
				   uint64_t most, uint64_t *ret)
{
	if (json_object_is_type(object, json_type_string)) {
		const char *text = json_object_get_string(object);
		bool negative = *text == '-';

		TRY(form_parse(form, text + negative, ret));
		if (negative) {
			if (*ret > -(uint64_t)least)
				return fail("%s is too small", text);
			*ret = -*ret;
			return NULL;
		}
	} else if (json_object_is_type(object, json_type_int)) {
		int64_t value = json_object_get_int64(object);

		if (value < 0) {
			*ret = value;
			return value < least ? fail("%ld is too small", value) : NULL;
		}
		*ret = json_object_get_uint64(object);
	} else {
		return wrong_type("a number");
	}
	return *ret > most ? fail("%lu is too large", *ret) : NULL;
}

static struct error *parse_enum(struct json_object *object, const ProtobufCFieldDescriptor *field,
				const struct field_form *form, int *ret)
{
	const ProtobufCEnumValue *value = NULL;
	uint64_t number;

	if (json_object_is_type(object, json_type_string))
		value = protobuf_c_enum_descriptor_get_value_by_name(field->descriptor, json_object_get_string(object));
	if (value) {
		*ret = value->value;
		return NULL;
	}
	TRY(parse_integer(object, form, INT32_MIN, INT32_MAX, &number));
	*ret = (int)number;
	return NULL;
}

static struct error *parse_bytes(struct json_object *object, const struct field_form *form, struct arena *arena,
				 ProtobufCBinaryData *ret)
{
	cleanup_free unsigned char *data = NULL;
	const char *text = json_object_get_string(object);
	size_t length;

	if (!json_object_is_type(object, json_type_string))
		return wrong_type("text");
	length = json_object_get_string_len(object);
	TRY((form->kind == FORM_QUOTED ? quoted_parse : base64_parse)(text, length, &data, &ret->len));
	ret->data = arena_copy(arena, data, ret->len);
	return NULL;
}

static struct error *parse_string(struct json_object *object, struct arena *arena, char **ret)
{
	const char *text = json_object_get_string(object);

	if (!json_object_is_type(object, json_type_string))
		return wrong_type("text");
	if (strlen(text) != json_object_get_string_len(object))
		return fail("the text has a NUL in it");
	*ret = arena_string(arena, text);
	return NULL;
}

static struct error *parse_bool(struct json_object *object, protobuf_c_boolean *ret)
{
	if (!json_object_is_type(object, json_type_boolean))
		return wrong_type("true or false");
	*ret = json_object_get_boolean(object);
	return NULL;
}

static struct error *parse_number(struct json_object *object, const ProtobufCFieldDescriptor *field,
				  const struct field_form *form, void *place)
{
	bool wide = message_value_size(field->type) == sizeof(uint64_t);
	uint64_t number;

	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		TRY(parse_integer(object, form, wide ? INT64_MIN : INT32_MIN, wide ? INT64_MAX : INT32_MAX, &number));
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		TRY(parse_integer(object, form, 0, wide ? UINT64_MAX : UINT32_MAX, &number));
		break;
	default:
		return fail("the field has a type that images do not use");
	}
	if (wide)
		*(uint64_t *)place = number;
	else
		*(uint32_t *)place = (uint32_t)number;
	return NULL;
}

static struct error *parse_value(struct json_object *object, const ProtobufCFieldDescriptor *field,
				 const struct field_form *form, struct arena *arena, void *place)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_from_json(object, field->descriptor, NULL, arena, place);
	case PROTOBUF_C_TYPE_ENUM:
		return parse_enum(object, field, form, place);
	case PROTOBUF_C_TYPE_STRING:
		return parse_string(object, arena, place);
	case PROTOBUF_C_TYPE_BYTES:
		return parse_bytes(object, form, arena, place);
	case PROTOBUF_C_TYPE_BOOL:
		return parse_bool(object, place);
	default:
		return parse_number(object, field, form, place);
	}
}

/* One text that is an address becomes its words; *ret_count 0: the list is no such text. */
static struct error *parse_address(struct json_object *list, struct arena *arena, uint32_t **ret, size_t *ret_count)
{
	struct json_object *first = json_object_array_get_idx(list, 0);
	const char *text = json_object_get_string(first);
	unsigned char address[16];
	int words;

	*ret_count = 0;
	if (json_object_array_length(list) != 1 || !json_object_is_type(first, json_type_string) ||
	    !strpbrk(text, ".:"))
		return NULL;
	words = strchr(text, ':') ? 4 : 1;
	if (inet_pton(words == 4 ? AF_INET6 : AF_INET, text, address) != 1)
		return fail("'%s' is not an address", text);
	*ret = arena_copy(arena, address, words * sizeof(uint32_t));
	*ret_count = words;
	return NULL;
}

static struct error *parse_list(struct json_object *list, const ProtobufCFieldDescriptor *field,
				const struct field_form *form, struct arena *arena, unsigned char **ret, size_t *count)
{
	size_t size = message_value_size(field->type);

	if (!json_object_is_type(list, json_type_array))
		return wrong_type("a list");
	if (form->kind == FORM_ADDRESS) {
		TRY(parse_address(list, arena, (uint32_t **)ret, count));
		if (*count)
			return NULL;
	}
	*count = json_object_array_length(list);
	*ret = arena_alloc(arena, *count * size);
	for (size_t i = 0; i < *count; i++)
		TRY(with_context(parse_value(json_object_array_get_idx(list, i), field, form, arena, *ret + i * size),
				 "%zu", i));
	return NULL;
}

static struct error *parse_field(struct json_object *object, const ProtobufCFieldDescriptor *field,
				 const struct field_form *form, struct arena *arena, ProtobufCMessage *message)
{
	char *place = (char *)message;

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return parse_list(object, field, form, arena, (unsigned char **)(place + field->offset),
				  (size_t *)(place + field->quantifier_offset));
	if (field->label == PROTOBUF_C_LABEL_OPTIONAL && !is_pointer(field->type))
		*(protobuf_c_boolean *)(place + field->quantifier_offset) = true;
	return parse_value(object, field, form, arena, place + field->offset);
}

static bool is_skipped(const char *const *skip, const char *key)
{
	for (; skip && *skip; skip++)
		if (!strcmp(*skip, key))
			return true;
	return false;
}

static struct error *check_required(struct json_object *object, const ProtobufCMessageDescriptor *kind)
{
	for (unsigned i = 0; i < kind->n_fields; i++)
		if (kind->fields[i].label == PROTOBUF_C_LABEL_REQUIRED &&
		    !json_object_object_get_ex(object, kind->fields[i].name, NULL))
			return fail("the field '%s' of %s is missing", kind->fields[i].name, kind->name);
	return NULL;
}

struct error *message_from_json(struct json_object *object, const ProtobufCMessageDescriptor *kind,
				const char *const *skip, struct arena *arena, ProtobufCMessage **ret)
{
	ProtobufCMessage *message;

	if (!json_object_is_type(object, json_type_object))
		return wrong_type("an object");
	TRY(check_required(object, kind));
	message = arena_alloc(arena, kind->sizeof_message);
	kind->message_init(message);
	json_object_object_foreach(object, key, value)
	{
		const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(kind, key);

		if (is_skipped(skip, key))
			continue;
		if (!field)
			return fail("'%s' is no field of %s", key, kind->name);
		TRY(with_context(parse_field(value, field, form_find(kind, field), arena, message), "%s", key));
	}
	*ret = message;
	return NULL;
}

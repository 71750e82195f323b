// SPDX-License-Identifier: GPL-2.0
/*
 * One message as a JSON object and back, by the field descriptors: knows no message by
 * name. Any process.
 */
#pragma once

#include <json-c/json.h>
#include <protobuf-c/protobuf-c.h>

#include "support/arena.h"
#include "support/error.h"

/* Bytes of one value of a field in the struct of a message. */
size_t message_value_size(ProtobufCType type);
/* The caller owns *ret. Fields in the order of their numbers; absent ones are left out.
 * pretty: numbers in the forms of forms.h, else as they are. */
struct error *message_to_json(const ProtobufCMessage *message, bool pretty, struct json_object **ret) must_check;
/* The number of fields in the message, and in those inside, that this program does not know. */
size_t message_unknown_fields(const ProtobufCMessage *message);

/* The message and all it points to lie in the arena. Keys named in skip (NULL-terminated, may
 * be NULL) are passed over; any other that is no field is an error, and so is a missing
 * required field. */
struct error *message_from_json(struct json_object *object, const ProtobufCMessageDescriptor *kind,
				const char *const *skip, struct arena *arena, ProtobufCMessage **ret) must_check;

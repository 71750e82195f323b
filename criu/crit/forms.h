// SPDX-License-Identifier: GPL-2.0
/*
 * Which fields of images are shown in another form than a plain number or base64: in hex,
 * as names of flags, as a device, an address ... Any process.
 */
#pragma once

#include <json-c/json.h>
#include <protobuf-c/protobuf-c.h>

#include "support/error.h"

enum form_kind {
	FORM_PLAIN,
	FORM_HEX,	    /* "0x1f" */
	FORM_FLAGS,	    /* "NAME | NAME | 0x4000" */
	FORM_WORD,	    /* "NAME", or the number where it has no name */
	FORM_KERNEL_DEVICE, /* "254:0"; major << 20 | minor in the image */
	FORM_USER_DEVICE,   /* the same; as stat(2) gives it in the image */
	FORM_ADDRESS,	    /* a list of words shown as one IP address */
	FORM_QUOTED,	    /* bytes as quoted-printable text */
};

struct form_name {
	const char *name;
	uint64_t value;
};

struct field_form {
	const ProtobufCMessageDescriptor *message;
	const char *field; /* NULL: every number in the message */
	enum form_kind kind;
	const struct form_name *names; /* ends with a NULL name */
};

/* The form of a field; FORM_PLAIN where nothing special is known. */
const struct field_form *form_find(const ProtobufCMessageDescriptor *message, const ProtobufCFieldDescriptor *field);

/* A number in its form, as a new object (the caller's); NULL when out of memory. */
struct json_object *form_show(const struct field_form *form, uint64_t value);
/* Back again. text is what JSON has as a string; numbers are handled by the caller. */
struct error *form_parse(const struct field_form *form, const char *text, uint64_t *ret) must_check;

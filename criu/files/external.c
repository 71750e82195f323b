// SPDX-License-Identifier: GPL-2.0
/* --external: names of what lives outside of the tree. */
#include "files/external.h"

#include <string.h>

/* Each type, the commands that know it, and whether it is built. */
static const struct external_type {
	const char *name;
	uint32_t commands;
	bool built;
} types[] = {
	{ "file", FOR_DUMP | FOR_RESTORE, true },   { "tty", FOR_DUMP | FOR_RESTORE, true },
	{ "unix", FOR_DUMP | FOR_RESTORE, true },   { "mnt", FOR_DUMP | FOR_RESTORE, false },
	{ "dev", FOR_DUMP | FOR_RESTORE, false },   { "net", FOR_DUMP | FOR_RESTORE, false },
	{ "pid", FOR_DUMP | FOR_RESTORE, false },   { "veth", FOR_RESTORE, false },
	{ "macvlan", FOR_RESTORE, false },	    { "netdev", FOR_RESTORE, false },
};

/* The length of TYPE[ID]: up to the bracket that a colon or the end follows; 0: malformed. */
static size_t key_length(const char *text)
{
	const char *at = strchr(text, '[');

	if (!at || at == text)
		return 0;
	while ((at = strchr(at, ']'))) {
		at++;
		if (!*at || *at == ':')
			return at - text;
	}
	return 0;
}

static const struct external_type *type_of(const char *text)
{
	size_t length = strcspn(text, "[");

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].name) == length && !strncmp(types[i].name, text, length))
			return &types[i];
	return NULL;
}

static struct error *check_one(const char *text, uint32_t command)
{
	const struct external_type *type = type_of(text);

	if (!key_length(text))
		return with_hint(fail("invalid value \"%s\" for --external", text),
				 "Write TYPE[ID] or TYPE[ID]:VALUE, as in file[1b:2c0f3].");
	if (!type || !(type->commands & command))
		return with_hint(fail("--external %s is of an unknown type", text),
				 "Types are file, tty, unix, mnt, dev, net and pid; at restore also veth, macvlan and "
				 "netdev.");
	if (!type->built)
		return with_hint(fail("--external %s[] is not supported yet", type->name),
				 "Leave it out; files, terminals and unix sockets can be external.");
	return NULL;
}

struct error *external_check(const struct options *options, uint32_t command)
{
	for (size_t i = 0; i < options->external.count; i++)
		TRY(check_one(options->external.items[i], command));
	return NULL;
}

bool external_find(const struct options *options, const char *key, const char **ret_value)
{
	size_t wanted = strlen(key);

	for (size_t i = 0; i < options->external.count; i++) {
		const char *text = options->external.items[i];

		if (key_length(text) != wanted || strncmp(text, key, wanted))
			continue;
		if (ret_value)
			*ret_value = text[wanted] ? text + wanted + 1 : "";
		return true;
	}
	return false;
}

bool external_any(const struct options *options, const char *type)
{
	size_t length = strlen(type);

	for (size_t i = 0; i < options->external.count; i++)
		if (!strncmp(options->external.items[i], type, length) && options->external.items[i][length] == '[')
			return true;
	return false;
}

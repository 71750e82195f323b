// SPDX-License-Identifier: GPL-2.0
#include "arch/capability.h"

#include <string.h>

#include "arch/arch.h"

static const struct {
	const char *name;
	unsigned bits;
} words[] = {
	{ "fpu", CPU_CHECK_FPU },
	{ "ins", CPU_CHECK_INSTRUCTIONS },
	{ "cpu", CPU_CHECK_EXACT },
	{ "all", CPU_CHECK_FPU | CPU_CHECK_INSTRUCTIONS | CPU_CHECK_EXACT },
	{ "none", 0 },
};

static struct error *apply(const char *word, size_t length, unsigned *mode)
{
	bool invert = length && *word == '^';

	word += invert;
	length -= invert;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].name) != length || strncmp(words[i].name, word, length))
			continue;
		if (!words[i].bits)
			*mode = 0;
		else if (invert)
			*mode &= ~words[i].bits;
		else
			*mode |= words[i].bits;
		return NULL;
	}
	return with_hint(fail("unknown word \"%.*s\" in --cpu-cap", (int)length, word),
			 "Known are fpu, ins, cpu, all and none.");
}

struct error *cpu_capability_parse(const char *text, unsigned absent, unsigned *mode)
{
	*mode = absent;
	if (!text)
		return NULL;
	if (!*text)
		return apply("all", 3, mode);
	if (*text != '^')
		*mode = 0;
	while (*text) {
		size_t length = strcspn(text, ",");

		TRY(apply(text, length, mode));
		text += length + (text[length] == ',');
	}
	return NULL;
}

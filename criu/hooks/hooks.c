// SPDX-License-Identifier: GPL-2.0
#include "hooks/hooks.h"

#include <stdlib.h>

#include "support/log.h"

struct subscriber {
	struct subscriber *next;
	hook_function function;
	void *argument;
};

struct hooks {
	struct subscriber *first;
	enum hook newest;
	int status;
};

static const char *const names[HOOK_COUNT] = {
#define HOOK(id, name) [HOOK_##id] = name,
	HOOK_LIST(HOOK)
#undef HOOK
};

const char *hook_name(enum hook hook)
{
	return names[hook];
}

struct error *hooks_new(struct hooks **hooks)
{
	*hooks = calloc(1, sizeof(**hooks));
	return *hooks ? NULL : out_of_memory();
}

void hooks_free(struct hooks *hooks)
{
	while (hooks && hooks->first) {
		struct subscriber *next = hooks->first->next;

		free(hooks->first->argument);
		free(hooks->first);
		hooks->first = next;
	}
	free(hooks);
}

struct error *hooks_subscribe(struct hooks *hooks, hook_function function, void *argument)
{
	struct subscriber *subscriber = calloc(1, sizeof(*subscriber));

	if (!subscriber)
		return out_of_memory();
	*subscriber = (struct subscriber){ hooks->first, function, argument };
	hooks->first = subscriber;
	return NULL;
}

bool hooks_wanted(const struct hooks *hooks, enum hook hook)
{
	return hooks && hooks->first;
}

int hooks_status(const struct hooks *hooks, enum hook hook)
{
	return hooks && hooks->newest == hook ? hooks->status : 0;
}

void hooks_note_status(struct hooks *hooks, int status)
{
	hooks->status |= status;
}

struct error *hooks_run(struct hooks *hooks, enum hook hook, pid_t root)
{
	struct error *first = NULL;

	if (hooks) {
		hooks->newest = hook;
		hooks->status = 0;
	}
	for (struct subscriber *s = hooks ? hooks->first : NULL; s; s = s->next) {
		struct error *error = s->function(s->argument, hook, root);

		if (first)
			error_free(error);
		else
			first = with_context(error, "%s", names[hook]);
	}
	return first;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Hooks: moments of a run at which scripts (script.c) or an RPC client are called. Runs in
 * main. The names and their order are those that callers of such tools know.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "support/error.h"

#define HOOK_LIST(HOOK)                                                                                                \
	HOOK(PRE_STREAM, "pre-stream")                                                                                 \
	HOOK(PRE_DUMP, "pre-dump")                                                                                     \
	HOOK(NETWORK_LOCK, "network-lock")                                                                             \
	HOOK(QUERY_EXT_FILES, "query-ext-files")                                                                       \
	HOOK(POST_DUMP, "post-dump")                                                                                   \
	HOOK(NETWORK_UNLOCK, "network-unlock")                                                                         \
	HOOK(PRE_RESTORE, "pre-restore")                                                                               \
	HOOK(SETUP_NAMESPACES, "setup-namespaces")                                                                     \
	HOOK(POST_SETUP_NAMESPACES, "post-setup-namespaces")                                                           \
	HOOK(POST_RESTORE, "post-restore")                                                                             \
	HOOK(PRE_RESUME, "pre-resume")                                                                                 \
	HOOK(POST_RESUME, "post-resume")                                                                               \
	HOOK(ORPHAN_PTS_MASTER, "orphan-pts-master")                                                                   \
	HOOK(STATUS_READY, "status-ready")

enum hook {
#define HOOK(id, name) HOOK_##id,
	HOOK_LIST(HOOK)
#undef HOOK
	    HOOK_COUNT
};

struct hooks;

/* A subscriber: called with the root's real pid, or 0 when there is none yet. */
typedef struct error *(*hook_function)(void *argument, enum hook hook, pid_t root);

struct error *hooks_new(struct hooks **hooks) must_check;
/* Forgets all subscribers; their arguments, from malloc(), are freed too. NULL is fine. */
void hooks_free(struct hooks *hooks);
/* The newest subscriber is called first. */
struct error *hooks_subscribe(struct hooks *hooks, hook_function function, void *argument) must_check;
/* Does anybody listen at all? */
bool hooks_wanted(const struct hooks *hooks, enum hook hook);
/* Calls every subscriber; the first error is returned after all were called. hooks may be NULL. */
struct error *hooks_run(struct hooks *hooks, enum hook hook, pid_t root) must_check;
/* The exit statuses of the programs that the newest hooks_run() started, together; 0 if it was for another hook. */
int hooks_status(const struct hooks *hooks, enum hook hook);
/* For subscribers: a program ended with this status. */
void hooks_note_status(struct hooks *hooks, int status);
const char *hook_name(enum hook hook);

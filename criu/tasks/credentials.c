// SPDX-License-Identifier: GPL-2.0
/*
 * credentials: user and group ids, groups, capabilities, securebits, no_new_privs of each
 * thread. capabilities(7), credentials(7). The order of the calls matters: the bounding
 * set and the securebits need rights that the last call, capset, takes away.
 */
#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "kernel/proc/status.h"
#include "tasks/part.h"

enum { MAX_GROUPS = 65536, CAPABILITY_WORDS = 2 };

static struct error *ask(struct dump *dump, struct thread *thread, struct batch *batch)
{
	batch_call_flags(batch, "securebits", SYS_prctl, 0, PR_GET_SECUREBITS);
	return NULL;
}

static uint32_t *capability_words(struct arena *arena, uint64_t mask, size_t *count)
{
	uint32_t words[CAPABILITY_WORDS] = { (uint32_t)mask, (uint32_t)(mask >> 32) };

	*count = CAPABILITY_WORDS;
	return arena_copy(arena, words, sizeof(words));
}

static CredsEntry *from_status(struct arena *arena, const struct proc_status *status, uint32_t securebits)
{
	CredsEntry *creds = new_message(arena, creds_entry);

	creds->uid = status->uid[0], creds->euid = status->uid[1];
	creds->suid = status->uid[2], creds->fsuid = status->uid[3];
	creds->gid = status->gid[0], creds->egid = status->gid[1];
	creds->sgid = status->gid[2], creds->fsgid = status->gid[3];
	creds->n_groups = status->group_count;
	creds->groups = arena_copy(arena, status->groups, status->group_count * sizeof(uint32_t));
	creds->cap_inh = capability_words(arena, status->cap_inh, &creds->n_cap_inh);
	creds->cap_prm = capability_words(arena, status->cap_prm, &creds->n_cap_prm);
	creds->cap_eff = capability_words(arena, status->cap_eff, &creds->n_cap_eff);
	creds->cap_bnd = capability_words(arena, status->cap_bnd, &creds->n_cap_bnd);
	creds->cap_amb = capability_words(arena, status->cap_amb, &creds->n_cap_amb);
	creds->secbits = securebits;
	if (status->no_new_privs)
		SET(creds, no_new_privs, 1);
	return creds;
}

static struct error *dump(struct dump *dump, struct thread *thread, const struct answers *answers)
{
	thread->core->thread_core->creds = from_status(dump->arena, thread->status, answer_result(answers, 0));
	return NULL;
}

static uint64_t mask_of(const uint32_t *words, size_t count)
{
	return (count > 0 ? words[0] : 0) | (count > 1 ? (uint64_t)words[1] << 32 : 0);
}

static struct error *plan(struct restore *restore, struct thread *thread)
{
	const CredsEntry *creds = thread->core->thread_core->creds;

	if (!creds)
		return fail("the image is damaged: thread %d has no credentials", thread->tid);
	if (creds->n_groups > MAX_GROUPS)
		return fail("the image is damaged: thread %d has %zu groups", thread->tid, creds->n_groups);
	if (creds->lsm_profile && *creds->lsm_profile)
		return with_hint(
		    fail("cannot restore the security label \"%s\" of thread %d", creds->lsm_profile, thread->tid),
		    "Dump the program without a confining profile.");
	return NULL;
}

/* Are the wanted credentials what this process has already? Then no call is needed. */
static bool same_as_now(const CredsEntry *creds, const struct proc_status *now)
{
	return creds->uid == now->uid[0] && creds->euid == now->uid[1] && creds->suid == now->uid[2] &&
	       creds->fsuid == now->uid[3] && creds->gid == now->gid[0] && creds->egid == now->gid[1] &&
	       creds->sgid == now->gid[2] && creds->fsgid == now->gid[3] && creds->n_groups == now->group_count &&
	       (!creds->n_groups || !memcmp(creds->groups, now->groups, creds->n_groups * sizeof(uint32_t))) && !creds->secbits &&
	       mask_of(creds->cap_inh, creds->n_cap_inh) == now->cap_inh &&
	       mask_of(creds->cap_prm, creds->n_cap_prm) == now->cap_prm &&
	       mask_of(creds->cap_eff, creds->n_cap_eff) == now->cap_eff &&
	       mask_of(creds->cap_bnd, creds->n_cap_bnd) == now->cap_bnd &&
	       mask_of(creds->cap_amb, creds->n_cap_amb) == now->cap_amb &&
	       (creds->has_no_new_privs && creds->no_new_privs) == now->no_new_privs;
}

static void call_prctl(struct batch *program, const char *label, uint64_t option, uint64_t a, uint64_t b)
{
	batch_call_flags(program, label, SYS_prctl, 0, option, a, b, 0, 0);
}

static void emit_ids(struct batch *program, const CredsEntry *creds)
{
	/* Capabilities outlive the change of user ids with these bits set. */
	call_prctl(program, "securebits", PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS | SECBIT_NOROOT,
		   0);
	batch_call_flags(program, "groups", SYS_setgroups, REMOTE_DATA(1), creds->n_groups,
			 batch_data(program, creds->groups, creds->n_groups * sizeof(uint32_t)));
	batch_call_flags(program, "group ids", SYS_setresgid, 0, creds->gid, creds->egid, creds->sgid);
	batch_call_flags(program, "file system group id", SYS_setfsgid, 0, creds->fsgid);
	batch_call_flags(program, "user ids", SYS_setresuid, 0, creds->uid, creds->euid, creds->suid);
	batch_call_flags(program, "file system user id", SYS_setfsuid, 0, creds->fsuid);
	call_prctl(program, "securebits", PR_SET_SECUREBITS, creds->secbits, 0);
}

static void emit_capabilities(struct batch *program, const CredsEntry *creds, const struct proc_status *now)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[CAPABILITY_WORDS];
	uint64_t known = now->cap_bnd, bounding = mask_of(creds->cap_bnd, creds->n_cap_bnd);
	uint64_t ambient = mask_of(creds->cap_amb, creds->n_cap_amb);
	/* What this kernel or this criu does not have cannot be given. */
	uint64_t permitted = mask_of(creds->cap_prm, creds->n_cap_prm) & now->cap_prm;
	uint64_t effective = mask_of(creds->cap_eff, creds->n_cap_eff) & permitted;
	uint64_t inheritable = mask_of(creds->cap_inh, creds->n_cap_inh);

	for (int i = 0; i < CAPABILITY_WORDS; i++) {
		data[i].permitted = permitted >> (32 * i);
		data[i].effective = effective >> (32 * i);
		data[i].inheritable = inheritable >> (32 * i);
	}
	for (unsigned cap = 0; cap < 64; cap++)
		if ((known & 1ULL << cap) && !(bounding & 1ULL << cap))
			call_prctl(program, "capability bounding set", PR_CAPBSET_DROP, cap, 0);
	batch_call_flags(program, "capabilities", SYS_capset, REMOTE_DATA(0) | REMOTE_DATA(1),
			 batch_data(program, &header, sizeof(header)), batch_data(program, data, sizeof(data)));
	if (now->cap_amb)
		call_prctl(program, "ambient capabilities", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0);
	for (unsigned cap = 0; cap < 64; cap++)
		if (ambient & permitted & inheritable & 1ULL << cap)
			call_prctl(program, "ambient capability", PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap);
}

static struct error *emit(struct restore *restore, struct thread *thread, struct batch *program)
{
	const CredsEntry *creds = thread->core->thread_core->creds;
	const struct proc_status *now = restore->own_status;

	if (same_as_now(creds, now))
		return NULL;
	emit_ids(program, creds);
	emit_capabilities(program, creds, now);
	if (creds->has_no_new_privs && creds->no_new_privs)
		call_prctl(program, "no_new_privs", PR_SET_NO_NEW_PRIVS, 1, 0);
	return NULL;
}

const struct task_part credentials_part = {
	.name = "credentials",
	.scope = PART_THREAD,
	.phase = PHASE_CREDENTIALS,
	.ask = ask,
	.dump = dump,
	.plan = plan,
	.emit = emit,
};

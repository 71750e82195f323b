// SPDX-License-Identifier: GPL-2.0
/* special: mappings that the kernel itself makes: vdso, vvar, vsyscall. See vdso.c for their way back. */
#include <string.h>
#include <sys/mman.h>

#include "memory/kind.h"
#include "memory/vma.h"

static bool is_vdso(const struct mapping_line *line)
{
	return !strcmp(line->path, "[vdso]");
}

static bool is_vvar(const struct mapping_line *line)
{
	return !strcmp(line->path, "[vvar]") || !strcmp(line->path, "[vvar_vclock]");
}

static bool is_vsyscall(const struct mapping_line *line)
{
	return !strcmp(line->path, "[vsyscall]");
}

static struct error *dump_vdso(struct dump *dump, struct mapping *mapping)
{
	mapping->entry->status = VMA_REGULAR | VMA_VDSO | VMA_ANON_PRIVATE;
	mapping->entry->flags |= MAP_ANONYMOUS;
	return NULL;
}

static struct error *dump_vvar(struct dump *dump, struct mapping *mapping)
{
	mapping->entry->status = VMA_REGULAR | VMA_VVAR | VMA_ANON_PRIVATE;
	mapping->entry->flags |= MAP_ANONYMOUS;
	mapping->entry->has_madv = false;
	mapping->entry->madv = 0;
	return NULL;
}

static struct error *dump_vsyscall(struct dump *dump, struct mapping *mapping)
{
	mapping->entry->status = VMA_VSYSCALL | VMA_ANON_PRIVATE;
	mapping->entry->flags |= MAP_ANONYMOUS;
	return NULL;
}

static bool claims_vdso(const VmaEntry *entry)
{
	return entry->status & VMA_VDSO;
}

static bool claims_vvar(const VmaEntry *entry)
{
	return entry->status & VMA_VVAR;
}

static bool claims_vsyscall(const VmaEntry *entry)
{
	return entry->status & VMA_VSYSCALL;
}

const struct mapping_kind vdso_mapping_kind = {
	.name = "vdso",
	.recognise = is_vdso,
	.dump = dump_vdso,
	.claims = claims_vdso,
};
const struct mapping_kind vvar_mapping_kind = {
	.name = "vvar",
	.recognise = is_vvar,
	.dump = dump_vvar,
	.claims = claims_vvar,
};
const struct mapping_kind vsyscall_mapping_kind = {
	.name = "vsyscall",
	.recognise = is_vsyscall,
	.dump = dump_vsyscall,
	.claims = claims_vsyscall,
};

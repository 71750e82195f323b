// SPDX-License-Identifier: GPL-2.0
/*
 * The vdso of 32-bit tasks. A newborn is a 64-bit process with the vdso of those; the other one is
 * mapped by arch_prctl(ARCH_MAP_VDSO_32), which needs CONFIG_IA32_EMULATION and
 * CONFIG_CHECKPOINT_RESTORE, and refuses while the process has any vdso.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/checksums.h"
#include "memory/plan.h"
#include "memory/vma.h"
#include "model/context.h"
#include "support/cleanup.h"
#include "support/file.h"

enum {
	MAP_VDSO_32 = 0x2002, /* ARCH_MAP_VDSO_32 of asm/prctl.h */
	LOOK_AT = 0x20000000, /* anywhere below 4 GiB */
	VDSO_MOST = 64 * 1024,
};

/* This kernel's, and how far below it vvar begins. */
struct other_vdso {
	uint64_t below, size;
	char bytes[VDSO_MOST];
};

static bool is_vdso(const struct mapping_line *line)
{
	return !strcmp(line->path, "[vdso]");
}

/* In a child, whose own vdso goes. */
static struct error *look(const struct vdso_place *own, struct other_vdso *ret)
{
	struct arena scratch = { 0 };
	struct mapping_line *lines;
	size_t count;

	for (size_t i = 0; i < own->part_count; i++)
		munmap((void *)own->parts[i].start, own->parts[i].size);
	if (syscall(SYS_arch_prctl, MAP_VDSO_32, LOOK_AT) < 0)
		return fail_errno("could not map the vdso of 32-bit programs");
	TRY(own_maps_read(&scratch, &lines, &count));
	for (size_t i = 0; i < count; i++) {
		if (!is_vdso(&lines[i]) || lines[i].end - lines[i].start > VDSO_MOST)
			continue;
		ret->size = lines[i].end - lines[i].start;
		memcpy(ret->bytes, (void *)lines[i].start, ret->size);
		while (i > 0 && lines[i - 1].end == lines[i].start && !strncmp(lines[i - 1].path, "[vvar", 5)) {
			ret->below += lines[i].start - lines[i - 1].start;
			i--;
		}
		return NULL;
	}
	return fail("the vdso of 32-bit programs is not where it was mapped");
}

static struct error *cannot(void)
{
	return with_hint(fail("this kernel has no vdso for 32-bit programs"),
			 "It needs CONFIG_IA32_EMULATION and CONFIG_CHECKPOINT_RESTORE.");
}

static struct error *read_other(const struct vdso_place *own, struct other_vdso *ret)
{
	cleanup_close int reader = -1, writer = -1;
	struct error *error;
	int ends[2], status;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return fail_errno("could not make a pipe");
	reader = ends[0];
	writer = ends[1];
	child = fork();
	if (child < 0)
		return fail_errno("could not fork");
	if (!child) {
		memset(ret, 0, sizeof(*ret));
		error = look(own, ret);
		_exit(error || write_exactly(writer, ret, sizeof(*ret)));
	}
	close(take_fd(&writer));
	error = read_exactly(reader, ret, sizeof(*ret));
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!error)
		return NULL;
	error_free(error);
	return cannot();
}

struct error *compat_vdso_plan(struct restore *restore, const struct task *task, const struct vdso_place *image)
{
	struct memory_plan *plan = restore->memory;
	const struct other_vdso *other = plan->other_vdso;
	struct error *damage;
	bool same = false;

	if (!other) {
		struct other_vdso *found = arena_new(restore->arena, struct other_vdso);

		TRY(read_other(plan->own_vdso, found));
		plan->other_vdso = other = found;
	}
	if (other->size == image->end - image->vdso && (!image->vvar || image->vdso - image->vvar == other->below))
		TRY(vdso_compare(&plan->tasks[task->index], image, other->bytes, &same));
	if (same)
		return NULL;
	damage = checksums_check_pages(restore->criu->images); /* that may be the reason */
	return damage ?: with_hint(fail("process %d, of 32 bits, has the vdso of another kernel", task->pid),
				   "Restore under the kernel that the dump was made with.");
}

void compat_vdso_emit(const struct restore *restore, const struct vdso_place *image, struct batch *program)
{
	const struct vdso_place *own = restore->memory->own_vdso;
	const struct other_vdso *other = restore->memory->other_vdso;

	for (size_t i = 0; i < own->part_count; i++)
		batch_call(program, "vdso of the restorer", SYS_munmap, own->parts[i].start, own->parts[i].size);
	if (image->vdso)
		batch_call(program, "vdso of a 32-bit task", SYS_arch_prctl, MAP_VDSO_32, image->vdso - other->below);
}

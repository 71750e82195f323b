// SPDX-License-Identifier: GPL-2.0
#include "commands/cpuinfo.h"

#include "arch/arch.h"
#include "arch/capability.h"
#include "image/record.h"
#include "support/log.h"
#include "support/options.h"

static struct error *cpuinfo_write(struct criu *criu)
{
	struct arena arena = { 0 };
	struct error *error = image_write_one(criu->images, IMAGE_CPUINFO, 0, &arch_cpuinfo(&arena)->base);

	arena_free(&arena);
	return error;
}

struct error *cpuinfo_dump_command(struct criu *criu)
{
	TRY(cpuinfo_write(criu));
	return image_directory_commit(criu->images);
}

static struct error *check(struct criu *criu, struct arena *arena, unsigned mode)
{
	CpuinfoEntry *image;

	TRY(image_read_one(criu->images, IMAGE_CPUINFO, 0, arena, &image));
	return arch_cpuinfo_check(image, arch_cpuinfo(arena), mode);
}

struct error *cpuinfo_check_command(struct criu *criu, int *status)
{
	struct arena arena = { 0 };
	struct error *error;
	unsigned mode;

	TRY(cpu_capability_parse(criu->options->cpu_cap, CPU_CHECK_FPU | CPU_CHECK_INSTRUCTIONS | CPU_CHECK_EXACT, &mode));
	error = check(criu, &arena, mode);
	arena_free(&arena);
	return error;
}

// SPDX-License-Identifier: GPL-2.0
/* x86-64: what the processor can, by CPUID (Intel SDM vol. 2A), and whether an image's was less. */
#include <cpuid.h>
#include <string.h>

#include "arch/arch.h"

/* Words of feature bits in the image, in its order. */
enum word {
	WORD_1_EDX,
	WORD_80000001_EDX,
	WORD_80860001_EDX,
	WORD_LINUX_1,
	WORD_1_ECX,
	WORD_C0000001_EDX,
	WORD_80000001_ECX,
	WORD_LINUX_2,
	WORD_LINUX_3,
	WORD_7_0_EBX,
	WORD_D_1_EAX,
	WORD_7_0_ECX,
	WORD_F_1_EDX,
	WORD_80000008_EBX,
	WORD_6_EAX,
	WORD_8000000A_EDX,
	WORD_F_0_EDX,
	WORD_80000007_EBX,
	WORD_7_0_EDX,
	WORD_COUNT,
};

enum { OLD_WORD_COUNT = 12, NAME_BYTES = 48 };

/* Bits that name instructions a program may use. Left out: what only the kernel or a
 * hypervisor sees (power, virtualisation, speculation control). */
static const uint32_t instruction_bits[WORD_COUNT] = {
	[WORD_1_EDX] = 0x07878111,		 /* FPU, TSC, CX8, CMOV, CLFLUSH, MMX, FXSR, SSE, SSE2 */
	[WORD_1_ECX] = 0x7ed83203 & ~(1u << 31), /* SSE3 ... RDRAND, OSXSAVE and the like */
	[WORD_80000001_EDX] = 0xc8400000,	 /* MMXEXT, RDTSCP, 3DNOW */
	[WORD_80000001_ECX] = 0x20218fe1,	 /* LAHF, ABM, SSE4A, XOP, FMA4, TBM ... */
	[WORD_7_0_EBX] = 0xfdb50369,		 /* FSGSBASE, BMI, AVX2, ERMS, AVX-512, SHA ... */
	[WORD_7_0_ECX] = 0x1a405f42,		 /* AVX-512 extensions, GFNI, VAES, RDPID ... */
	[WORD_7_0_EDX] = 0x03c0010c,		 /* AVX-512 4VNNIW, VP2INTERSECT, AMX */
	[WORD_D_1_EAX] = 0x0000000f,		 /* XSAVEOPT, XSAVEC, XGETBV, XSAVES */
};

static uint32_t leaf(uint32_t number, uint32_t part, int reg)
{
	uint32_t out[4] = { 0 };

	if (!__get_cpuid_count(number, part, &out[0], &out[1], &out[2], &out[3]))
		return 0;
	return out[reg];
}

enum { EAX, EBX, ECX, EDX };

static void read_words(uint32_t words[WORD_COUNT])
{
	memset(words, 0, WORD_COUNT * sizeof(words[0]));
	words[WORD_1_EDX] = leaf(1, 0, EDX);
	words[WORD_80000001_EDX] = leaf(0x80000001, 0, EDX);
	words[WORD_80860001_EDX] = leaf(0x80860001, 0, EDX);
	words[WORD_1_ECX] = leaf(1, 0, ECX);
	words[WORD_C0000001_EDX] = leaf(0xc0000001, 0, EDX);
	words[WORD_80000001_ECX] = leaf(0x80000001, 0, ECX);
	words[WORD_7_0_EBX] = leaf(7, 0, EBX);
	words[WORD_D_1_EAX] = leaf(0xd, 1, EAX);
	words[WORD_7_0_ECX] = leaf(7, 0, ECX);
	words[WORD_F_1_EDX] = leaf(0xf, 1, EDX);
	words[WORD_80000008_EBX] = leaf(0x80000008, 0, EBX);
	words[WORD_6_EAX] = leaf(6, 0, EAX);
	words[WORD_8000000A_EDX] = leaf(0x8000000a, 0, EDX);
	words[WORD_F_0_EDX] = leaf(0xf, 0, EDX);
	words[WORD_80000007_EBX] = leaf(0x80000007, 0, EBX);
	words[WORD_7_0_EDX] = leaf(7, 0, EDX);
}

static CpuinfoX86Entry__Vendor read_vendor(void)
{
	uint32_t a, b, c, d;

	if (!__get_cpuid(0, &a, &b, &c, &d))
		return CPUINFO_X86_ENTRY__VENDOR__UNKNOWN;
	if (b == signature_INTEL_ebx && d == signature_INTEL_edx && c == signature_INTEL_ecx)
		return CPUINFO_X86_ENTRY__VENDOR__INTEL;
	if (b == signature_AMD_ebx && d == signature_AMD_edx && c == signature_AMD_ecx)
		return CPUINFO_X86_ENTRY__VENDOR__AMD;
	return CPUINFO_X86_ENTRY__VENDOR__UNKNOWN;
}

static char *read_model_name(struct arena *arena)
{
	uint32_t name[NAME_BYTES / 4 + 1] = { 0 };

	for (uint32_t i = 0; i < 3; i++)
		__get_cpuid(0x80000002 + i, &name[i * 4], &name[i * 4 + 1], &name[i * 4 + 2], &name[i * 4 + 3]);
	return arena_string(arena, (char *)name);
}

CpuinfoEntry *arch_cpuinfo(struct arena *arena)
{
	CpuinfoX86Entry *cpu = arena_new(arena, CpuinfoX86Entry);
	CpuinfoEntry *entry = arena_new(arena, CpuinfoEntry);
	uint32_t signature = leaf(1, 0, EAX), family = signature >> 8 & 0xf;

	cpuinfo_entry__init(entry);
	cpuinfo_x86_entry__init(cpu);
	cpu->vendor_id = read_vendor();
	cpu->cpu_family = family == 0xf ? family + (signature >> 20 & 0xff) : family;
	cpu->model = (signature >> 4 & 0xf) | (family == 6 || family == 0xf ? signature >> 12 & 0xf0 : 0);
	cpu->stepping = signature & 0xf;
	cpu->capability_ver = 2;
	cpu->n_capability = WORD_COUNT;
	cpu->capability = arena_array(arena, uint32_t, WORD_COUNT);
	read_words(cpu->capability);
	cpu->model_id = read_model_name(arena);
	cpu->has_xfeatures_mask = cpu->has_xsave_size = cpu->has_xsave_size_max = true;
	cpu->xfeatures_mask = (uint64_t)leaf(0xd, 0, EDX) << 32 | leaf(0xd, 0, EAX);
	cpu->xsave_size = leaf(0xd, 0, EBX);
	cpu->xsave_size_max = leaf(0xd, 0, ECX);
	entry->n_x86_entry = 1;
	entry->x86_entry = arena_array(arena, CpuinfoX86Entry *, 1);
	entry->x86_entry[0] = cpu;
	return entry;
}

static struct error *check_fpu(const CpuinfoX86Entry *image, const CpuinfoX86Entry *now)
{
	const uint32_t fpu = 1u << 0 | 1u << 24 /* FXSR */, xsave = 1u << 27 /* OSXSAVE */, xsaves = 1u << 3;

	if ((image->capability[WORD_1_EDX] & fpu & ~now->capability[WORD_1_EDX]) ||
	    (image->capability[WORD_1_ECX] & xsave & ~now->capability[WORD_1_ECX]) ||
	    (image->capability[WORD_D_1_EAX] & xsaves & ~now->capability[WORD_D_1_EAX]))
		return fail("this processor lacks FPU features of the image");
	if (image->has_xfeatures_mask && (image->xfeatures_mask & ~now->xfeatures_mask))
		return fail("this processor lacks FPU components of the image (0x%llx)",
			    (unsigned long long)(image->xfeatures_mask & ~now->xfeatures_mask));
	if ((image->has_xsave_size && image->xsave_size != now->xsave_size) ||
	    (image->has_xsave_size_max && image->xsave_size_max != now->xsave_size_max))
		return fail("the FPU state has %u bytes here, and had %u", now->xsave_size, image->xsave_size);
	return NULL;
}

static struct error *check_words(const CpuinfoX86Entry *image, const CpuinfoX86Entry *now, bool exact)
{
	size_t count = image->capability_ver == 1 ? OLD_WORD_COUNT : WORD_COUNT;

	for (size_t i = 0; i < count && i < image->n_capability; i++) {
		uint32_t missing = image->capability[i] & ~now->capability[i] & instruction_bits[i];

		if (exact && image->capability[i] != now->capability[i])
			return fail("feature word %zu is 0x%x here, and was 0x%x", i, now->capability[i],
				    image->capability[i]);
		if (!exact && missing)
			return fail("this processor lacks instructions of the image (word %zu, bits 0x%x)", i, missing);
	}
	return NULL;
}

struct error *arch_cpuinfo_check(const CpuinfoEntry *entry, const CpuinfoEntry *host, unsigned mode)
{
	const CpuinfoX86Entry *image = entry->n_x86_entry ? entry->x86_entry[0] : NULL, *now = host->x86_entry[0];
	struct error *error = NULL;

	if (!mode)
		return NULL;
	if (!image)
		return fail("cpuinfo.img is of another architecture");
	if (image->vendor_id != now->vendor_id)
		error = fail("the processor is of another maker");
	else if ((image->capability_ver != 1 && image->capability_ver != 2) ||
		 image->n_capability < (image->capability_ver == 1 ? OLD_WORD_COUNT : WORD_COUNT))
		return fail("cpuinfo.img is damaged: %zu words of version %u", image->n_capability,
			    image->capability_ver);
	if (!error && (mode & CPU_CHECK_FPU))
		error = check_fpu(image, now);
	if (!error && (mode & (CPU_CHECK_INSTRUCTIONS | CPU_CHECK_EXACT)))
		error = check_words(image, now, mode & CPU_CHECK_EXACT);
	return with_hint(error, "Restore on a processor of the same model, or relax the check with --cpu-cap.");
}

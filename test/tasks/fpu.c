// SPDX-License-Identifier: GPL-2.0
/* Floating-point and vector registers, with all their bits, of threads that never leave user space:
 * x87 stack and control word, MXCSR, SSE, AVX and AVX-512 as far as this CPU has them. */
#include "test.h"

#include <pthread.h>
#include <string.h>

#define ALL16 "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
#define ALL32 ALL16 ",16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define MASKS "1,2,3,4,5,6,7"

/* Load with one instruction per register, spin until go_on, store. */
#define SPIN(load, store, registers)                                   \
	asm volatile(".irp i," registers "\n\t" load "\n\t.endr\n\t"   \
		     "1: cmpl $0, (%2)\n\tpause\n\tje 1b\n\t"          \
		     ".irp i," registers "\n\t" store "\n\t.endr\n\t"  \
		     :                                                 \
		     : "r"(in), "r"(out), "r"(&go_on)                  \
		     : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", \
		       "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")

static volatile int go_on, ready;

static void spin_sse(const unsigned char *in, unsigned char *out)
{
	SPIN("movdqu \\i*16(%0), %%xmm\\i", "movdqu %%xmm\\i, \\i*16(%1)", ALL16);
}

static void spin_avx(const unsigned char *in, unsigned char *out)
{
	SPIN("vmovdqu \\i*32(%0), %%ymm\\i", "vmovdqu %%ymm\\i, \\i*32(%1)", ALL16);
	asm volatile("vzeroupper");
}

static void spin_avx512(const unsigned char *in, unsigned char *out)
{
	SPIN("vmovdqu64 \\i*64(%0), %%zmm\\i", "vmovdqu64 %%zmm\\i, \\i*64(%1)", ALL32);
	asm volatile("vzeroupper");
}

static void spin_masks(const unsigned char *in, unsigned char *out)
{
	SPIN("kmovq \\i*8(%0), %%k\\i", "kmovq %%k\\i, \\i*8(%1)", MASKS);
	memcpy(out, in, 8); /* k0 is not looked at */
}

/* Five values on the x87 stack, precision and rounding changed, and MXCSR. */
static void spin_x87(const unsigned char *in, unsigned char *out)
{
	unsigned short control = 0x0c7f, control_after;
	unsigned int mxcsr = 0x1f80 | 0x6000 | 0x8000, mxcsr_after, mxcsr_usual = 0x1f80;

	asm volatile("fninit\n\tfldcw %3\n\tldmxcsr %5\n\t"
		     "fldt 0(%0)\n\tfldt 10(%0)\n\tfldt 20(%0)\n\tfldt 30(%0)\n\tfldt 40(%0)\n\t"
		     "1: cmpl $0, (%2)\n\tpause\n\tje 1b\n\t"
		     "fnstcw %4\n\tstmxcsr %6\n\tldmxcsr %7\n\t"
		     "fstpt 40(%1)\n\tfstpt 30(%1)\n\tfstpt 20(%1)\n\tfstpt 10(%1)\n\tfstpt 0(%1)\n\tfninit\n\t"
		     :
		     : "r"(in), "r"(out), "r"(&go_on), "m"(control), "m"(control_after), "m"(mxcsr), "m"(mxcsr_after),
		       "m"(mxcsr_usual)
		     : "memory", "cc", "st");
	check_equal(control_after, control);
	check_equal(mxcsr_after, mxcsr);
}

static const struct set {
	const char *name;
	void (*spin)(const unsigned char *in, unsigned char *out);
	size_t length;
} sets[] = {
	{ "x87", spin_x87, 50 },	 { "SSE", spin_sse, 16 * 16 },		{ "AVX", spin_avx, 16 * 32 },
	{ "AVX-512", spin_avx512, 32 * 64 }, { "AVX-512 masks", spin_masks, 8 * 8 },
};

static void *computing(void *argument)
{
	const struct set *set = argument;
	unsigned char in[32 * 64], out[32 * 64];
	ssize_t wrong;
	int i;

	fill_pattern(in, sizeof(in), 77);
	memset(out, 0, sizeof(out));
	if (set->spin == spin_x87)
		for (i = 0; i < 5; i++)
			memcpy(in + 10 * i, &(long double){ 3.14159L * (i + 1) }, 10);
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	set->spin(in, out);
	wrong = memcmp(in, out, set->length);
	check(wrong == 0, "%s registers differ", set->name);
	return NULL;
}

static bool has(const struct set *set)
{
	if (set->spin == spin_avx)
		return __builtin_cpu_supports("avx");
	if (set->spin == spin_avx512)
		return __builtin_cpu_supports("avx512f");
	if (set->spin == spin_masks)
		return __builtin_cpu_supports("avx512bw");
	return true;
}

int main(void)
{
	pthread_t threads[5];
	int i, started = 0;

	for (i = 0; i < 5; i++)
		if (has(&sets[i]) && ++started)
			must(-pthread_create(&threads[i], NULL, computing, (void *)&sets[i]));
	wait_for(ready == started);
	sleep_milliseconds(10);
	checkpoint();
	go_on = 1;
	for (i = 0; i < 5; i++)
		if (has(&sets[i]))
			pthread_join(threads[i], NULL);
	return finish();
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The way back: a system call, and behind it what lets the thread run on as it was. The tracer stops the thread
 * right after the call, so all else is only for a thread whose tracer was killed. 64-bit code in a process of any
 * kind, with every signal blocked, that needs no stack; its last part is data that the tracer has
 * filled in. It may be entered behind the call, too.
 */
	.set SIG_SETMASK, 2
	.set NR_munmap, 11
	.set NR_rt_sigprocmask, 14
	.set NR_getpid, 39
	.set NR_prctl, 157
	.set NR_gettid, 186
	.set NR_rt_tgsigqueueinfo, 297
	.set PR_SET_SYSCALL_USER_DISPATCH, 59

/* Does not change the flags. */
.macro set_mask from
	movl	$NR_rt_sigprocmask, %eax
	movl	$SIG_SETMASK, %edi
	leaq	\from(%rip), %rsi
	movl	$0, %edx
	movl	$8, %r10d
	syscall
.endm

	.section .text.entry, "ax"
	.globl blob_entry
blob_entry:
	syscall
	/* rax: the address of what of ours is still mapped; 0 or an error number: nothing. */
	movq	%rax, %rbx
	set_mask everything
	testq	%rbx, %rbx
	jle	unmapped
	movq	%rbx, %rdi
	movq	mapped_size(%rip), %rsi
	movl	$NR_munmap, %eax
	syscall
unmapped:
	/* The signal that was taken from it waits again. */
	cmpl	$0, signal(%rip)
	je	signalled
	movl	$NR_getpid, %eax
	syscall
	movl	%eax, %edi
	movl	$NR_gettid, %eax
	syscall
	movl	%eax, %esi
	movl	signal(%rip), %edx
	leaq	signal(%rip), %r10
	movl	$NR_rt_tgsigqueueinfo, %eax
	syscall
signalled:
	leaq	flags(%rip), %rsp
	popfq
	/* From here on no flag is changed; from the next call on handlers may run. */
	movq	stack(%rip), %rsp
	set_mask blocked
masked:
	movq	dispatch_mode(%rip), %rcx
	jrcxz	dispatched
	movl	$NR_prctl, %eax
	movl	$PR_SET_SYSCALL_USER_DISPATCH, %edi
	movq	dispatch_mode(%rip), %rsi
	movq	dispatch_offset(%rip), %rdx
	movq	dispatch_length(%rip), %r10
	movq	dispatch_selector(%rip), %r8
	syscall
dispatched:
	movq	general(%rip), %r15
	movq	general+8(%rip), %r14
	movq	general+16(%rip), %r13
	movq	general+24(%rip), %r12
	movq	general+32(%rip), %rbp
	movq	general+40(%rip), %rbx
	movq	general+48(%rip), %r11
	movq	general+56(%rip), %r10
	movq	general+64(%rip), %r9
	movq	general+72(%rip), %r8
	movq	general+80(%rip), %rax
	movq	general+96(%rip), %rdx
	movq	general+104(%rip), %rsi
	movq	general+112(%rip), %rdi
	movq	compat(%rip), %rcx
	jrcxz	native
	movq	general+88(%rip), %rcx
	ljmpl	*far_place(%rip)
native:
	movq	general+88(%rip), %rcx
	jmpq	*place(%rip)

	/* struct way_back */
	.balign	8
everything:
	.quad	-1
mapped_size:
	.quad	0
blocked:
	.quad	0
dispatch_mode:
	.quad	0
dispatch_selector:
	.quad	0
dispatch_offset:
	.quad	0
dispatch_length:
	.quad	0
general: /* in the order of struct user_regs_struct: r15 to rdi */
	.fill	15, 8, 0
flags:
	.quad	0
stack:
	.quad	0
place:
	.quad	0
compat:
	.quad	0
far_place: /* offset and selector */
	.quad	0
signal: /* siginfo_t; its number is 0 without one */
	.fill	16, 8, 0
	/* struct left */
	.fill	4, 8, 0
masked_offset:
	.quad	masked - blob_entry
	.section .note.GNU-stack, "", @progbits

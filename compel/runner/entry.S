// SPDX-License-Identifier: GPL-2.0
/* The first byte of a blob. rdi: struct remote_program; rsp: top of a stack, any alignment; rbx: where to go on. */
	.section .text.entry, "ax"
	.globl blob_entry
blob_entry:
	cld
	andq	$-16, %rsp
	xorl	%ebp, %ebp
	call	blob_main
	jmpq	*%rbx
	.section .note.GNU-stack, "", @progbits

// SPDX-License-Identifier: GPL-2.0
/*
 * Every piece of task and thread state. Inside a phase they are emitted in this order.
 * No include guard: included once per use.
 */
TASK_PART(memory_fields)
TASK_PART(names)
TASK_PART(alternate_stack)
TASK_PART(robust_list)
TASK_PART(rseq)
TASK_PART(local_storage)
TASK_PART(limits)
TASK_PART(membarrier)
TASK_PART(posix_timers)
TASK_PART(scheduling)
TASK_PART(oom)
TASK_PART(login_uid)
TASK_PART(signals)
TASK_PART(pending_signals)
TASK_PART(seccomp)
TASK_PART(credentials)
TASK_PART(dumpable)
TASK_PART(death_signal)
TASK_PART(child_subreaper)
TASK_PART(interval_timers)
TASK_PART(personality)
TASK_PART(root_and_cwd)

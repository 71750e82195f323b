// SPDX-License-Identifier: GPL-2.0
/* The forms of fields, see forms.h. */
#include "crit/forms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "images/messages.h"
#include "support/cleanup.h"

/* Names of bits, lowest first. A name that stands for several bits would hide them: there is none. */
static const struct form_name open_flags[] = {
	{ "O_WRONLY", 01 },	   { "O_RDWR", 02 },	      { "O_CREAT", 0100 },	 { "O_EXCL", 0200 },
	{ "O_NOCTTY", 0400 },	   { "O_TRUNC", 01000 },      { "O_APPEND", 02000 },	 { "O_NONBLOCK", 04000 },
	{ "O_DSYNC", 010000 },	   { "FASYNC", 020000 },      { "O_DIRECT", 040000 },	 { "O_LARGEFILE", 0100000 },
	{ "O_DIRECTORY", 0200000 }, { "O_NOFOLLOW", 0400000 }, { "O_NOATIME", 01000000 }, { "O_CLOEXEC", 02000000 },
	{ "O_PATH", 010000000 },   {},
};

static const struct form_name protection[] = { { "PROT_READ", 1 }, { "PROT_WRITE", 2 }, { "PROT_EXEC", 4 }, {} };

static const struct form_name mapping_flags[] = {
	{ "MAP_SHARED", 0x1 },	     { "MAP_PRIVATE", 0x2 },	 { "MAP_DROPPABLE", 0x8 },  { "MAP_ANON", 0x20 },
	{ "MAP_GROWSDOWN", 0x100 }, { "MAP_LOCKED", 0x2000 },	 { "MAP_NORESERVE", 0x4000 }, { "MAP_HUGETLB", 0x40000 },
	{},
};

static const struct form_name mapping_status[] = {
	{ "VMA_AREA_REGULAR", 1 << 0 },	  { "VMA_AREA_STACK", 1 << 1 },	   { "VMA_AREA_VSYSCALL", 1 << 2 },
	{ "VMA_AREA_VDSO", 1 << 3 },	  { "VMA_AREA_HEAP", 1 << 5 },	   { "VMA_FILE_PRIVATE", 1 << 6 },
	{ "VMA_FILE_SHARED", 1 << 7 },	  { "VMA_ANON_SHARED", 1 << 8 },   { "VMA_ANON_PRIVATE", 1 << 9 },
	{ "VMA_AREA_SYSVIPC", 1 << 10 },  { "VMA_AREA_SOCKET", 1 << 11 },  { "VMA_AREA_VVAR", 1 << 12 },
	{ "VMA_AREA_AIORING", 1 << 13 },  { "VMA_AREA_MEMFD", 1 << 14 },   { "VMA_AREA_SHSTK", 1 << 15 },
	{ "VMA_AREA_GUARD", 1 << 16 },	  { "VMA_AREA_UPROBES", 1 << 17 }, { "VMA_EXT_PLUGIN", 1 << 27 },
	{ "VMA_UNSUPP", 1ull << 31 },	  {},
};

static const struct form_name page_flags[] = { { "PE_PARENT", 1 }, { "PE_LAZY", 2 }, { "PE_PRESENT", 4 }, {} };

static const struct form_name seals[] = {
	{ "F_SEAL_SEAL", 1 },  { "F_SEAL_SHRINK", 2 },	      { "F_SEAL_GROW", 4 },
	{ "F_SEAL_WRITE", 8 }, { "F_SEAL_FUTURE_WRITE", 16 }, { "F_SEAL_EXEC", 32 },
	{},
};

/* Words for single values. The first name of a value is the one shown. */
static const struct form_name task_states[] = { { "Alive", 1 }, { "Stopped", 3 }, { "Zombie", 3 }, {} };

static const struct form_name socket_families[] = {
	{ "UNIX", 1 }, { "INET", 2 }, { "INET6", 10 }, { "NETLINK", 16 }, { "PACKET", 17 }, {},
};

static const struct form_name socket_types[] = {
	{ "STREAM", 1 }, { "DGRAM", 2 }, { "RAW", 3 }, { "RDM", 4 }, { "SEQPACKET", 5 }, { "PACKET", 10 }, {},
};

static const struct form_name socket_protocols[] = {
	{ "IP", 0 },   { "ICMP", 1 },	 { "IGMP", 2 },	    { "TCP", 6 }, { "UDP", 17 },
	{ "IPV6", 41 }, { "ICMPV6", 58 }, { "UDPLITE", 136 }, { "RAW", 255 }, {},
};

static const struct form_name socket_states[] = {
	{ "ESTABLISHED", 1 }, { "SYN_SENT", 2 }, { "SYN_RECV", 3 },   { "FIN_WAIT1", 4 },
	{ "FIN_WAIT2", 5 },   { "TIME_WAIT", 6 }, { "CLOSE", 7 },     { "CLOSE_WAIT", 8 },
	{ "LAST_ACK", 9 },    { "LISTEN", 10 },	 { "CLOSING", 11 },   { "NEW_SYN_RECV", 12 }, {},
};

#define HEX(message, field) { &message##__descriptor, #field, FORM_HEX, NULL }
#define ALL_HEX(message) { &message##__descriptor, NULL, FORM_HEX, NULL }
#define FLAGS(message, field, names) { &message##__descriptor, #field, FORM_FLAGS, names }
#define WORD(message, field, names) { &message##__descriptor, #field, FORM_WORD, names }
#define KERNEL_DEVICE(message, field) { &message##__descriptor, #field, FORM_KERNEL_DEVICE, NULL }
#define USER_DEVICE(message, field) { &message##__descriptor, #field, FORM_USER_DEVICE, NULL }
#define ADDRESS(message, field) { &message##__descriptor, #field, FORM_ADDRESS, NULL }
#define QUOTED(message, field) { &message##__descriptor, #field, FORM_QUOTED, NULL }

static const struct field_form forms[] = {
	/* memory */
	HEX(vma_entry, start), HEX(vma_entry, end), FLAGS(vma_entry, prot, protection),
	FLAGS(vma_entry, flags, mapping_flags), FLAGS(vma_entry, status, mapping_status), HEX(vma_entry, madv),
	HEX(vma_entry, fdflags),
	HEX(pagemap_entry, vaddr), FLAGS(pagemap_entry, flags, page_flags),
	HEX(mm_entry, mm_start_code), HEX(mm_entry, mm_end_code), HEX(mm_entry, mm_start_data),
	HEX(mm_entry, mm_end_data), HEX(mm_entry, mm_start_stack), HEX(mm_entry, mm_start_brk), HEX(mm_entry, mm_brk),
	HEX(mm_entry, mm_arg_start), HEX(mm_entry, mm_arg_end), HEX(mm_entry, mm_env_start), HEX(mm_entry, mm_env_end),
	HEX(aio_ring_entry, id),
	/* tasks */
	WORD(task_core_entry, task_state, task_states), HEX(task_core_entry, blk_sigset),
	HEX(task_core_entry, blk_sigset_extended), HEX(task_core_entry, membarrier_registration_mask),
	HEX(sa_entry, sigaction), HEX(sa_entry, flags), HEX(sa_entry, restorer), HEX(sa_entry, mask),
	HEX(sa_entry, mask_extended),
	/* registers of every architecture */
	HEX(thread_info_x86, clear_tid_addr), ALL_HEX(user_x86_regs_entry), ALL_HEX(user_x86_cet_entry),
	HEX(thread_info_arm, clear_tid_addr), HEX(thread_info_arm, tls), ALL_HEX(user_arm_regs_entry),
	HEX(thread_info_aarch64, clear_tid_addr), HEX(thread_info_aarch64, tls), ALL_HEX(user_aarch64_regs_entry),
	ALL_HEX(pac_address_keys), ALL_HEX(pac_generic_keys),
	HEX(thread_info_ppc64, clear_tid_addr), ALL_HEX(user_ppc64_regs_entry),
	HEX(thread_info_s390, clear_tid_addr), ALL_HEX(user_s390_regs_entry),
	HEX(thread_info_mips, clear_tid_addr), HEX(thread_info_mips, tls), ALL_HEX(user_mips_regs_entry),
	HEX(thread_info_loongarch64, clear_tid_addr), HEX(thread_info_loongarch64, tls),
	ALL_HEX(user_loongarch64_gpregs_entry),
	HEX(thread_info_riscv64, clear_tid_addr), HEX(thread_info_riscv64, tls), ALL_HEX(user_riscv64_regs_entry),
	/* files */
	FLAGS(reg_file_entry, flags, open_flags), FLAGS(memfd_file_entry, flags, open_flags),
	HEX(pipe_entry, flags), HEX(timerfd_entry, flags), HEX(timerfd_entry, settime_flags),
	HEX(signalfd_entry, flags), HEX(signalfd_entry, sigmask),
	HEX(inotify_file_entry, flags), HEX(inotify_wd_entry, mask), HEX(inotify_wd_entry, ignored_mask),
	KERNEL_DEVICE(inotify_wd_entry, s_dev),
	HEX(fanotify_file_entry, flags), HEX(fanotify_file_entry, faflags), HEX(fanotify_file_entry, evflags),
	HEX(fanotify_mark_entry, mflags), HEX(fanotify_mark_entry, mask), HEX(fanotify_mark_entry, ignored_mask),
	KERNEL_DEVICE(fanotify_mark_entry, s_dev), KERNEL_DEVICE(irmap_cache_entry, dev),
	HEX(ns_file_entry, ns_cflag), HEX(ns_file_entry, flags), HEX(pidfd_entry, flags),
	HEX(bpfmap_file_entry, flags), HEX(bpfmap_file_entry, map_flags),
	HEX(tty_file_entry, flags), USER_DEVICE(tty_info_entry, rdev), USER_DEVICE(tty_info_entry, dev),
	HEX(termios_entry, c_iflag), HEX(termios_entry, c_oflag), HEX(termios_entry, c_cflag),
	HEX(termios_entry, c_lflag),
	KERNEL_DEVICE(ghost_file_entry, dev), USER_DEVICE(ghost_file_entry, rdev),
	FLAGS(memfd_inode_entry, seals, seals),
	/* sockets */
	WORD(unix_sk_entry, type, socket_types), WORD(unix_sk_entry, state, socket_states),
	HEX(unix_sk_entry, flags), HEX(unix_sk_entry, uflags), QUOTED(unix_sk_entry, name),
	WORD(inet_sk_entry, family, socket_families), WORD(inet_sk_entry, type, socket_types),
	WORD(inet_sk_entry, proto, socket_protocols), WORD(inet_sk_entry, state, socket_states),
	HEX(inet_sk_entry, flags), ADDRESS(inet_sk_entry, src_addr), ADDRESS(inet_sk_entry, dst_addr),
	WORD(packet_sock_entry, type, socket_types), HEX(packet_sock_entry, flags), HEX(netlink_sk_entry, flags),
	HEX(tcp_stream_entry, opt_mask),
	/* namespaces */
	HEX(net_device_entry, flags), HEX(tun_link_entry, flags), HEX(macvlan_link_entry, flags),
	ADDRESS(sit_entry, local), ADDRESS(sit_entry, remote), ADDRESS(sit_entry, rd_prefix),
	ADDRESS(sit_entry, relay_prefix), HEX(sit_entry, flags), HEX(sit_entry, encap_flags),
	KERNEL_DEVICE(mnt_entry, root_dev), HEX(mnt_entry, flags), HEX(mnt_entry, sb_flags),
};

const struct field_form *form_find(const ProtobufCMessageDescriptor *message, const ProtobufCFieldDescriptor *field)
{
	static const struct field_form plain = { .kind = FORM_PLAIN };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].message != message)
			continue;
		if (!forms[i].field || !strcmp(forms[i].field, field->name))
			return &forms[i];
	}
	return &plain;
}

static struct json_object *show_flags(const struct form_name *name, uint64_t value)
{
	cleanup_free char *text = NULL;
	cleanup_fclose FILE *stream = NULL;
	const char *between = "";
	size_t length;

	stream = open_memstream(&text, &length);
	if (!stream)
		return NULL;
	for (; name->name; name++) {
		if (!(value & name->value))
			continue;
		fprintf(stream, "%s%s", between, name->name);
		value &= ~name->value;
		between = " | ";
	}
	if (value)
		fprintf(stream, "%s0x%lx", between, value);
	return fflush(stream) ? NULL : json_object_new_string_len(text, length);
}

struct json_object *form_show(const struct field_form *form, uint64_t value)
{
	char text[64];

	switch (form->kind) {
	case FORM_HEX:
		snprintf(text, sizeof(text), "0x%lx", value);
		return json_object_new_string(text);
	case FORM_KERNEL_DEVICE:
		snprintf(text, sizeof(text), "%lu:%lu", value >> 20, value & 0xfffff);
		return json_object_new_string(text);
	case FORM_USER_DEVICE:
		snprintf(text, sizeof(text), "%u:%u", major(value), minor(value));
		return json_object_new_string(text);
	case FORM_FLAGS:
		return show_flags(form->names, value);
	case FORM_WORD:
		for (const struct form_name *name = form->names; name->name; name++)
			if (name->value == value)
				return json_object_new_string(name->name);
		break;
	default:
		break;
	}
	return json_object_new_uint64(value);
}

/* The whole text must be a number. */
static bool parse_number(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 0);
	return end != text && !*end && !errno && *text >= '0' && *text <= '9';
}

static struct error *parse_name(const struct form_name *name, const char *text, uint64_t *ret)
{
	if (parse_number(text, ret))
		return NULL;
	for (; name && name->name; name++) {
		if (strcmp(name->name, text))
			continue;
		*ret = name->value;
		return NULL;
	}
	return fail("'%s' is not known", text);
}

static struct error *parse_flags(const struct form_name *names, const char *text, uint64_t *ret)
{
	cleanup_free char *copy = strdup(text);
	char *rest = copy;

	if (!copy)
		return out_of_memory();
	*ret = 0;
	for (char *word; (word = strsep(&rest, "|"));) {
		uint64_t value;

		word += strspn(word, " ");
		word[strcspn(word, " ")] = '\0';
		if (!*word)
			continue;
		TRY(parse_name(names, word, &value));
		*ret |= value;
	}
	return NULL;
}

static struct error *parse_device(const struct field_form *form, const char *text, uint64_t *ret)
{
	unsigned major_number, minor_number;
	char rest;

	if (parse_number(text, ret))
		return NULL;
	if (sscanf(text, "%u:%u%c", &major_number, &minor_number, &rest) != 2)
		return fail("'%s' is not a device", text);
	if (form->kind == FORM_USER_DEVICE)
		*ret = makedev(major_number, minor_number);
	else
		*ret = (uint64_t)major_number << 20 | minor_number;
	return NULL;
}

struct error *form_parse(const struct field_form *form, const char *text, uint64_t *ret)
{
	switch (form->kind) {
	case FORM_FLAGS:
		return parse_flags(form->names, text, ret);
	case FORM_KERNEL_DEVICE:
	case FORM_USER_DEVICE:
		return parse_device(form, text, ret);
	default:
		return parse_name(form->names, text, ret);
	}
}

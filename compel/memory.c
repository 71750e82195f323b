// SPDX-License-Identifier: GPL-2.0
/* Another process's memory, and looking for a syscall instruction in it. */
#include "compel/internal.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/uio.h>

#include "compel/arch.h"
#include "support/cleanup.h"
#include "support/file.h"

enum { VDSO_SIZE = 8192, SEARCH_CHUNK = 65536, PAGE = 4096, ROOM_ALIGNMENT = 64 };

static struct error *open_memory(pid_t pid, int flags, int *fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	*fd = open(path, flags | O_CLOEXEC);
	return *fd < 0 ? fail_errno("could not open the memory of process %d", pid) : NULL;
}

static ssize_t transfer(pid_t pid, uint64_t address, char *buffer, size_t length, bool write)
{
	struct iovec here = { buffer, length }, there = { (void *)(uintptr_t)address, length };

	return write ? process_vm_writev(pid, &here, 1, &there, 1, 0) : process_vm_readv(pid, &here, 1, &there, 1, 0);
}

/* As far as the fast way goes; the number of bytes done. */
static size_t transfer_fast(pid_t pid, uint64_t address, char *buffer, size_t length, bool write)
{
	size_t done = 0;

	while (done < length) {
		ssize_t now = transfer(pid, address + done, buffer + done, length - done, write);

		if (now <= 0)
			break;
		done += (size_t)now;
	}
	return done;
}

struct error *compel_read(pid_t pid, struct remote_address from, void *to, size_t length)
{
	size_t done = transfer_fast(pid, from.value, to, length, false);
	cleanup_close int fd = -1;

	if (done == length)
		return NULL;
	TRY(open_memory(pid, O_RDONLY, &fd));
	return with_context(pread_exactly(fd, (char *)to + done, length - done, (off_t)(from.value + done)),
			    "could not read memory of process %d at 0x%llx", pid, (unsigned long long)(from.value + done));
}

struct error *compel_write(pid_t pid, struct remote_address to, const void *from, size_t length)
{
	size_t done = transfer_fast(pid, to.value, (char *)(uintptr_t)from, length, true);
	cleanup_close int fd = -1;

	if (done == length)
		return NULL;
	TRY(open_memory(pid, O_WRONLY, &fd));
	return with_context(pwrite_exactly(fd, (const char *)from + done, length - done, (off_t)(to.value + done)),
			    "could not write memory of process %d at 0x%llx", pid, (unsigned long long)(to.value + done));
}

static bool has_syscall_at(pid_t tid, uint64_t address)
{
	unsigned char bytes[ARCH_SYSCALL_SIZE];

	return transfer_fast(tid, address, (char *)bytes, sizeof(bytes), false) == sizeof(bytes) &&
	       memcmp(bytes, arch_syscall_instruction, sizeof(bytes)) == 0;
}

/* Of a 64-bit process; 0: it has none. */
static uint64_t vdso_address(pid_t tid)
{
	cleanup_free char *auxv = NULL;
	char path[64];
	size_t length = 0;

	snprintf(path, sizeof(path), "/proc/%d/auxv", tid);
	error_free(read_file_at(AT_FDCWD, path, &auxv, &length));
	for (size_t i = 0; auxv && i + 16 <= length; i += 16) {
		uint64_t pair[2];

		memcpy(pair, auxv + i, sizeof(pair));
		if (pair[0] == AT_SYSINFO_EHDR)
			return pair[1];
	}
	return 0;
}

/* The vdso of the process is the one we have, at another address. */
static uint64_t search_vdso(pid_t tid)
{
	const unsigned char *own = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
	const unsigned char *at = own ? memmem(own, VDSO_SIZE, arch_syscall_instruction, ARCH_SYSCALL_SIZE) : NULL;
	uint64_t address = at ? vdso_address(tid) : 0;

	return address && has_syscall_at(tid, address + (uint64_t)(at - own)) ? address + (uint64_t)(at - own) : 0;
}

/* The image of our own vdso, which is that of every process that has this kernel's: pages, of which the last bytes are
 * zero and used by nobody. */
static struct {
	const unsigned char *start;
	size_t used, size;
} own_vdso;

static void measure_own_vdso(void)
{
	const unsigned char *start = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)start;

	if (!start || own_vdso.start)
		return;
	own_vdso.size = (header->e_shoff + header->e_shnum * header->e_shentsize + PAGE - 1) & ~(size_t)(PAGE - 1);
	own_vdso.used = own_vdso.size;
	while (own_vdso.used > 0 && !start[own_vdso.used - 1])
		own_vdso.used--;
	own_vdso.start = start;
}

/* Is what is used of ours there, too? */
static bool is_own_vdso(pid_t tid, uint64_t address)
{
	cleanup_free char *there = malloc(own_vdso.used);

	return there && transfer_fast(tid, address, there, own_vdso.used, false) == own_vdso.used &&
	       !memcmp(there, own_vdso.start, own_vdso.used);
}

uint64_t find_vdso_room(pid_t tid, size_t size)
{
	uint64_t place, address;

	measure_own_vdso();
	if (!own_vdso.start || own_vdso.used + size + ROOM_ALIGNMENT > own_vdso.size)
		return 0;
	address = vdso_address(tid);
	place = (own_vdso.size - size) & ~(uint64_t)(ROOM_ALIGNMENT - 1);
	return address && is_own_vdso(tid, address) ? address + place : 0;
}

static uint64_t search_range(int memory, uint64_t start, uint64_t end)
{
	cleanup_free unsigned char *buffer = malloc(SEARCH_CHUNK);

	for (uint64_t at = start; buffer && at < end; at += SEARCH_CHUNK - 1) {
		ssize_t got = pread(memory, buffer, SEARCH_CHUNK, (off_t)at);
		const unsigned char *found;

		if (got < ARCH_SYSCALL_SIZE)
			return 0;
		if ((uint64_t)got > end - at)
			got = (ssize_t)(end - at);
		found = memmem(buffer, (size_t)got, arch_syscall_instruction, ARCH_SYSCALL_SIZE);
		if (found)
			return at + (uint64_t)(found - buffer);
	}
	return 0;
}

/* Every executable mapping below the kernel's half, in order. */
static struct error *search_mappings(pid_t tid, uint64_t *address)
{
	cleanup_fclose FILE *maps = NULL;
	cleanup_close int memory = -1;
	char line[512], path[64];

	snprintf(path, sizeof(path), "/proc/%d/maps", tid);
	maps = fopen(path, "re");
	if (!maps)
		return fail_errno("could not read the mappings of process %d", tid);
	TRY(open_memory(tid, O_RDONLY, &memory));
	while (!*address && fgets(line, sizeof(line), maps)) {
		unsigned long long start, end;
		char executable;

		if (sscanf(line, "%llx-%llx %*c%*c%c", &start, &end, &executable) == 3 && executable == 'x' && (int64_t)start >= 0)
			*address = search_range(memory, start, end);
	}
	return NULL;
}

struct error *find_syscall(const struct compel_thread *thread, uint64_t *address)
{
	uint64_t behind;

	if (arch_in_syscall(&thread->registers, &behind) && has_syscall_at(thread->tid, behind - ARCH_SYSCALL_SIZE)) {
		*address = behind - ARCH_SYSCALL_SIZE;
		return NULL;
	}
	*address = search_vdso(thread->tid);
	if (!*address)
		TRY(search_mappings(thread->tid, address));
	return NULL;
}

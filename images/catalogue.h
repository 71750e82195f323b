// SPDX-License-Identifier: GPL-2.0
/*
 * Every file of an image directory, once. criu/image/ makes names, head words and checks
 * from this list, crit its decoders, the tests their round trips. Constants only: usable
 * by anyone in any process; the table itself is behind image_describe() (image/record.h).
 *
 * IMAGE(id, name, magic name, magic, message, later message, payload, flags)
 *   name           %u or %x stands for the key: a pid, a namespace id, an inode number ...
 *   magic name     what crit calls the image
 *   message        of the first entry; later message: of all others
 *   payload        bytes that follow an entry, see enum image_payload
 * RAW_IMAGE(id, name, flags): no head, no entries.
 */
#pragma once

#define IMAGE_HEAD_COMMON 0x54564319u  /* first word of an ordinary image */
#define IMAGE_HEAD_SERVICE 0x55105940u /* first word of an image that lies in the work directory */
#define IMAGE_VERSION 2		       /* inventory: images have a head word; 1: they have none */

enum image_flags {
	IMAGE_ONE = 1,	    /* exactly one entry when the file is there */
	IMAGE_BARE = 2,	    /* begins with its own magic, no head word (inventory) */
	IMAGE_SERVICE = 4,  /* lies in the work directory */
	IMAGE_SPLIT = 8,    /* old form of files.img: one image for each kind, only read */
	IMAGE_LEGACY = 16,  /* other old forms, only read */
	IMAGE_RAW = 32	    /* set for every RAW_IMAGE row */
};

/* Bytes behind an entry, as image-format calls them. */
enum image_payload {
	IMAGE_PAYLOAD_NONE,
	IMAGE_PAYLOAD_PIPE,	     /* bytes */
	IMAGE_PAYLOAD_SOCKET_PACKET, /* length */
	IMAGE_PAYLOAD_TCP_STREAM,    /* inq_len, then outq_len */
	IMAGE_PAYLOAD_GHOST,	     /* the rest of the file, or chunks of len bytes */
	IMAGE_PAYLOAD_BPFMAP,	     /* keys_bytes, then values_bytes */
	IMAGE_PAYLOAD_IPC_SHM,	     /* size padded to 4, unless in_pagemaps */
	IMAGE_PAYLOAD_IPC_MSG,	     /* qnum times: an ipc_msg entry, msize bytes padded to 8 */
	IMAGE_PAYLOAD_IPC_SEM,	     /* nsems u16, padded to 8 */
};

/* clang-format off */
#define IMAGE_CATALOGUE(IMAGE, RAW_IMAGE) \
	/* the run as a whole */ \
	IMAGE(INVENTORY, "inventory.img", "INVENTORY", 0x58313116, inventory_entry, inventory_entry, NONE, IMAGE_BARE | IMAGE_ONE) \
	IMAGE(CHECKSUMS, "checksums.img", "CHECKSUMS", 0x51374255, checksums_head, checksums_entry, NONE, 0) \
	IMAGE(PSTREE, "pstree.img", "PSTREE", 0x50273030, pstree_entry, pstree_entry, NONE, 0) \
	/* one for each task (key: its pid) or thread (core: its tid) */ \
	IMAGE(CORE, "core-%u.img", "CORE", 0x55053847, core_entry, core_entry, NONE, IMAGE_ONE) \
	IMAGE(IDS, "ids-%u.img", "IDS", 0x54432030, task_kobj_ids_entry, task_kobj_ids_entry, NONE, IMAGE_ONE) \
	IMAGE(MM, "mm-%u.img", "MM", 0x57492820, mm_entry, mm_entry, NONE, IMAGE_ONE) \
	IMAGE(LEGACY_CREDS, "creds-%u.img", "CREDS", 0x54023547, creds_entry, creds_entry, NONE, IMAGE_ONE | IMAGE_LEGACY) \
	IMAGE(FS, "fs-%u.img", "FS", 0x51403912, fs_entry, fs_entry, NONE, IMAGE_ONE) \
	IMAGE(FDINFO, "fdinfo-%u.img", "FDINFO", 0x56213732, fdinfo_entry, fdinfo_entry, NONE, 0) \
	/* memory; the key of pages is the pages_id of a pagemap head */ \
	IMAGE(PAGEMAP, "pagemap-%u.img", "PAGEMAP", 0x56084025, pagemap_head, pagemap_entry, NONE, 0) \
	IMAGE(PAGEMAP_SHMEM, "pagemap-shmem-%u.img", "PAGEMAP", 0x56084025, pagemap_head, pagemap_entry, NONE, 0) \
	RAW_IMAGE(PAGES, "pages-%u.img", 0) \
	/* open files */ \
	IMAGE(FILES, "files.img", "FILES", 0x56303138, file_entry, file_entry, NONE, 0) \
	/* old form of files.img */ \
	IMAGE(REG_FILES, "reg-files.img", "REG_FILES", 0x50363636, reg_file_entry, reg_file_entry, NONE, IMAGE_SPLIT) \
	IMAGE(EXT_FILES, "ext-files.img", "EXT_FILES", 0x59255641, ext_file_entry, ext_file_entry, NONE, IMAGE_SPLIT) \
	IMAGE(NS_FILES, "ns-files.img", "NS_FILES", 0x61394011, ns_file_entry, ns_file_entry, NONE, IMAGE_SPLIT) \
	IMAGE(EVENTFD_FILES, "eventfd.img", "EVENTFD_FILE", 0x44523722, eventfd_file_entry, eventfd_file_entry, NONE, IMAGE_SPLIT) \
	IMAGE(EVENTPOLL_FILES, "eventpoll.img", "EVENTPOLL_FILE", 0x45023858, eventpoll_file_entry, eventpoll_file_entry, NONE, IMAGE_SPLIT) \
	IMAGE(LEGACY_EVENTPOLL_TFD, "eventpoll-tfd.img", "EVENTPOLL_TFD", 0x44433746, eventpoll_tfd_entry, eventpoll_tfd_entry, NONE, IMAGE_LEGACY) \
	IMAGE(SIGNALFD_FILES, "signalfd.img", "SIGNALFD", 0x57323820, signalfd_entry, signalfd_entry, NONE, IMAGE_SPLIT) \
	IMAGE(INOTIFY_FILES, "inotify.img", "INOTIFY_FILE", 0x48424431, inotify_file_entry, inotify_file_entry, NONE, IMAGE_SPLIT) \
	IMAGE(LEGACY_INOTIFY_WD, "inotify-wd.img", "INOTIFY_WD", 0x54562009, inotify_wd_entry, inotify_wd_entry, NONE, IMAGE_LEGACY) \
	IMAGE(FANOTIFY_FILES, "fanotify.img", "FANOTIFY_FILE", 0x55096122, fanotify_file_entry, fanotify_file_entry, NONE, IMAGE_SPLIT) \
	IMAGE(LEGACY_FANOTIFY_MARK, "fanotify-mark.img", "FANOTIFY_MARK", 0x56506035, fanotify_mark_entry, fanotify_mark_entry, NONE, IMAGE_LEGACY) \
	IMAGE(TIMERFD_FILES, "timerfd.img", "TIMERFD", 0x50493712, timerfd_entry, timerfd_entry, NONE, IMAGE_SPLIT) \
	IMAGE(PIPE_FILES, "pipes.img", "PIPES", 0x56513555, pipe_entry, pipe_entry, NONE, IMAGE_SPLIT) \
	IMAGE(FIFO_FILES, "fifo.img", "FIFO", 0x58364939, fifo_entry, fifo_entry, NONE, IMAGE_SPLIT) \
	IMAGE(UNIX_SOCKETS, "unixsk.img", "UNIXSK", 0x54373943, unix_sk_entry, unix_sk_entry, NONE, IMAGE_SPLIT) \
	IMAGE(INET_SOCKETS, "inetsk.img", "INETSK", 0x56443851, inet_sk_entry, inet_sk_entry, NONE, IMAGE_SPLIT) \
	IMAGE(PACKET_SOCKETS, "packetsk.img", "PACKETSK", 0x60454618, packet_sock_entry, packet_sock_entry, NONE, IMAGE_SPLIT) \
	IMAGE(NETLINK_SOCKETS, "netlinksk.img", "NETLINK_SK", 0x58005614, netlink_sk_entry, netlink_sk_entry, NONE, IMAGE_SPLIT) \
	IMAGE(TUN_FILES, "tunfile.img", "TUNFILE", 0x57143751, tunfile_entry, tunfile_entry, NONE, IMAGE_SPLIT) \
	IMAGE(TTY_FILES, "tty.img", "TTY_FILES", 0x59433025, tty_file_entry, tty_file_entry, NONE, IMAGE_SPLIT) \
	IMAGE(BPFMAP_FILES, "bpfmap-file.img", "BPFMAP_FILE", 0x57506142, bpfmap_file_entry, bpfmap_file_entry, NONE, IMAGE_SPLIT) \
	IMAGE(PIDFD_FILES, "pidfd.img", "PIDFD", 0x54435556, pidfd_entry, pidfd_entry, NONE, IMAGE_SPLIT) \
	/* what open files hold */ \
	IMAGE(PIPES_DATA, "pipes-data.img", "PIPES_DATA", 0x56453709, pipe_data_entry, pipe_data_entry, PIPE, 0) \
	IMAGE(FIFO_DATA, "fifo-data.img", "FIFO_DATA", 0x59333054, pipe_data_entry, pipe_data_entry, PIPE, 0) \
	IMAGE(SOCKET_QUEUES, "sk-queues.img", "SK_QUEUES", 0x56264026, sk_packet_entry, sk_packet_entry, SOCKET_PACKET, 0) \
	IMAGE(TCP_STREAM, "tcp-stream-%x.img", "TCP_STREAM", 0x51465506, tcp_stream_entry, tcp_stream_entry, TCP_STREAM, IMAGE_ONE) \
	IMAGE(GHOST_FILE, "ghost-file-%x.img", "GHOST_FILE", 0x52583605, ghost_file_entry, ghost_chunk_entry, GHOST, 0) \
	IMAGE(REMAP_PATHS, "remap-fpath.img", "REMAP_FPATH", 0x59133954, remap_file_path_entry, remap_file_path_entry, NONE, 0) \
	IMAGE(MEMFD_INODES, "memfd.img", "MEMFD_INODE", 0x48453499, memfd_inode_entry, memfd_inode_entry, NONE, 0) \
	IMAGE(BPFMAP_DATA, "bpfmap-data.img", "BPFMAP_DATA", 0x64324033, bpfmap_data_entry, bpfmap_data_entry, BPFMAP, 0) \
	IMAGE(TTY_INFO, "tty-info.img", "TTY_INFO", 0x59453036, tty_info_entry, tty_info_entry, NONE, 0) \
	IMAGE(TTY_DATA, "tty-data.img", "TTY_DATA", 0x59413026, tty_data_entry, tty_data_entry, NONE, 0) \
	IMAGE(FILE_LOCKS, "filelocks.img", "FILE_LOCKS", 0x54323616, file_lock_entry, file_lock_entry, NONE, 0) \
	/* shared by many tasks */ \
	IMAGE(SECCOMP, "seccomp.img", "SECCOMP", 0x64413049, seccomp_entry, seccomp_entry, NONE, IMAGE_ONE) \
	IMAGE(APPARMOR, "apparmor.img", "APPARMOR", 0x59423047, apparmor_entry, apparmor_entry, NONE, IMAGE_ONE) \
	IMAGE(CGROUP, "cgroup.img", "CGROUP", 0x59383330, cgroup_entry, cgroup_entry, NONE, IMAGE_ONE) \
	IMAGE(CPUINFO, "cpuinfo.img", "CPUINFO", 0x61404013, cpuinfo_entry, cpuinfo_entry, NONE, IMAGE_ONE) \
	/* namespaces; the key is the id of the namespace */ \
	IMAGE(UTSNS, "utsns-%u.img", "UTSNS", 0x54473203, utsns_entry, utsns_entry, NONE, IMAGE_ONE) \
	IMAGE(IPC_VARIABLES, "ipcns-var-%u.img", "IPC_VAR", 0x53115007, ipc_var_entry, ipc_var_entry, NONE, IMAGE_ONE) \
	IMAGE(IPC_SHM, "ipcns-shm-%u.img", "IPCNS_SHM", 0x46283044, ipc_shm_entry, ipc_shm_entry, IPC_SHM, 0) \
	IMAGE(IPC_MSG, "ipcns-msg-%u.img", "IPCNS_MSG", 0x55453737, ipc_msg_entry, ipc_msg_entry, IPC_MSG, 0) \
	IMAGE(IPC_SEM, "ipcns-sem-%u.img", "IPCNS_SEM", 0x59573019, ipc_sem_entry, ipc_sem_entry, IPC_SEM, 0) \
	IMAGE(USERNS, "userns-%u.img", "USERNS", 0x55474906, userns_entry, userns_entry, NONE, IMAGE_ONE) \
	IMAGE(TIMENS, "timens-%u.img", "TIMENS", 0x43114433, timens_entry, timens_entry, NONE, IMAGE_ONE) \
	IMAGE(PIDNS, "pidns-%u.img", "PIDNS", 0x61157326, pidns_entry, pidns_entry, NONE, IMAGE_ONE) \
	IMAGE(MOUNTS, "mountpoints-%u.img", "MNTS", 0x55563928, mnt_entry, mnt_entry, NONE, 0) \
	IMAGE(NETDEV, "netdev-%u.img", "NETDEV", 0x57373951, net_device_entry, net_device_entry, NONE, 0) \
	IMAGE(NETNS, "netns-%u.img", "NETNS", 0x55933752, netns_entry, netns_entry, NONE, IMAGE_ONE) \
	RAW_IMAGE(IFADDR, "ifaddr-%u.img", 0) \
	RAW_IMAGE(ROUTE, "route-%u.img", 0) \
	RAW_IMAGE(ROUTE6, "route6-%u.img", 0) \
	RAW_IMAGE(RULE, "rule-%u.img", 0) \
	RAW_IMAGE(IPTABLES, "iptables-%u.img", 0) \
	RAW_IMAGE(IP6TABLES, "ip6tables-%u.img", 0) \
	RAW_IMAGE(NFTABLES, "nftables-%u.img", 0) \
	RAW_IMAGE(CONNTRACK, "netns-ct-%u.img", 0) \
	RAW_IMAGE(EXPECTATIONS, "netns-exp-%u.img", 0) \
	RAW_IMAGE(TMPFS, "tmpfs-dev-%u.tar.gz.img", 0) \
	RAW_IMAGE(LEGACY_TMPFS, "tmpfs-%u.tar.gz.img", IMAGE_LEGACY) \
	/* inside of mounts */ \
	IMAGE(BINFMT_MISC, "binfmt-misc.img", "BINFMT_MISC", 0x67343323, binfmt_misc_entry, binfmt_misc_entry, NONE, 0) \
	IMAGE(LEGACY_BINFMT_MISC, "binfmt-misc-%u.img", "BINFMT_MISC", 0x67343323, binfmt_misc_entry, binfmt_misc_entry, NONE, IMAGE_LEGACY) \
	IMAGE(AUTOFS, "autofs-%u.img", "AUTOFS", 0x49353943, autofs_entry, autofs_entry, NONE, IMAGE_ONE) \
	/* parts of core and mm that were images of their own */ \
	IMAGE(LEGACY_SIGACTIONS, "sigacts-%u.img", "SIGACT", 0x55344201, sa_entry, sa_entry, NONE, IMAGE_LEGACY) \
	IMAGE(LEGACY_VMAS, "vmas-%u.img", "VMAS", 0x54123737, vma_entry, vma_entry, NONE, IMAGE_LEGACY) \
	IMAGE(LEGACY_INTERVAL_TIMERS, "itimers-%u.img", "ITIMERS", 0x57464056, itimer_entry, itimer_entry, NONE, IMAGE_LEGACY) \
	IMAGE(LEGACY_POSIX_TIMERS, "posix-timers-%u.img", "POSIX_TIMERS", 0x52603957, posix_timer_entry, posix_timer_entry, NONE, IMAGE_LEGACY) \
	IMAGE(LEGACY_LIMITS, "rlimit-%u.img", "RLIMIT", 0x57113925, rlimit_entry, rlimit_entry, NONE, IMAGE_LEGACY) \
	IMAGE(LEGACY_SIGNALS_SHARED, "signal-s-%u.img", "SIGNAL", 0x59255647, siginfo_entry, siginfo_entry, NONE, IMAGE_LEGACY) \
	IMAGE(LEGACY_SIGNALS_PRIVATE, "signal-p-%u.img", "PSIGNAL", 0x59255647, siginfo_entry, siginfo_entry, NONE, IMAGE_LEGACY) \
	/* in the work directory */ \
	IMAGE(STATS_DUMP, "stats-dump", "STATS", 0x57093306, stats_entry, stats_entry, NONE, IMAGE_ONE | IMAGE_SERVICE) \
	IMAGE(STATS_RESTORE, "stats-restore", "STATS", 0x57093306, stats_entry, stats_entry, NONE, IMAGE_ONE | IMAGE_SERVICE) \
	IMAGE(IRMAP_CACHE, "irmap-cache", "IRMAP_CACHE", 0x57004059, irmap_cache_entry, irmap_cache_entry, NONE, IMAGE_SERVICE) \
	/* end of list */
/* clang-format on */

enum image_id {
	IMAGE_NONE,
#define IMAGE_ID_OF_FRAMED(id, name, text, magic, message, later, payload, flags) IMAGE_##id,
#define IMAGE_ID_OF_RAW(id, name, flags) IMAGE_##id,
	IMAGE_CATALOGUE(IMAGE_ID_OF_FRAMED, IMAGE_ID_OF_RAW)
#undef IMAGE_ID_OF_FRAMED
#undef IMAGE_ID_OF_RAW
	IMAGE_COUNT
};

/* Name of the link in an images directory that leads to the previous dump's images. */
#define IMAGE_PARENT_LINK "parent"

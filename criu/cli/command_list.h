// SPDX-License-Identifier: GPL-2.0
/* COMMAND(name, function, bit, help). No include guard: included once per use. */
COMMAND("dump", run_dump, FOR_DUMP, "save a tree of processes to images")
COMMAND("inspect", run_inspect, FOR_DUMP, "inspect PID: tell what stands in the way of a dump, and save nothing")
COMMAND("pre-dump", run_not_built, FOR_PRE_DUMP, "save memory only and let the tree run on")
COMMAND("restore", run_restore, FOR_RESTORE, "bring a tree back from images")
COMMAND("check", run_check, FOR_CHECK, "tell what this kernel supports")
COMMAND("cpuinfo", run_cpuinfo, FOR_CPUINFO, "cpuinfo dump|check: note or compare this processor's features")
COMMAND("page-server", run_not_built, FOR_PAGE_SERVER, "receive pages of a dump on another host")
COMMAND("lazy-pages", run_not_built, FOR_LAZY_PAGES, "serve pages to a tree that was restored without them")
COMMAND("service", run_not_built, FOR_SERVICE, "serve requests on a socket")
COMMAND("swrk", run_not_built, FOR_SERVICE, "serve one client on a descriptor")
COMMAND("dedup", run_not_built, FOR_DEDUP, "remove pages that a later image replaces")

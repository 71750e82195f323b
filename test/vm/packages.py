# SPDX-License-Identifier: GPL-2.0
"""What the virtual machines are made of, from Debian's archive: kernels and, for test/interop, the
packaged criu. Nothing of it is installed: packages are fetched and unpacked below build/vm, by lists of packages that are
kept there too, since no machine has those of all these releases of Debian."""

import glob
import lzma
import os
import re
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLACE = os.path.join(TOP, "build/vm")
ARCHIVE = os.path.join(PLACE, "archive")
# Linux 5.10; 6.1, 6.12 and criu 3.17.1; everything newer.
SOURCES = ("debian bullseye", "debian bookworm", "debian-security bookworm-security", "debian trixie-backports")
SETTINGS = {"Dir::Etc::SourceList": "sources", "Dir::Etc::SourceParts": "none", "Dir::State::Lists": "lists", "Dir::Cache": "cache"}
LISTS_AGE = 24 * 3600
# What must be loaded before the root is there; with what they depend on.
BOOT_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_blk", "crc32c_generic", "ext4")


class Missing(Exception):
    """A package or a program is not to be had; the text says which."""


def call(*arguments, **settings):
    result = subprocess.run(arguments, capture_output=True, text=True, **settings)
    if result.returncode != 0:
        raise Missing(f"{' '.join(arguments)}: {result.stderr.strip()}")
    return result.stdout


def apt(program, *arguments, **settings):
    words = [f"-o{name}={os.path.join(ARCHIVE, path)}" for name, path in SETTINGS.items()]
    return call(program, "-q", *words, *arguments, **settings)


def update_lists():
    """The lists of the archive's packages, once a day."""
    sources = os.path.join(ARCHIVE, "sources")
    if os.path.exists(sources) and time.time() - os.path.getmtime(sources) < LISTS_AGE:
        return
    os.makedirs(os.path.join(ARCHIVE, "lists/partial"), exist_ok=True)
    os.makedirs(os.path.join(ARCHIVE, "cache/archives/partial"), exist_ok=True)
    with open(sources + ".new", "w") as file:
        for source in SOURCES:
            place, suite = source.split()
            file.write(f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/{place} {suite} main\n")
    os.rename(sources + ".new", sources)
    try:
        apt("apt-get", "update")
    except Missing:
        os.unlink(sources)
        raise


def parts(package):
    """The package and those that it has been split into (kernels from Linux 7.2 on)."""
    version = package.removeprefix("linux-image")
    return [package] + [name for name in re.findall(r"Depends: (\S+)", apt("apt-cache", "depends", package))
                        if name in ("linux-base" + version, "linux-binary" + version, "linux-modules" + version)]


def unpacked(package):
    """The folder that a package of the archive is unpacked in; fetched on the first call."""
    place = os.path.join(PLACE, package)
    if not os.path.isdir(place):
        update_lists()
        os.makedirs(place + ".new", exist_ok=True)
        for part in parts(package):
            apt("apt-get", "download", part, cwd=place + ".new")
        for file in glob.glob(place + ".new/*.deb"):
            call("dpkg-deb", "-x", file, place + ".new")
            os.unlink(file)
        os.rename(place + ".new", place)
    return place


def by_numbers(name):
    return [int(number) for number in re.findall(r"\d+", name)]


def kernel_package(release):
    """The newest build of that release, which is two numbers; of the newest release of all: "newest"."""
    update_lists()
    pattern = r"\d+\.\d+" if release == "newest" else re.escape(release)
    found = re.findall(rf"^linux-image-{pattern}\.[\d.-]+(?:\+deb\d+)?-amd64$", apt("apt-cache", "pkgnames", "linux-image-"), re.M)
    if not found:
        raise Missing(f"the archive has no Linux {release}")
    return max(found, key=by_numbers)


def unpack_xz(data):
    try:
        return lzma.LZMADecompressor().decompress(data)
    except lzma.LZMAError:
        return b""


def unpack_zstd(data):
    # What follows the kernel is no zstd: the program complains after it has written everything.
    return subprocess.run(["zstd", "-dc"], input=data, capture_output=True).stdout


def executable_of(image):
    """The ELF inside a compressed kernel image: it starts without being unpacked by the guest."""
    with open(image, "rb") as file:
        data = file.read()
    for magic, unpack in ((b"\xfd7zXZ\x00", unpack_xz), (b"\x28\xb5\x2f\xfd", unpack_zstd)):
        start = data.find(magic)
        while start >= 0:
            kernel = unpack(data[start:])
            if kernel.startswith(b"\x7fELF"):
                return kernel
            start = data.find(magic, start + 1)
    raise Missing(f"{image} holds no kernel packed with xz or zstd")


def modules_in_order(modules):
    """Paths of BOOT_MODULES and all they need, in an order in which they can be loaded."""
    needs, builtin = {}, set()
    with open(os.path.join(modules, "modules.dep")) as file:
        for line in file:
            path, others = line.rstrip("\n").split(":")
            needs[path.split("/")[-1].split(".")[0].replace("-", "_")] = [path, *others.split()]
    with open(os.path.join(modules, "modules.builtin")) as file:
        builtin = {line.strip().split("/")[-1].split(".")[0].replace("-", "_") for line in file}
    order = []
    for name in BOOT_MODULES:
        if name in builtin:
            continue
        for path in reversed(needs.get(name, [])):  # newer kernels need no crc32c_generic
            if path not in order:
                order.append(path)
    return order


def write_initramfs(modules, target):
    """A first root with a static shell, the modules of the boot, and the script `init`."""
    root = target + ".d"
    for folder in ("bin", "modules", "dev", "proc", "sys", "newroot", "lower", "upper", "vm"):
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    call("cp", "/bin/busybox", os.path.join(root, "bin/busybox"))
    call("cp", os.path.join(TOP, "test/vm/init"), os.path.join(root, "init"))
    os.chmod(os.path.join(root, "init"), 0o755)
    with open(os.path.join(root, "modules/order"), "w") as order:
        for path in modules_in_order(modules):
            name = os.path.basename(path)
            with open(os.path.join(modules, path), "rb") as file:
                data = file.read()
            if name.endswith(".xz"):
                name, data = name[:-3], lzma.decompress(data)
            with open(os.path.join(root, "modules", name), "wb") as file:
                file.write(data)
            order.write(name + "\n")
    names = call("find", ".", cwd=root)
    with open(target + ".new", "wb") as out:
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, input=names.encode(), stdout=out, check=True)
    os.rename(target + ".new", target)


class Kernel:
    """vmlinux, initramfs and modules of a release of Linux."""

    def __init__(self, release):
        self.release = release
        package = kernel_package(release)
        self.version = package[len("linux-image-"):]
        place = unpacked(package)
        base = next(path for path in (os.path.join(place, "usr"), place) if os.path.isdir(os.path.join(path, "lib/modules")))
        self.modules = os.path.join(base, "lib/modules", self.version)
        if not os.path.exists(os.path.join(self.modules, "modules.dep")):
            call("depmod", "-b", base, self.version)
        self.executable = os.path.join(place, "vmlinux")
        if not os.path.exists(self.executable):
            image = os.path.join(self.modules, "vmlinuz")
            kernel = executable_of(image if os.path.exists(image) else os.path.join(place, "boot/vmlinuz-" + self.version))
            with open(self.executable + ".new", "wb") as file:
                file.write(kernel)
            os.rename(self.executable + ".new", self.executable)
        self.initramfs = os.path.join(place, "initramfs")
        script = os.path.join(TOP, "test/vm/init")
        if not os.path.exists(self.initramfs) or os.path.getmtime(self.initramfs) < os.path.getmtime(script):
            write_initramfs(self.modules, self.initramfs)

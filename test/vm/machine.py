# SPDX-License-Identifier: GPL-2.0
"""A virtual machine that runs shell commands: started, asked, powered off. The root of the host is its root,
without being changed; /persist is a disk that outlives a boot; /vm a folder shared with the host.

KVM is not asked for: under software emulation the result is the same everywhere."""

import os
import shutil
import signal
import socket
import subprocess
import time

MEMORY = "1500M"


class MachineError(Exception):
    """The machine did not do what was asked; the text has the end of its console."""


def make_disk(path, megabytes=1024):
    """A disk with an empty ext4."""
    with open(path, "wb") as file:
        file.truncate(megabytes << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1", path], check=True)
    return path


class Machine:
    """`with Machine(kernel, directory, disk) as machine: machine.run("...")`. directory is this boot's own."""

    def __init__(self, kernel, directory, disk=None, processors=2):
        self.kernel, self.directory, self.disk, self.processors = kernel, directory, disk, processors
        self.number = 0
        self.pending = b""

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def __enter__(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.path("vm"))
        shutil.copy(os.path.join(os.path.dirname(__file__), "agent"), self.path("vm/agent"))
        with open(self.path("vm/modules"), "w") as file:
            file.write(self.kernel.modules + "\n")
        self.listener = socket.socket(socket.AF_UNIX)
        # Relative, since names of unix sockets are short.
        where = os.open(self.directory, os.O_PATH)
        self.listener.bind(f"/proc/self/fd/{where}/port")
        self.listener.listen(1)
        self.process = subprocess.Popen(self.command(), cwd=self.directory, stdin=subprocess.DEVNULL,
                                        stdout=open(self.path("qemu.log"), "wb"), stderr=subprocess.STDOUT)
        os.close(where)
        self.listener.settimeout(60)
        self.port, _ = self.listener.accept()
        self.wait_line("ready", 300)
        return self

    def command(self):
        share = "security_model=none,multidevs=remap"
        words = ["qemu-system-x86_64", "-M", "pc", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", MEMORY, "-smp", str(self.processors),
                 "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                 "-kernel", self.kernel.executable, "-initrd", self.kernel.initramfs,
                 "-append", "console=ttyS0 mitigations=off no_timer_check quiet panic=-1",
                 "-serial", "file:console", "-serial", "unix:port",
                 "-fsdev", f"local,id=root,path=/,readonly=on,{share}", "-device", "virtio-9p-pci,fsdev=root,mount_tag=root",
                 "-fsdev", f"local,id=vm,path={self.path('vm')},{share}", "-device", "virtio-9p-pci,fsdev=vm,mount_tag=vm"]
        if self.disk:
            words += ["-drive", f"file={self.disk},if=none,id=disk,format=raw,cache=unsafe", "-device", "virtio-blk-pci,drive=disk"]
        return words

    def wait_line(self, start, seconds):
        """The next line of the agent, which must begin with this."""
        end = time.monotonic() + seconds
        while b"\n" not in self.pending:
            self.port.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.port.recv(4096)
            except TimeoutError:
                raise self.error(f"no answer within {seconds} s") from None
            if not data:
                raise self.error("the machine has ended")
            self.pending += data
        line, self.pending = self.pending.split(b"\n", 1)
        line = line.decode(errors="replace").strip()
        if not line.startswith(start):
            raise self.error(f"it answered '{line}' instead of '{start}'")
        return line

    def error(self, what):
        with open(self.path("console"), errors="replace") as file:
            tail = file.read().splitlines()[-15:]
        return MachineError("\n".join([what, *tail]))

    def try_run(self, command, seconds=120):
        """(status, output) of shell commands."""
        self.number += 1
        with open(self.path(f"vm/command.{self.number}"), "w") as file:
            file.write(command + "\n")
        self.port.sendall(f"{self.number}\n".encode())
        status = int(self.wait_line(f"{self.number} ", seconds).split()[1])
        with open(self.path(f"vm/output.{self.number}"), errors="replace") as file:
            return status, file.read()

    def run(self, command, seconds=120):
        """Output of shell commands, which must succeed."""
        status, output = self.try_run(command, seconds)
        if status != 0:
            raise self.error(f"status {status} of: {command}\n{output[-3000:]}")
        return output

    def power_off(self):
        self.port.sendall(b"off\n")
        self.wait_line("off", 60)
        self.process.wait(60)

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.port.close()
        self.listener.close()

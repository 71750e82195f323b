# SPDX-License-Identifier: GPL-2.0
"""make -j2 of a C project of 30 files: compilers and assemblers come and go while it is dumped."""

import os

COMMAND = ["make", "-j2", "--output-sync=target"]
RESULTS = ["program.out", "objects.sum"]
FILES = 30


def prepare(directory):
    for number in range(FILES):
        functions = "".join(
            f"static unsigned f{number}_{i}(unsigned x) {{ unsigned a[16]; for (int k = 0; k < 16; k++) a[k] = x * {i + 3}u + k;"
            f" for (int k = 1; k < 16; k++) a[k] ^= a[k - 1] << (k % 5); return a[15] % {1000 + i}u; }}\n"
            for i in range(110))
        calls = " ".join(f"sum += f{number}_{i}(sum + {i});" for i in range(110))
        with open(os.path.join(directory, f"unit{number}.c"), "w") as file:
            file.write(f"{functions}unsigned unit{number}(unsigned sum) {{ {calls} return sum; }}\n")
    with open(os.path.join(directory, "main.c"), "w") as file:
        file.write("#include <stdio.h>\n" + "".join(f"unsigned unit{n}(unsigned);\n" for n in range(FILES))
                   + "int main(void) { unsigned s = 1;\n"
                   + "".join(f'\ts = unit{n}(s); printf("%d %u\\n", {n}, s);\n' for n in range(FILES)) + "}\n")
    with open(os.path.join(directory, "Makefile"), "w") as file:
        objects = " ".join(f"unit{n}.o" for n in range(FILES))
        file.write(f"""OBJECTS := main.o {objects}
objects.sum: program.out
\tcksum *.o > $@
program.out: program
\t./program > $@
program: $(OBJECTS)
\t$(CC) -o $@ $^
%.o: %.c
\t$(CC) -O2 -c -o $@ $<
""")

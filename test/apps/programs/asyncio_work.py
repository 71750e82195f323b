# SPDX-License-Identifier: GPL-2.0
"""Four subprocesses square numbers that are written to them one by one; each end is awaited."""

import asyncio


async def square(name, count, pause):
    process = await asyncio.create_subprocess_exec(
        "perl", "-ne", "$| = 1; print $_ * $_, qq(\\n)", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    lines = []
    for number in range(count):
        process.stdin.write(f"{number}\n".encode())
        await process.stdin.drain()
        lines.append((await process.stdout.readline()).decode().strip())
        await asyncio.sleep(pause)
    process.stdin.close()
    return name, await process.wait(), lines


async def main():
    for name, status, lines in await asyncio.gather(*(square(f"worker {i}", 60 + 10 * i, 0.05) for i in range(4))):
        print(name, status, " ".join(lines))


asyncio.run(main())

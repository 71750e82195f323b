# SPDX-License-Identifier: GPL-2.0
"""A Python asyncio server with 1,000 connections, each with a request on its way."""

from served import Served

SERVER = """
import asyncio, resource
async def serve(reader, writer):
    while line := await reader.readline():
        await asyncio.sleep(0.05)
        writer.write(b"answer to " + line)
        await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(serve, "10.77.0.1", 7000, backlog=1000)
    await server.serve_forever()
asyncio.run(main())
"""
CLIENT = """
import asyncio
COUNT, ROUNDS = 1000, 40
done = 0
async def talk(number):
    global done
    reader, writer = await asyncio.open_connection("10.77.0.1", 7000)
    for turn in range(ROUNDS):
        writer.write(b"%d %d\\n" % (number, turn))
        answer = await reader.readline()
        assert answer == b"answer to %d %d\\n" % (number, turn), answer
        done += 1
        if done == 4 * COUNT: print("busy", flush=True)
    writer.write_eof()
    assert await reader.read() == b""
async def main():
    await asyncio.gather(*(talk(number) for number in range(COUNT)))
    print("right", flush=True)
asyncio.run(main())
"""


def test(scenario):
    with Served(scenario) as served:
        served.start(["python3", "-c", SERVER], 7000)
        served.client(CLIENT)
        served.wait_until("busy")
        served.cycle()
        served.cycle()
        served.clients_are_right()
        served.end()

# SPDX-License-Identifier: GPL-2.0
# Every element that is pushed reaches the blocked client, in order.
redis-server --port 0 --unixsocket "$PWD/redis.socket" --save "" --appendonly no >/dev/null 2>&1 &
server=$!
client() {
	redis-cli -s "$PWD/redis.socket" "$@"
}
until client ping >/dev/null 2>&1; do sleep 0.05; done
for number in $(seq 60); do echo "blpop queue 0"; done | client >taken &
taker=$!
for number in $(seq 60); do
	client rpush queue "element $number" >/dev/null
	client incrby sum "$number" >/dev/null
	sleep 0.08
done
wait "$taker"
cat taken
client get sum
client shutdown nosave 2>/dev/null
wait "$server"
echo "done"

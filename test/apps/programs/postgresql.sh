# SPDX-License-Identifier: GPL-2.0
# A server of the postgres user below this shell; clients talk over its unix socket.
user=(setpriv "--reuid=$(id -u postgres)" "--regid=$(id -g postgres)" --clear-groups)
(cd data && exec "${user[@]}" "$PGBIN/postgres" -D . -c listen_addresses= -c unix_socket_directories=. -c port=5498 -c fsync=off \
	-c shared_buffers=16MB -c dynamic_shared_memory_type=posix -c jit=off -c force_parallel_mode=on >../log 2>&1) &
server=$!
client() { psql -qAt -v ON_ERROR_STOP=1 -h "$PWD/data" -p 5498 -U postgres postgres "$@"; }
until client -c "select 1" >/dev/null 2>&1; do sleep 0.1; done
client -c "create table t (i int); insert into t select generate_series(1, 20000); create table l (i int); insert into l values (0)"
{
	echo "begin; update l set i = 1;"
	for number in $(seq 40); do
		echo "select $number, sum(i) from t where i <= $number * 100;"
		sleep 0.1
	done
	echo "commit;"
} | client &
holder=$!
until client -c "select count(*) from pg_locks where relation = 'l'::regclass and mode = 'RowExclusiveLock'" | grep -qx 1; do sleep 0.05; done
client -c "update l set i = i + 10 returning i" >waited &
waiter=$!
for number in $(seq 20); do
	client -c "select $number, count(*), max(i) from t" >>counted
	sleep 0.15
done
wait "$holder" "$waiter"
cat waited counted
kill -INT "$(head -n 1 data/postmaster.pid)"
wait "$server"
echo "done"

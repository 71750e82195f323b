# SPDX-License-Identifier: GPL-2.0
# The server stays in the foreground of this script (-D -m); everything is typed into its window.
export SCREENDIR=$PWD/sockets TERM=xterm
mkdir -m 700 "$SCREENDIR"
screen -c /dev/null -D -m -S work bash --norc --noprofile &
server=$!
until screen -S work -p 0 -X stuff $': >started\n' >/dev/null 2>&1 && [ -e started ]; do sleep 0.1; done
for step in $(seq 40); do
	screen -S work -p 0 -X stuff "sleep 0.01 & wait; echo step $step >>steps"$'\n'
	sleep 0.1
done
until [ "$(grep -c . steps)" -ge 40 ]; do sleep 0.05; done
cat steps
screen -S work -X quit >/dev/null
wait "$server"
echo "done"

# SPDX-License-Identifier: GPL-2.0
# Background jobs, traps, pipes between subshells, a here-document, wait and exit codes.
counter() {
	for number in $(seq "$2"); do
		echo "$1 $number" >>"$1.log"
		sleep "$3"
	done
	return $(($2 % 7))
}

trap 'echo "a signal"' USR1
counter first 40 0.07 &
first=$!
counter second 25 0.11 &
second=$!
(for i in $(seq 60); do
	echo $((i * i))
	sleep 0.05
done) | while read -r square; do
	echo "square $square"
done >squares.log &
squares=$!
(sleep 0.3; exit 9) &
short=$!

for i in $(seq 30); do
	cat <<END | tr a-z A-Z >>upper.log
line $i of $(seq "$i" | wc -l) in a here-document
END
	[ "$i" != 17 ] || kill -USR1 $$
	sleep 0.08
done

status_of() {
	wait "$1"
	echo "$2 ended with $?"
}
status_of $first first
status_of $second second
status_of $squares squares
status_of $short short
cat first.log second.log squares.log upper.log

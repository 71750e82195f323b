# SPDX-License-Identifier: GPL-2.0
# One monitor is connected all the time and must hear every signal once and in order; a call is made after each.
cat >bus.conf <<END
<busconfig><type>session</type><listen>unix:path=$PWD/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow own="*"/><allow eavesdrop="true"/></policy></busconfig>
END
dbus-daemon --config-file=bus.conf --nofork --nopidfile 2>/dev/null &
daemon=$!
export DBUS_SESSION_BUS_ADDRESS=unix:path=$PWD/bus
until dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetId >/dev/null 2>&1; do sleep 0.05; done
dbus-monitor --session "type='signal',interface='test.criu'" >heard &
monitor=$!
until grep -q 'int32 0$' heard; do dbus-send --session --type=signal / test.criu.Number int32:0; sleep 0.05; done
for number in $(seq 60); do
	dbus-send --session --type=signal / test.criu.Number int32:"$number"
	dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner string:org.freedesktop.DBus |
		grep -c 'boolean true' >>answers
	sleep 0.05
done
until grep -q 'int32 60' heard; do sleep 0.05; done
grep -o 'int32 [1-9].*' heard
sort answers | uniq -c
kill "$monitor" "$daemon"
wait
echo "done"

# SPDX-License-Identifier: GPL-2.0
# An agent is given keys, and must still have them and sign with them at every later step.
export SSH_AUTH_SOCK=$PWD/agent.socket
ssh-agent -D -a "$SSH_AUTH_SOCK" >/dev/null 2>&1 &
agent=$!
until [ -S "$SSH_AUTH_SOCK" ]; do sleep 0.01; done
for number in 1 2 3; do
	ssh-keygen -q -t ed25519 -N "" -C "key $number" -f "key$number"
	ssh-add -q "key$number"
	rm "key$number"
done
for step in $(seq 40); do
	echo "step $step: $(ssh-add -l | cut -d' ' -f3- | tr '\n' ',')"
	echo "text $step" >text
	rm -f text.sig
	ssh-keygen -q -Y sign -n test -f key2.pub text >/dev/null 2>&1
	ssh-keygen -q -Y check-novalidate -n test -s text.sig <text >/dev/null 2>&1 && echo "signed"
	[ "$step" != 20 ] || ssh-add -q -d key1.pub
	sleep 0.1
done
kill "$agent"
wait "$agent" 2>/dev/null
echo "done"

# SPDX-License-Identifier: GPL-2.0
# A tmux server in the foreground of this session; everything is typed into its windows.
tmux_() {
	tmux -S "$PWD/tmux.socket" -f /dev/null "$@"
}
unset TMUX
export TERM=screen
tmux -S "$PWD/tmux.socket" -f /dev/null -D &
server=$!
until [ -S tmux.socket ]; do sleep 0.05; done # else the first client starts a server of its own
until tmux_ new-session -d -x 100 -y 40 -s work "PS1='\$ ' bash --norc --noprofile" >/dev/null 2>&1; do sleep 0.05; done
tmux_ new-window -d -t work "top -d 0.5"
sleep 0.5
for step in $(seq 40); do
	tmux_ send-keys -t work:0 "sleep 0.01 & wait; echo step $step >>steps; tty >>terminals" Enter
	sleep 0.1
done
until [ "$(grep -c . steps)" -ge 40 ]; do sleep 0.05; done
tmux_ list-windows -F '#{window_index} #{window_width} #{window_height} #{pane_current_command}'
tmux_ capture-pane -p -t work:1 | grep -c '^Tasks'
cat steps
sort -u terminals
tmux_ kill-server
wait "$server"
echo "done"

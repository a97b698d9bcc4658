# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The agent is killed outright in the middle of twenty changes and started again: of each guest,
# selfballoon, target and cap agree with one another.

scenario_crash_types() {
	echo all
}

# Twenty changes, one after the other; those that an agent no longer takes are lost.
crash_changes() {
	local i
	for i in {1..5}; do
		selfballoon pv1 true
		target pvh1 $((262144 + i * 8192))
		selfballoon pv1 false
		target pv1 $((262144 + i * 8192))
	done >"$HOST_DIR/changes" 2>&1
}

crash_answered() {
	[ "$(grep -c '"result":"ok"' "$HOST_DIR/changes")" -ge "$1" ]
}

crash_consistent() {
	local on target cap
	on=$(key "$1" selfballoon) && target=$(size "$1" target) && cap=$(cap_of "$1") || return
	if [ "$on" = 1 ]; then
		[ "$cap" -eq "$(open_cap)" ]
	else
		[ "$cap" -eq $((target + 1024)) ]
	fi
}

crash_agent_agrees() {
	[ "$(metric_kib domain_memory_cap_bytes "$1")" = "$(cap_of "$1")" ] &&
		[ "$(metric_kib domain_memory_target_bytes "$1")" = "$(key "$1" target)" ]
}

scenario_crash() {
	local name after changes
	for name in pv1 pvh1; do
		must "selfballoon off for $name" selfballoon $name false
	done
	for after in 3 9 14; do
		: >"$HOST_DIR/changes"
		crash_changes &
		changes=$!
		wait_for 60 "$after changes to be answered" crash_answered $after
		agent_end KILL
		wait $changes
		note "killed after $(grep -c '"result":"ok"' "$HOST_DIR/changes") answered changes"
		agent_up
		for name in pv1 pvh1; do
			wait_for 20 "cap, target and selfballoon of $name to agree" crash_consistent $name
			wait_for 20 "the agent to say the same of $name" crash_agent_agrees $name
			note "$name: selfballoon $(key $name selfballoon), target $(key $name target)," \
				"cap $(cap_of $name) KiB"
		done
	done
}

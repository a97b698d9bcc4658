# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of tests/xen/run
# SPDX-License-Identifier: MIT
#
# Waiting for dom0: guests that booted before the agent, and an agent that starts with guests long
# up. The only scenario that begins without an agent.

scenario_wait_types() {
	echo all
}

wait_said() {
	grep -q "$2" "$log/guest-$1.log"
}

# A row with a number the guest has posted.
wait_reported() {
	metric domain_memory_actual_bytes "$1" >/dev/null
}

wait_sequence() {
	key "$1" stats | sed -n 's/.*seq=\([0-9]*\).*/\1/p'
}

scenario_wait() {
	local name id before
	for name in pv1 pvh1; do
		id=$(domid $name)
		wait_for 60 "$name's daemon to wait for dom0" wait_said $name 'waiting for the agent'
		must_not "$name has keys of its own before the agent runs" \
			dom0 "xenstore-read /local/domain/$id/memory/actual"
		must_not "$name makes one itself" guest $name xenstore-write memory/actual 1
	done
	agent_up
	for name in pv1 pvh1; do
		wait_for 60 "report of $name" wait_reported $name
		note "$name reported $(metric_kib domain_memory_actual_bytes $name) KiB, and on its" \
			"console: $(grep -c 'waiting for the agent' "$log/guest-$name.log") time 'waiting'"
	done
	before=$(wait_sequence pv1)
	agent_end TERM
	agent_up
	must_be "guests that a new agent knows as soon as it is ready" \
		"$(metric host_domains)" -eq 2
	must "value of pv1 that it knows at once" metric domain_memory_actual_bytes pv1
	must_be "sequence of pv1's reports, not begun anew" "$(wait_sequence pv1)" -ge "$before"
}

# shellcheck shell=bash
# shellcheck disable=SC2154 # variables that run and its other parts set
# SPDX-License-Identifier: MIT
#
# The agent in the bed's dom0: configures, starts, stops and kills it, and asks
# the hypervisor and the store what it should agree with. How to speak with it
# by HTTP and SNMP is what tests/system/lib.bash knows. Sourced by tests/xen/run.

# Credentials and clients' configuration for the ports that QEMU forwards.
agent_prepare() {
	local directory
	directory=$(mktemp -d "$out/host.XXXXXX")
	export HTTP_PORT=$http_port SNMP_PORT=$snmp_port
	host_new "$directory" 9>&-
	agent_config http.listen=127.0.0.1:10047 \
		http.socket=/run/xenballoon/agent.sock http.principal_file=/etc/xenballoon/principals \
		snmp.listen=udp:0.0.0.0:1161 snmp.config=/etc/xenballoon/snmp.conf \
		snmp.persistent_directory=/var/lib/xenballoon/snmp \
		state.directory=/var/lib/xenballoon audit.file=/var/log/xen/audit.log \
		control.timeout_ms=30000 "$@"
	dom0 "mkdir -p /etc/xenballoon /var/lib/xenballoon/snmp"
	to_dom0 "$HOST_DIR/agent.yml" /etc/xenballoon/agent.yml
	to_dom0 "$HOST_DIR/principals" /etc/xenballoon/principals
	to_dom0 "$HOST_DIR/snmp/agent.conf" /etc/xenballoon/snmp.conf
}

# to_dom0 FILE PATH: a small text file, readable by root alone.
to_dom0() {
	dom0 "umask 077; cat >$2 <<'END-OF-FILE'
$(cat "$1")
END-OF-FILE"
}

# Starts it and returns when it is ready; its log is followed as agent.log.
agent_up() {
	dom0 "setsid xenballoon-agent --config /etc/xenballoon/agent.yml \
		>>/var/log/xen/agent.log 2>&1 </dev/null & echo \$! >/run/agent.pid" ||
		fail "dom0 cannot start the agent"
	[ -e "$log/agent.log" ] || follow /var/log/xen/agent.log agent.log
	wait_for 60 "readiness of the agent" agent_answers
}

# A forwarded port takes connections before the agent does.
agent_answers() {
	agent_ready 2>/dev/null
}

agent_runs() {
	dom0 'kill -0 $(cat /run/agent.pid)' >/dev/null 2>&1
}

# agent_end SIGNAL: and waits until it has gone.
agent_end() {
	dom0 "kill -$1 \$(cat /run/agent.pid)" >/dev/null
	wait_for 20 "end of the agent" agent_gone
}

agent_gone() {
	! agent_runs
}

# What the hypervisor says a domain may hold (max_pages) and holds, in KiB.
hypervisor_says() {
	number "xentop -b -f -i 1 | awk -v name='$1' -v column='$2' '
	NR == 1 { sub(/MAXMEM\(%\)/, \"MAXMEMP\"); sub(/MEM\(%\)/, \"MEMP\")
		for (i = 1; i <= NF; i++) at[\$i] = i }
	\$1 == name { gsub(/no limit/, \"no\"); print \$at[column] }'"
}

cap_of() {
	hypervisor_says "$1" 'MAXMEM(k)'
}

allocated_of() {
	hypervisor_says "$1" 'MEM(k)'
}

# key NAME KEY: a value below the domain's memory/, as dom0 sees it; size NAME KEY: one that is a
# number.
key() {
	ask "xenstore-read /local/domain/\$(xl domid $1)/memory/$2"
}

size() {
	number "xenstore-read /local/domain/\$(xl domid $1)/memory/$2"
}

# learn VARIABLE COMMAND...: what it answers is the variable's value, or the test ends.
learn() {
	local answer
	answer=$("${@:2}") || fail "no answer to: ${*:2}"
	printf -v "$1" %s "$answer"
}

# The cap that lets a guest grow to its static max.
open_cap() {
	echo $((guest_max_mib * 1024 + 1024))
}

# For a person's shell.
agent_env() {
	cat <<-X
		export XENBALLOON_URL='$URL'
		export XENBALLOON_TOKEN='$OPERATOR_TOKEN'
		export XENBALLOON_VIEWER_TOKEN='$VIEWER_TOKEN'
		export SNMPCONFPATH='$SNMPCONFPATH'
		export MIBDIRS='$MIBDIRS'
	X
}

# snmp_number COLUMN DOMID: without the unit that the MIB adds.
snmp_number() {
	local value
	value=$(snmp_value "$1.$2") && echo "${value%% *}"
}

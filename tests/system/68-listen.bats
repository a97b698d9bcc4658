#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Where the agent listens: lists, addresses that can't be opened or come later, a host without IPv6, and
# sockets that systemd has opened. What fails never ends what works.

load lib.bash

setup_file() {
	host_new
	OTHER_PORT=$(free_port tcp) NETNS=xb$$
	export OTHER_PORT NETNS
	bed_start --guests 1
	mkdir "$HOST_DIR/client"
}

teardown_file() {
	ip netns delete "$NETNS" 2>/dev/null || true
	host_down
}

# listening LIST [SECTION.KEY=VALUE...]: starts the agent without waiting for more than its socket.
listening() {
	local list=$1
	shift
	agent_config "http.listen=$list" "$@"
	start agent agent_program --config "$HOST_DIR/agent.yml"
	wait_until 20 by_socket /-/healthy
}

by_socket() {
	curl -fsS -m 5 --unix-socket "$HOST_DIR/agent.sock" "http://localhost$1"
}

ready_by_socket() {
	curl -sS -m 5 --unix-socket "$HOST_DIR/agent.sock" http://localhost/-/ready
}

# up INTERFACE ADDRESS VALUE
up() {
	by_socket /metrics | grep -qxF "xenballoon_listener_up{interface=\"$1\",address=\"$2\"} $3"
}

answers() { # ADDRESS:PORT
	curl -fsS -m 5 -o /dev/null "http://$1/-/healthy"
}

@test "each address of a list is served, and each has its metric" {
	listening "[127.0.0.1:$HTTP_PORT, '[::1]:$HTTP_PORT', 127.0.0.2:$OTHER_PORT]" \
		"snmp.listen=[udp:127.0.0.1:$SNMP_PORT, 'udp6:[::1]:$SNMP_PORT']"
	answers "127.0.0.1:$HTTP_PORT"
	answers "[::1]:$HTTP_PORT"
	answers "127.0.0.2:$OTHER_PORT"
	up http "[::1]:$HTTP_PORT" 1
	up snmp "udp6:[::1]:$SNMP_PORT" 1
	snmpget -u operator -t 4 -r 0 "udp6:[::1]:$SNMP_PORT" 1.3.6.1.2.1.1.5.0
	wait_until 10 agent_ready
	agent_stop
}

@test "a port alone is all addresses, of both kinds" {
	listening "':$HTTP_PORT'" http.principal_file=
	answers "127.0.0.1:$HTTP_PORT"
	answers "[::1]:$HTTP_PORT"
	agent_stop
	listening "['[::]:$HTTP_PORT', 0.0.0.0:$HTTP_PORT]" http.principal_file=
	answers "127.0.0.1:$HTTP_PORT"
	answers "[::1]:$HTTP_PORT"
	up http "0.0.0.0:$HTTP_PORT" 1
	agent_stop
}

@test "the command line's addresses take the place of the file's" {
	agent_config
	start agent agent_program --config "$HOST_DIR/agent.yml" --web.listen-address "127.0.0.1:$OTHER_PORT" \
		--web.listen-address "127.0.0.2:$OTHER_PORT"
	wait_until 20 answers "127.0.0.1:$OTHER_PORT"
	answers "127.0.0.2:$OTHER_PORT"
	run answers "127.0.0.1:$HTTP_PORT"
	[ "$status" -ne 0 ]
	agent_stop
	run "$BUILD/xenballoon-agent" --config "$HOST_DIR/agent.yml" --web.listen-address localhost --config.check
	same "$status" 1
	contains "$output" '--web.listen-address is "localhost": must be a numeric address and a port'
	run "$BUILD/xenballoon-agent" --config "$HOST_DIR/agent.yml" --web.listen-address :1 --config.check
	same "$status" 1
	contains "$output" "must be a loopback address"
}

@test "an address that is taken is said, and served once it is free, without a restart" {
	start holder socat "TCP-LISTEN:$OTHER_PORT,bind=127.0.0.1,fork" /dev/null
	start udp_holder socat -u "UDP-RECV:$SNMP_PORT,bind=127.0.0.1" /dev/null
	wait_until 5 port_taken tcp "$OTHER_PORT"
	wait_until 5 port_taken udp "$SNMP_PORT"
	listening "[127.0.0.1:$HTTP_PORT, 127.0.0.1:$OTHER_PORT]"
	answers "127.0.0.1:$HTTP_PORT"
	up http "127.0.0.1:$OTHER_PORT" 0
	up snmp "udp:127.0.0.1:$SNMP_PORT" 0
	grep -q "http.listen: cannot listen on 127.0.0.1:$OTHER_PORT: Address already in use" "$HOST_DIR/agent.log"
	grep -q "snmp.listen: cannot listen on udp:127.0.0.1:$SNMP_PORT: Address already in use" "$HOST_DIR/agent.log"
	wait_until 10 eval 'contains "$(ready_by_socket)" "No address of snmp.listen is open: udp:127.0.0.1:$SNMP_PORT"'
	end_process holder KILL
	end_process udp_holder KILL
	wait_until 10 answers "127.0.0.1:$OTHER_PORT"
	wait_until 10 up snmp "udp:127.0.0.1:$SNMP_PORT" 1
	snmp_as operator get 1.3.6.1.2.1.1.5.0
	wait_until 10 agent_ready
	# Each reason once.
	same "$(grep -c "cannot listen on 127.0.0.1:$OTHER_PORT" "$HOST_DIR/agent.log")" 1
	agent_stop
}

@test "with no address of HTTP open, SNMP and the Unix socket serve, ready and doctor say so" {
	listening 192.0.2.1:10047 http.principal_file=
	snmp_as operator get 1.3.6.1.2.1.1.5.0
	wait_until 10 eval 'contains "$(ready_by_socket)" \
		"No address of http.listen is open: 192.0.2.1:10047: Cannot assign requested address"'
	run on_bed "$BUILD/xenballoon" --socket "$HOST_DIR/agent.sock" doctor --config "$HOST_DIR/agent.yml"
	[[ $output =~ FAIL.*ready.*No\ address\ of\ http.listen\ is\ open ]]
	# The address comes: a link that was late.
	ip address add 192.0.2.1/32 dev lo
	wait_until 10 up http 192.0.2.1:10047 1
	ip address delete 192.0.2.1/32 dev lo
	agent_stop
}

in_netns() {
	# shellcheck disable=SC1091
	. "$BED/env"
	LD_PRELOAD=$XENBED_PRELOAD exec ip netns exec "$NETNS" "$BUILD/xenballoon-agent" "$@"
}

@test "a host without IPv6 serves what it has" {
	ip netns add "$NETNS"
	ip netns exec "$NETNS" ip link set lo up
	ip netns exec "$NETNS" sysctl -q net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	agent_config "http.listen=['[::1]:$HTTP_PORT', 127.0.0.1:$HTTP_PORT, ':$OTHER_PORT']" http.principal_file= \
		"snmp.listen=['udp6:[::1]:$SNMP_PORT', udp:127.0.0.1:$SNMP_PORT]"
	start agent in_netns --config "$HOST_DIR/agent.yml"
	wait_until 20 by_socket /-/ready
	up http "[::1]:$HTTP_PORT" 0
	up http "127.0.0.1:$HTTP_PORT" 1
	up http ":$OTHER_PORT" 1
	up snmp "udp6:[::1]:$SNMP_PORT" 0
	up snmp "udp:127.0.0.1:$SNMP_PORT" 1
	ip netns exec "$NETNS" curl -fsS -o /dev/null "http://127.0.0.1:$HTTP_PORT/-/ready"
	ip netns exec "$NETNS" curl -fsS -o /dev/null "http://127.0.0.1:$OTHER_PORT/-/ready"
	grep -q "http.listen: cannot listen on \[::1\]:$HTTP_PORT: Cannot assign requested address" "$HOST_DIR/agent.log"
	agent_stop
}

# systemd's tool passes on the variables that it is told alone.
activated() { # SOCKET... -- [AGENT-OPTION...]
	local words=() name
	# shellcheck disable=SC1091
	. "$BED/env"
	while [ "$1" != -- ]; do
		words+=(-l "$1")
		shift
	done
	for name in $(compgen -e | grep -E '^(XENBED_[A-Z_]*|XENSTORED_PATH)$'); do
		words+=(-E "$name=${!name}")
	done
	exec systemd-socket-activate "${words[@]}" env LD_PRELOAD="$XENBED_PRELOAD" "$BUILD/xenballoon-agent" \
		--config "$HOST_DIR/agent.yml" --web.systemd-socket "${@:2}"
}

@test "sockets that systemd has opened are served in place of the file's" {
	agent_config http.listen=127.0.0.1:1
	start agent activated "127.0.0.1:$HTTP_PORT" "[::1]:$OTHER_PORT" "$HOST_DIR/systemd.sock" --
	# The first connection starts the agent.
	wait_until 20 answers "127.0.0.1:$HTTP_PORT"
	answers "[::1]:$OTHER_PORT"
	curl -fsS --unix-socket "$HOST_DIR/systemd.sock" http://localhost/api/v1/whoami |
		jq -e '.interface == "unix" and .role == "operator"'
	agent_stop
	[ -S "$HOST_DIR/systemd.sock" ]
}

@test "systemd's sockets are held to what the file's addresses are" {
	start exposed activated "0.0.0.0:$HTTP_PORT" --
	wait_until 5 port_taken tcp "$HTTP_PORT"
	curl -sS -m 5 -o /dev/null "http://127.0.0.1:$HTTP_PORT/-/healthy" || true
	wait_until 10 grep -q "must be a loopback address" "$HOST_DIR/exposed.log"
	end_process exposed KILL
	run "$BUILD/xenballoon-agent" --config "$HOST_DIR/agent.yml" --web.systemd-socket
	same "$status" 1
	contains "$output" "systemd has passed no socket"
}

@test "the example of a .socket unit is sound" {
	mkdir -p "$HOST_DIR/units"
	cp "$ROOT/exporter/xenballoon-agent.socket" "$ROOT/exporter/xenballoon-agent.service" "$HOST_DIR/units"
	sed -i 's,/usr/local/sbin/xenballoon-agent,/bin/true,' "$HOST_DIR/units/xenballoon-agent.service"
	same "$(systemd-analyze verify --man=no "$HOST_DIR/units/xenballoon-agent.socket" 2>&1 | grep xenballoon-agent.socket)" ""
}

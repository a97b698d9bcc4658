#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Fifty hosts on one machine, each with a xenstored, guests and an agent of its own, under one
# Prometheus: it finds them by a file, and the Fleet dashboard shows them all.

load lib.bash
load prometheus.bash

HOSTS=50
FLEET=$ROOT/dashboards/grafana/fleet.json

setup_file() {
	FROM=$(date +%s)
	export FROM
	host_new
	hosts_start
	# shellcheck disable=SC2046 # a word for each
	scrape_targets $(addresses)
	prometheus_start
	wait_until 60 hosts_up $HOSTS
	steer
}

teardown_file() {
	# All at once, as each may take a while to end.
	cat "$HOST_DIR"/pids/* | xargs -r kill
	wait_until 30 all_ended
	host_down
}

all_ended() {
	! ls "$HOST_DIR"/pids/* 2>/dev/null
}

# Host N has N % 3 + 1 guests and 1000 + N MiB.
hosts_start() {
	local n port=$((20000 + RANDOM % 11000))
	for ((n = 1; n <= HOSTS; n++)); do
		while port_taken tcp $((++port)); do :; done
		mkdir -p "$HOST_DIR/hosts/$n"
		echo $port >"$HOST_DIR/hosts/$n/port"
		start "bed$n" "$XENBED" run --dir "$HOST_DIR/hosts/$n/bed" --guests $((n % 3 + 1)) --daemons 0 \
			--host-mib $((1000 + n)) --memory-mib 120 --seed "$n"
	done
	for ((n = 1; n <= HOSTS; n++)); do
		wait_until 60 test -e "$HOST_DIR/hosts/$n/bed/ready"
		HTTP_PORT=$(cat "$HOST_DIR/hosts/$n/port") agent_config snmp.mode=off http.metrics=viewer \
			"http.socket=$HOST_DIR/hosts/$n/socket" "state.directory=$HOST_DIR/hosts/$n" "audit.file=$HOST_DIR/hosts/$n/audit"
		mv "$HOST_DIR/agent.yml" "$HOST_DIR/hosts/$n/agent.yml"
		BED=$HOST_DIR/hosts/$n/bed start "agent$n" agent_program --config "$HOST_DIR/hosts/$n/agent.yml"
	done
}

# addresses [FIRST]: of the agents, from the first on.
addresses() {
	local n
	for ((n = ${1:-1}; n <= HOSTS; n++)); do
		echo "127.0.0.1:$(cat "$HOST_DIR/hosts/$n/port")"
	done
}

hosts_up() {
	same "$(promql 'sum(up{job="xenballoon"})')" "$1" "hosts that answer"
}

# ask_host N METHOD PATH BODY TOKEN
ask_host() {
	URL=http://127.0.0.1:$(cat "$HOST_DIR/hosts/$1/port") http "${@:2}" >/dev/null
}

# Something for each panel: a guest that misses memory, changes, and a refusal.
steer() {
	XENBED_DIR=$HOST_DIR/hosts/7/bed "$XENBED" ctl workload guest1 steady 100
	ask_host 7 POST /api/v1/selfballoon '{"enabled": false}' operator
	ask_host 8 POST /api/v1/selfballoon '{"enabled": true}' operator
	ask_host 9 POST /api/v1/selfballoon '{"enabled": true}' viewer
	wait_until 60 steered
}

steered() {
	promql 'sum(increase(xenballoon_control_requests_total{result="ok"}[1m])) > 0' &&
		promql 'sum(increase(xenballoon_control_requests_total{result="forbidden"}[1m])) > 0' &&
		promql 'max(xenballoon_domain_memory_wanted_bytes - xenballoon_domain_memory_allocated_bytes) > 0'
}

# answers TITLE [REF]: how many series that query of the Fleet dashboard had.
answers() {
	awk -F '\t' -v title="$1" -v ref="${2:-A}" '$2 == "panel" && $3 == title && $4 == ref { print $5 }' "$HOST_DIR/asked"
}

# Every query has an answer, and those that speak of each host speak of all.
fleet_answers() {
	local panel
	ask_all "$FLEET" || {
		awk -F '\t' '$5 !~ /^[0-9]+$/' "$HOST_DIR/asked"
		return 1
	}
	for panel in "Overcommit by host" "Free by host" "Guests lack, by host" "Each host"; do
		same "$(answers "$panel")" $HOSTS "hosts in $panel" || return 1
	done
	same "$(answers "Each host" H)" $HOSTS "ages in Each host"
}

@test "Prometheus finds all of them by the file, and the Fleet dashboard has an answer to each query" {
	local start
	# A scrape that a busy machine keeps waiting is a host that doesn't answer, for that second.
	wait_until 60 fleet_answers
	start=$EPOCHREALTIME
	ask_all "$FLEET"
	printf '%d queries of the Fleet dashboard over %d hosts and %d guests: %.2f s\n' "$(wc -l <"$HOST_DIR/asked")" $HOSTS \
		"$(promql 'sum(xenballoon_host_domains)')" "$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')" | show
	grep -qE "^fleet.variable.instance..$HOSTS" "$HOST_DIR/asked"
}

# one TITLE: the value of that panel, for all hosts.
one() {
	promql "$(jq -r --arg title "$1" '.panels[] | select(.title == $title) | .targets[0].expr' "$FLEET" |
		sed 's/\$__range/5m/g; s/\$job/xenballoon/g; s/\$instance/.+/g')"
}

# fleet_is HOSTS MISSING
fleet_is() {
	same "$(one Hosts)" "$1" hosts && same "$(one "Hosts that do not answer")" "$2" "hosts that do not answer"
}

sums_up() {
	fleet_is $HOSTS 0 && same "$(one Guests)" $((17 * 2 + 17 * 3 + 16)) guests &&
		same "$(promql 'sum(xenballoon_host_memory_total_bytes) / 1048576')" $((1000 * HOSTS + HOSTS * (HOSTS + 1) / 2)) MiB
}

@test "what it sums up is what the hosts are" {
	wait_until 30 sums_up
}

@test "an agent that ends is told apart from the others" {
	end_process agent3
	wait_until 30 fleet_is $((HOSTS - 1)) 1
}

targets() {
	same "$(curl -fsS "$PROMETHEUS/api/v1/targets" | jq '.data.activeTargets | length')" "$1" targets
}

@test "a host that leaves the file leaves the fleet, without a reload" {
	# shellcheck disable=SC2046 # a word for each
	scrape_targets $(addresses 6)
	wait_until 60 targets $((HOSTS - 5))
	wait_until 30 fleet_is $((HOSTS - 5)) 0
}

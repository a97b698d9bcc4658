#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Every query of every panel, variable and annotation of the Grafana dashboards, asked of a real
# Prometheus that scraped a host of fifteen guests: none is refused, none comes back empty. The table
# of them is a part of the output.

load lib.bash
load tls.bash
load prometheus.bash

GRAFANA=$ROOT/dashboards/grafana

setup_file() {
	FROM=$(date +%s)
	export FROM
	host_new
	write_script >"$HOST_DIR/script"
	bed_start --guests 15 --host-mib 2304 --memory-mib 124 --script "$HOST_DIR/script" \
		--daemon "$BUILD/xenballoon-guest"
	tls_prepare
	over_tls
	agent_start http.metrics=viewer "http.web_config=$HOST_DIR/tls/web.config.yml"
	scrape_targets "127.0.0.1:$HTTP_PORT"
	prometheus_start
	wait_until 30 promql 'up == 1'
	steer
	wait_until 60 guests_are_seen
}

teardown_file() {
	host_down
}

# A day of a small host, of which a minute is seen.
write_script() {
	cat <<-'EOT'
		guest web1   512     swap=128
		guest web2   512 pvh swap=128
		guest web3   512     swap=128
		guest db1    512 pvh swap=128
		guest db2    512     swap=128
		guest mail1  512     swap=128
		guest build1 512 pvh swap=128
		guest build2 512     swap=128
		guest cache1 512     swap=128
		guest shop1  512 pvh swap=128
		guest wiki1  512     swap=128
		guest dev1   512
		guest dev2   512 pvh swap=128 daemon=no poster=no
		guest log1   512     swap=128
		guest old1   512     daemon=no poster=no
		at 0 web1   burst 5 60 20
		at 0 web2   idle
		at 0 web3   burst 20 60 15
		at 0 db1    steady 40
		at 0 db2    ramp 0 80 20
		at 0 build1 burst 10 80 30
		at 0 cache1 steady 60
		at 0 shop1  steady 60
		at 0 log1   ramp 40 0 30
	EOT
}

# Some guests size themselves; shop1 wants more than dom0 lets it have; dev2 says what it
# wants and does nothing for it; somebody asks for what is not allowed.
steer() {
	local guest
	wait_until 30 metric domain_memory_wanted_bytes shop1
	for guest in web1 web2 db1 cache1 build1; do
		selfballoon $guest true >/dev/null
	done
	wait_until 20 dev2_reports
	selfballoon dev2 true >/dev/null
	expect 403 POST /api/v1/domains/web1/target '{"target_kib": 131072}' viewer >/dev/null
}

dev2_reports() {
	env "$(bed guest-env dev2)" xenstore-write memory/stats "v=1 seq=$SECONDS wanted=92160"
}

# What the panels are about has happened, and Prometheus has looked often enough to have seen it.
guests_are_seen() {
	dev2_reports
	promql 'xenballoon_domain_state{domain="dev2", state="stuck"} == 1' &&
		promql 'xenballoon_domain_memory_wanted_bytes{domain="shop1"} - xenballoon_domain_memory_cap_bytes > 0' &&
		promql 'xenballoon_domain_memory_selftarget_bytes{domain="web1"}' &&
		promql 'count_over_time(up[5m]) >= 20'
}

metric() {
	http GET /metrics "" viewer | awk -v name="xenballoon_$1" -v domain="${2-}" '
	{ split($1, part, "{") }
	part[1] == name && index($0, "domain=\"" domain "\"") { print $NF; found = 1 }
	END { exit !found }'
}

@test "the example configuration scrapes over TLS with a token, and needs it" {
	same "$(promql 'up{job="xenballoon"}')" 1
	expect 401 GET /metrics >/dev/null
	curl -fsS "$PROMETHEUS/api/v1/targets" | jq -e '.data.activeTargets | length == 1 and .[0].health == "up"
		and (.[0].scrapeUrl | startswith("https://"))'
}

@test "each query of each dashboard has an answer" {
	local name
	ask_all domain=web1 "$GRAFANA"/{fleet,host,guest}.json || {
		awk -F '\t' '$5 !~ /^[0-9]+$/' "$HOST_DIR/asked"
		return 1
	}
	{
		printf 'dashboard\tkind\tpanel\t\tseries\tquery\n'
		cut -f 1-6 "$HOST_DIR/asked"
	} | awk -F '\t' '{ printf "%-9s %-10s %-28s %-2s %6s  %.150s\n", $1, $2, $3, $4, $5, $6 }' | show
	for name in fleet host guest; do
		same "$(cut -f 1,2 "$HOST_DIR/asked" | grep -c "^$name.panel")" \
			"$(jq '[.panels[].targets | length] | add' "$GRAFANA/$name.json")" "queries of $name"
	done
}

# answers TITLE [REF]: how many series that query of the host's dashboard had.
answers() {
	awk -F '\t' -v title="$1" -v ref="${2:-A}" '$1 == "host" && $3 == title && $4 == ref { print $5 }' "$HOST_DIR/asked"
}

@test "what comes back is what there is: a series for each guest" {
	same "$(answers "Who has the memory" B)" 15 "guests that hold memory"
	same "$(answers "What each guest is up to")" 15 "guests with a state"
	same "$(answers "Each guest")" 15 "rows of the table"
	same "$(answers "Pressure by guest")" 13 "guests that report pressure"
	same "$(answers "Agent: memory")" 1 "agents"
}

@test "a query that is wrong or has no answer is told" {
	jq '.panels = [.panels[2]] | .panels[0].targets = [
		.panels[0].targets[0] + {expr: "sum("},
		.panels[0].targets[0] + {refId: "B", expr: "xenballoon_nothing"}]' "$GRAFANA/fleet.json" >"$BATS_TEST_TMPDIR/bad.json"
	run ask_all "$BATS_TEST_TMPDIR/bad.json"
	same "$status" 1 status
	grep -q "panel.Guests.A.*parse error" "$HOST_DIR/asked"
	grep -q "panel.Guests.B.EMPTY" "$HOST_DIR/asked"
}

# rules TYPE JQ-FILTER
rules() {
	curl -fsS -m 10 "$PROMETHEUS/api/v1/rules?type=$1" | jq -r ".data.groups[].rules[] | $2"
}

# alerted NAME: the guests that it is about, those that wait included.
alerted() {
	rules alert "select(.name == \"$1\") | .alerts[].labels.domain"
}

@test "each rule can be judged, and each that records has a series" {
	local name
	same "$(rules record .health | sort -u) $(rules alert .health | sort -u)" "ok ok"
	for name in $(rules record .name); do
		promql "$name"
	done
}

@test "alerts see the guest that is capped and the one that is stuck" {
	wait_until 30 guests_are_seen
	same "$(alerted XenballoonGuestCapped | grep -E 'shop1|mail1|cache1')" shop1
	contains "$(alerted XenballoonGuestStuck)" dev2
}

@test "an agent that goes away is counted, and told" {
	agent_stop
	wait_until 20 promql 'up{job="xenballoon"} == 0'
	same "$(promql 'sum((1 - up{job="xenballoon"}) and on (job, instance) last_over_time(xenballoon_store_up[5m]))')" 1
	wait_until 20 missed
}

missed() {
	same "$(rules alert 'select(.name == "XenballoonAgentDown") | .alerts | length')" 1 alerts
}

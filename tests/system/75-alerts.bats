#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What Prometheus is given: an example that its own tool takes, rules, and alerts of which each is
# shown to fire, to keep quiet when it should, and to have a section in the runbooks.

load lib.bash

FOLDER=$ROOT/dashboards/prometheus

# Each alert's name, in the order of the file.
alerts() {
	sed -n 's/^ *- alert: //p' "$FOLDER/alerts.yml"
}

# installed: the folder as it would lie in /etc/prometheus/xenballoon, with what sites add to it.
installed() {
	local folder=$BATS_TEST_TMPDIR/prometheus
	mkdir -p "$folder"
	cp -r "$FOLDER/." "$folder"
	sed -i "s|/etc/prometheus/xenballoon|$folder|" "$folder/prometheus.yml"
	echo secret >"$folder/token"
	: >"$folder/ca.pem"
	echo "$folder"
}

@test "promtool takes the example, what it names included" {
	local folder
	folder=$(installed)
	run promtool check config "$folder/prometheus.yml"
	same "$status" 0 "$output"
	contains "$output" "4 rules found"
	contains "$output" "SUCCESS: $folder/prometheus.yml is valid"
	# That it looks at the hosts of the fleet, too.
	echo "- targets: no-list" >"$folder/targets/bad.yml"
	run promtool check config "$folder/prometheus.yml"
	same "$status" 1 "status with a bad list of hosts"
}

@test "promtool finds nothing to say about the rules" {
	run promtool check rules --lint=all --lint-fatal "$FOLDER/recording.yml" "$FOLDER/alerts.yml"
	same "$status" 0 "$output"
}

@test "each alert fires when it should and not before" {
	run promtool test rules "$FOLDER/rules_test.yml"
	same "$status" 0 "$output"
}

# failed_with AWK-PROGRAM...: which of the rules' tests fail with alerts.yml changed by it, a line each.
failed_with() {
	local folder=$BATS_TEST_TMPDIR/changed
	mkdir -p "$folder"
	cp "$FOLDER/recording.yml" "$FOLDER/rules_test.yml" "$folder"
	awk "$@" "$FOLDER/alerts.yml" >"$folder/alerts.yml"
	promtool check rules "$folder/alerts.yml" >&2
	if promtool test rules "$folder/rules_test.yml" >"$folder/log" 2>&1; then
		echo "the tests pass with rules that are wrong" >&2
		return 1
	fi
	sed -n 's/^ *name: \(.*\),$/\1/p' "$folder/log" | sort -u
}

# Puts another expression in place of each.
INSTEAD='/^        [a-z]+:/ { inside = $1 == "expr:" }
	inside { if ($1 == "expr:") print "        expr: " with; next } { print }'

@test "the tests notice an alert that never fires" {
	between "$(alerts | wc -l)" 10 99 alerts
	same "$(failed_with -v with='absent(up) and up' "$INSTEAD")" "$(alerts | sed 's/$/ fires/' | sort)"
}

@test "the tests notice an alert that always fires" {
	local failed alert
	failed=$(failed_with -v with='vector(1)' "$INSTEAD")
	for alert in $(alerts); do
		grep -qE "^$alert (is quiet|waits)" <<<"$failed"
	done
}

@test "the tests notice an alert that does not wait" {
	# The quiet tests of the others are about what they look at.
	same "$(failed_with '$1 == "for:" { $0 = "        for: 0s" } { print }' | cut -d' ' -f1 | sort -u)" \
		"$(alerts | grep -E 'MemoryLow|HostFull|Stuck|Silent|GuestRefused|GuestPressure|AgentDown|StoreDown|SnapshotOld|AuditDown|ReloadFailed|CertificateExpires' | sort)"
}

# The anchor that a heading has where Markdown is shown.
anchors() {
	sed -n 's/^## //p' "$FOLDER/runbooks.md" | tr '[:upper:] ' '[:lower:]-'
}

@test "each alert has its section in the runbooks, by its own address, and each section an alert" {
	local alert
	same "$(sed -n 's/^## //p' "$FOLDER/runbooks.md")" "$(alerts)" sections
	same "$(sed -n 's/^ *runbook_url: runbooks.md#//p' "$FOLDER/alerts.yml")" "$(anchors)" addresses
	for alert in $(alerts); do
		same "$(awk -v alert="$alert" '/^## / { mine = $2 == alert } mine' "$FOLDER/runbooks.md" |
			grep -cE '^\*\*(Means|Do)\.\*\*')" 2 \
			"what it means and what to do: $alert"
	done
	grep -oE '\]\(#[a-z]+\)' "$FOLDER/runbooks.md" | tr -d '](#)' | while read -r anchor; do
		anchors | grep -qx "$anchor"
	done
}

# What the agent shows that says that something is broken, however it is.
@test "each metric of the agent's own health and each state of trouble has its alert" {
	local name
	for name in $(grep -oE 'PROMETHEUS_PREFIX "[a-z_]*(_up|_successful|_lost_total|_damaged|_timestamp_seconds)"' \
		"$ROOT/exporter/prometheus_agent.c" | sed 's/.* "\(.*\)"/\1/') snapshot_age_seconds; do
		grep -qE "^ +expr: .*xenballoon_$name|^ +xenballoon_$name" "$FOLDER/alerts.yml"
	done
	# Those that `check` warns of; a guest that starves waits for memory.
	# shellcheck disable=SC2013 # words without blanks
	for name in $(sed -n 's/.*{ "\([a-z_]*\)", UNIT_GUESTS.*{ "0" }.*/\1/p' "$ROOT/control/cli/measure.c"); do
		[ "$name" != starving ] || name=pressure_ratio
		grep -qE "state=~?\"[a-z|]*$name|_$name >" "$FOLDER/alerts.yml"
	done
	same "$name" crashed "the last of them"
}

@test "each alert says how bad it is, and names what it is about" {
	same "$(grep -cE '^ *severity: (critical|warning|info)$' "$FOLDER/alerts.yml")" "$(alerts | wc -l)" severities
	# shellcheck disable=SC2016 # Prometheus' own
	same "$(grep -cF '$labels.instance' "$FOLDER/alerts.yml")" "$(alerts | wc -l)" "summaries that name the host"
}

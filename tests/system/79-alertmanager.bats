#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The loop that Alertmanager closes: a guest wants more than it may have, Prometheus' alert fires,
# Alertmanager hands it to the receiver, and the receiver has the agent turn selfballooning on, as a
# principal that is bound to some guests. And what the receiver refuses.

load lib.bash
load tls.bash
load prometheus.bash

FOLDER=$ROOT/dashboards/alertmanager
RECEIVER=$FOLDER/xenballoon-alert-receiver
ALERTMANAGER=$ROOT/build/debs/prometheus-alertmanager/usr/bin

setup_file() {
	host_new
	tls_prepare
	over_tls
	TOKEN=$(secret)
	export TOKEN
	printf 'alerts operator %s domains=shop*\n' "$(printf %s "$TOKEN" | sha256sum | cut -d' ' -f1)" >>"$HOST_DIR/principals"
	printf 'guest %s 512 memory=124 swap=128\n' shop1 db1 idle1 >"$HOST_DIR/script"
	printf 'at 0 %s steady 60\n' shop1 db1 >>"$HOST_DIR/script"
	bed_start --guests 3 --host-mib 2048 --script "$HOST_DIR/script" --daemon "$BUILD/xenballoon-guest"
	agent_start "http.web_config=$HOST_DIR/tls/web.config.yml"
	INSTANCE=127.0.0.1:$HTTP_PORT
	export INSTANCE
	receiver_start
	alertmanager_start
	scrape_targets "$INSTANCE"
	sed -i 's/for: .*/for: 0s/' "$HOST_DIR/prometheus/alerts.yml"
	prometheus_start "s/localhost:9093/127.0.0.1:$ALERTMANAGER_PORT/"
}

teardown_file() {
	host_down
}

receiver_start() {
	mkdir -p "$HOST_DIR/alerts"
	printf '%s\n' "$TOKEN" >"$HOST_DIR/alerts/token"
	secret >"$HOST_DIR/alerts/secret"
	printf '# the only host\n%s https://%s %s %s\n' "$INSTANCE" "$INSTANCE" "$HOST_DIR/alerts/token" \
		"$HOST_DIR/tls/ca.crt" >"$HOST_DIR/alerts/agents"
	RECEIVER_PORT=$(free_port tcp)
	export RECEIVER_PORT
	start receiver "$RECEIVER" --agents "$HOST_DIR/alerts/agents" --secret-file "$HOST_DIR/alerts/secret" \
		--listen "127.0.0.1:$RECEIVER_PORT"
	wait_until 20 port_taken tcp "$RECEIVER_PORT"
}

# It looks for its templates where the package would have them if it was installed. A copy of it looks in
# a folder whose name is as long.
alertmanager_program() {
	local share=/usr/share/prometheus/alertmanager own=$HOST_DIR/templates
	while [ ${#own} -lt ${#share} ]; do
		own+=x
	done
	same ${#own} ${#share} "length of $own" || return 1
	cp -r "${ALERTMANAGER%/usr/bin}$share" "$own"
	LC_ALL=C sed "s|$share|$own|g" "$ALERTMANAGER/prometheus-alertmanager" >"$HOST_DIR/alertmanager.program"
	chmod +x "$HOST_DIR/alertmanager.program"
	exec "$HOST_DIR/alertmanager.program" "$@"
}

# The example, in a hurry, that repeats itself and tells of what has resolved, too.
alertmanager_start() {
	sed -e "s|/etc/xenballoon/alerts|$HOST_DIR/alerts|; s|127.0.0.1:10048|127.0.0.1:$RECEIVER_PORT|" \
		-e 's/\(group_wait\|group_interval\|repeat_interval\): .*/\1: 1s/; s/send_resolved: false/send_resolved: true/' \
		"$FOLDER/alertmanager.yml" >"$HOST_DIR/alertmanager.yml"
	ALERTMANAGER_PORT=$(free_port tcp)
	export ALERTMANAGER_PORT
	start alertmanager alertmanager_program --config.file="$HOST_DIR/alertmanager.yml" \
		--storage.path="$HOST_DIR/alertmanager" --web.listen-address="127.0.0.1:$ALERTMANAGER_PORT" \
		--cluster.listen-address= --log.level=warn
	wait_until 30 curl -fsS -m 2 "http://127.0.0.1:$ALERTMANAGER_PORT/-/ready"
}

# uuid GUEST
uuid() {
	http GET "/api/v1/domains/$1" "" viewer | jq -er .uuid
}

selfballoons() {
	same "$(store_read "/local/domain/$(domid "$1")/memory/selfballoon")" "$2" "selfballoon of $1"
}

# decided GUEST JQ-FILTER: how many of the receiver's requests about it ended so.
decided() {
	audit_lines ".principal == \"alerts\" and .name == \"$1\" and ($2)"
}

# decisions: of all that the receiver asked for.
decisions() {
	audit_lines '.principal == "alerts"'
}

@test "amtool takes the example" {
	run "$ALERTMANAGER/amtool" check-config "$FOLDER/alertmanager.yml"
	same "$status" 0 "$output"
}

@test "the example sends the two alerts to the receiver, and people what they should know" {
	local route=("$ALERTMANAGER/amtool" config routes test --config.file="$FOLDER/alertmanager.yml")
	same "$("${route[@]}" alertname=XenballoonGuestCapped severity=warning)" "selfballoon,people"
	same "$("${route[@]}" alertname=XenballoonGuestHoldsUnused severity=info)" "selfballoon,nobody"
	same "$("${route[@]}" alertname=XenballoonAgentDown severity=critical)" people
	same "$(grep -oE 'Xenballoon[A-Za-z]+' "$FOLDER/alertmanager.yml" | sort -u |
		grep -vxE 'Xenballoon(Guest|Host)' | grep -vxFf <(sed -n 's/^ *- alert: //p' "$ROOT/dashboards/prometheus/alerts.yml"))" "" \
		"alerts that are none"
	same "$(sed -n 's/^ACTS_ON = ("\(.*\)", "\(.*\)")/\1|\2/p' "$RECEIVER")" \
		"$(sed -n 's/.*alertname=~"\(XenballoonGuestC[^"]*\)".*/\1/p' "$FOLDER/alertmanager.yml")" "alerts that it acts on"
}

notified() {
	curl -fsS "http://127.0.0.1:$ALERTMANAGER_PORT/metrics" |
		awk '/^alertmanager_notifications_total{.*webhook/ { sum += $NF } END { exit sum < '"$1"' }'
}

# Prometheus sees no reason any more, and Alertmanager has been told.
resolved() {
	! promql "ALERTS{alertname=\"XenballoonGuestCapped\", domain=\"$1\"}" &&
		curl -fsS "http://127.0.0.1:$ALERTMANAGER_PORT/api/v2/alerts?filter=domain=$1" | jq -e 'length == 0'
}

@test "an alert fires, and the guest sizes itself; the audit says who did it" {
	wait_until 60 selfballoons shop1 1
	wait_until 5 same_decided shop1 '.result == "ok" and .action == "selfballoon" and .role == "operator"' 1
	jq -c 'select(.principal == "alerts" and .name == "shop1")' "$HOST_DIR/audit.log" | sed 's/^/# /' >&3
	# Its cap is gone, so it has grown.
	wait_until 20 grown shop1
}

grown() {
	(($(metric_kib domain_memory_allocated_bytes "$1") > 150 * 1024))
}

same_decided() {
	same "$(decided "$1" "$2")" "$3" "decisions about $1"
}

@test "a guest that the token is not for is left alone, and refused once" {
	wait_until 30 same_decided db1 '.result == "forbidden"' 1
	run selfballoons db1 1
	[ "$status" -ne 0 ]
	# Alertmanager goes on telling; nothing is asked again.
	wait_until 30 notified 6
	same "$(decided db1 true)" 1 "requests about db1"
	same "$(decided idle1 true)" 0 "requests about a guest without alert"
}

@test "what resolves changes nothing, what fires anew is acted on anew" {
	wait_until 60 resolved shop1
	selfballoons shop1 1
	same "$(decided shop1 true)" 1 "requests about shop1"
	selfballoon shop1 false >/dev/null
	target shop1 131072 >/dev/null
	wait_until 60 same_decided shop1 '.result == "ok"' 2
	selfballoons shop1 1
	end_process prometheus
	end_process alertmanager KILL
}

# post [CURL-OPTION...]: to the receiver, with its secret; prints body and status.
post() {
	curl -sS -m 15 -w ' %{http_code}' -H "Authorization: Bearer $(cat "$HOST_DIR/alerts/secret")" "$@" \
		"http://127.0.0.1:$RECEIVER_PORT/alerts"
}

# message JQ-FILTER: what Alertmanager would say of shop1, changed.
message() {
	jq -nc --arg instance "$INSTANCE" --arg uuid "$(uuid shop1)" '{version: "4", status: "firing", alerts: [
		{status: "firing", startsAt: "2026-01-01T00:00:00Z", labels: {
			alertname: "XenballoonGuestCapped", instance: $instance, domain: "shop1", uuid: $uuid}}]}
		| '"$1"
}

@test "the receiver refuses who does not show its secret, and what is no message" {
	local before
	before=$(decisions)
	contains "$(message . | curl -sS -w ' %{http_code}' --data-binary @- "http://127.0.0.1:$RECEIVER_PORT/alerts")" " 401"
	contains "$(message . | post -H "Authorization: Bearer x" --data-binary @-)" " 401"
	while read -r status body; do
		contains "$(post --data-binary "$body")" " $status"
	done <<-'EOT'
		400 no JSON
		400 []
		400 {"version": "3", "alerts": []}
		400 {"version": "4", "alerts": {}}
		400 {"version": "4", "alerts": [1]}
		400 {"version": "4", "alerts": [{"labels": []}]}
		200 {"version": "4", "alerts": [{"labels": {}}]}
		200 {"version": "4", "alerts": []}
	EOT
	contains "$(jq -nc '{version: "4", alerts: [range(1001) | {labels: {}}]}' | post --data-binary @-)" " 400"
	contains "$(yes '[' | head -n 200000 | tr -d '\n' | post --data-binary @-)" " 400"
	contains "$(head -c 1100000 /dev/zero | post --data-binary @-)" " 400"
	contains "$(message . | post -H 'Transfer-Encoding: chunked' --data-binary @-)" " 400"
	contains "$(message . | post -H 'Content-Length: 5' -H 'Content-Length: 6' --data-binary @-)" " 400"
	contains "$(post -X GET)" " 501"
	same "$(decisions)" "$before" "decisions"
}

@test "it acts on nothing but what it knows" {
	local before change
	before=$(decisions)
	while read -r change; do
		same "$(message "$change" | post --data-binary @-)" '{"asked": 0, "failed": 0}'$'\n 200' "$change"
	done <<-'EOT'
		.alerts[].status = "resolved"
		.alerts[].labels.alertname = "XenballoonHostMemoryLow"
		.alerts[].labels.alertname = ["XenballoonGuestCapped"]
		.alerts[].labels.instance = "127.0.0.1:1"
		.alerts[].labels.instance = "http://127.0.0.1/"
		.alerts[].labels.uuid = "all"
		.alerts[].labels.uuid = null
		.alerts[].labels |= del(.uuid, .domain)
		.alerts[].labels |= (del(.uuid) | .domain = "")
		.alerts[].labels |= (del(.uuid) | .domain = "a\nb")
		.alerts[].labels |= (del(.uuid) | .domain = "x" * 256)
	EOT
	same "$(decisions)" "$before" "decisions"
	[ "$(grep -c "no agent is listed for instance" "$HOST_DIR/receiver.log")" -ge 2 ]
}

# Connections that send a byte now and then, as many as there may be.
dribble() {
	python3 -c 'import socket, sys, time
clients = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(8)]
while True:
	for client in clients:
		client.send(b"P")
	time.sleep(0.2)' "$RECEIVER_PORT"
}

served() {
	contains "$(message '.alerts = []' | post --data-binary @-)" " 200"
}

@test "clients that send slowly are cut off, however many they are" {
	start dribble dribble
	wait_until 10 test -s "$HOST_DIR/dribble.exit"
	wait_until 10 served
}

@test "an alert told twice, in one message and in two, is one request" {
	local before
	before=$(decided shop1 true)
	contains "$(message '.alerts += .alerts' | post --data-binary @-)" '"asked": 1, "failed": 0'
	contains "$(message . | post --data-binary @-)" '"asked": 0, "failed": 0'
	contains "$(message '.alerts[].startsAt = "2026-01-02T00:00:00Z"' | post --data-binary @-)" '"asked": 1, "failed": 0'
	same "$(decided shop1 true)" $((before + 2)) "requests about shop1"
}

@test "without its agent it makes Alertmanager try again, until it is done" {
	message '.alerts[].startsAt = "2026-02-01T00:00:00Z"' >"$BATS_TEST_TMPDIR/message"
	agent_stop
	same "$(post --data-binary "@$BATS_TEST_TMPDIR/message")" '{"asked": 1, "failed": 1}'$'\n 503'
	agent_start "http.web_config=$HOST_DIR/tls/web.config.yml"
	wait_until 20 uuid shop1
	same "$(post --data-binary "@$BATS_TEST_TMPDIR/message")" '{"asked": 1, "failed": 0}'$'\n 200'
	same "$(post --data-binary "@$BATS_TEST_TMPDIR/message")" '{"asked": 0, "failed": 0}'$'\n 200'
}

@test "it says what is wrong with its files, and starts with none that is" {
	local line expected
	while IFS='|' read -r line expected; do
		eval "printf '%s\n' \"$line\"" >"$HOST_DIR/alerts/bad"
		run "$RECEIVER" --check --agents "$HOST_DIR/alerts/bad" --secret-file "$HOST_DIR/alerts/secret"
		same "$status" 1 "status with $line"
		contains "$output" "$expected"
	done <<-'EOT'
		# none|names no agent
		a b|bad:1: must be: instance url token-file [ca-file]
		a http://xen1.example.org:10047 $HOST_DIR/alerts/token|bad:1: http://xen1.example.org:10047: a token over plain HTTP can be overheard
		a ftp://127.0.0.1 $HOST_DIR/alerts/token|must be like https://
		a https://u:p@127.0.0.1 $HOST_DIR/alerts/token|must be like https://
		a https://127.0.0.1 /nowhere|No such file
		a https://127.0.0.1 $HOST_DIR/alerts/token /nowhere|No such file
	EOT
	run "$RECEIVER" --check --agents "$HOST_DIR/alerts/agents" --secret-file /dev/null
	same "$status" 1
	contains "$output" "at least 16 characters"
	run "$RECEIVER" --check --agents "$HOST_DIR/alerts/agents" --secret-file "$HOST_DIR/alerts/secret" --listen localhost:1
	contains "$output" "must be a numeric address and a port"
	"$RECEIVER" --check --agents "$HOST_DIR/alerts/agents" --secret-file "$HOST_DIR/alerts/secret"
}

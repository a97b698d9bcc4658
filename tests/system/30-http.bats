#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# HTTP: what Prometheus takes, what the API says, who may change what, each limit, and requests that
# are no requests. The guests report nothing, so that nobody but the agent writes to the store.
#
# also with: address-undefined thread

load lib.bash

setup_file() {
	host_new
	printf '#!/bin/sh\nexec sleep infinity\n' >"$HOST_DIR/mute"
	chmod +x "$HOST_DIR/mute"
	bed_start --guests 4 --host-mib 2048 --static-max-mib 512 --memory-mib 256 \
		--daemon "$HOST_DIR/mute"
	agent_start
	wait_until 10 guests_are 4
}

teardown_file() {
	host_down
}

guests_are() {
	same "$(http GET /api/v1/domains | jq '.domains | length')" "$1" guests
}

# All that a change could touch: the store, and each guest's cap.
everything() {
	store_ls /local/domain
	bed list --json | jq -c '.[] | [.domid, .cap_kib]'
}

cap_kib() { # NAME
	bed list --json | jq --arg name "$1" '.[] | select(.name == $name) | .cap_kib'
}

counted() { # ACTION RESULT
	http GET /metrics | sed -n \
		"s/^xenballoon_control_requests_total{interface=\"http\",action=\"$1\",result=\"$2\"} //p"
}

# refused STATUS RESULT ACTION PATH BODY TOKEN [JQ-FILTER]: answered so, audited and counted once,
# and the store byte-identical. The filter must hold for the problem document.
refused() {
	local code=$1 result=$2 action=$3 path=$4 body=$5 token=$6 filter=${7-true}
	local before lines count answer
	before=$(everything)
	count=$(counted "$action" "$result")
	lines=$(audit_lines ".interface == \"http\" and .result == \"$result\"")
	answer=$(expect "$code" POST "$path" "$body" "$token")
	jq -e ".status == $code and (.detail | length > 10) and ($filter)" <<<"$answer" >/dev/null || {
		printf 'not as expected (%s): %s\n' "$filter" "$answer"
		return 1
	}
	same "$(everything)" "$before" "store after $path $body"
	same "$(counted "$action" "$result")" $((count + 1)) "count of $action $result"
	same "$(audit_lines ".interface == \"http\" and .result == \"$result\"")" $((lines + 1)) \
		"audit lines of $result"
}

# headers METHOD PATH [CURL-OPTION...]: of the answer, in lower case, without its body.
headers() {
	local method=$1 path=$2
	shift 2
	if [ "$method" = HEAD ]; then set -- --head "$@"; else set -- -X "$method" "$@"; fi
	curl -sS -m 10 -o /dev/null -D - "$@" "$URL$path" | tr -d '\r' |
		sed -E 's/^([A-Za-z-]+):/\L\1:/'
}

# raw TEXT: sent as it is (printf's escapes); prints what comes back until the agent closes.
raw() {
	# shellcheck disable=SC2059 # escapes on purpose
	printf "$1" | timeout 5 socat -t 5 - "TCP:127.0.0.1:$HTTP_PORT"
}

# --- reading ---

@test "both formats are negotiated, and gzip holds the same" {
	contains "$(headers GET /metrics)" "content-type: text/plain; version=0.0.4; charset=utf-8"
	contains "$(headers GET /metrics -H 'Accept: application/openmetrics-text; version=1.0.0')" \
		"content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"
	contains "$(headers GET /metrics -H 'Accept-Encoding: gzip')" "content-encoding: gzip"
	same "$(curl -sS -H 'Accept-Encoding: gzip' "$URL/metrics" | gzip -d | grep ^xenballoon_domain)" \
		"$(curl -sS "$URL/metrics" | grep ^xenballoon_domain)"
	same "$(curl -sS -H 'Accept: application/openmetrics-text' "$URL/metrics" | tail -n 1)" "# EOF"
}

@test "every metric that is promised is there" {
	local name metrics
	metrics=$(http GET /metrics)
	for name in domain_memory_{target,cap,static_max,allocated}_bytes domain_selfballoon_enabled domain_key_errors_total \
		domain_state domain_info host_memory_{total,free,dom0}_bytes host_domains \
		host_memory_{static_max,reclaimable,unmet}_bytes control_requests_total \
		control_audit_entries_total {store,hypervisor}_up snapshot_age_seconds scrape_duration_seconds build_info \
		config_last_reload_successful; do
		grep -qE "^xenballoon_${name}[ {]" <<<"$metrics" || { echo "no sample of $name"; return 1; }
	done
	for name in domain_memory_{actual,minimum,selftarget,committed,available,swap_used,wanted}_bytes \
		domain_memory_{reclaimable,unmet}_bytes domain_memory_pressure_ratio domain_last_report_timestamp_seconds; do
		grep -qE "^# TYPE xenballoon_$name gauge" <<<"$metrics" || { echo "no family $name"; return 1; }
	done
	grep -qE '^process_resident_memory_bytes [0-9]+$' <<<"$metrics"
	same "$(grep -c '^xenballoon_domain_state{domain="guest1".* 1$' <<<"$metrics")" 1 "states of guest1"
	# These guests have never reported: that is no zero.
	same "$(grep -c '^xenballoon_domain_memory_actual_bytes{' <<<"$metrics")" 0 "samples of actual"
}

@test "Prometheus itself takes the scrape" {
	local port
	port=$(free_port tcp)
	cat >"$HOST_DIR/prometheus.yml" <<-EOT
		global: {scrape_interval: 1s}
		scrape_configs: [{job_name: xenballoon, static_configs: [{targets: ["127.0.0.1:$HTTP_PORT"]}]}]
	EOT
	start prometheus prometheus --config.file "$HOST_DIR/prometheus.yml" --log.level error \
		--storage.tsdb.path "$HOST_DIR/tsdb" --web.listen-address "127.0.0.1:$port"
	wait_until 30 prometheus_says "$port" 'up{job="xenballoon"}' 1
	wait_until 10 prometheus_says "$port" 'count(xenballoon_domain_info)' 4
	wait_until 10 prometheus_says "$port" 'sum(xenballoon_domain_state)' 4
	end_process prometheus
}

prometheus_says() { # PORT QUERY VALUE
	same "$(curl -sS --data-urlencode "query=$2" "http://127.0.0.1:$1/api/v1/query" |
		jq -r '.data.result[0].value[1]')" "$3"
}

@test "a guest is found by domid, name and UUID, and shown alike" {
	local id uuid by_id
	id=$(domid guest2)
	by_id=$(expect 200 GET "/api/v1/domains/$id")
	uuid=$(jq -r .uuid <<<"$by_id")
	same "$(expect 200 GET /api/v1/domains/guest2 | jq .domid)" "$id"
	same "$(expect 200 GET "/api/v1/domains/${uuid^^}" | jq .domid)" "$id"
	same "$(jq -r '[.name, .state, .actual_kib, .target_kib] | @csv' <<<"$by_id")" \
		'"guest2","no_agent",,262144'
	same "$(expect 200 GET /api/v1/host | jq .domains)" 4
	expect 404 GET /api/v1/domains/nobody | jq -e '.title == "Not Found"'
	expect 404 GET /api/v1/domains/0
	expect 400 GET /api/v1/domains/%00
}

@test "a name is shown whatever its bytes are, and can be asked for" {
	local id
	id=$(domid guest4)
	store_write "/local/domain/$id/name" $'a/"\xff <b>\n'
	wait_until 10 expect 200 GET '/api/v1/domains/a%2F%22%FF%20%3Cb%3E%0A'
	contains "$(http GET /metrics)" $'domain_info{domain="a/\\"\xef\xbf\xbd <b>\\n",uuid='
	http GET /metrics >"$HOST_DIR/metrics"
	same "$(promtool check metrics <"$HOST_DIR/metrics" 2>&1)" ""
	http GET /api/v1/domains | jq -e ".domains[] | select(.domid == $id) | .name == \"a/\\\"\ufffd <b>\\n\""
	store_write "/local/domain/$id/name" guest4
	wait_until 10 expect 200 GET /api/v1/domains/guest4
}

@test "wrong paths and methods are answered with what would be right" {
	expect 404 GET /nothing
	expect 404 GET /metrics/
	expect 405 DELETE /metrics
	contains "$(headers DELETE /metrics)" "allow: GET, HEAD"
	contains "$(headers GET /api/v1/selfballoon)" "allow: POST"
	contains "$(headers HEAD /metrics)" "content-type: text/plain"
	contains "$(headers GET /nothing)" "content-type: application/problem+json"
}

@test "answers may not be stored, guessed at or run; the index names what there is" {
	local answer
	answer=$(headers GET /)
	contains "$answer" "content-type: text/html; charset=utf-8"
	contains "$answer" "cache-control: no-store"
	contains "$answer" "x-content-type-options: nosniff"
	contains "$answer" "content-security-policy: default-src 'none'"
	contains "$(expect 200 GET /)" 'href="metrics"'
}

@test "the page is for everybody and may load its own files alone; other answers nothing at all" {
	local file
	contains "$(headers GET /)" "script-src 'self'; style-src 'self'; connect-src 'self'"
	[[ $(headers GET /) != *unsafe* ]]
	[[ $(headers GET /api/v1/host) != *"'self'"* ]]
	for file in style.css app.js icon.svg; do
		same "$(expect 200 GET "/page/$file")" "$(cat "$ROOT/exporter/page/$file")" "$file"
	done
	contains "$(headers GET /page/app.js)" "content-type: text/javascript"
	contains "$(headers GET /page/icon.svg)" "content-type: image/svg+xml"
	expect 404 GET /page/nothing
	expect 404 GET /page/..%2froute.c
}

history_has() { # MINIMUM
	http GET /api/v1/history | jq -e ".domains[0].actual_kib | length >= $1" >/dev/null
}

@test "the last 15 minutes: one value of all, all values of one" {
	wait_until 10 history_has 1
	http GET /api/v1/history | jq -e '.interval_s == 10 and (.time | . > 1.7e9) and
		(.domains | length) == 4 and ([.domains[].actual_kib | length] | unique | length) == 1'
	http GET /api/v1/domains/guest2/history | jq -e '.target_kib[-1] == 262144 and
		.allocated_kib[-1] == 262144 and .actual_kib[-1] == null and
		(.pressure_centipercent | length) == (.static_max_kib | length) and has("uuid")'
	expect 404 GET /api/v1/domains/nobody/history
}

# --- changing ---

@test "nobody but the operator changes anything; each try is refused, audited and counted" {
	local id what
	id=$(domid guest1)
	for what in "selfballoon|/api/v1/domains/$id/selfballoon|{\"enabled\": true}" \
		"selfballoon|/api/v1/selfballoon|{\"enabled\": true}" \
		"target|/api/v1/domains/$id/target|{\"target_kib\": 200000}"; do
		IFS='|' read -r action path body <<<"$what"
		refused 401 unauthenticated "$action" "$path" "$body" none
		refused 401 unauthenticated "$action" "$path" "$body" wrong
		refused 401 unauthenticated "$action" "$path" "$body" "${OPERATOR_TOKEN}x"
		refused 401 unauthenticated "$action" "$path" "$body" "${OPERATOR_TOKEN%?}"
		refused 403 forbidden "$action" "$path" "$body" viewer
	done
	contains "$(headers POST /api/v1/selfballoon)" "www-authenticate: Bearer"
	expect 401 POST /-/reload
	expect 403 POST /-/reload "" viewer
	expect 202 POST /-/reload "" operator
	same "$(tail -n 1 "$HOST_DIR/audit.log" | jq -r .address)" 127.0.0.1 address
}

@test "a credential in other clothes is none" {
	local header
	for header in "Authorization: Basic $OPERATOR_TOKEN" "Authorization: $OPERATOR_TOKEN" \
		"Authorization: Bearer" "Authorization: Bearer  " "X-Authorization: Bearer $OPERATOR_TOKEN"; do
		same "$(curl -sS -o /dev/null -w '%{http_code}' -X POST -H "$header" \
			-H 'Content-Type: application/json' -d '{"enabled": true}' \
			"$URL/api/v1/domains/guest1/selfballoon")" 401 "$header"
	done
	same "$(curl -sS -o /dev/null -w '%{http_code}' -X POST -d '{"enabled": true}' \
		-H 'Content-Type: application/json' "$URL/api/v1/selfballoon?token=$OPERATOR_TOKEN")" 401
}

@test "each limit refuses by name, with the value that would pass" {
	local floor
	refused 422 hard_limit target /api/v1/domains/guest1/target '{"target_kib": 524289}' operator \
		'.limit == "static_max" and .would_pass_kib == 524288 and (.forceable | not)'
	refused 422 hard_limit target /api/v1/domains/guest1/target '{"target_kib": 524289, "force": true}' \
		operator '.limit == "static_max"'
	refused 422 hard_limit target /api/v1/domains/guest1/target '{"target_kib": 4095, "force": true}' \
		operator '.limit == "lowest_target" and .would_pass_kib == 172032 and .would_pass == "168M"'
	refused 409 soft_limit target /api/v1/domains/guest1/target '{"target_kib": 50000}' operator \
		'.limit == "minimum" and .forceable'
	floor=$(http POST /api/v1/domains/guest1/target '{"target_kib": 50000}' operator | jq .would_pass_kib)
	refused 409 soft_limit target /api/v1/domains/guest1/target "{\"target_kib\": $((floor - 1))}" \
		operator '.limit == "minimum"'
	expect 200 POST /api/v1/domains/guest1/target "{\"target_kib\": $floor, \"dry_run\": true}" operator
	refused 403 dom0 target /api/v1/domains/0/target '{"target_kib": 200000}' operator
	refused 404 not_found selfballoon /api/v1/domains/nobody/selfballoon '{"enabled": true}' operator
}

@test "a dry run checks and changes nothing" {
	local before
	before=$(everything)
	expect 200 POST /api/v1/domains/guest1/target '{"target_kib": 300000, "dry_run": true}' operator |
		jq -e '.result == "checked" and .dry_run and .before == 262144 and .after == 300000'
	expect 200 POST /api/v1/domains/guest1/selfballoon '{"enabled": true, "dry_run": true}' operator |
		jq -e '.result == "checked"'
	expect 200 POST /api/v1/selfballoon '{"enabled": true, "dry_run": true}' operator |
		jq -e '.requested == 4 and .succeeded == 4'
	same "$(everything)" "$before" store
}

@test "a target is set, with the cap, and read back from all sides" {
	target guest1 300000 | jq -e '.result == "ok" and .before == 262144 and .after == 300000'
	same "$(store_read "/local/domain/$(domid guest1)/memory/target")" 300000
	same "$(cap_kib guest1)" $((300000 + 1024)) cap
	wait_until 2 target_is guest1 300000
	same "$(audit_lines '.action == "target" and .result == "ok" and .principal == "operator" and
		.before == 262144 and .after == 300000')" 1
	# Below the floor, on the operator's own responsibility.
	expect 200 POST /api/v1/domains/guest1/target '{"target_kib": 150000, "force": true}' operator
	target guest1 262144
}

target_is() {
	same "$(http GET "/api/v1/domains/$1" | jq .target_kib)" "$2"
}

@test "while a guest sizes itself, a target is refused; off and on by name, with the cap" {
	selfballoon guest2 true | jq -e '.before != true and .after == true and (.warning | length > 10)'
	same "$(cap_kib guest2)" $((524288 + 1024)) "cap when on"
	refused 409 selfballooning target /api/v1/domains/guest2/target '{"target_kib": 300000}' operator
	selfballoon guest2 false | jq -e '.before == true and .after == false'
	same "$(cap_kib guest2)" $(($(store_read "/local/domain/$(domid guest2)/memory/target") + 1024)) \
		"cap when off"
}

@test "a list is answered one by one, and so are all" {
	local answer
	answer=$(expect 207 POST /api/v1/selfballoon \
		"{\"enabled\": true, \"domains\": [\"guest1\", \"nobody\", \"$(domid guest3)\", \"0\"]}" operator)
	same "$(jq -c '[.requested, .succeeded, .failed, [.answers[].status]]' <<<"$answer")" \
		'[4,2,2,[200,404,200,403]]'
	wait_until 2 switched guest1 true
	wait_until 2 switched guest3 true
	answer=$(expect 200 POST /api/v1/selfballoon '{"enabled": false}' operator)
	same "$(jq -c '[.requested, .succeeded, ([.answers[].name] | sort)]' <<<"$answer")" \
		'[4,4,["guest1","guest2","guest3","guest4"]]'
	wait_until 2 switched guest1 false
	expect 404 POST /api/v1/selfballoon '{"enabled": true, "domains": ["nobody", "none"]}' operator
}

switched() { # NAME true|false
	same "$(http GET "/api/v1/domains/$1" | jq .selfballoon)" "$2"
}

# --- requests that are no requests ---

@test "a body that makes no sense is refused by name" {
	local path=/api/v1/domains/guest1
	refused 400 malformed selfballoon $path/selfballoon '{"enabled": true, "evil": 1}' operator \
		'.detail | contains("\"evil\"")'
	refused 400 malformed selfballoon $path/selfballoon '{"enabled": true, "enabled": false}' operator \
		'.detail | contains("enabled")'
	refused 400 malformed selfballoon $path/selfballoon '{"enabled": "yes"}' operator \
		'.detail | contains("true or false")'
	refused 400 malformed target $path/target '{"target_kib": 1.5}' operator
	refused 400 malformed target $path/target '{"target_kib": -1}' operator
	refused 400 malformed target $path/target '{"target_kib": 99999999999999999999}' operator
	refused 400 malformed target $path/target '{}' operator '.detail | contains("\"target_kib\"")'
	refused 400 malformed target $path/target '{"target_kib": 1' operator
	refused 400 malformed selfballoon /api/v1/selfballoon '{"enabled": true, "domains": []}' operator
}

# status_of CURL-OPTION...: of a POST by the operator to guest1's target.
status_of() {
	curl -sS -m 10 -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $OPERATOR_TOKEN" \
		"$@" "$URL/api/v1/domains/guest1/target"
}

@test "another content type, another site's page and a huge body are refused" {
	local before json=(-H 'Content-Type: application/json') good='{"target_kib": 300000}'
	before=$(everything)
	same "$(status_of -d "$good")" 400 "JSON sent as a form"
	same "$(status_of -H 'Content-Type: text/plain' -d "$good")" 415 text
	same "$(status_of "${json[@]}" -H 'Origin: http://evil.example' -d "$good")" 403 origin
	same "$(status_of "${json[@]}" -H 'Origin: null' -d "$good")" 403 "no origin"
	same "$(status_of "${json[@]}" -H 'Sec-Fetch-Site: cross-site' -d "$good")" 403 "cross-site"
	head -c 65537 /dev/zero | tr '\0' ' ' >"$HOST_DIR/large"
	same "$(status_of "${json[@]}" --data-binary "@$HOST_DIR/large")" 413 length
	same "$(status_of "${json[@]}" -H 'Transfer-Encoding: chunked' \
		--data-binary "@$HOST_DIR/large")" 413 chunked
	same "$(everything)" "$before" store
	same "$(status_of "${json[@]}" -H "Origin: $URL" -d '{"target_kib": 262144}')" 200 own
	same "$(status_of "${json[@]}" -H 'Transfer-Encoding: chunked' -d '{"target_kib": 262144}')" 200
}

@test "shapes that a proxy could read otherwise are refused before anything else, and closed" {
	local before shape body='{"target_kib": 300000}'
	local post="POST /api/v1/domains/guest1/target HTTP/1.1\r\nContent-Type: application/json\r\n"
	local auth="Authorization: Bearer $OPERATOR_TOKEN\r\n" host="Host: x\r\n"
	local plain="Content-Length: 22\r\n" chunks="\r\n16\r\n$body\r\n0\r\n\r\n"
	local chunked="Transfer-Encoding: chunked\r\n"
	before=$(everything)
	while read -r shape; do
		same "$(raw "$shape" | head -n 1 | tr -d '\r')" "HTTP/1.1 400 Bad Request" "$shape"
		# Whatever followed was not answered: the connection was closed.
		same "$(raw "${shape}GET /-/healthy HTTP/1.1\r\n$host\r\n" | grep -c '^HTTP/')" 1 "$shape"
	done <<-EOT
		$post$host$auth$plain$plain\r\n$body
		$post$host$auth$plain$chunked$chunks
		$post$host$auth$chunked$chunked$chunks
		$post$host${auth}Transfer-Encoding: gzip, chunked\r\n$chunks
		$post$host$host$auth$plain\r\n$body
		$post$host$auth$auth$plain\r\n$body
		$post$auth$plain\r\n$body
		$post$host$auth${plain}X-Long: a\r\n b\r\n\r\n$body
		$post$host$auth${plain}X-Long: a\r\n\tb: c\r\n\r\n$body
		$post$host$auth${plain}Transfer-Encoding:\r\n chunked\r\n\r\n$body
		$post$host$auth${plain}Transfer-Encoding: \r\n chunked\r\n\r\n$body
		$post$host${auth}Content-Length:\r\n 22\r\n\r\n$body
		$post$host${auth}Content-Length: 2\r\n 2\r\n\r\n$body
		$post$host${auth}Content-Length: 22\r\n \r\n\r\n$body
		$post$host${plain}Authorization:\r\n Bearer $OPERATOR_TOKEN\r\n\r\n$body
		$post$host${plain}Authorization: Bearer\r\n\t$OPERATOR_TOKEN\r\n\r\n$body
		$post$auth${plain}Host:\r\n x\r\n\r\n$body
		$post$auth${plain}Host: x\r\n y\r\n\r\n$body
		$post$host$auth${plain}X-Short:\r\n \r\n\r\n$body
		$post$host$auth${plain}X-Short: a\r\n \r\n\r\n$body
	EOT
	# The same, whole, is taken: it was the shape that was refused.
	contains "$(raw "$post$host$auth${plain/22/38}\r\n${body%\}}, \"dry_run\":true}")" \
		"HTTP/1.1 200"
	same "$(everything)" "$before" store
}

@test "nonsense is survived: no HTTP, endless headers, half a request" {
	raw '\001\002\003\377\000\r\n\r\n' >/dev/null
	raw 'GET\r\n\r\n' >/dev/null
	raw "POST /api/v1/selfballoon HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n" \
		>/dev/null
	head -c 2000000 /dev/zero | tr '\0' a >"$HOST_DIR/endless"
	(printf 'GET / HTTP/1.1\r\nX: ' && cat "$HOST_DIR/endless") |
		timeout 5 socat -t 1 - "TCP:127.0.0.1:$HTTP_PORT" >/dev/null 2>&1 || true
	same "$(curl -sS -o /dev/null -w '%{http_code}' -H "X: $(head -c 20000 "$HOST_DIR/endless")" \
		"$URL/metrics")" 431
	printf 'GET / HT' | timeout 5 socat -u - "TCP:127.0.0.1:$HTTP_PORT" || true
	expect 200 GET /-/healthy
}

@test "hundreds of connections that say nothing do not keep a scrape out" {
	start idle python3 -c "
import socket, time
held = [socket.create_connection(('127.0.0.1', $HTTP_PORT)) for _ in range(400)]
for one in held: one.send(b'GET /metrics HTTP/1.1\r\nX-')
open('$HOST_DIR/held', 'w').close()
time.sleep(60)"
	wait_until 20 test -e "$HOST_DIR/held"
	for _ in {1..5}; do
		expect 200 GET /metrics >/dev/null
	done
	end_process idle KILL
}

# --- when the store does not answer ---

age_above() {
	awk -v age="$(metric snapshot_age_seconds)" -v limit="$1" 'BEGIN { exit !(age > limit) }'
}

@test "a stalled store: 503 with Retry-After in time, one by one too; a client that leaves harms nothing" {
	local answer
	bed xenstored stop
	wait_until 10 age_above 1
	curl -sS -m 0.3 -o /dev/null -X POST -H "Authorization: Bearer $OPERATOR_TOKEN" \
		-H 'Content-Type: application/json' -d '{"enabled": true}' \
		"$URL/api/v1/domains/guest1/selfballoon" || true
	answer=$(curl -sS -m 6 -i -X POST -H "Authorization: Bearer $OPERATOR_TOKEN" \
		-H 'Content-Type: application/json' -d '{"enabled": true}' "$URL/api/v1/selfballoon")
	contains "$answer" "HTTP/1.1 503"
	contains "$answer" "Retry-After: 5"
	contains "$answer" '"requested":4,"succeeded":0,"failed":4'
	expect 200 GET /metrics >/dev/null
	bed xenstored cont
	wait_until 5 expect 200 POST /api/v1/domains/guest1/target '{"target_kib": 262144, "dry_run": true}' operator
	# What nobody waited for any more has not been done.
	same "$(http GET /api/v1/domains | jq '[.domains[] | select(.selfballoon == true)] | length')" 0
}

@test "the agent ends in time while a request waits" {
	bed xenstored stop
	wait_until 10 age_above 1
	start waiting curl -sS -m 20 -X POST -H "Authorization: Bearer $OPERATOR_TOKEN" \
		-H 'Content-Type: application/json' -d '{"enabled": true}' "$URL/api/v1/selfballoon"
	kill -TERM "$(agent_pid)"
	sleep 0.2
	bed xenstored cont
	wait_until 10 test -s "$HOST_DIR/agent.exit"
	same "$(cat "$HOST_DIR/agent.exit")" 0 "exit status of the agent"
	wait_until 10 test -s "$HOST_DIR/waiting.exit"
	agent_start
}

# --- where it may listen ---

@test "tokens and an address that other hosts can reach do not go together" {
	agent_stop
	agent_config "http.listen=0.0.0.0:$HTTP_PORT"
	run agent_program --config "$HOST_DIR/agent.yml"
	same "$status" 1
	contains "$output" "http.listen is 0.0.0.0:$HTTP_PORT: with http.principal_file set it must be a loopback"
	agent_start "http.listen=0.0.0.0:$HTTP_PORT" http.principal_file=
	expect 200 GET /metrics >/dev/null
	expect 401 POST /api/v1/domains/guest1/selfballoon '{"enabled": true}' operator
	# Nor can a reload bring them together.
	agent_config "http.listen=0.0.0.0:$HTTP_PORT"
	agent_reload
	wait_until 5 metric_is config_last_reload_successful 0
	expect 401 POST /api/v1/domains/guest1/selfballoon '{"enabled": true}' operator
	agent_stop
	agent_start
}

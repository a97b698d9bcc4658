#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Basic auth by web.config.yml, and who tries passwords and tokens: they are slowed, the right ones
# are not, and no scrape waits for a bcrypt.
#
# also with: thread

load lib.bash

setup_file() {
	host_new
	mkdir -p "$HOST_DIR/tls"
	{
		echo "alice operator basic"
		echo "gone operator basic"
		echo "late operator basic expires=2020-01-01T00:00:00Z"
	} >>"$HOST_DIR/principals"
	users >"$HOST_DIR/tls/web.config.yml"
	bed_start --guests 1
	agent_start "http.web_config=$HOST_DIR/tls/web.config.yml"
}

teardown_file() {
	host_down
}

# bcrypt of "example", cost 4; that of slow, cost 10, takes some 60 ms.
users() {
	cat <<-'EOT'
		basic_auth_users:
		  alice: $2y$04$pOOaU7P2UGTXYmbxBRVyeOUihlixTgel72NVFBP4Zaln6.iV4GLY2
		  prometheus: $2y$04$pOOaU7P2UGTXYmbxBRVyeOUihlixTgel72NVFBP4Zaln6.iV4GLY2
		  late: $2y$04$pOOaU7P2UGTXYmbxBRVyeOUihlixTgel72NVFBP4Zaln6.iV4GLY2
		  operator: $2y$04$pOOaU7P2UGTXYmbxBRVyeOUihlixTgel72NVFBP4Zaln6.iV4GLY2
		  slow: $2y$10$pOOaU7P2UGTXYmbxBRVyeOxj6mVWKZsQn1Xg0veClf6JKUlT7X4GO
	EOT
}

# as USER:PASSWORD METHOD PATH [CURL-OPTION...]: prints body and status.
as() {
	curl -sS -m 20 -u "$1" -X "$2" -w '%{http_code}' "${@:4}" "$URL$3"
}

@test "a user of the file may read; one with a line is what it says; a name has one proof" {
	contains "$(as prometheus:example GET /api/v1/whoami)" '"name":"prometheus","role":"viewer"'
	contains "$(as alice:example GET /api/v1/whoami)" '"name":"alice","role":"operator"'
	contains "$(as alice:example POST /-/reload)" 202
	contains "$(as prometheus:example POST /-/reload)" 403
	contains "$(as late:example GET /api/v1/whoami)" "has expired"
	contains "$(as operator:example GET /api/v1/whoami)" 401
	contains "$(as alice:Example GET /api/v1/whoami)" 401
	contains "$(as gone:example GET /api/v1/whoami)" 401
	grep -q "the proof of gone is basic, but http.web_config has no such user" "$HOST_DIR/agent.log"
	contains "$(as alice: GET /api/v1/whoami)" 401
	contains "$(as "$(printf 'a%.0s' {1..400})":example GET /api/v1/whoami)" 401
	# Known by now, and the same.
	contains "$(as alice:example GET /api/v1/whoami)" '"role":"operator"'
	contains "$(as alice:Example GET /api/v1/whoami)" 401
}

@test "who asks is told how, but no browser is made to ask with a window of its own for a page's script" {
	contains "$(curl -sS -i -X POST "$URL/-/reload")" "Basic realm"
	local answer
	answer=$(curl -sS -i -X POST -H "Sec-Fetch-Dest: empty" "$URL/-/reload")
	contains "$answer" "Bearer realm"
	[[ $answer != *"Basic realm"* ]]
}

@test "what is no Basic is refused as a wrong one" {
	local word
	for word in "" "!" "YWxpY2U" "YWxpY2U6ZXhhbXBsZQ=x" "$(printf 'alice\0:example' | base64)" \
		"$(head -c 3000 /dev/zero | tr '\0' A)"; do
		same "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Basic $word" \
			"$URL/api/v1/whoami")" 401 "$word"
	done
	# Without its padding it is what it was.
	same "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Basic YWxpY2U6ZXhhbXBsZQ" \
		"$URL/api/v1/whoami")" 200
}

@test "the schemes on offer are told" {
	local answer
	answer=$(curl -s -o /dev/null -D - -X POST "$URL/-/reload" | tr -d '\r')
	contains "$answer" 'WWW-Authenticate: Bearer realm="xenballoon"'
	contains "$answer" 'WWW-Authenticate: Basic realm="xenballoon", charset="UTF-8"'
}

@test "a change waits for its password and its body is not lost" {
	local body='{"target_kib": 262144, "dry_run": true}'
	agent_reloaded
	contains "$(as alice:example POST /api/v1/domains/guest1/target -H 'Content-Type: application/json' \
		-H 'Expect: 100-continue' -d "$body")" '"result":"checked"'
	agent_reloaded
	contains "$(as alice:example POST /api/v1/domains/guest1/target -H 'Content-Type: application/json' \
		-d "$body")" '"result":"checked"'
	contains "$(as slow:wrong POST /api/v1/domains/guest1/target -H 'Content-Type: application/json' \
		-d "$body")" 401
}

@test "while passwords are tried, nobody else waits; too many at once are told so" {
	local i
	for i in {1..40}; do
		curl -s -m 20 -o /dev/null -w '%{http_code}\n' -u "slow:guess$i" --interface 127.0.0.$((i % 6 + 2)) \
			"$URL/api/v1/whoami" >>"$HOST_DIR/guesses" &
	done
	wait_until 10 grep -q 503 "$HOST_DIR/guesses"
	# Dozens wait; these have been right before, or need no bcrypt.
	[ "$(wc -l <"$HOST_DIR/guesses")" -lt 40 ]
	contains "$(as alice:example GET /api/v1/whoami)" '"role":"operator"'
	expect 200 GET /api/v1/whoami "" operator
	expect 200 GET /metrics >/dev/null
	wait
	same "$(sort -u "$HOST_DIR/guesses" | tr '\n' ' ')" "401 503 "
}

@test "who tries many is told to wait, longer each time; a right credential passes all the same" {
	local codes answer
	codes=$(for i in {1..30}; do
		curl -s -o /dev/null -w '%{http_code} ' --interface 127.0.0.99 \
			-H "Authorization: Bearer guess$i" "$URL/api/v1/whoami"
	done)
	contains "$codes" "401 401 "
	contains "$codes" "429 429 "
	answer=$(curl -s -D - --interface 127.0.0.99 -H "Authorization: Bearer guess" "$URL/api/v1/whoami")
	contains "$answer" "429 Too Many Requests"
	contains "$answer" "Retry-After: "
	contains "$answer" "a right one passes at any time"
	contains "$(curl -s --interface 127.0.0.99 -H "Authorization: Bearer $OPERATOR_TOKEN" \
		"$URL/api/v1/whoami")" '"role":"operator"'
	contains "$(as alice:example GET /api/v1/whoami --interface 127.0.0.99)" '"role":"operator"'
	contains "$(as prometheus:example GET /api/v1/whoami --interface 127.0.0.99)" '"role":"viewer"'
	# Others are not slowed.
	expect 401 GET /api/v1/whoami "" guess
	grep -q "many wrong credentials from 127.0.0.99; it is told to wait" "$HOST_DIR/agent.log"
	# It grows.
	retry_after() {
		curl -s -o /dev/null -D - --interface 127.0.0.99 -H "Authorization: Bearer guess" \
			"$URL/api/v1/whoami" | tr -d '\r' | sed -n 's/^Retry-After: //p'
	}
	wait_until 20 eval '[ "$(retry_after)" -ge 4 ]'
}

@test "the agent ends in time while passwords wait" {
	local i
	for i in {1..7}; do
		start "guess$i" curl -s -m 20 -o /dev/null -u "slow:late$i" "$URL/api/v1/whoami"
	done
	agent_stop
	agent_start "http.web_config=$HOST_DIR/tls/web.config.yml"
}

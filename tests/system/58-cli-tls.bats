#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The command line over HTTPS: whom it trusts, by what it proves who asks, what it never sends.
# shellcheck disable=SC2154 # bats sets stderr

load lib.bash
load cli.bash
load tls.bash

setup_file() {
	host_new
	PATH=$BUILD:$PATH
	tls_prepare
	bed_start --guests 1
	over_tls
	cli_tokens
	printf '%s\n' 'certop operator certificate' 'prometheus operator basic' >>"$HOST_DIR/principals"
	agent_start "http.web_config=$HOST_DIR/tls/web.config.yml"
	wait_until 10 expect 200 GET /api/v1/domains/guest1
	unset XENBALLOON_URL XENBALLOON_TOKEN_FILE
}

teardown_file() {
	host_down
}


@test "a certificate that nobody vouches for is not spoken to" {
	run -3 --separate-stderr cli --url "$URL" --token-file "$HOST_DIR/operator.token" on guest1
	contains "$stderr" "certificate"
	run -3 --separate-stderr cli --url "$URL" --ca "$HOST_DIR/tls/mallory.crt" list
	run -0 cli --url "$URL" --ca "$HOST_DIR/tls/ca.crt" list
	XENBALLOON_CA=$HOST_DIR/tls/ca.crt run -0 cli --url "$URL" list
	contains "$output" "guest1"
}

@test "by token, by certificate, by password; a wrong one is refused" {
	local ca=(--url "$URL" --ca "$HOST_DIR/tls/ca.crt")
	run -0 cli "${ca[@]}" --token-file "$HOST_DIR/operator.token" on guest1
	run -0 cli "${ca[@]}" --cert "$HOST_DIR/tls/certop.crt" --key "$HOST_DIR/tls/certop.key" off guest1
	run -1 cli "${ca[@]}" --token-file "$HOST_DIR/viewer.token" on guest1
	run -1 cli "${ca[@]}" on guest1
	printf 'nonsense\n' >"$HOST_DIR/password"
	chmod 600 "$HOST_DIR/password"
	run -1 --separate-stderr cli "${ca[@]}" --user prometheus --password-file "$HOST_DIR/password" on guest1
	contains "$stderr" "Name a valid credential"
	printf 'example\n' >"$HOST_DIR/password"
	run -0 cli "${ca[@]}" --user prometheus --password-file "$HOST_DIR/password" off guest1
	run -2 --separate-stderr setsid "$BUILD/xenballoon" "${ca[@]}" --user prometheus list
	contains "$stderr" "--password-file"
	chmod 644 "$HOST_DIR/password"
	run -0 --separate-stderr cli "${ca[@]}" --user prometheus --password-file "$HOST_DIR/password" list
	contains "$stderr" "everyone can read"
}

@test "doctor tells when the certificate ends" {
	run -0 cli doctor --url "$URL" --ca "$HOST_DIR/tls/ca.crt"
	[[ $output =~ ok\ +certificate\ +the\ certificate\ of\ localhost:$HTTP_PORT\ is\ good\ for\ (29|30)\ days ]]
	run -0 on_bed "${CLI[@]}" doctor --socket "$HOST_DIR/agent.sock" --config "$HOST_DIR/agent.yml"
	[[ $output =~ ok\ +certificate\ +the\ certificate\ of\ 127.0.0.1:$HTTP_PORT ]]
	(cd "$HOST_DIR/tls" && openssl x509 -req -in agent.csr -CA ca.crt -CAkey ca.key -days 5 \
		-extfile agent.ext -out agent.new 2>/dev/null && mv agent.new agent.crt)
	wait_until 20 warned
}

warned() {
	local said
	said=$(cli doctor --url "$URL" --ca "$HOST_DIR/tls/ca.crt")
	[[ $said =~ warn\ +certificate\ .*\ is\ good\ for\ [45]\ days ]]
}

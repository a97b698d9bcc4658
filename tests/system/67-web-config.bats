#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# web.config.yml is the exporter-toolkit's: promtool and the agent agree on each file, and what it says of
# versions, suites, curves, headers, rate and users is what clients meet.

load lib.bash
load tls.bash

setup_file() {
	host_new
	tls_prepare
	rsa_certificate
	bed_start --guests 1
	over_tls
	agent_start "http.web_config=$HOST_DIR/tls/web.config.yml"
}

teardown_file() {
	host_down
}

rsa_certificate() (
	cd "$HOST_DIR/tls" || exit 1
	openssl req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.crt -days 30 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
)

# web YAML: is the agent's file from here on.
web() {
	printf '%b' "$1" >"$HOST_DIR/tls/web.config.yml"
	agent_reloaded
}

# The agent's word on a file: takes or refuses.
agent_says() {
	printf 'http:\n  web_config: %s\n' "$1" >"$HOST_DIR/tls/check.yml"
	if "$BUILD/xenballoon-agent" --config "$HOST_DIR/tls/check.yml" --config.check >"$HOST_DIR/said" 2>&1; then
		echo takes
	else
		echo refuses
	fi
}

# promtool's word; nothing of a key or a suite that this version doesn't know, or knows no more.
promtool_says() {
	if promtool check web-config "$1" >"$HOST_DIR/promtool.said" 2>&1; then
		echo takes
	elif ! grep -qE 'field (cert|key|client_ca|client_allowed_sans|rate_limit) not found|unknown cipher: TLS_RSA_' \
		"$HOST_DIR/promtool.said"; then
		echo refuses
	fi
}

@test "promtool and the agent say the same of each file" {
	local pair='tls_server_config:\n  cert_file: agent.crt\n  key_file: agent.key\n'
	local hash='pOOaU7P2UGTXYmbxBRVyeOxj6mVWKZsQn1Xg0veClf6JKUlT7X4GO'
	local word yaml file count=0 promtool_knew=0 said
	while read -r word yaml; do
		file=$HOST_DIR/tls/case.yml
		yaml=${yaml//PAIR/$pair}
		yaml=${yaml//HASH/$hash}
		# shellcheck disable=SC2059 # its \n are meant
		printf "${yaml//%/%%}" >"$file"
		same "$(agent_says "$file")" "$word" "the agent of $yaml: $(cat "$HOST_DIR/said")"
		said=$(promtool_says "$file")
		count=$((count + 1))
		[ -z "$said" ] || promtool_knew=$((promtool_knew + 1))
		same "${said:-$word}" "$word" "promtool of $yaml: $(cat "$HOST_DIR/promtool.said")"
	done <<'EOT'
takes
takes tls_server_config:\n
takes PAIR
takes PAIR  client_auth_type: NoClientCert\n
takes PAIR  client_auth_type: RequestClientCert\n
takes PAIR  client_auth_type: RequireAnyClientCert\n
takes PAIR  client_auth_type: RequireClientCert\n
takes PAIR  client_auth_type: VerifyClientCertIfGiven\n
takes PAIR  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.crt\n
takes PAIR  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: /dev/null\n
takes PAIR  client_auth_type: ""\n
takes PAIR  client_auth_type: RequestClientCert\n  client_allowed_sans: [a, b]\n
refuses PAIR  client_auth_type: Maybe\n
refuses PAIR  client_ca_file: clients.crt\n
refuses PAIR  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: nowhere.crt\n
refuses tls_server_config:\n  cert_file: agent.crt\n
refuses tls_server_config:\n  cert_file: agent.crt\n  key_file: ca.key\n
refuses tls_server_config:\n  cert_file: ""\n  key_file: agent.key\n
refuses tls_server_config:\n  cert_file: nowhere.crt\n  key_file: agent.key\n
refuses tls_server_config:\n  cert_filse: agent.crt\n
takes PAIR  min_version: TLS10\n
takes PAIR  min_version: TLS11\n  max_version: TLS12\n
takes PAIR  min_version: TLS13\n
takes PAIR  min_version:\n
refuses PAIR  min_version: TLS111\n
refuses PAIR  max_version: ""\n
takes PAIR  cipher_suites: []\n
takes PAIR  cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256]\n
takes PAIR  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA]\n
takes PAIR  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n
takes PAIR  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA]\n
takes PAIR  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\n
takes PAIR  cipher_suites: [TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]\n
takes PAIR  cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA, TLS_RSA_WITH_AES_256_GCM_SHA384]\n
refuses PAIR  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA2048]\n
refuses PAIR  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n
takes PAIR  prefer_server_cipher_suites: false\n
takes PAIR  prefer_server_cipher_suites: on\n
refuses PAIR  prefer_server_cipher_suites: "true"\n
takes PAIR  curve_preferences: [CurveP256, CurveP384, CurveP521, X25519]\n
refuses PAIR  curve_preferences: [CurveP257]\n
takes http_server_config:\n  http2: false\n
takes PAIRhttp_server_config:\n  http2: true\n
refuses http_server_config:\n  http2: 2\n
takes http_server_config:\n  headers:\n    X-Frame-Options: deny\n    X-XSS-Protection: 1\n    X-Content-Type-Options: nosniff\n
takes http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=31536000; includeSubDomains\n
takes http_server_config:\n  headers:\n    Content-Security-Policy: "default-src 'self' *.test.example.net"\n
refuses http_server_config:\n  headers:\n    X-Frame-Options: foo\n
refuses http_server_config:\n  headers:\n    X-Content-Type-Options: sniff\n
refuses http_server_config:\n  headers:\n    Content-Type: foo\n
takes basic_auth_users:\n  a@b: $2y$10$HASH\n
takes basic_auth_users:\n  alice: $2y$18$HASH\n  "b c": $2a$31$HASH\n
takes basic_auth_users:\n  alice: $2x$04$HASH\n
refuses basic_auth_users:\n  alice: $2y$03$HASH\n
refuses basic_auth_users:\n  alice: $2y$32$HASH\n
refuses basic_auth_users:\n  alice: doe\n
takes rate_limit:\n  interval: 1s\n  burst: 5\n
takes rate_limit:\n  interval: 0\n  burst: 0\n
refuses rate_limit:\n  interval: soon\n
refuses nonsense\n
refuses tls_server:\n  cert_file: agent.crt\n
EOT
	echo "# promtool knew the keys of $promtool_knew of $count files"
	((promtool_knew > 50))
}

@test "where nobody could connect, the agent refuses what promtool takes" {
	local pair='tls_server_config:\n  cert_file: agent.crt\n  key_file: agent.key\n'
	printf '%b' "$pair  min_version: TLS13\n  max_version: TLS12\n" >"$HOST_DIR/tls/case.yml"
	same "$(agent_says "$HOST_DIR/tls/case.yml")" refuses
	contains "$(cat "$HOST_DIR/said")" "min_version TLS13 is above max_version TLS12"
	printf '%b' "$pair  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n" \
		>"$HOST_DIR/tls/case.yml"
	same "$(agent_says "$HOST_DIR/tls/case.yml")" refuses
	contains "$(cat "$HOST_DIR/said")" "cipher_suites has no suite that can be spoken with this key"
}

# spoken [S_CLIENT-OPTION...]: version, suite and the server's temporary key, or "nothing".
spoken() {
	local said
	said=$(openssl s_client -connect "127.0.0.1:$HTTP_PORT" "$@" </dev/null 2>/dev/null) || true
	awk '/^New, / { version = $2; suite = $NF }
		/^ *Protocol *:/ { version = $NF }
		/^Server Temp Key:/ { key = $4; sub(/,/, "", key) }
		END {
			sub(/,/, "", version)
			print suite && suite != "(NONE)" ? version " " suite " " key : "nothing"
		}' <<<"$said"
}

@test "versions from 1.0 to 1.3 are those that the file lets pass" {
	local old=(-cipher DEFAULT@SECLEVEL=0)
	web 'tls_server_config:\n  cert_file: agent.crt\n  key_file: agent.key\n  min_version: TLS10\n'
	contains "$(spoken -tls1 "${old[@]}")" "TLSv1 "
	contains "$(spoken -tls1_1 "${old[@]}")" "TLSv1.1 "
	contains "$(spoken -tls1_2)" "TLSv1.2 "
	contains "$(spoken -tls1_3)" "TLSv1.3 "
	web 'tls_server_config:\n  cert_file: agent.crt\n  key_file: agent.key\n  min_version: TLS11\n  max_version: TLS12\n'
	same "$(spoken -tls1 "${old[@]}")" nothing
	contains "$(spoken -tls1_1 "${old[@]}")" "TLSv1.1 "
	contains "$(spoken)" "TLSv1.2 "
	same "$(spoken -tls1_3)" nothing
	wait_until 5 grep -q 'min_version TLS11 lets clients speak a TLS with known weaknesses' "$HOST_DIR/agent.log"
}

@test "suites are those that the file names, in its order or the client's; TLS 1.3 has its own" {
	local pair='tls_server_config:\n  cert_file: agent.crt\n  key_file: agent.key\n'
	local both=ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256
	web "$pair  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n"
	contains "$(spoken -tls1_2 -cipher $both)" " ECDHE-ECDSA-AES128-GCM-SHA256 "
	same "$(spoken -tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305)" nothing
	same "$(spoken -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA)" nothing
	contains "$(spoken -tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256)" " TLS_CHACHA20_POLY1305_SHA256 "
	web "$pair  prefer_server_cipher_suites: false\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n"
	contains "$(spoken -tls1_2 -cipher $both)" " ECDHE-ECDSA-AES256-GCM-SHA384 "
	web "$pair  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA]\n"
	contains "$(spoken -tls1_2)" " ECDHE-ECDSA-AES256-SHA "
	contains "$(spoken -tls1_3)" "TLSv1.3 "
	# None that this key can serve: TLS 1.3 alone is left, and the log says so.
	web "$pair  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\n"
	same "$(spoken -tls1_2)" nothing
	contains "$(spoken -tls1_3)" "TLSv1.3 "
	wait_until 5 grep -q 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 is left out' "$HOST_DIR/agent.log"
	wait_until 5 grep -q 'no suite for TLS 1.2 and older: TLS 1.3 alone' "$HOST_DIR/agent.log"
}

@test "with a key of RSA, each suite that Go lists for it is spoken alone" {
	local name openssl others
	while read -r name openssl others; do
		web "tls_server_config:\n  cert_file: rsa.crt\n  key_file: rsa.key\n  cipher_suites: [$name]\n"
		contains "$(spoken -tls1_2 -cipher ALL)" " $openssl "
		same "$(spoken -tls1_2 -cipher "$others")" nothing "$name"
	done <<-EOT
		TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA ECDHE-RSA-AES128-SHA ECDHE-RSA-AES256-SHA:AES128-SHA
		TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA ECDHE-RSA-AES256-SHA ECDHE-RSA-AES128-SHA:AES256-SHA
		TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 ECDHE-RSA-AES128-GCM-SHA256 ECDHE-RSA-AES256-GCM-SHA384:AES128-GCM-SHA256
		TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-RSA-AES128-GCM-SHA256:AES256-GCM-SHA384
		TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 ECDHE-RSA-CHACHA20-POLY1305 ECDHE-RSA-AES128-GCM-SHA256
		TLS_RSA_WITH_AES_128_CBC_SHA AES128-SHA ECDHE-RSA-AES128-SHA:AES256-SHA
		TLS_RSA_WITH_AES_256_CBC_SHA AES256-SHA ECDHE-RSA-AES256-SHA:AES128-SHA
		TLS_RSA_WITH_AES_128_GCM_SHA256 AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256:AES256-GCM-SHA384
		TLS_RSA_WITH_AES_256_GCM_SHA384 AES256-GCM-SHA384 ECDHE-RSA-AES256-GCM-SHA384:AES128-GCM-SHA256
	EOT
	# GnuTLS can't allow these two without two more, so the one without forward secrecy goes.
	web 'tls_server_config:\n  cert_file: rsa.crt\n  key_file: rsa.key\n  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_RSA_WITH_AES_256_GCM_SHA384]\n'
	contains "$(spoken -tls1_2)" " ECDHE-RSA-AES128-GCM-SHA256 "
	same "$(spoken -tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384:AES256-GCM-SHA384)" nothing
}

@test "curves are those that the file names, for each version" {
	local version
	web 'tls_server_config:\n  cert_file: agent.crt\n  key_file: agent.key\n  curve_preferences: [CurveP384, CurveP521]\n'
	for version in -tls1_2 -tls1_3; do
		contains "$(spoken $version -curves X25519:P-256:P-384)" " ECDH"
		contains "$(openssl s_client -connect "127.0.0.1:$HTTP_PORT" $version -groups X25519:P-256:P-384 \
			</dev/null 2>/dev/null)" "secp384r1"
		same "$(spoken $version -groups X25519)" nothing
	done
	web 'tls_server_config:\n  cert_file: agent.crt\n  key_file: agent.key\n  curve_preferences: [X25519]\n'
	contains "$(openssl s_client -connect "127.0.0.1:$HTTP_PORT" </dev/null 2>/dev/null)" "Server Temp Key: X25519"
}

@test "certificate, key and authority may stand in the file itself" {
	local file=$HOST_DIR/tls/web.config.yml
	{
		printf 'tls_server_config:\n  cert: |\n'
		sed 's/^/    /' "$HOST_DIR/tls/agent.crt"
		printf '  key: |\n'
		sed 's/^/    /' "$HOST_DIR/tls/agent.key"
		printf '  client_auth_type: RequireAndVerifyClientCert\n  client_ca: |\n'
		sed 's/^/    /' "$HOST_DIR/tls/ca.crt"
	} >"$file"
	agent_reloaded
	contains "$(spoken)" "TLSv1.3 "
	curl -fsS --cert "$HOST_DIR/tls/certop.crt" --key "$HOST_DIR/tls/certop.key" -o /dev/null "$URL/-/healthy"
	run curl -fsS --cert "$HOST_DIR/tls/wrong.crt" --key "$HOST_DIR/tls/wrong.key" -o /dev/null "$URL/-/healthy"
	[ "$status" -ne 0 ]
}

@test "authorities of the host may vouch for a client, but not for a principal" {
	web 'tls_server_config:\n  cert_file: agent.crt\n  key_file: agent.key\n  client_auth_type: VerifyClientCertIfGiven\n'
	curl -fsS -o /dev/null "$URL/-/healthy"
	run curl -fsS --cert "$HOST_DIR/tls/certop.crt" --key "$HOST_DIR/tls/certop.key" -o /dev/null "$URL/-/healthy"
	[ "$status" -ne 0 ]
	wait_until 5 grep -q "the host's own authorities vouch for clients, and no certificate proves a principal" \
		"$HOST_DIR/agent.log"
}

@test "headers come with every answer, and the agent's own policy stays" {
	local path said
	web 'tls_server_config:\n  cert_file: agent.crt\n  key_file: agent.key\nhttp_server_config:\n  http2: true\n  headers:\n    Content-Security-Policy: "upgrade-insecure-requests"\n    Strict-Transport-Security: max-age=31536000\n    X-Frame-Options: sameorigin\n    X-XSS-Protection: 1; mode=block\n'
	for path in / /metrics /-/healthy /nowhere /api/v1/domains; do
		said=$(curl -sS -o /dev/null -D - "$URL$path" | tr -d '\r')
		contains "$said" $'\nContent-Security-Policy: upgrade-insecure-requests'
		contains "$said" "frame-ancestors 'none'"
		contains "$said" $'\nStrict-Transport-Security: max-age=31536000'
		contains "$said" $'\nX-XSS-Protection: 1; mode=block'
		same "$(grep -c '^X-Frame-Options: ' <<<"$said")" 1
		contains "$said" $'\nX-Frame-Options: sameorigin'
		contains "$said" $'\nX-Content-Type-Options: nosniff'
	done
	wait_until 5 grep -q 'http2 is allowed, but the agent speaks HTTP/1.1 only' "$HOST_DIR/agent.log"
}

statuses() { # COUNT
	local i
	for ((i = 0; i < $1; i++)); do
		curl -sS -o /dev/null -w '%{http_code}\n' "$URL/-/healthy"
	done | sort | uniq -c | awk '{ printf "%s%s x %s", n++ ? ", " : "", $2, $1 }'
}

@test "rate_limit holds for all that comes by TCP, not for the Unix socket" {
	web 'tls_server_config:\n  cert_file: agent.crt\n  key_file: agent.key\nrate_limit:\n  interval: 1h\n  burst: 3\n'
	same "$(statuses 5)" "200 x 3, 429 x 2"
	contains "$(curl -sS -D - -o /dev/null "$URL/-/healthy")" "Retry-After: "
	curl -fsS --unix-socket "$HOST_DIR/agent.sock" -o /dev/null http://localhost/-/healthy
	web 'tls_server_config:\n  cert_file: agent.crt\n  key_file: agent.key\n'
	same "$(statuses 5)" "200 x 5"
}

user_status() { # USER:PASSWORD [CURL-OPTION...]
	curl -sS -o /dev/null -w '%{http_code}' -u "$1" "${@:2}" "$URL/api/v1/whoami"
}

@test "users may have any name, and one that is costly to check holds up nobody else" {
	local cheap='$2y$04$pOOaU7P2UGTXYmbxBRVyeOUihlixTgel72NVFBP4Zaln6.iV4GLY2'
	local dear='$2y$31$pOOaU7P2UGTXYmbxBRVyeOUihlixTgel72NVFBP4Zaln6.iV4GLY2'
	web "tls_server_config:\n  cert_file: agent.crt\n  key_file: agent.key\nbasic_auth_users:\n  a@b: $cheap\n  b c: $cheap\n  dear: $dear\n"
	same "$(user_status a@b:example)" 200
	same "$(user_status 'b c:example')" 200
	same "$(user_status a@b:wrong)" 401
	wait_until 5 grep -q 'a bcrypt of cost 31 takes 2^17 times as long as one of 14' "$HOST_DIR/agent.log"
	start dear curl -sS -u dear:wrong "$URL/api/v1/whoami"
	start nobody curl -sS -u nobody:wrong "$URL/api/v1/whoami"
	wait_until 5 thread_computes
	same "$(user_status 'b c:wrong' -m 5)" 401
	# The agent ends although one is under way.
	agent_stop
}

# One thread has taken a processor for a while: the bcrypt's.
thread_computes() {
	awk '{ if ($14 > 20) found = 1 } END { exit !found }' "/proc/$(agent_pid)/task"/*/stat
}

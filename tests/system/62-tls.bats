#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# HTTPS from a web.config.yml that every exporter takes: versions, certificates that change on disk,
# clients' certificates in each of the five ways, and what is refused at start.

load lib.bash
load tls.bash

setup_file() {
	host_new
	tls_prepare
	echo "certop operator certificate" >>"$HOST_DIR/principals"
	bed_start --guests 1
	over_tls
	agent_start "http.web_config=$HOST_DIR/tls/web.config.yml"
}

teardown_file() {
	host_down
}

# as CERTIFICATE METHOD PATH [CURL-OPTION...]: prints status and body; curl's error if there is none.
as() {
	curl -sS -m 10 --cert "$HOST_DIR/tls/$1.crt" --key "$HOST_DIR/tls/$1.key" -X "$2" \
		-w '%{http_code}' "${@:4}" "$URL$3" 2>&1 || true
}

web_config() { # SED-EXPRESSION...: taken over.
	write_web_config "$@"
	agent_reloaded
}

serial() {
	openssl s_client -connect "127.0.0.1:$HTTP_PORT" </dev/null 2>/dev/null |
		openssl x509 -noout -serial
}

@test "promtool takes the example, and so does the agent" {
	promtool check web-config "$HOST_DIR/tls/web.config.yml"
	"$BUILD/xenballoon-agent" --config "$HOST_DIR/agent.yml" --config.check
}

@test "TLS 1.2 and 1.3 are spoken, 1.1 and plain HTTP are not" {
	curl -fsS --tls-max 1.2 -o /dev/null "$URL/-/healthy"
	curl -fsS --tlsv1.3 -o /dev/null "$URL/-/healthy"
	run curl -sS --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 "$URL/-/healthy"
	[ "$status" -ne 0 ]
	run curl -sS -m 5 "http://127.0.0.1:$HTTP_PORT/-/healthy"
	[ "$status" -ne 0 ]
	web_config 's/TLS12$/TLS13/'
	run curl -sS --tls-max 1.2 "$URL/-/healthy"
	[ "$status" -ne 0 ]
	curl -fsS -o /dev/null "$URL/-/healthy"
	web_config
}

@test "the Unix socket is there beside it, plain" {
	curl -fsS --unix-socket "$HOST_DIR/agent.sock" http://localhost/api/v1/whoami |
		jq -e '.interface == "unix" and .role == "operator"'
}

@test "a client certificate is a principal by its name; one of another authority fails" {
	contains "$(as certop GET /api/v1/whoami)" '"name":"certop","role":"operator","interface":"http"'
	contains "$(as certop POST /-/reload)" 202
	contains "$(as wrong GET /api/v1/whoami)" 000
	client_certificate nobody nobody
	contains "$(as nobody GET /api/v1/whoami)" '"name":null,"role":"none"'
	contains "$(as nobody POST /-/reload)" 401
	# A token that comes with it counts alone.
	contains "$(as certop GET /api/v1/whoami -H "Authorization: Bearer $VIEWER_TOKEN")" '"role":"viewer"'
	contains "$(as certop GET /api/v1/whoami -H "Authorization: Bearer wrong")" 401
}

@test "names that are not one name prove nobody" {
	certificate two /CN=certop/CN=other ca extendedKeyUsage=clientAuth
	contains "$(as two GET /api/v1/whoami)" '"role":"none"'
	certificate server /CN=certop ca extendedKeyUsage=serverAuth
	contains "$(as server GET /api/v1/whoami)" 000
}

@test "each of the five ways to ask for certificates" {
	local way plain good bad
	while read -r way plain good bad; do
		if [[ $way == *Verify* ]]; then
			web_config "s/VerifyClientCertIfGiven$/$way/"
		else
			web_config "s/VerifyClientCertIfGiven$/$way/" /client_ca_file/d
		fi
		same "$(curl -s -o /dev/null -w '%{http_code}' "$URL/-/healthy")" "$plain" "$way without"
		contains "$(as certop GET /api/v1/whoami)" "$good"
		contains "$(as wrong GET /api/v1/whoami)" "$bad"
	done <<-EOT
		NoClientCert               200 "role":"none"     "role":"none"
		RequestClientCert          200 "role":"none"     "role":"none"
		RequireAnyClientCert       000 "role":"none"     "role":"none"
		RequireAndVerifyClientCert 000 "role":"operator" 000
		VerifyClientCertIfGiven    200 "role":"operator" 000
	EOT
}

@test "only the names that are allowed pass" {
	client_certificate named certop ca subjectAltName=DNS:ops.example,IP:10.0.0.1
	web_config 's/^  client_ca_file: .*/&\n  client_allowed_sans: [ops.example]/'
	contains "$(as named GET /api/v1/whoami)" '"role":"operator"'
	contains "$(as certop GET /api/v1/whoami)" 000
	web_config 's/^  client_ca_file: .*/&\n  client_allowed_sans: [other.example, 10.0.0.1]/'
	contains "$(as named GET /api/v1/whoami)" '"role":"operator"'
	web_config 's/^  client_ca_file: .*/&\n  client_allowed_sans: [other.example]/'
	contains "$(as named GET /api/v1/whoami)" 000
	web_config
}

# expires_with CERTIFICATE FILE: what /metrics says of the one is what openssl says of the other.
expires_with() {
	same "$(http GET /metrics | sed -n "s/^xenballoon_tls_certificate_expiry_timestamp_seconds{certificate=\"$1\"} //p")" \
		"$(date -d "$(openssl x509 -noout -enddate -in "$HOST_DIR/tls/$2" | cut -d= -f2)" +%s)" "end of $2"
}

@test "/metrics says when the chain that is shown and the clients' authorities expire: the first of each file" {
	expires_with server agent.crt
	expires_with client_ca clients.crt
	certificate short /CN=short "" basicConstraints=critical,CA:true
	(cd "$HOST_DIR/tls" && openssl x509 -in short.csr -req -signkey short.key -days 3 -out short.crt 2>/dev/null)
	cat "$HOST_DIR/tls/ca.crt" "$HOST_DIR/tls/short.crt" >"$HOST_DIR/tls/clients.new"
	mv "$HOST_DIR/tls/clients.new" "$HOST_DIR/tls/clients.crt"
	wait_until 5 expires_with client_ca short.crt
	cp "$HOST_DIR/tls/ca.crt" "$HOST_DIR/tls/clients.crt"
	wait_until 5 expires_with client_ca ca.crt
}

@test "a certificate that changes on disk is shown, a broken one is not" {
	local first second pid
	pid=$(agent_pid)
	first=$(serial)
	server_certificate
	wait_until 5 eval '[ "$(serial)" != "'"$first"'" ]'
	second=$(serial)
	# The new key without its certificate may have been refused, for a moment.
	wait_until 5 metric_is config_last_reload_successful 1
	echo nonsense >"$HOST_DIR/tls/agent.crt"
	wait_until 5 metric_is config_last_reload_successful 0
	wait_until 5 grep -q "stays in force: http.web_config: $HOST_DIR/tls/agent.crt with .*: Base64" \
		"$HOST_DIR/agent.log"
	same "$(serial)" "$second"
	server_certificate
	wait_until 5 metric_is config_last_reload_successful 1
	same "$(agent_pid)" "$pid"
	wait_until 5 expires_with server agent.crt
	# Whom the old authority vouched for, the new one doesn't know.
	cp "$HOST_DIR/tls/mallory.crt" "$HOST_DIR/tls/clients.crt"
	wait_until 5 eval 'contains "$(as wrong GET /api/v1/whoami)" operator'
	contains "$(as certop GET /api/v1/whoami)" 000
	cp "$HOST_DIR/tls/ca.crt" "$HOST_DIR/tls/clients.crt"
	wait_until 5 eval 'contains "$(as certop GET /api/v1/whoami)" operator'
}

@test "TLS can't be switched off by a reload" {
	agent_config http.web_config=
	agent_reload
	wait_until 5 grep -q "TLS can't be switched on or off while the agent runs" "$HOST_DIR/agent.log"
	contains "$(as certop GET /api/v1/whoami)" '"role":"operator"'
	agent_config "http.web_config=$HOST_DIR/tls/web.config.yml"
	agent_reload
	wait_until 5 metric_is config_last_reload_successful 1
}

# refused WORDS YAML: by --config.check.
refused() {
	local output status=0
	printf '%b' "$2" >"$HOST_DIR/tls/bad.yml"
	printf 'http:\n  web_config: %s\n' "$HOST_DIR/tls/bad.yml" >"$HOST_DIR/bad-agent.yml"
	output=$("$BUILD/xenballoon-agent" --config "$HOST_DIR/bad-agent.yml" --config.check 2>&1) || status=$?
	same "$status" 1 "$2"
	contains "$output" "bad-agent.yml:2: http.web_config: "
	contains "$output" "$1"
}

@test "what the agent does not know, it refuses by name and line" {
	local pair='tls_server_config:\n  cert_file: agent.crt\n  key_file: agent.key\n'
	refused 'bad.yml:1: unknown section "tls_server": there are tls_server_config' 'tls_server: {}\n'
	refused 'bad.yml:4: unknown setting "cipher_suits" in tls_server_config: it may have cert_file' \
		"$pair  cipher_suits: [TLS_AES_128_GCM_SHA256]\n"
	refused 'bad.yml:4: min_version is "TLS14": must be TLS10, TLS11, TLS12 or TLS13' "$pair  min_version: TLS14\n"
	refused 'bad.yml:4: client_auth_type is "Maybe": must be NoClientCert' "$pair  client_auth_type: Maybe\n"
	refused 'need a client_auth_type' "$pair  client_ca_file: ca.crt\n"
	refused 'bad.yml:3: cert_file was already set in line 2' \
		'tls_server_config:\n  cert_file: a\n  cert_file: b\n'
	refused 'bad.yml:1: tls_server_config needs key_file or key' \
		'tls_server_config:\n  cert_file: agent.crt\n'
	refused "agent.crt with $HOST_DIR/tls/ca.key" \
		'tls_server_config:\n  cert_file: agent.crt\n  key_file: ca.key\n'
	refused 'bad.yml:2: what alice has must be the bcrypt hash' 'basic_auth_users:\n  alice: secret\n'
	refused 'of a cost from 4 to 31' \
		'basic_auth_users:\n  alice: $2y$32$pOOaU7P2UGTXYmbxBRVyeO2Dqsk9ylJX6DPh0jHVcBZLAW/5hEzTO\n'
}

@test "changes over plain HTTP from afar are refused at start, over TLS they are not" {
	agent_config "http.listen=0.0.0.0:$HTTP_PORT" http.web_config=
	run "$BUILD/xenballoon-agent" --config "$HOST_DIR/agent.yml" --config.check
	same "$status" 1
	contains "$output" "or let http.web_config have a tls_server_config"
	agent_config "http.listen=0.0.0.0:$HTTP_PORT" "http.web_config=$HOST_DIR/tls/web.config.yml"
	"$BUILD/xenballoon-agent" --config "$HOST_DIR/agent.yml" --config.check
	sed -n '/^basic/,$p' "$HOST_DIR/tls/web.config.yml" >"$HOST_DIR/tls/users.yml"
	agent_config "http.listen=0.0.0.0:$HTTP_PORT" "http.web_config=$HOST_DIR/tls/users.yml" http.principal_file=
	run "$BUILD/xenballoon-agent" --config "$HOST_DIR/agent.yml" --config.check
	same "$status" 1
	contains "$output" "with basic_auth_users set"
	agent_config "http.web_config=$HOST_DIR/tls/web.config.yml"
}

# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Certificates for the tests of HTTPS, in $HOST_DIR/tls, and web.config.yml beside them.

# certificate NAME SUBJECT CA [EXTENSION...]: NAME.crt and NAME.key, signed by CA ("": by itself).
certificate() (
	set -e
	mkdir -p "$HOST_DIR/tls"
	cd "$HOST_DIR/tls"
	umask 077
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" \
		-out "$1.csr" -subj "$2" 2>/dev/null
	printf '%s\n' "${@:4}" >"$1.ext"
	if [ -n "$3" ]; then
		openssl x509 -req -in "$1.csr" -CA "$3.crt" -CAkey "$3.key" -days 30 \
			-extfile "$1.ext" -out "$1.new" 2>/dev/null
	else
		openssl x509 -req -in "$1.csr" -signkey "$1.key" -days 30 -extfile "$1.ext" \
			-out "$1.new" 2>/dev/null
	fi
	mv "$1.new" "$1.crt"
)

server_certificate() { # [COMMON-NAME]
	certificate agent "/CN=${1-agent}" ca subjectAltName=DNS:localhost,IP:127.0.0.1
}

client_certificate() { # NAME COMMON-NAME [CA] [EXTENSION...]
	certificate "$1" "/CN=$2" "${3-ca}" extendedKeyUsage=clientAuth "${@:4}"
}

# An authority, the agent's certificate, and clients: one of each role, one unknown, one of another's.
tls_prepare() {
	certificate ca /CN=authority "" basicConstraints=critical,CA:true
	certificate mallory /CN=mallory "" basicConstraints=critical,CA:true
	cp "$HOST_DIR/tls/ca.crt" "$HOST_DIR/tls/clients.crt"
	server_certificate
	client_certificate certop certop
	client_certificate wrong certop mallory
	write_web_config
}

# write_web_config [SED-EXPRESSION...]: the example, changed.
write_web_config() {
	local expression arguments=(-e '')
	for expression; do
		arguments+=(-e "$expression")
	done
	sed "${arguments[@]}" "$ROOT/exporter/web.config.yml" >"$HOST_DIR/tls/web.config.new"
	mv "$HOST_DIR/tls/web.config.new" "$HOST_DIR/tls/web.config.yml"
}

# From here on all that asks by HTTP does so by HTTPS.
over_tls() {
	URL=https://localhost:$HTTP_PORT CURL_CA_BUNDLE=$HOST_DIR/tls/ca.crt
	export URL CURL_CA_BUNDLE
}

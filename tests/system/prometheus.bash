# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# A Prometheus of the test file's own, with the example configuration, rules and alerts of
# dashboards/prometheus, but in a hurry: it scrapes and judges once a second. Loaded after lib.bash.

CHECKS=$ROOT/tests/dashboards

# prometheus_start [SED-EXPRESSION...]: scrapes what scrape_targets named, over TLS if there are
# certificates, and shows the viewer's token; the expressions change its configuration further.
prometheus_start() {
	local folder=$HOST_DIR/prometheus expression
	cp "$HOST_DIR/tls/ca.crt" "$folder/ca.pem" 2>/dev/null ||
		set -- 's/scheme: https/scheme: http/' '/tls_config:/,/ca_file:/d' "$@"
	for expression in "s|/etc/prometheus/xenballoon|$folder|" 's/\(_interval\): .*/\1: 1s/' "$@"; do
		sed -i "$expression" "$folder/prometheus.yml"
	done
	printf %s "$VIEWER_TOKEN" >"$folder/token"
	promtool check config "$folder/prometheus.yml"
	PROMETHEUS_PORT=$(free_port tcp)
	PROMETHEUS=http://127.0.0.1:$PROMETHEUS_PORT
	export PROMETHEUS
	start prometheus prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/data" \
		--web.listen-address="127.0.0.1:$PROMETHEUS_PORT" --log.level=warn
	wait_until 30 curl -fsS -m 2 "$PROMETHEUS/-/ready"
}

# scrape_targets ADDRESS...: before prometheus_start, or at any time after it.
scrape_targets() {
	local folder=$HOST_DIR/prometheus
	[ -d "$folder" ] || cp -r "$ROOT/dashboards/prometheus" "$folder"
	printf '%s\n' "$@" | jq -R . | jq -cs '[{targets: .}]' >"$folder/targets.new"
	mv "$folder/targets.new" "$folder/targets/fleet.yml"
}

# promql EXPRESSION: the newest values, a line each; fails if there are none.
promql() {
	curl -fsS -m 10 --data-urlencode "query=$1" "$PROMETHEUS/api/v1/query" |
		jq -er '.data.result | if length > 0 then .[].value[1] else false end'
}

# ask_all [NAME=VALUE...] FILE...: every query of dashboards, as a table in the file `asked`.
ask_all() {
	node "$CHECKS/queries.mjs" "$PROMETHEUS" job=.+ instance=.+ __rate_interval=10s __interval=1s \
		__range="$(($(date +%s) - FROM))s" FROM="$FROM" "$@" >"$HOST_DIR/asked"
}

# What bats shows of a test that passed, too.
show() {
	sed 's/^/# /' >&3
}

# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# A Prometheus on this machine scrapes the agent in the real dom0, and promtool and snmptable like
# what they get.

scenario_prometheus_types() {
	echo all
}

prometheus_value() {
	curl -fsS -m 5 -G "http://127.0.0.1:$prometheus_port/api/v1/query" --data-urlencode "query=$1" |
		jq -r '.data.result[] | "\(.metric.domain // .metric.job) \(.value[1])"'
}

prometheus_scraped() {
	[ "$(prometheus_value 'up{job="xenballoon"}' 2>/dev/null)" = "xenballoon 1" ] &&
		[ "$(prometheus_value xenballoon_domain_memory_allocated_bytes | wc -l)" -eq 2 ]
}

scenario_prometheus() {
	local directory=$HOST_DIR/prometheus
	mkdir -p "$directory"
	prometheus_port=$(free_port tcp)
	cat >"$directory/prometheus.yml" <<-X
		scrape_configs:
		  - job_name: xenballoon
		    scrape_interval: 2s
		    static_configs:
		      - targets: ["${URL#http://}"]
	X
	# shellcheck disable=SC2154 # of tests/xen/run
	setpriv --pdeathsig KILL prometheus --config.file="$directory/prometheus.yml" \
		--storage.tsdb.path="$directory/data" --web.listen-address="127.0.0.1:$prometheus_port" \
		>"$directory/log" 2>&1 9>&- &
	wait_for 60 "Prometheus to have scraped both guests" prometheus_scraped
	note "$(prometheus_value xenballoon_domain_memory_allocated_bytes)"
	note "$(prometheus_value xenballoon_host_memory_free_bytes)"
	kill $! && wait $! 2>/dev/null
	http GET /metrics >"$directory/metrics"
	must "promtool check metrics" promtool check metrics <"$directory/metrics"
	must "snmptable" snmp_as operator table -Cb -Ci XENBALLOON-MIB::xbDomainTable
}

#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The Grafana dashboards, as files: made from their sources, what Grafana's own types say, and by the
# rules of Grafana's dashboard-linter. Their queries are asked in 77-queries.bats.

load lib.bash

GRAFANA=$ROOT/dashboards/grafana
CHECKS=$ROOT/tests/dashboards
JSONNET=$ROOT/build/debs/jsonnet/usr/bin/jsonnet

setup_file() {
	MODULES=$("$CHECKS/modules")
	export MODULES
}

@test "the dashboards are what their sources make" {
	local name
	for name in fleet host guest; do
		"$JSONNET" "$GRAFANA/source/$name.jsonnet" >"$BATS_TEST_TMPDIR/$name.json"
		cmp "$BATS_TEST_TMPDIR/$name.json" "$GRAFANA/$name.json"
	done
	same "$(cd "$GRAFANA" && echo *.json)" "fleet.json guest.json host.json"
}

@test "they are dashboards by Grafana's own types" {
	run node "$CHECKS/schema.mjs" "$GRAFANA"/*.json
	same "$output" ""
	same "$status" 0
}

# broken JQ-PROGRAM: the fleet's dashboard, changed by it.
broken() {
	jq "$1" "$GRAFANA/fleet.json" >"$BATS_TEST_TMPDIR/broken.json"
	echo "$BATS_TEST_TMPDIR/broken.json"
}

@test "Grafana's types refuse what is misspelt, missing or of another type" {
	local output
	output=$(node "$CHECKS/schema.mjs" "$(broken '.colour = 1 | .panels[0].options.calc = 1 | del(.panels[1].gridPos.w)
		| .panels[8].options.legend.displayMode = "grid" | .panels[8].fieldConfig.defaults.custom.lineWidth = "thick"
		| .panels[8].fieldConfig.overrides[0].properties[0].value.mode = "nice" | .templating.list[1].refresh = "often"
		| .panels[9].targets[0].expression = "up" | .panels[14].type = "tableau"')" || true)
	contains "$output" 'broken.json: must NOT have additional properties {"additionalProperty":"colour"}'
	contains "$output" 'panel 1/options: must NOT have additional properties {"additionalProperty":"calc"}'
	contains "$output" "panel 2/gridPos: must have required property 'w'"
	contains "$output" 'panel 9/options/legend/displayMode: must be equal to one of the allowed values'
	contains "$output" 'panel 9/fieldConfig/defaults/custom/lineWidth: must be number'
	contains "$output" 'panel 9: color of dom0/mode: must be equal to one of the allowed values'
	contains "$output" 'list/1/refresh: must be number'
	contains "$output" 'panel 10/targets/0: must NOT have additional properties {"additionalProperty":"expression"}'
	contains "$output" 'panel 15: tableau is not in types.ts'
}

@test "they keep the rules of Grafana's dashboard-linter, and ours" {
	run node "$CHECKS/lint.mjs" "$GRAFANA"/*.json
	same "$output" ""
	same "$status" 0
}

# A rule's name and what breaks it.
breaking() {
	cat <<-'EOT'
		template-datasource-rule            .templating.list[0].name = "prometheus"
		template-job-rule                   .templating.list[1].multi = false
		template-instance-rule              .templating.list[2].allValue = ".*"
		template-label-promql-rule          .templating.list[2].query.query = "values(up, instance)"
		template-on-time-change-reload-rule .templating.list[2].refresh = 1
		panel-datasource-rule               .panels[3].datasource.uid = "prometheus1"
		panel-title-description-rule        .panels[3].description = ""
		panel-units-rule                    .panels[3].fieldConfig.defaults.unit = "megabyte"
		panel-no-targets-rule               .panels[3].targets = []
		target-rate-interval-rule           .panels[13].targets[0].expr |= gsub("\\$__rate_interval"; "5m")
		target-job-rule                     .panels[3].targets[0].expr |= gsub("job=~\"\\$job\", "; "")
		target-instance-rule                .panels[3].targets[0].expr |= gsub(", instance=~\"\\$instance\""; "")
		target-counter-agg-rule             .panels[13].targets[0].expr |= gsub("rate"; "delta")
		uneditable-dashboard-rule           .editable = true
		layout                              .panels[9].gridPos.x = 11
		layout                              .panels[9].gridPos.w = 11
		own-names                           .panels[9].id = 1
		variables-exist                     .panels[9].targets[0].expr += " * $site"
		links-lead-somewhere                .panels[9].fieldConfig.defaults.links[0].url |= gsub("xenballoon-host"; "xen-host")
		links-lead-somewhere                .panels[9].fieldConfig.defaults.links[0].url |= gsub("var-instance"; "var-host")
		overrides-match                     .panels[8].fieldConfig.overrides[0].matcher.options = "Dom0"
		tables-merge                        .panels[14].targets[0].expr = "xenballoon_host_domains{job=~\"$job\", instance=~\"$instance\"}"
	EOT
}

@test "each rule notices a dashboard that breaks it" {
	local rule change
	while read -r rule change; do
		run node "$CHECKS/lint.mjs" "$(broken "$change")" "$GRAFANA/host.json" "$GRAFANA/guest.json"
		contains "$output" "broken.json: $rule: "
		same "$status" 1
	done < <(breaking)
	same "$(breaking | cut -d' ' -f1 | sort -u)" "$(node "$CHECKS/lint.mjs" --rules | sort)" "rules tried"
}

@test "target-promql-rule: promtool can parse each query" {
	node "$CHECKS/lint.mjs" --promql "$GRAFANA"/*.json >"$BATS_TEST_TMPDIR/queries.yml"
	run promtool check rules "$BATS_TEST_TMPDIR/queries.yml"
	same "$status" 0 "$output"
	node "$CHECKS/lint.mjs" --promql "$(broken '.panels[3].targets[0].expr += ")"')" >"$BATS_TEST_TMPDIR/queries.yml"
	run promtool check rules "$BATS_TEST_TMPDIR/queries.yml"
	same "$status" 1 "status of a query that cannot be parsed"
}

@test "the provisioning files name what is here" {
	local yaml='const yaml = require(process.env.MODULES + "/node_modules/yaml")
		console.log(JSON.stringify(yaml.parse(require("fs").readFileSync(0, "utf8"))))'
	same "$(node -e "$yaml" <"$GRAFANA/provisioning/dashboards/xenballoon.yml" |
		jq -r '.apiVersion, (.providers[] | .type, .allowUiUpdates, (.options | keys[]))' | tr '\n' ' ')" \
		"1 file false path "
	same "$(node -e "$yaml" <"$GRAFANA/provisioning/datasources/xenballoon.yml" |
		jq -r '.apiVersion, (.datasources[] | .type, .access, .jsonData.timeInterval)' | tr '\n' ' ')" \
		"1 prometheus proxy $(sed -n 's/^ *scrape_interval: //p' "$ROOT/dashboards/prometheus/prometheus.yml") "
}

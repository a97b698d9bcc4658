// SPDX-License-Identifier: MIT
//
// lint.mjs FILE...: the rules of Grafana's dashboard-linter, by the names that it gives them, and after
// them some of our own. Prints `FILE: RULE: what is wrong`. `lint.mjs --promql FILE...` prints a rule
// file that holds each query, for promtool to parse: that is its target-promql-rule. `lint.mjs --rules` names all rules.
import { fill, labelValues, load, panels, queries, variables } from './dashboard.mjs';

const range = '7m'; // what stands for $__rate_interval; no query may write it by itself
const values = {
	datasource: 'x', job: '.+', instance: '.+', domain: 'x',
	__rate_interval: range, __interval: '5m', __range: '1h',
};
// Those that Grafana knows and our panels need, of packages/grafana-data/src/valueFormats/categories.ts.
const units = ['none', 'bytes', 'percentunit', 's', 'reqps', 'ops', 'bool_yes_no'];
const uid = '${datasource}';
const known = /\b(?:up|(?:xenballoon|process)_[a-z_]+)\b(\{[^}]*\})?/g;

// A check of a variable that the linter wants in each dashboard.
function* wanted(dashboard, name) {
	const variable = dashboard.templating.list.find((v) => v.name === name);
	if (!variable)
		return yield `no variable ${name}`;
	if (variable.type !== 'query') yield `${name} is no query`;
	if (variable.datasource?.uid !== uid) yield `${name} does not use the data source variable`;
	if (variable.label?.toLowerCase() !== name) yield `${name} is labelled ${variable.label}`;
	if (!variable.multi) yield `${name} is not multi select`;
	if (variable.allValue !== '.+') yield `${name}: allValue is not .+`;
}

// Selectors without the matcher.
function* without(dashboard, matcher) {
	for (const { of, ref, expr } of queries(dashboard))
		for (const [selector, braces] of expr.matchAll(known))
			if (!braces?.includes(matcher)) yield `${of} ${ref}: ${selector} lacks ${matcher}`;
}

// Pairs of panels of which both want a place.
function* overlaps(placed) {
	for (const [i, a] of placed.entries())
		for (const b of placed.slice(i + 1))
			if (a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h)
				yield [a, b];
}

const rules = {
	*'template-datasource-rule'(d) {
		const found = d.templating.list.filter((v) => v.type === 'datasource');
		if (found.length !== 1) yield `${found.length} data source variables`;
		for (const v of found) {
			if (v.name !== 'datasource' || v.label !== 'Data source') yield `is called ${v.name}, ${v.label}`;
			if (v.query !== 'prometheus') yield `is for ${v.query}`;
		}
	},
	*'template-job-rule'(d) { yield* wanted(d, 'job'); },
	*'template-instance-rule'(d) { yield* wanted(d, 'instance'); },
	*'template-label-promql-rule'(d) {
		for (const v of variables(d))
			if (!labelValues(v)) yield `${v.name}: ${JSON.stringify(v.query)}`;
	},
	*'template-on-time-change-reload-rule'(d) {
		for (const v of variables(d))
			if (v.refresh !== 2) yield `${v.name}: refresh is ${v.refresh}`;
	},
	*'panel-datasource-rule'(d) {
		for (const p of panels(d))
			for (const of of [p, ...p.targets])
				if (of.datasource?.uid !== uid) yield `${p.title}: ${JSON.stringify(of.datasource)}`;
	},
	*'panel-title-description-rule'(d) {
		for (const p of panels(d))
			if (!p.title || !p.description) yield `panel ${p.id}`;
	},
	*'panel-units-rule'(d) {
		for (const p of panels(d)) {
			const others = p.fieldConfig.overrides.flatMap((o) => o.properties.filter((q) => q.id === 'unit').map((q) => q.value));
			for (const unit of [p.fieldConfig.defaults.unit, ...others])
				if (!units.includes(unit)) yield `${p.title}: ${unit}`;
		}
	},
	*'panel-no-targets-rule'(d) {
		for (const p of panels(d))
			if (!p.targets.length || p.targets.some((t) => !t.expr)) yield p.title;
	},
	*'target-rate-interval-rule'(d) {
		for (const { of, ref, expr } of queries(d))
			for (const [, call, span] of expr.matchAll(/\b(i?rate|increase|i?delta)\([^[]*\[([^\]]*)\]/g))
				if (span !== '$__rate_interval') yield `${of} ${ref}: ${call} over ${span}`;
	},
	*'target-job-rule'(d) { yield* without(d, 'job=~"$job"'); },
	*'target-instance-rule'(d) { yield* without(d, 'instance=~"$instance"'); },
	*'target-counter-agg-rule'(d) {
		for (const { of, ref, expr } of queries(d))
			for (const { 0: counter, index } of expr.matchAll(/\w+_total\b/g))
				if (!/\b(i?rate|increase)\($/.test(expr.slice(0, index))) yield `${of} ${ref}: ${counter}`;
	},
	*'uneditable-dashboard-rule'(d) {
		if (d.editable !== false) yield 'can be edited';
	},

	// Ours.
	*'layout'(d) {
		const placed = d.panels.map((p) => ({ title: p.title, ...p.gridPos }));
		for (const p of placed)
			if (p.x + p.w > 24 || p.w < 3 || p.h < 1) yield `${p.title} does not fit`;
		for (const [a, b] of overlaps(placed))
			yield `${a.title} covers ${b.title}`;
		const height = Math.max(...placed.map((p) => p.y + p.h));
		const covered = placed.reduce((sum, p) => sum + p.w * p.h, 0);
		if (covered !== 24 * height) yield `${24 * height - covered} of ${24 * height} places are empty`;
	},
	*'own-names'(d, all) {
		const ids = d.panels.map((p) => p.id);
		if (new Set(ids).size !== ids.length) yield 'two panels have the same id';
		if (all.some((o) => o !== d && o.uid === d.uid)) yield `another dashboard is ${d.uid}, too`;
	},
	*'variables-exist'(d) {
		const names = [...d.templating.list.map((v) => v.name), '__rate_interval', '__range'];
		const texts = [...queries(d).map((q) => q.expr), ...variables(d).map((v) => v.query.query)];
		for (const text of texts)
			for (const [, name] of text.matchAll(/\$\{?(\w+)/g))
				if (!names.includes(name)) yield `$${name} in ${text}`;
	},
	*'links-lead-somewhere'(d, all) {
		const urls = [...JSON.stringify(d.panels).matchAll(/"url":"([^"]*)"/g)].map((found) => found[1]);
		if (!urls.length) yield 'there are none';
		for (const url of urls) {
			const [, to] = /^\/d\/([a-z-]+)\?/.exec(url) ?? [];
			const there = all.find((o) => o.uid === to);
			for (const [, name] of url.matchAll(/(?:var-(\w+)=)/g))
				if (!there?.templating.list.some((v) => v.name === name)) yield `${to} has no ${name}: ${url}`;
			if (!there) yield `no dashboard at ${url}`;
			if (!url.includes('${__url_time_range}')) yield `time is lost: ${url}`;
		}
	},
	// A misspelt name would leave a series as it is, without a word.
	*'overrides-match'(d) {
		for (const p of panels(d)) {
			const legends = p.targets.map((t) => t.legendFormat);
			const values = p.targets.map((t) => `Value #${t.refId}`);
			for (const { matcher } of p.fieldConfig.overrides) {
				const name = matcher.options;
				const byLabel = p.type === 'table'
					? p.targets.some((t) => new RegExp(`^max by \\([^)]*\\b${name}\\b[^)]*\\)`).test(t.expr))
					: legends.some((l) => /^\{\{\w+\}\}$/.test(l));
				if (![...legends, ...values].includes(name) && !byLabel) yield `${p.title}: nothing is called ${name}`;
			}
		}
	},
	// Grafana merges rows whose labels agree: a metric's name or a further label would keep them apart.
	*'tables-merge'(d) {
		for (const p of panels(d).filter((panel) => panel.type === 'table')) {
			const keys = p.targets.map((t) => /^max by \(([^)]*)\)/.exec(t.expr)?.[1].split(', ') ?? []);
			const common = keys.reduce((a, b) => (a.length <= b.length ? a : b));
			for (const [i, key] of keys.entries())
				if (!key.length || !common.every((label) => key.includes(label))) yield `${p.title}: query ${i + 1}`;
			if (keys.filter((key) => key.length > common.length).length > 1) yield `${p.title}: two queries with labels of their own`;
		}
	},
};

function lint(all) {
	let faults = 0;
	for (const dashboard of all)
		for (const [name, rule] of Object.entries(rules))
			for (const fault of rule(dashboard, all)) {
				faults++;
				console.log(`${dashboard.file}: ${name}: ${fault}`);
			}
	return faults;
}

// What promtool reads: JSON is YAML.
function promql(all) {
	const expressions = all.flatMap((d) => [
		...queries(d).map((q) => q.expr),
		...variables(d).map((v) => labelValues(v)[0]),
	]);
	const listed = expressions.map((expr, i) => ({ record: `query_${i}`, expr: fill(expr, values) }));
	console.log(JSON.stringify({ groups: [{ name: 'queries', rules: listed }] }, null, 1));
}

const files = process.argv.slice(2);
if (files[0] === '--promql')
	promql(files.slice(1).map(load));
else if (files[0] === '--rules')
	console.log(Object.keys(rules).join('\n'));
else
	process.exit(lint(files.map(load)) ? 1 : 0);

// SPDX-License-Identifier: MIT
//
// What a dashboard asks Prometheus, as lint.mjs and queries.mjs see it. Knows Grafana's JSON; judges
// nothing.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

export function load(file) {
	return { file, name: basename(file, '.json'), ...JSON.parse(readFileSync(file, 'utf8')) };
}

// Panels that show something, those in rows included.
export function panels(dashboard) {
	return dashboard.panels.flatMap((panel) => (panel.type === 'row' ? panel.panels : [panel]));
}

// Every query of the panels and annotations: {kind, of, ref, expr, instant}.
export function queries(dashboard) {
	return [
		...panels(dashboard).flatMap((panel) => panel.targets.map((target) => ({
			kind: 'panel', of: panel.title, ref: target.refId, expr: target.expr, instant: target.instant, panel,
		}))),
		...dashboard.annotations.list.map((mark) => ({
			kind: 'annotation', of: mark.name, ref: 'A', expr: mark.expr, instant: false,
		})),
	];
}

export function variables(dashboard) {
	return dashboard.templating.list.filter((variable) => variable.type === 'query');
}

// label_values(METRIC{...}, LABEL) as [selector, label]; null if it is none.
export function labelValues(variable) {
	const parts = /^label_values\((.+), *([a-z_]+)\)$/.exec(variable.query.query ?? '');
	return parts ? [parts[1], parts[2]] : null;
}

// As Grafana does before it asks: $name, ${name} and ${name:format}. What has no value stays.
export function fill(text, values) {
	return text.replace(/\$(?:\{(\w+)(?::\w+)?\}|(\w+))/g, (all, braced, bare) => values[braced ?? bare] ?? all);
}

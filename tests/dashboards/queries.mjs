// SPDX-License-Identifier: MIT
//
// queries.mjs URL NAME=VALUE... FILE...: asks a Prometheus every query of every panel, variable and
// annotation of the dashboards, as Grafana would with these values of variables and the time since
// FROM= (seconds). Prints a row for each, with the number of series that came back; fails if one is
// empty or refused.
import { basename } from 'node:path';
import { fill, labelValues, load, queries, variables } from './dashboard.mjs';

const [url, ...words] = process.argv.slice(2);
const values = Object.fromEntries(words.filter((w) => /^\w+=/.test(w)).map((w) => [w.slice(0, w.indexOf('=')), w.slice(w.indexOf('=') + 1)]));
const files = words.filter((w) => !/^\w+=/.test(w));
const end = Date.now() / 1000;
// Steps of a second that end now: what came in since the last whole second counts, too.
const start = end - Math.ceil(end - Number(values.FROM));

async function ask(path, parameters) {
	const answer = await fetch(`${url}/api/v1/${path}`, { method: 'POST', body: new URLSearchParams(parameters) });
	const { data, error } = await answer.json();
	if (!data)
		throw new Error(error);
	return data;
}

// Series in which at least one value is a number.
async function series(expr, instant) {
	const query = fill(expr, values);
	const { result } = instant
		? await ask('query', { query, time: end })
		: await ask('query_range', { query, start, end, step: '1' });
	return result.filter((s) => (s.values ?? [s.value]).some(([, v]) => Number.isFinite(Number(v)))).length;
}

async function choices(variable) {
	const [selector, label] = labelValues(variable);
	const found = await ask('series', { 'match[]': fill(selector, values), start: values.FROM, end });
	return new Set(found.map((labels) => labels[label]).filter(Boolean)).size;
}

function asked(dashboard) {
	return [
		...variables(dashboard).map((v) => ({ kind: 'variable', of: v.name, ref: '', expr: v.query.query, count: () => choices(v) })),
		...queries(dashboard).map((q) => ({ ...q, count: () => series(q.expr, q.instant) })),
	];
}

let faults = 0;
for (const file of files) {
	for (const { kind, of, ref, expr, count } of asked(load(file))) {
		let outcome;
		try {
			outcome = await count();
		} catch (error) {
			outcome = error.message;
		}
		if (!(outcome > 0)) faults++;
		console.log([basename(file, '.json'), kind, of, ref, outcome > 0 ? outcome : outcome || 'EMPTY',
			expr.replace(/\s+/g, ' ')].join('\t'));
	}
}
process.exit(faults ? 1 : 0);

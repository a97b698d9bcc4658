// SPDX-License-Identifier: MIT
//
// schema.mjs FILE...: whether dashboards are what Grafana's own types (@grafana/schema) say, by way of
// JSON Schema. Prints a line for each fault. MODULES names the folder with node_modules.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const modules = process.env.MODULES;
const require = createRequire(join(modules, 'package.json'));
const { createGenerator } = require('ts-json-schema-generator');
const Ajv = require('ajv');

// TypeScript finds modules beside the file that imports them.
function schemas() {
	const types = join(modules, 'types.ts');
	const tsconfig = join(modules, 'tsconfig.json');
	copyFileSync(join(dirname(fileURLToPath(import.meta.url)), 'types.ts'), types);
	writeFileSync(tsconfig, JSON.stringify({
		compilerOptions: { target: 'es2020', module: 'es2020', moduleResolution: 'node', strict: true, noEmit: true },
		files: ['types.ts'],
	}));
	return createGenerator({ path: types, tsconfig, type: 'Checked', expose: 'none', skipTypeCheck: true }).createSchema('Checked');
}

const ajv = new Ajv({ allErrors: true, strict: false });
ajv.addSchema(schemas(), 'types');
let faults = 0;

// check WHERE PART VALUE: PART is a path in the type Checked.
function check(where, part, value) {
	const valid = ajv.getSchema(`types#/definitions/Checked/properties/${part}`);
	if (!valid) {
		faults++;
		console.log(`${where}: ${part.split('/').pop()} is not in types.ts`);
	} else if (!valid(value)) {
		faults += valid.errors.length;
		for (const error of valid.errors)
			console.log(`${where}${error.instancePath}: ${error.message} ${JSON.stringify(error.params)}`);
	}
}

for (const file of process.argv.slice(2)) {
	const dashboard = JSON.parse(readFileSync(file, 'utf8'));
	check(file, 'dashboard', dashboard);
	for (const panel of dashboard.panels) {
		const where = `${file}: panel ${panel.id}`;
		check(where, `panel/properties/${panel.type}`, panel);
		for (const override of panel.fieldConfig?.overrides ?? [])
			for (const { id, value } of override.properties)
				check(`${where}: ${id} of ${override.matcher.options}`, `override/properties/${id}`, value);
	}
}
process.exit(faults ? 1 : 0);

// SPDX-License-Identifier: MIT
// openapi.mjs FILE [FILE...]: what Redocly's recommended rules find in OpenAPI documents, warnings too,
// a line each.

import { createRequire } from "node:module";

// The modules are below the working directory, see ./modules.
const require = createRequire(`${process.cwd()}/`);
const { createConfig, lint } = require("@redocly/openapi-core");

const config = await createConfig({ extends: ["recommended-strict"], telemetry: "off" });
for (const file of process.argv.slice(2))
	for (const problem of await lint({ ref: file, config }))
		console.log(`${problem.location[0]?.pointer ?? "#"}: ${problem.message} (${problem.ruleId})`);

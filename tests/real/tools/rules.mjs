// rules.mjs: whether each of [[CONDITION, {VARIABLE: VALUE}], ...] on standard input holds, by gitlab-ci-local.
import { Utils } from "gitlab-ci-local/src/utils.js";
import { readFileSync } from "node:fs";

const asked = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(asked.map(([condition, variables]) => Utils.evaluateRuleIf(condition, variables))));

// Preloaded into every program the engine double runs. The SDK prints the error of a failed program in colour, and
// Node 20 can take a minute over that and then give up (pulumi/pulumi#20567, #21326); without colour it is instant.
const util = require("node:util");

const inspect = util.inspect;
util.inspect = Object.assign(
  (value, options, ...rest) =>
    inspect(value, value instanceof Error ? { ...options, colors: false } : options, ...rest),
  inspect,
);

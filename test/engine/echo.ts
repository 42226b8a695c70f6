import { randomUUID } from "node:crypto";
import type { Provider } from "./provider";
import { same } from "./values";

/**
 * Stands for every provider that is no Node program, such as a cloud's: it makes what it is asked for, gives the inputs
 * back as outputs, and changes everything in place. What it was given is in the state.
 */
export const echo: Provider = {
  check: async (_olds, news) => ({ inputs: news, failures: [] }),
  diff: async (old, news) => ({ changes: !same(old.inputs, news), replaces: [], deleteBeforeReplace: false }),
  create: async (_urn, inputs) => ({ id: randomUUID(), outputs: inputs }),
  read: async (id, inputs, outputs) => ({ id, inputs, outputs }),
  update: async (_old, _urn, news) => news,
  delete: async () => {},
  predict: (inputs) => inputs,
};

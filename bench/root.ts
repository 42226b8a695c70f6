import { dirname } from "node:path";

/** The repository's folder, wherever the bench was bundled to. */
export const ROOT = dirname(require.resolve("pulumi-macpool/package.json"));

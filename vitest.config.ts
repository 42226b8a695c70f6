import { defineConfig } from "vitest/config";

const shared = { pool: "forks" as const, testTimeout: 60_000 };

// `npm test -- --project unit` is the quick loop: nothing of it needs a build, a package or an engine.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: "unit",
          include: ["test/{mac,lease,store,postgres,resource,sdk}/**/*.test.ts"],
          globalSetup: ["test/postgres/global-setup.ts"],
        },
      },
      {
        test: {
          ...shared,
          name: "whole",
          include: ["test/{host,cli,docs,engine,e2e,examples}/**/*.test.ts"],
          globalSetup: ["test/e2e/global-setup.ts", "test/host/built-package.ts"],
        },
      },
    ],
  },
});

import { defineConfig } from "vitest/config";

const shared = { pool: "forks" as const, testTimeout: 120_000, maxWorkers: "100%" };

/** Projects are layers: TESTING.md says what each proves, and package.json which command runs which of them. */
export default defineConfig({
  test: {
    projects: [
      {
        // The quick loop: `npx vitest --project unit`. Nothing of it needs a build, a package or an engine.
        test: {
          ...shared,
          name: "unit",
          include: ["test/{ci,mac,lease,store,resource,sdk,model,fuzz,mutants}/**/*.test.ts"],
        },
      },
      {
        test: {
          ...shared,
          name: "postgres",
          include: ["test/postgres/**/*.test.ts"],
          globalSetup: ["test/postgres/global-setup.ts"],
        },
      },
      {
        // One file at a time, after the others: how long processes wait for each other is part of what these look at.
        test: {
          ...shared,
          name: "faults",
          include: ["test/faults/**/*.test.ts"],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: { ...shared, name: "cli", include: ["test/cli/**/*.test.ts"] },
      },
      {
        // Pulumi's own provider process, and what the papers say, with the package as it is built.
        test: {
          ...shared,
          name: "package",
          include: ["test/{host,docs}/**/*.test.ts"],
          globalSetup: ["test/host/built-package.ts"],
        },
      },
      {
        test: {
          ...shared,
          name: "e2e",
          // With the double of the engine, which is held against the real one.
          include: ["test/{engine,e2e}/**/*.test.ts"],
          exclude: ["test/e2e/postgres/**"],
          globalSetup: ["test/e2e/global-setup.ts", "test/host/built-package.ts"],
        },
      },
      {
        // The same programs with their register on a server, and what only a server has.
        test: {
          ...shared,
          name: "e2e-postgres",
          include: ["test/e2e/**/*.test.ts"],
          env: { MACPOOL_TEST_REGISTER: "postgres" },
          globalSetup: ["test/e2e/global-setup.ts", "test/host/built-package.ts", "test/postgres/global-setup.ts"],
        },
      },
      {
        test: {
          ...shared,
          name: "examples",
          include: ["test/examples/**/*.test.ts"],
          globalSetup: ["test/e2e/global-setup.ts", "test/host/built-package.ts"],
        },
      },
    ],
  },
});

import { expect, test } from "vitest";
import type { Properties } from "../host/harness";
import { seal, unseal } from "./state";
import { forProvider, holdsUnknown, markSecrets, same, secret, UNKNOWN } from "./values";

const signature = "4dabf18193072939515e22adb298388d";
const reference = (more: Properties) => ({ [signature]: "5cf8f73096256a8f31e491e813e4eb8e", urn: "urn:x", ...more });

test("a dynamic provider gets secrets in clear and ids in place of resources", () => {
  const bag = {
    list: [secret({ pin: 1 })],
    made: reference({ id: "a-1" }),
    group: reference({}),
    new: reference({ id: "" }),
  };
  expect(forProvider(bag)).toEqual({ list: [{ pin: 1 }], made: "a-1", group: "urn:x", new: UNKNOWN });
});

test("an output is secret when its namesake among the inputs was, or held one, at any depth", () => {
  const inputs = { pin: secret("1"), list: [secret("2")], deep: { pin: secret("3"), size: 4 }, size: 5 };
  const outputs = { pin: "1", list: ["2"], deep: { pin: "3", size: 4 }, size: 5, address: "6" };
  expect(markSecrets(outputs, inputs)).toEqual({
    ...outputs,
    pin: secret("1"),
    list: secret(["2"]),
    deep: { pin: secret("3"), size: 4 },
  });
});

test("values are the same by content, whatever the order of their members", () => {
  expect(same({ a: [1, { b: null }], c: undefined }, { a: [1, { b: null }] })).toBe(true);
  expect(same({ a: [1] }, { a: [1, 2] })).toBe(false);
  expect(same({ a: [] }, { a: {} })).toBe(false);
});

test("an unknown is found inside lists and secrets", () => {
  expect(holdsUnknown({ a: [secret(UNKNOWN)] })).toBe(true);
  expect(holdsUnknown({ a: [secret("known")] })).toBe(false);
});

test("sealing hides every secret and unsealing brings it back", () => {
  const resource = { urn: "urn:x", type: "t", custom: true, id: "a", parent: "", dependencies: [], provider: "" };
  const inputs = { deep: [{ pin: secret("hush") }], size: 1 };
  const sealed = seal([{ ...resource, inputs, outputs: {} }], "passphrase");
  expect(JSON.stringify(sealed)).not.toContain("hush");
  expect(unseal(sealed, "passphrase")[0]).toMatchObject({ id: "a", parent: "", inputs });
  expect(() => unseal(sealed, "another")).toThrow();
});

// Makes `require("pulumi-macpool")` work inside a plain clone. Node's self-reference covers the Pulumi program, but not
// the provider process: it loads our loader from a string without a file name, and resolves from its working directory.
import { rmSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";

const link = fileURLToPath(new URL("../node_modules/pulumi-macpool", import.meta.url));
rmSync(link, { recursive: true, force: true });
symlinkSync("..", link, "junction");

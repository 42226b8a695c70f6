import { storeContract } from "./contract";
import { openMemory } from "./support";

storeContract("memory", openMemory);

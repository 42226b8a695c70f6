import { createFile, openFile } from "../../store/support";
import { allocation } from "./allocate";

allocation({ create: async (content) => createFile(content), open: openFile });

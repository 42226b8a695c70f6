import { forgetEmptyServerPassword } from "../../environment";

/** What the file is asked for, as the driver found it in URL and environment. */
interface Login {
  readonly host: string;
  readonly port: number;
  readonly user?: string | undefined;
  readonly database?: string | undefined;
}

/**
 * Returns the password that PGPASSFILE, or `~/.pgpass`, has for a login; "" when there is none. The driver would
 * look there itself, but warns on stderr that it will not for ever.
 */
export function passwordOfFile(login: Login): Promise<string> {
  // Loaded here, because most servers are given the password, or want none.
  const read: (login: Login, found: (password: string | undefined) => void) => void = require("pgpass");
  forgetEmptyServerPassword();
  return new Promise((resolve) => read(login, (password) => resolve(password ?? "")));
}

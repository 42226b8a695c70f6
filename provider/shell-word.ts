/** Returns `text` as one word of a POSIX shell, so that a command in a message can be pasted as it stands. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

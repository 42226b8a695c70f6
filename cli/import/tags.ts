/** Returns the tags that `key=value` texts name, separated by `;`, `,` or white space; a key alone has an empty value. */
export function tagsOfText(text: string): Readonly<Record<string, string>> {
  const parts = text.split(/[;,\s]+/).filter((part) => part !== "");
  // `fromEntries` makes properties even of keys that assignment would take for the prototype.
  return Object.fromEntries(
    parts.map((part) => {
      const at = part.indexOf("=");
      return at === -1 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)];
    }),
  );
}

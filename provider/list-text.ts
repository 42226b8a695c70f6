/** Returns the first `most` of `texts` as words in a message, and how many more there are. */
export function listText(texts: readonly string[], most: number): string {
  const more = texts.length > most ? ` and ${texts.length - most} more` : "";
  return `${texts.slice(0, most).join(", ")}${more}`;
}

import type { Node, Value, Word } from "./tree";

/** Returns a script for bash 4 and later, to be sourced; it needs no other package. */
export function bashScript(nodes: readonly Node[]): string {
  return `_macpool_words() {
  local word
  for word in "$@"; do
    word=\${word%%:*}
    if [[ $word == "$cur"* ]]; then COMPREPLY+=("$word"); fi
  done
}
_macpool_files() { compopt -o default; }
_macpool() {
  local at= skip= word cur=\${COMP_WORDS[COMP_CWORD]}
  local -a line=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
  COMPREPLY=()
${body(nodes)}
}
complete -F _macpool macpool
`;
}

/** Returns a script for zsh 5, to be sourced after `compinit` or put on `fpath` as `_macpool`. */
export function zshScript(nodes: readonly Node[]): string {
  return `#compdef macpool
_macpool_words() {
  local -a found=("$@")
  _describe macpool found
}
_macpool_files() { _files }
_macpool() {
  local at= skip= word cur=\${words[CURRENT]}
  local -a line=("\${(@)words[2,CURRENT-1]}")
${body(nodes)}
}
if [[ \${funcstack[1]} == _macpool ]]; then _macpool "$@"; else compdef _macpool macpool; fi
`;
}

/** What bash and zsh have in common: down the tree with the words before the cursor, then what can stand there. */
function body(nodes: readonly Node[]): string {
  const branches = (of: (node: Node) => string) =>
    nodes.flatMap((node) => (of(node) === "" ? [] : [`      ${shellQuote(node.path)}) ${of(node)} ;;`])).join("\n");
  const values = takers(nodes).flatMap(({ place, value }) => {
    const found = [...wordsCall(value.choices.map((word) => ({ word, about: "" }))), ...filesCall(value)];
    return found.length === 0 ? [] : [`      ${place}) ${found.join("; ")} ;;`];
  });
  return `  for word in "\${line[@]}"; do
    if [[ -n $skip ]]; then skip=; continue; fi
    case $at/$word in
      ${paths(nodes).join("|")}) at=$at/$word ;;
      ${takers(nodes)
        .map(({ place }) => place)
        .join("|")}) skip=$at/$word ;;
    esac
  done
  if [[ -n $skip ]]; then
    case $skip in
${values.join("\n")}
    esac
  elif [[ $cur == -* ]]; then
    case $at in
${branches(({ options }) => wordsCall(options).join("; "))}
    esac
  else
    case $at in
${branches(({ commands, argument }) => [...wordsCall(positional(commands, argument)), ...filesCall(argument)].join("; "))}
    esac
  fi`;
}

/** Returns a script for fish 3, to be sourced or put into its directory of completions. */
export function fishScript(nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, commands, options, argument }) => {
    const start = `complete -c macpool -n '__macpool_at "${path}"'`;
    const about = (word: Word) => ` -d ${fishQuote(word.about)}`;
    return [
      ...positional(commands, argument).map((word) => `${start} -a ${word.word}${about(word)}`),
      ...options.map((option) => `${start} -l ${option.word.slice(2)}${fishValue(option.value)}${about(option)}`),
      ...(argument.isFile ? [`${start} -F`] : []),
    ];
  });
  return `function __macpool_at
  set -l at
  set -l skip
  for word in (commandline -opc)[2..]
    if test -n "$skip"
      set skip
      continue
    end
    switch "$at/$word"
      case ${paths(nodes).join(" ")}
        set at "$at/$word"
      case ${takers(nodes)
        .map(({ place }) => place)
        .join(" ")}
        set skip yes
    end
  end
  test "$at" = "$argv[1]"
end
complete -c macpool -f
${lines.join("\n")}
`;
}

function fishValue(value: Value | undefined): string {
  if (value === undefined) return "";
  if (value.isFile) return " -r -F";
  return value.choices.length === 0 ? " -x" : ` -x -a ${fishQuote(value.choices.join(" "))}`;
}

function positional(commands: readonly Word[], { choices }: Value): readonly Word[] {
  return [...commands, ...choices.map((word) => ({ word, about: "" }))];
}

function wordsCall(words: readonly Word[]): readonly string[] {
  const quoted = words.map(({ word, about }) => shellQuote(about === "" ? word : `${word}:${about}`));
  return quoted.length === 0 ? [] : [`_macpool_words ${quoted.join(" ")}`];
}

function filesCall({ isFile }: Value): readonly string[] {
  return isFile ? ["_macpool_files"] : [];
}

function paths(nodes: readonly Node[]): readonly string[] {
  return nodes.flatMap(({ path }) => (path === "" ? [] : [path]));
}

/** Options that take the word after them, each with the path of its command. */
function takers(nodes: readonly Node[]): readonly { readonly place: string; readonly value: Value }[] {
  return nodes.flatMap(({ path, options }) =>
    options.flatMap(({ word, value }) => (value === undefined ? [] : [{ place: `${path}/${word}`, value }])),
  );
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishQuote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

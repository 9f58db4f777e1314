/** Completion for bash and zsh: a function `keypost` that runs `npm run keypost`, with its commands and options. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';

/** @param commands every command, with its verbs. */
export const completionOf = (
  commands: readonly CommandUnknownOpts[],
): string => `# source this file in the folder of your repository
keypost() { npm run -s keypost -- "$@"; }
[ -n "$ZSH_VERSION" ] && autoload -U +X bashcompinit && bashcompinit
_keypost() {
  local word path=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do case "$word" in -*) ;; *) path="$path $word" ;; esac; done
  case "$path" in
${[...casesOf(commands, '')].join('\n')}
  esac
}
complete -o default -F _keypost keypost`;

/** Yields the longer paths first, since the first case that matches is used. */
function* casesOf(commands: readonly CommandUnknownOpts[], path: string): Generator<string> {
  for (const command of commands) {
    const here = `${path} ${command.name()}`;
    const options = command.options.flatMap(({ long, hidden }) => (long && !hidden ? long : []));
    yield* casesOf(command.commands, here);
    if (command.commands.length === 0) yield caseFor(`'${here}'*`, [...options, '--help']);
  }
  const names = commands.map((command) => command.name());
  if (names.length > 0)
    yield caseFor(`'${path}'`, path ? [...names, '--help'] : [...names, 'help', '--version']);
}

const caseFor = (pattern: string, words: readonly string[]) =>
  `    ${pattern}) COMPREPLY=($(compgen -W '${words.join(' ')}' -- "\${COMP_WORDS[COMP_CWORD]}")) ;;`;

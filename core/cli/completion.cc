// completion: scripts for bash, zsh and fish, made from the command line's own
// description, so that they can't fall behind it. Events and fields are asked of
// the command while the user types.
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "commands.h"
#include "terminal.h"

namespace candor::cli {
namespace {

using Option = CommandInfo::Option;

// In single quotes, for any of the shells.
std::string quoted(std::string_view text) {
  std::string to = "'";
  for (const char c : text) {
    if (c == '\'') {
      to += "'\\''";
    } else {
      to += c;
    }
  }
  return to + '\'';
}

template <typename Each>
std::string joined(const std::vector<Option>& options, std::string_view between, Each each) {
  std::string text;
  for (const auto& option : options) {
    const std::string part = each(option);
    if (part.empty()) continue;
    text += text.empty() ? std::string_view() : between;
    text += part;
  }
  return text;
}

std::string option_names(const CommandInfo& command) {
  return joined(command.options, " ", [](const Option& option) { return option.name; });
}

// Options whose value is a file, or anything else, as a shell pattern.
std::string value_pattern(const CommandInfo& command, bool file) {
  return joined(command.options, "|", [file](const Option& option) {
    return (file ? option.takes_file : option.takes_value) ? option.name : std::string();
  });
}

// All options that a value follows, of any command, as a shell pattern.
std::string valued_pattern(const std::vector<CommandInfo>& commands) {
  std::set<std::string> names;
  for (const auto& command : commands) {
    for (const auto& option : command.options) {
      if (option.takes_file || option.takes_value) names.insert(option.name);
    }
  }
  std::string pattern;
  for (const auto& name : names) pattern += (pattern.empty() ? "" : "|") + name;
  return pattern;
}

constexpr std::string_view kBashHead =
    R"sh(# bash completion of candor: source this file, or put it into
# ~/.local/share/bash-completion/completions/candor
_candor() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  local command= event= catalog=() words= files= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --catalog) catalog=(--catalog "${COMP_WORDS[i+1]/#\~/$HOME}"); ((i++)) ;;
      VALUED) ((i++)) ;;
      -*) ;;
      *) if [[ -z $command ]]; then command=${COMP_WORDS[i]}
         elif [[ -z $event ]]; then event=${COMP_WORDS[i]}; fi ;;
    esac
  done
  case $command in
)sh";
constexpr std::string_view kBashTail = R"sh(  esac
  case $command in
    emit)
      if [[ $word != -* && -z $event ]]; then
        words=$("${COMP_WORDS[0]}" __events "${catalog[@]}" 2>/dev/null)
      elif [[ $word != -* ]]; then
        words=$("${COMP_WORDS[0]}" __fields "$event" "${catalog[@]}" 2>/dev/null)
        compopt -o nospace
      fi ;;
    completion) [[ $word == -* ]] || words='bash zsh fish' ;;
    check|schema) [[ $word == -* ]] || files=1 ;;
  esac
  if [[ -n $files ]]; then
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  fi
}
complete -F _candor candor
)sh";

std::string bash(const std::vector<CommandInfo>& commands) {
  std::string script(kBashHead);
  constexpr std::string_view kPlace = "VALUED";
  script.replace(script.find(kPlace), kPlace.size(), valued_pattern(commands));
  std::string names;
  for (const auto& command : commands) {
    if (!command.name.empty()) names += (names.empty() ? "" : " ") + command.name;
  }
  for (const auto& command : commands) {
    const bool root = command.name.empty();
    const std::string files = value_pattern(command, true);
    const std::string values = value_pattern(command, false);
    script += "    " + (root ? std::string("''") : command.name) + ")\n";
    script += "      case $before in\n";
    if (!files.empty()) script += "        " + files + ") files=1 ;;\n";
    if (!values.empty()) script += "        " + values + ") return ;;\n";
    script += "        *) words=" +
              quoted((root || command.name == "help" ? names + ' ' : "") + option_names(command)) +
              " ;;\n      esac ;;\n";
  }
  return script.append(kBashTail);
}

constexpr std::string_view kZshHead = R"sh(#compdef candor
# zsh completion of candor: put this file as _candor into a directory of $fpath,
# or source it after compinit.
_candor() {
  local -a catalog commands
  local i
  for ((i = 2; i < CURRENT; i++)); do
    [[ $words[i] == --catalog ]] && catalog=(--catalog ${~words[i+1]})
  done
)sh";
constexpr std::string_view kZshTail = R"sh(}
_candor_event() {
  local -a events; events=(${(f)"$(candor __events $catalog 2>/dev/null)"})
  compadd -a events
}
_candor_field() {
  local -a fields; fields=(${(f)"$(candor __fields $line[1] $catalog 2>/dev/null)"})
  compadd -S '' -a fields
}
if [[ $funcstack[1] == _candor ]]; then _candor "$@"; else compdef _candor candor; fi
)sh";

// An option as _arguments wants it: 'NAME[DESCRIPTION]:value:_files'.
std::string zsh_option(const Option& option) {
  std::string text;
  for (const char c : option.description) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') text += '\\';
    text += c;
  }
  text = option.name + '[' + text + ']';
  if (option.takes_file) text += ":file:_files";
  if (option.takes_value) text += ":value:";
  return quoted(text);
}

std::string zsh_positionals(std::string_view command) {
  if (command == "emit") return " '1:event:_candor_event' '*:field:_candor_field'";
  if (command == "check" || command == "schema") return " '*:catalog:_files'";
  if (command == "completion") return " '1:shell:(bash zsh fish)'";
  if (command == "help") return " '1:command:{_describe command commands}'";
  return {};
}

std::string zsh(const std::vector<CommandInfo>& commands) {
  std::string script(kZshHead);
  std::string names, cases;
  for (const auto& command : commands) {
    const std::string options = joined(command.options, " ", zsh_option);
    if (command.name.empty()) {
      cases += "  _arguments -C " + options + " '1:command:->command' '*::argument:->argument'\n";
      continue;
    }
    names += "    " + quoted(command.name + ':' + command.description) + '\n';
  }
  script += "  commands=(\n" + names + "  )\n  local curcontext=$curcontext state line\n" + cases;
  script += "  case $state in\n    command) _describe command commands ;;\n    argument)\n";
  script += "      case $words[1] in\n";
  for (const auto& command : commands) {
    if (command.name.empty()) continue;
    script += "        " + command.name + ") _arguments " +
              joined(command.options, " ", zsh_option) + zsh_positionals(command.name) + " ;;\n";
  }
  script += "      esac ;;\n  esac\n";
  return script.append(kZshTail);
}

constexpr std::string_view kFishHead =
    R"sh(# fish completion of candor: put this file as candor.fish into
# ~/.config/fish/completions
function __candor_ask
    set -l words (commandline -opc)
    set -l catalog
    if set -l i (contains -i -- --catalog $words)
        set catalog --catalog $words[(math $i + 1)]
    end
    candor $argv $catalog 2>/dev/null
end
function __candor_event
    set -l words (commandline -opc)
    set -l i (contains -i -- emit $words); or return 1
    for word in $words[(math $i + 1)..-1]
        string match -q -- '-*' $word; or begin
            echo $word
            return 0
        end
    end
    return 1
end
complete -c candor -f
complete -c candor -n '__fish_seen_subcommand_from emit; and not __candor_event >/dev/null' -a '(__candor_ask __events)'
complete -c candor -n '__fish_seen_subcommand_from emit; and __candor_event >/dev/null' -a '(__candor_ask __fields (__candor_event))'
complete -c candor -n '__fish_seen_subcommand_from check schema' -F
complete -c candor -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'
)sh";

std::string fish(const std::vector<CommandInfo>& commands) {
  std::string script(kFishHead);
  for (const auto& command : commands) {
    const std::string when = command.name.empty() ? std::string("__fish_use_subcommand")
                                                  : "__fish_seen_subcommand_from " + command.name;
    if (!command.name.empty()) {
      script += "complete -c candor -n __fish_use_subcommand -a " + command.name + " -d " +
                quoted(command.description) + '\n';
      script +=
          "complete -c candor -n '__fish_seen_subcommand_from help' -a " + command.name + '\n';
    }
    for (const auto& option : command.options) {
      const bool is_long = option.name.starts_with("--");
      script += "complete -c candor -n " + quoted(when) + (is_long ? " -l " : " -s ") +
                option.name.substr(is_long ? 2 : 1) + " -d " + quoted(option.description);
      if (option.takes_file) script += " -r -F";
      if (option.takes_value) script += " -x";
      script += '\n';
    }
  }
  return script;
}

}  // namespace

int completion(const std::string& shell, const std::vector<CommandInfo>& commands) {
  if (shell == "bash") return out(bash(commands)), kDone;
  if (shell == "zsh") return out(zsh(commands)), kDone;
  if (shell == "fish") return out(fish(commands)), kDone;
  complain("completion: the shell is bash, zsh or fish");
  return kUsage;
}

}  // namespace candor::cli

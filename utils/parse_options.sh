# shellcheck shell=bash
# Sets a script's variables from its command line (Kaldi's parse_options.sh). To be sourced by bash
# once the options are declared with their defaults; leaves the positional arguments in "$@":
#
#   nj=4
#   skip_overlap=true
#   valid_options="nj skip_overlap"     # optional, see below
#   help_message="Usage: $0 [--nj N] [--skip-overlap true|false] <data-dir>"
#   . utils/parse_options.sh
#
# --skip-overlap false, --skip_overlap false and --skip-overlap=false all set $skip_overlap.
#   - Options end at the first other word or at "--".
#   - Where $valid_options is set, it lists all the variables that may be set. Otherwise every
#     variable of the shell may be, as in Kaldi.
#   - A variable declared as true or false takes nothing else, and $cmd cannot be empty.
#   - --config FILE sources the file, wherever it stands: the command line wins over it.
#   - --help or -h prints $help_message to stderr and exits with 0.
# What is wrong is said in one line on stderr, and the script exits with 1.

config=${config:-}
_po_names=${valid_options-$(compgen -v)}
_po_names="${_po_names//-/_} config"
_po_booleans=
for _po_name in $_po_names; do
  case ${!_po_name-} in
    true | false) _po_booleans="$_po_booleans $_po_name" ;;
  esac
done

_po_fail() {
  echo "$0: $1" >&2
  exit 1
}

# _po_is_option WORD: whether the word is an option's name, such as --skip-overlap. Only what passes
# here is used as a variable's name: bash would run the command in a name such as 'a[$(command)]'.
_po_is_option() {
  local _po_known
  case $1 in --*) ;; *) return 1 ;; esac
  set -- "${1#--}"
  for _po_known in $_po_names; do
    [ "${1//-/_}" != "$_po_known" ] || return 0
  done
  return 1
}

# _po_refuse_option WORD: fail because there is no such option, and list those there are. Without
# $valid_options the list would be all the variables of the shell: no help.
_po_refuse_option() {
  local _po_known _po_list=
  for _po_known in ${valid_options-}; do
    _po_list="$_po_list --${_po_known//_/-}"
  done
  _po_fail "unknown option $1${valid_options+; valid options are:$_po_list --config --help}"
}

# _po_read WORD...: split the option in front into _po_name and _po_value; it has _po_width words.
_po_read() {
  local _po_option=${1%%=*}
  _po_is_option "$_po_option" || _po_refuse_option "$_po_option"
  _po_name=${_po_option#--}
  _po_name=${_po_name//-/_}
  if [ "$1" != "$_po_option" ]; then
    _po_value=${1#*=}
    _po_width=1
    return
  fi
  # In "--stage --nj 4" a value was forgotten; "--opts=--nj" can still say what it means.
  if [ $# -lt 2 ] || [ "$2" = --help ] || _po_is_option "$2"; then
    _po_fail "option $1 lacks its value"
  fi
  _po_value=$2
  _po_width=2
}

_po_settings=() # name, value, name, value, ...: held back until every config file is read
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      # Kaldi's scripts write \n in their help
      printf '%b\n' "${help_message:-$0: no help found}" >&2
      exit 0
      ;;
    --)
      shift
      break
      ;;
    --*) ;;
    *) break ;;
  esac
  _po_read "$@"
  shift "$_po_width"
  if [ "$_po_name" != config ]; then
    _po_settings+=("$_po_name" "$_po_value")
    continue
  fi
  config=$_po_value
  if [ ! -r "$config" ] || [ -d "$config" ]; then
    _po_fail "cannot read the config file '$config'"
  fi
  case $config in
    */*) . "$config" ;;
    *) . "./$config" ;; # without a slash bash would look in PATH first
  esac
done

for ((_po_i = 0; _po_i < ${#_po_settings[@]}; _po_i += 2)); do
  printf -v "${_po_settings[_po_i]}" '%s' "${_po_settings[_po_i + 1]}" || exit 1
done

for _po_name in $_po_booleans; do
  case ${!_po_name-} in
    true | false) ;;
    *) _po_fail "--${_po_name//_/-} takes true or false, not '${!_po_name-}'" ;;
  esac
done
if [ -n "${cmd+set}" ] && [ -z "$cmd" ]; then
  _po_fail "empty argument to --cmd"
fi

unset _po_names _po_booleans _po_name _po_value _po_width _po_settings _po_i
unset -f _po_fail _po_is_option _po_refuse_option _po_read

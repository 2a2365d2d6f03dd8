#!/bin/bash
# Stands in for `docker` and its engine in tests of the talk with them. It parts nothing from anything: only for programs of ours.
# What it was asked lies beside it in `asked`, its containers in `containers/NAME`.
here=$(dirname "$0")
echo "$*" >> "$here/asked"
command=$1
shift
last=${*: -1}
case $command in
  info) echo '{"ServerVersion":"99.0","Runtimes":{"runc":{},"runsc":{}}}' ;;
  image) [ "$last" = image ] ;;
  ps) cat "$here/abandoned" 2>/dev/null || true ;;
  events) exec sleep 600 ;;
  run)
    name=
    variables=
    until [ "$1" = image ]; do
      case $1 in
        --name) name=$2 ;;
        --env-file) variables=$2 ;;
      esac
      shift
    done
    shift
    mkdir -p "$here/containers/$name"
    mapfile -t lines < "$variables"
    setsid env -i "${lines[@]}" "$@" <&0 &
    echo $! > "$here/containers/$name/pid"
    wait $!
    code=$?
    echo $code > "$here/containers/$name/code"
    exit $code
    ;;
  inspect)
    [ -e "$here/containers/$last/code" ] || exit 1
    memory=false
    [ -e "$here/out-of-memory" ] && memory=true
    echo "{\"ExitCode\":$(cat "$here/containers/$last/code"),\"OOMKilled\":$memory,\"Error\":\"\"}"
    ;;
  kill) kill -9 -- "-$(cat "$here/containers/$last/pid")" ;;
  rm) rm -rf "$here/containers/$last" ;;
  *) exit 1 ;;
esac

#!/bin/sh
# A whole session of a legacy client with nothing but curl: sign in, listen on CometD, dial a preview record, hang up.
#
#   clients/legacy/dial.sh [NUMBER]
#
# The number is 5001 unless given. From the environment: URL (http://127.0.0.1:8080/api/v2), USER_NAME (agent1) and
# PASSWORD (demo).
set -eu

case "${1-}" in
  -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
number=${1:-5001}
url=${URL:-http://127.0.0.1:8080/api/v2}
user=${USER_NAME:-agent1}
password=${PASSWORD:-demo}
command -v curl >/dev/null || { echo "this needs curl" >&2; exit 1; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# The name and password go to curl by a file that only we can read, so that they are not in the list of processes.
printf 'user = "%s:%s"\n' "$user" "$password" >"$folder/login"
chmod 600 "$folder/login"

get() { curl --silent --show-error --max-time 40 --cookie "$folder/jar" --cookie-jar "$folder/jar" "$@"; }
post() { # path, body
  get --header 'Content-Type: application/json' --data "$2" "$url$1"
}
member() { # name; the first member of that name with a string as its value
  sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" | head -n 1
}
bayeux() { # messages
  post /notifications "$1"
}

echo "1. sign in: the password once, then the cookie"
get --config "$folder/login" "$url/me?subresources=devices" >"$folder/me"
device=$(sed -n 's/.*"devices":\[{"id":"\([^"]*\)".*/\1/p' "$folder/me")
[ -n "$device" ] || { echo "no device: $(cat "$folder/me")" >&2; exit 1; }
post /me '{"operationName":"StartContactCenterSession","channels":["voice"]}'; echo

echo "2. listen"
client=$(bayeux '[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]' | member clientId)
bayeux "[{\"channel\":\"/meta/subscribe\",\"subscription\":\"/v2/me/calls\",\"clientId\":\"$client\"}]"; echo
bayeux "[{\"channel\":\"/meta/connect\",\"connectionType\":\"long-polling\",\"clientId\":\"$client\"}]" >/dev/null

echo "3. dial a preview record"
answer=$(post "/me/devices/$device/calls" '{"operationName":"Dial","devicePath":"/devices/'"$device"'","outboundRecord":{"recordHandle":431,"phoneNumber":"'"$number"'","otherFields":{}}}')
echo "$answer"
[ "$answer" = '{"statusCode":0}' ] || exit 1

echo "4. what becomes of it"
call='' state='' hung_up=''
while [ "$state" != Released ]; do
  messages=$(bayeux "[{\"channel\":\"/meta/connect\",\"connectionType\":\"long-polling\",\"clientId\":\"$client\"}]")
  case "$messages" in
    *CallStateChangeMessage*) ;;
    *) continue ;;
  esac
  echo "$messages"
  call=$(printf '%s' "$messages" | sed -n 's/.*"call":{"id":"\([^"]*\)".*/\1/p')
  state=$(printf '%s' "$messages" | sed -n 's/.*"call":{"id":"[^"]*","state":"\([^"]*\)".*/\1/p')
  if [ "$state" = Established ] && [ -z "$hung_up" ]; then
    echo "5. hang up"
    post "/me/calls/$call" '{"operationName":"Hangup"}'; echo
    hung_up=yes
  fi
done
bayeux "[{\"channel\":\"/meta/disconnect\",\"clientId\":\"$client\"}]" >/dev/null
echo "over"

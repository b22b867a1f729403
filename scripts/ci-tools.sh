#!/usr/bin/env bash
# Programs that the captures and services tests and the benchmarks compare with or start. On Debian as root it installs
# what is missing; elsewhere it says what to install.
set -euo pipefail
declare -A packages=([tshark]=tshark [softflowd]=softflowd [java]=default-jre-headless [mvn]=maven
  [tcpdump]=tcpdump [ip]=iproute2 [tc]=iproute2 [sshd]=openssh-server [ssh]=openssh-client [storescp]=dcmtk
  [go]=golang-go [cargo]=cargo [cc]=gcc [pkg-config]=pkg-config)
missing=()
for program in "${!packages[@]}"; do
  # Servers lie where not everybody looks.
  PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null || missing+=("${packages[$program]}")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "not found: install ${missing[*]}" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null

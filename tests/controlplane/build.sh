#!/usr/bin/env bash
# Builds the control plane once for each state of its sources and prints the directory
# it stands in: bin/ (a KUBEBUILDER_ASSETS folder) and stages/ (for kwok).
#
#   build.sh              build unless it is there
#   build.sh --if-built   print the directory only where it is there, else fail at once
set -euo pipefail

release=1.36.2 # of k8s.io/kubernetes in go.mod, which does not know its own version
cd "$(dirname "${BASH_SOURCE[0]}")"

say() { printf 'controlplane: %s\n' "$*" >&2; }
sha256() { if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

# The names are hashed with the contents. LC_ALL keeps the order the same everywhere.
digest=$(LC_ALL=C; export LC_ALL; sha256 build.sh go.mod go.sum ./*.go stages/*.yaml | sha256 | cut -d' ' -f1)
root="${XDG_CACHE_HOME:-$HOME/.cache}/caseboard/controlplane"
directory="$root/$digest"

if [ -x "$directory/bin/controlplane" ]; then
  echo "$directory"
  exit 0
fi
if [ "${1:-}" = --if-built ]; then
  say "not built yet: run \`${BASH_SOURCE[0]}\` (five to ten minutes on two cores, Go 1.26 or newer)."
  exit 3
fi

if ! command -v go >/dev/null; then
  say "cannot build: \`go\` is not on the PATH. Install Go 1.26 or newer, or set KUBEBUILDER_ASSETS to binaries you have."
  exit 1
fi
# Outside the module: inside, an older Go would refuse go.mod before it named itself.
found=$(cd / && GOTOOLCHAIN=local go env GOVERSION)
if [[ ! $found =~ go([0-9]+)\.([0-9]+) ]] ||
  ((BASH_REMATCH[1] < 1 || (BASH_REMATCH[1] == 1 && BASH_REMATCH[2] < 26))); then
  say "cannot build: \`go\` is $found, and Kubernetes $release needs Go 1.26 or newer. Install that, or set KUBEBUILDER_ASSETS to binaries you have."
  exit 1
fi

mkdir -p "$root"
building=$(mktemp -d "$root/.building.XXXXXX")
trap 'rm -rf "$building"' EXIT
chmod 755 "$building" # mktemp's 700 would outlive the rename

stamp=""
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  stamp+=" -X $package.gitVersion=v$release -X $package.gitMajor=${release%%.*}"
  minor=${release#*.}
  stamp+=" -X $package.gitMinor=${minor%%.*} -X $package.gitTreeState=clean"
done

say "building Kubernetes $release with $found; the first time this takes five to ten minutes on two cores."
SECONDS=0
CGO_ENABLED=0 GOWORK=off go build -trimpath -buildvcs=false -ldflags "-s -w$stamp" \
  -o "$building/bin/controlplane" . >&2
for name in etcd kube-apiserver kube-controller-manager kube-scheduler kwok kubectl; do
  ln -s controlplane "$building/bin/$name"
done
cp -R stages "$building/stages"

# Another build may have been faster; both made the same.
[ -e "$directory" ] || mv "$building" "$directory"
say "built in $SECONDS s."
echo "$directory"

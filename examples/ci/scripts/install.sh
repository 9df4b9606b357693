#!/usr/bin/env bash
# install.sh: Hera, and the programs of which a version is given and that are not there: TERRAFORM_VERSION, ARGO_VERSION. What is
# downloaded is compared with the checksums of its release.
set -euo pipefail
python3 -m pip install --quiet "hera-platform[aws,azure,gcp,kubernetes]==${HERA_VERSION:?which version of Hera}"
bin=/usr/local/bin
if ! [ -w "$bin" ]; then
  bin=$HOME/.local/bin
  mkdir -p "$bin"
  if [ -n "${GITHUB_PATH:-}" ]; then echo "$bin" >>"$GITHUB_PATH"; fi
fi

fetch() { # fetch ADDRESS SUMS FILE: the program in an archive of a release, into $bin
  python3 - "$1" "$2" "$3" "$bin" <<'PYTHON'
import gzip, hashlib, io, pathlib, sys, urllib.request, zipfile

address, sums, name, folder = sys.argv[1:]
archive, sums = (urllib.request.urlopen(f"{address}/{file}").read() for file in (name, sums))
if not any(line.split() == [hashlib.sha256(archive).hexdigest(), name] for line in sums.decode().splitlines()):
    raise SystemExit(f"{name}: the checksum does not match")
zipped = name.endswith(".zip")
program = pathlib.Path(folder, "terraform" if zipped else "argo")
program.write_bytes(zipfile.ZipFile(io.BytesIO(archive)).read("terraform") if zipped else gzip.decompress(archive))
program.chmod(0o755)
PYTHON
}

version=${TERRAFORM_VERSION:-}
if [ -n "$version" ] && ! command -v terraform >/dev/null; then
  fetch "https://releases.hashicorp.com/terraform/$version" "terraform_${version}_SHA256SUMS" "terraform_${version}_linux_amd64.zip"
fi
version=${ARGO_VERSION:-}
if [ -n "$version" ] && ! command -v argo >/dev/null; then
  fetch "https://github.com/argoproj/argo-workflows/releases/download/v$version" argo-workflows-cli-checksums.txt argo-linux-amd64.gz
fi

#!/usr/bin/env bash
# An experiment on several machines with GNU parallel over ssh, one run after the other on each of their cores.
#
#   experiments/cluster/gnu-parallel.sh experiments/sigcomm18-slowdown.toml results/out/paper hosts.txt
#
# hosts.txt has a machine a line as GNU parallel takes them: `8/server1` for 8 runs at a time, `:` for this machine. The
# machines see this folder under the same path (a shared file system); otherwise use --shard on each and `homasim merge`.
# Give --joblog and --resume or simply start it again: what is done is not done again.
set -euo pipefail
experiment=${1:?give the experiment file}
out=${2:?give the folder for the results}
hosts=${3:?give the file with the machines}
# An absolute path, built once: cargo build --release
homasim=${HOMASIM:-$PWD/target/release/homasim}

"$homasim" plan "$experiment" --keys |
    parallel --sshloginfile "$hosts" --workdir "$PWD" --halt soon,fail=20% \
        "$homasim" run "$experiment" --out "$out" --quiet --jobs 1 --only {}
# Everything is there: this pools what two machines finished at the same instant, and says what came out.
"$homasim" run "$experiment" --out "$out"

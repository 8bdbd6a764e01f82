#!/usr/bin/env bash
# An experiment with HyperQueue (https://it4innovations.github.io/hyperqueue/), for very many short runs inside few
# allocations of a cluster: one task for each run. The server and its workers are running (`hq server start`,
# `hq worker start` or `hq alloc add slurm ..`).
#
#   experiments/cluster/hyperqueue.sh experiments/sigcomm18-slowdown.toml results/out/paper
set -euo pipefail
experiment=${1:?give the experiment file}
out=${2:?give the folder for the results, on a file system that all workers see}
homasim=${HOMASIM:-$PWD/target/release/homasim}

runs=$("$homasim" plan "$experiment" --keys | wc -l)
hq submit --wait --array "1-$runs" --cpus 1 --stdout none --stderr "$out.%{TASK_ID}.err" -- \
    bash -c "exec '$homasim' run '$experiment' --out '$out' --quiet --jobs 1 --shard \$HQ_TASK_ID/$runs"
"$homasim" run "$experiment" --out "$out"

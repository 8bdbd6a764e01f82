#!/usr/bin/env bash
# An experiment as a Slurm job array: each task runs one part of its runs, all write into one folder on a file system that
# all nodes see, and whoever comes last with a case pools it.
#
#   sbatch --array=1-16 experiments/cluster/slurm-array.sh experiments/sigcomm18-slowdown.toml results/out/paper
#
# A run is one thread, so a task asks for one core; with --cpus-per-task=N it runs N runs at a time. `homasim plan FILE`
# tells how long runs take and how much memory they need: choose so many tasks that each has minutes to do, or the
# scheduler is the load. Sending the same array again runs only what is missing.
#SBATCH --job-name=homasim
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
#SBATCH --time=04:00:00
set -euo pipefail
experiment=${1:?give the experiment file}
out=${2:?give the folder for the results, on a file system that all nodes see}
# The path of the program, built once: cargo build --release
homasim=${HOMASIM:-target/release/homasim}

exec "$homasim" run "$experiment" --out "$out" --quiet --jobs "${SLURM_CPUS_PER_TASK:-1}" \
    --shard "$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN + 1))/$SLURM_ARRAY_TASK_COUNT"

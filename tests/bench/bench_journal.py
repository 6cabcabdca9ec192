# SPDX-License-Identifier: BSD-3-Clause
"""Capture to disk against fio on the same file system: O_DIRECT, 1 MiB, 32 in flight, an fdatasync a second."""
import os
import shutil
import statistics

import harness

DEPTH = 32


def fio_bytes_per_s(rig, mib):
    folder = rig.path("fio")
    os.makedirs(folder, exist_ok=True)
    done = rig.json(harness.tool("fio"), "--name=w", f"--directory={folder}", f"--size={mib}M", "--rw=write", "--bs=1M",
                    "--direct=1", "--ioengine=io_uring", f"--iodepth={DEPTH}", "--fallocate=none", "--fdatasync=512",
                    "--end_fsync=1", "--output-format=json")
    shutil.rmtree(folder)
    job = done["jobs"][0]
    return job["write"]["io_bytes"] / (job["job_runtime"] / 1000)


def vega(rig, mib, pace):
    folder = rig.path("journal")
    os.makedirs(folder, exist_ok=True)
    done = rig.json(rig.program("bench_drain"), folder, mib, int(pace))
    shutil.rmtree(folder)
    return done


def run(rig):
    mib = 1024 if rig.quick else 4096
    rounds = 2 if rig.quick else 4
    if shutil.disk_usage(rig.dir).free < 3 * mib << 20:
        raise harness.Skip(f"need {3 * mib} MiB free in {rig.dir}, found less; set VEGA_BENCH_DIR")
    pairs = [(fio_bytes_per_s(rig, mib), vega(rig, mib, 0)) for _ in range(rounds)]
    fio = statistics.median(p[0] for p in pairs)
    ours = statistics.median(p[1]["capture_bytes_per_s"] for p in pairs)
    paced = vega(rig, mib // 2, 0.8 * fio * 167 / 200)
    return {
        "journal_bytes_per_s": ours,
        "fio_bytes_per_s": fio,
        "journal_to_fio_ratio": statistics.median(p[1]["capture_bytes_per_s"] / p[0] for p in pairs),
        "journal_to_fio_ratio_target": ">= 0.9",
        "journal_packets_per_s": statistics.median(p[1]["capture_packets_per_s"] for p in pairs),
        "journal_at_80_percent_dropped_packets": paced["capture_dropped_packets"] + paced["capture_lost_disk_packets"],
        "journal_at_80_percent_dropped_packets_target": "0",
        "journal_at_80_percent_bytes_per_s": paced["capture_bytes_per_s"],
        "journal_io": paced["io"],
    }

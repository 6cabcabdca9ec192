# SPDX-License-Identifier: BSD-3-Clause
"""Replay into nothing, as fast as it can: a journal of 167-byte frames in the page cache, a reading and a sending thread."""
import statistics
import subprocess


def run(rig):
    folder = rig.path("replay-journal")
    subprocess.run(["mkdir", "-p", folder], check=True)
    made = rig.json(rig.program("bench_drain"), folder, 512 if rig.quick else 2048, 0)
    subprocess.run(f"cat $(find {folder} -name '*.pcapng') > /dev/null", shell=True, check=True)
    runs = [rig.json(rig.program("vega-replay"), folder, "--out", "null", "--speed", "max", "--json") for _ in range(5)]
    rates = [r["packets_sent"] * 1e9 / r["duration_ns"] for r in runs]
    if any(r["packets_sent"] != runs[0]["packets_sent"] for r in runs):
        raise RuntimeError("runs of the same journal sent different numbers of packets")
    subprocess.run(["rm", "-rf", folder], check=True)
    return {
        "replay_null_packets_per_s": statistics.median(rates),
        "replay_null_packets_per_s_target": ">= 15,000,000",
        "replay_null_packets_per_s_best": max(rates),
        "replay_null_packets": runs[0]["packets_sent"],
        "replay_null_journal_bytes": made["capture_bytes"],
    }

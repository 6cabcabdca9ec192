# SPDX-License-Identifier: BSD-3-Clause
"""Replay as fast as it can, a reading and a sending thread, from the page cache.

Into nothing and into a DPDK port that is none: a journal of 167-byte frames. By UDP over a veth pair nobody reads: against sendmmsg alone, with
the same payloads, in turn.
"""
import statistics
import subprocess

import harness

FRAME_BYTES = 167


def rates(runs):
    if any(r["packets_sent"] != runs[0]["packets_sent"] for r in runs):
        raise RuntimeError("runs of the same journal sent different numbers of packets")
    return [r["packets_sent"] * 1e9 / r["duration_ns"] for r in runs]


def journal(rig):
    folder = rig.path("replay-journal")
    subprocess.run(["mkdir", "-p", folder], check=True)
    made = rig.json(rig.program("bench_drain"), folder, 512 if rig.quick else 2048, 0)
    subprocess.run(f"cat $(find {folder} -name '*.pcapng') > /dev/null", shell=True, check=True)

    def replay(out):
        return rig.json(rig.program("vega-replay"), folder, "--out", out, "--speed", "max", "--json")
    runs = [(replay("null"), replay("dpdk:net_null0")) for _ in range(5)]
    subprocess.run(["rm", "-rf", folder], check=True)
    null, dpdk = (rates(side) for side in zip(*runs))
    return {
        "replay_null_packets_per_s": statistics.median(null),
        "replay_null_packets_per_s_target": ">= 15,000,000",
        "replay_null_packets_per_s_best": max(null),
        "replay_null_packets": runs[0][0]["packets_sent"],
        "replay_null_journal_bytes": made["capture_bytes"],
        "replay_dpdk_null_packets_per_s": statistics.median(dpdk),
        "replay_dpdk_null_packets_per_s_target": ">= 15,000,000",
        "replay_dpdk_null_packets_per_s_best": max(dpdk),
    }


def udp(rig):
    count = 200_000 if rig.quick else 1_000_000
    source = rig.path("replay-udp.pcap")
    harness.write_pcap(source, count, 1000, FRAME_BYTES)
    with harness.Veth(rig) as veth:
        alone = veth.cmd(rig.program("bench_sendmmsg"), "tx0", "239.70.70.41", 17741, FRAME_BYTES - 42, count)
        replay = veth.cmd(rig.program("vega-replay"), source, "--out", "udp:tx0", "--speed", "max", "--json")
        veth.ip("addr", "add", "10.0.0.1/24", "dev", "tx0")
        runs = [(rig.json(*alone), rig.json(*replay)) for _ in range(5)]
    if any(r["packets_sent"] != count for _, r in runs):
        raise RuntimeError("a replay by UDP did not send every packet")
    pairs = [(count * 1e9 / a["duration_ns"], count * 1e9 / r["duration_ns"]) for a, r in runs]
    return {
        "replay_udp_packets_per_s": statistics.median(r for _, r in pairs),
        "sendmmsg_packets_per_s": statistics.median(a for a, _ in pairs),
        "replay_udp_ratio": statistics.median(r / a for a, r in pairs),
        "replay_udp_ratio_target": ">= 0.9 of sendmmsg alone",
        "replay_udp_ratio_worst": min(r / a for a, r in pairs),
    }


def run(rig):
    return {**journal(rig), **udp(rig)}

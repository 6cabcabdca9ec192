# SPDX-License-Identifier: BSD-3-Clause
"""Replay at 1x over a veth pair, judged by the receiver's nanosecond times: vega-replay, and tcpreplay with its best timers.

Error of a gap: |received gap - recorded gap|. Error of the time since the first packet: the drift a long replay shows.
"""
import json
import os
import time

import harness

PEERS = {
    "tcpreplay_default": ["--preload-pcap"],
    "tcpreplay_gtod": ["-T", "gtod", "--preload-pcap"],
}


def receive(rig, veth, sender, count):
    out = rig.path("wire.pcap")
    dump = veth.start("taskset", "-c", "1", harness.tool("tcpdump"), "-i", "rx0", "--time-stamp-precision=nano", "-B", "65536", "-w", out)
    time.sleep(1.5)
    steal = harness.steal_seconds()
    veth.exec_run(*sender)
    steal = harness.steal_seconds() - steal
    time.sleep(2)  # tcpdump hands its kernel buffer over once a second
    rig.stop(dump)
    times = {int.from_bytes(frame[42:50], "big"): ns for ns, frame in harness.read_pcap(out)}
    os.unlink(out)
    if len(times) < 0.9 * count:
        raise RuntimeError(f"{sender[0]} sent {count}, the receiver saw {len(times)}: the machine is too busy to judge")
    return times, steal


def judge(original, times):
    common = sorted(set(original) & set(times))
    first = common[0]
    gaps = [abs((times[b] - times[a]) - (original[b] - original[a])) for a, b in zip(common, common[1:])]
    since = [abs((times[i] - times[first]) - (original[i] - original[first])) for i in common]
    tail = since[-max(1, len(since) // 50):]
    return {"gap_p50": harness.quantile(gaps, 0.5), "gap_p99": harness.quantile(gaps, 0.99), "gap_max": max(gaps),
            "since_first_p50": harness.quantile(since, 0.5), "since_first_max": max(since),
            "since_first_end": harness.quantile(tail, 0.5)}


def run(rig):
    count, mean_ns = (10_000, 1_000_000) if rig.quick else (60_000, 1_000_000)
    source = rig.path("wire-source.pcap")
    harness.write_pcap(source, count, harness.market_gaps(7, mean_ns))
    original = {int.from_bytes(frame[42:50], "big"): ns for ns, frame in harness.read_pcap(source)}
    figures = {}
    report = rig.path("wire-report.json")
    senders = {"vega": [rig.program("vega-replay"), source, "--out", "dpdk:net_af_packet0,iface=tx0", "--cpu", "0", "--report", report]}
    senders |= {name: ["taskset", "-c", "0", harness.tool("tcpreplay"), "-q", "-i", "tx0", *options, source] for name, options in PEERS.items()}
    with harness.Veth(rig) as veth:
        for name, command in senders.items():
            times, steal = receive(rig, veth, command, count)
            result = judge(original, times)
            figures |= {f"wire_{name}_{key}_ns": value for key, value in result.items()}
            figures[f"wire_{name}_received_packets"] = len(times)
            figures[f"wire_{name}_steal_s"] = steal
    with open(report, encoding="utf-8") as file:
        figures["wire_vega_own_departure_error_ns_p99"] = json.load(file)["departure_error_ns_p99"]
    peer = min(figures[f"wire_{name}_gap_p99_ns"] for name in PEERS)
    figures["wire_vega_gap_p99_ns_target"] = f"<= {peer / 5:,.0f}, a fifth of tcpreplay's best"
    figures["wire_vega_since_first_end_ns_target"] = "<= 20,000"
    return figures

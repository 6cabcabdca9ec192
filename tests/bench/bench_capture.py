# SPDX-License-Identifier: BSD-3-Clause
"""rx poll and frame lane: what VEGA adds to a port, a packet."""


def run(rig):
    runs = [rig.json(rig.program("bench_rx"), 1 if rig.quick else 3, 256, 167) for _ in range(3 if rig.quick else 5)]
    runs.sort(key=lambda r: r["rx_packet_ns"])
    middle = runs[len(runs) // 2]
    return {
        "rx_packets_per_s": middle["rx_packets_per_s"],
        "rx_packets_per_s_target": ">= 25,000,000",
        "rx_packet_ns": middle["rx_packet_ns"],
        "rx_packet_ns_target": "<= 40",
        "rx_packet_ns_best": runs[0]["rx_packet_ns"],
        "rx_packet_ns_worst": runs[-1]["rx_packet_ns"],
        "rx_dropped_packets": middle["rx_dropped_packets"],
        "rx_page_faults": middle["rx_page_faults"],
        "rx_page_faults_target": "0",
        "rx_page_bytes": middle["page_bytes"],
    }

# SPDX-License-Identifier: BSD-3-Clause
"""rx poll with frame lane and records together: real IEX TOPS traffic on one lcore."""
import bench_decode


def run(rig):
    capture = bench_decode.capture(rig, "tops16", "go-iex/TOPS16.pcapng")
    program = rig.program("bench_rx_records")
    runs = [rig.json(program, capture, 1 if rig.quick else 3) for _ in range(3 if rig.quick else 5)]
    runs.sort(key=lambda r: r["packet_ns"])
    middle = runs[len(runs) // 2]
    return {
        "rx_records_packets_per_s": middle["packets_per_s"],
        "rx_records_packets_per_s_target": ">= 10,000,000",
        "rx_records_packet_ns": middle["packet_ns"],
        "rx_records_packet_ns_best": runs[0]["packet_ns"],
        "rx_records_packet_ns_best_chunk": min(r["packet_ns_best_chunk"] for r in runs),
        "rx_records_packet_ns_floor": min(r["packet_ns_floor"] for r in runs),
        "rx_records_messages_per_s": middle["messages_per_s"],
        "rx_records_per_s": middle["records_per_s"],
        "rx_records_frames_lost": middle["frames_lost"],
        "rx_records_sequences_lost": middle["sequences_lost"],
        "rx_records_sequences_lost_target": "0",
    }

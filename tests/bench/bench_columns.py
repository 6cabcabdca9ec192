# SPDX-License-Identifier: BSD-3-Clause
"""The record codec on the records of real captures: bytes a record, against zstd, and records a second of one core."""
import bench_decode
import harness

CAPTURES = {
    "tops16": ("iex", "go-iex/TOPS16.pcapng"),
    "deep10": ("iex", "go-iex/DEEP10.first25000.pcap"),
    "cme": ("cme-mdp3", "omi-data-packets-history/Cme.Mdp3.Sbe.v6.1.pcap"),
}
TARGETS = {
    "live_record_bytes": "<= 3.2",
    "live_vs_records_zstd19": ">= 1.3",
    "best_vs_records_zstd19": ">= 1.6",
    "live_vs_capture_zstd3": ">= 2",
    "best_vs_capture_zstd3": ">= 2.5",
    "encode_records_per_s": ">= 40,000,000",
    "decode_records_per_s": ">= 100,000,000",
}


def run(rig):
    figures = {}
    for name, (wire, source) in CAPTURES.items():
        try:
            path = bench_decode.capture(rig, name, source)
        except harness.Skip as reason:
            figures[f"columns_{name}_left_out"] = str(reason)
            continue
        for key, value in rig.json(rig.program("bench_columns"), wire, path, 1 if rig.quick else 5).items():
            figures[f"columns_{name}_{key}"] = value
            if key in TARGETS:
                figures[f"columns_{name}_{key}_target"] = TARGETS[key]
    return figures

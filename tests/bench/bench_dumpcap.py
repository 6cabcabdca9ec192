# SPDX-License-Identifier: BSD-3-Clause
"""Packets a second into a file from the same DPDK port: vega-capture, and dpdk-dumpcap beside dpdk-testpmd.

The port is net_pcap reading one small capture for ever. testpmd loads only the drivers it uses (-d), as dumpcap attaches
to it through hugepages. What counts is what stands in the file at the end.
"""
import glob
import os
import subprocess
import time

import harness


def drivers():
    folders = glob.glob("/usr/lib/*/dpdk/pmds-*")
    if not folders:
        raise harness.Skip("need DPDK's drivers under /usr/lib, found none")
    return [arg for name in ("librte_net_pcap.so", "librte_mempool_ring.so", "librte_bus_vdev.so")
            for arg in ("-d", os.path.join(folders[0], name))]


def dumpcap(rig, source, seconds):
    out = rig.path("dumpcap.pcapng")
    testpmd = rig.start(harness.tool("dpdk-testpmd"), "-l", "0,1", *drivers(), "--no-pci", "-m", "256",
                        f"--vdev=net_pcap0,rx_pcap={source},infinite_rx=1", "--", "--forward-mode=rxonly",
                        "--auto-start", "--total-num-mbufs=32768", "--stats-period=1000")
    time.sleep(3)
    if testpmd.poll() is not None:
        raise RuntimeError("dpdk-testpmd did not start; it needs 256 MiB of free hugepages and a hugetlbfs mount")
    rig.run(harness.tool("dpdk-dumpcap"), "-i", "net_pcap0", "-a", f"duration:{seconds}", "-w", out, timeout=seconds + 30)
    rig.stop(testpmd)
    count = int(rig.run("capinfos", "-TrcM", out).split()[-1])
    os.unlink(out)
    return count / seconds


def vega(rig, source, seconds):
    folder = rig.path("dumpcap-journal")
    done = rig.json(rig.program("vega-capture"), "--port", f"net_pcap0,rx_pcap={source},infinite_rx=1", "--journal", folder,
                    "--duration", f"{seconds}s", "--region", f"bench-{os.getpid()}", "--json")
    counted = rig.json(rig.program("vega-journal"), "info", folder, "--json")["packets"]
    if counted != done["packets_framed"]:
        raise RuntimeError(f"capture framed {done['packets_framed']}, journal holds {counted}")
    return counted / seconds, done


def run(rig):
    source = rig.path("small.pcap")
    harness.write_pcap(source, 1024, 1000)
    seconds = 3 if rig.quick else 8
    ours, done = vega(rig, source, seconds)
    figures = {
        "capture_port_packets_per_s": ours,
        "capture_port_dropped_packets": sum(done["packets_dropped"].values()) + done["frames_lost"],
    }
    try:
        theirs = dumpcap(rig, source, seconds)
        figures["dpdk_dumpcap_packets_per_s"] = theirs
        figures["capture_port_to_dpdk_dumpcap_ratio"] = ours / theirs if theirs else None
    except (harness.Skip, RuntimeError, subprocess.TimeoutExpired) as reason:
        figures["dpdk_dumpcap_left_out"] = str(reason)
    return figures

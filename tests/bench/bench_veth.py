# SPDX-License-Identifier: BSD-3-Clause
"""Highest rate without loss over a veth pair, and the CPU it took, for each capture tool with a 64 MiB buffer.

The sender is tcpreplay on the first processor; a rate counts when every packet sent stands in the file.
"""
import os
import shutil
import time

import harness

RATES = (50_000, 100_000, 150_000, 200_000, 250_000, 300_000, 400_000, 500_000)


def pcap_count(rig, path):
    return int(rig.run("capinfos", "-TrcM", path).split()[-1]) if os.path.exists(path) else 0


class Peer:
    def __init__(self, rig, name, *command):
        self.rig, self.name, self.command = rig, name, command
        self.out = rig.path(f"veth-{name}.cap")

    def begin(self, veth):
        self.proc = veth.start(*[self.out if c == "OUT" else c for c in self.command])
        time.sleep(1.5)

    def end(self):
        cpu = self.rig.stop(self.proc)
        count = pcap_count(self.rig, self.out)
        if os.path.exists(self.out):
            os.unlink(self.out)
        return count, cpu


class Vega:
    name = "vega"

    def __init__(self, rig):
        self.rig = rig
        self.out = rig.path("veth-vega")

    def begin(self, veth):
        self.proc = veth.start(self.rig.program("vega-capture"), "--port",
                               "net_af_packet0,iface=rx0,framesz=2048,blocksz=65536,framecnt=32768", "--journal", self.out,
                               "--region", f"bench-{os.getpid()}")
        time.sleep(2.5)

    def end(self):
        time.sleep(0.3)
        cpu = self.rig.stop(self.proc)
        count = self.rig.json(self.rig.program("vega-journal"), "info", self.out, "--json")["packets"]
        shutil.rmtree(self.out)
        return count, cpu


def one(veth, receiver, source, rate, count):
    receiver.begin(veth)
    before = veth.packets("tx0", "tx")
    start = time.monotonic()
    veth.exec_run("taskset", "-c", "0", harness.tool("tcpreplay"), "-q", "-i", "tx0", f"--pps={rate}", "--preload-pcap",
                  f"--limit={count}", source)
    seconds = time.monotonic() - start
    time.sleep(2)  # kernel buffers are handed over once a second
    sent = veth.packets("tx0", "tx") - before
    got, cpu = receiver.end()
    return {"sent": sent, "got": got, "sent_per_s": sent / seconds, "cpu_s": cpu}


def best_rate(rig, veth, receiver, source):
    best = {"rate": 0, "cpu_s": 0.0}
    for rate in RATES[::2] if rig.quick else RATES:
        count = rate * (1 if rig.quick else 2)
        result = one(veth, receiver, source, rate, count)
        if result["sent"] != count:
            break
        if result["got"] < count:
            continue
        best = {"rate": result["sent_per_s"], "cpu_s": result["cpu_s"]}
    return best


def run(rig):
    source = rig.path("veth.pcap")
    harness.write_pcap(source, RATES[-1] * 2, 2000)
    with harness.Veth(rig) as veth:
        receivers = [Vega(rig), Peer(rig, "tcpdump", harness.tool("tcpdump"), "-i", "rx0", "-B", "65536", "-w", "OUT"),
                     Peer(rig, "dumpcap", harness.tool("dumpcap"), "-q", "-i", "rx0", "-B", "64", "-w", "OUT"),
                     Peer(rig, "netsniff_ng", harness.tool("netsniff-ng"), "--in", "rx0", "--out", "OUT", "--silent",
                          "--ring-size", "64MiB")]
        found = {r.name: best_rate(rig, veth, r, source) for r in receivers}
    figures = {}
    for name, best in found.items():
        figures[f"veth_{name}_lossless_packets_per_s"] = best["rate"]
        figures[f"veth_{name}_cpu_s"] = best["cpu_s"]
    peers = max(best["rate"] for name, best in found.items() if name != "vega")
    figures["veth_vega_lossless_packets_per_s_target"] = f">= {peers:,.0f}, the best of the others"
    return figures

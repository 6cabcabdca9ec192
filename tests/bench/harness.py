# SPDX-License-Identifier: BSD-3-Clause
"""What the benches share: built programs, a scratch folder, a veth pair between network namespaces, sources of packets."""
import glob
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import tempfile
import time


class Skip(Exception):
    """A bench that cannot run here, and why."""


class Rig:
    def __init__(self, build, quick):
        self.build = build
        self.quick = quick
        self.procs = []

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="vega-bench-", dir=os.environ.get("VEGA_BENCH_DIR", "/var/tmp"))
        return self

    def __exit__(self, *_):
        for proc in self.procs:
            if proc.poll() is None:
                proc.kill()
                proc.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
        for region in glob.glob(os.path.join(region_root(), "bench-*")):
            shutil.rmtree(region, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def program(self, name):
        for folder, _, files in os.walk(self.build):
            if name in files and os.access(os.path.join(folder, name), os.X_OK):
                return os.path.join(folder, name)
        raise Skip(f"need {name} under {self.build}, found none; run scripts/test or ninja first")

    def json(self, *command, **more):
        done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
        return json.loads(done.stdout)

    def run(self, *command, **more):
        done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stdout.strip()[-400:]}")
        return done.stdout

    def start(self, *command, **more):
        more.setdefault("stdout", subprocess.DEVNULL)
        more.setdefault("stderr", subprocess.DEVNULL)
        proc = subprocess.Popen([str(c) for c in command], **more)
        self.procs.append(proc)
        return proc

    def stop(self, proc, timeout=30):
        """SIGINT, then wait; returns its CPU seconds (user and system), read just before."""
        cpu = cpu_seconds(proc.pid)
        if proc.poll() is None:
            proc.send_signal(signal.SIGINT)
        try:
            proc.wait(timeout)
        except subprocess.TimeoutExpired:
            proc.kill()
            proc.wait()
        return cpu


def region_root():
    return "/run/vega" if os.geteuid() == 0 else os.path.join(os.environ.get("XDG_RUNTIME_DIR", "/tmp"), "vega")


def tool(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/bin")
    if not found:
        raise Skip(f"need {name}, found none; run scripts/setup --bench")
    return found


def cpu_seconds(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def steal_seconds():
    with open("/proc/stat", encoding="ascii") as stat:
        return int(stat.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


class Veth:
    """vb-tx in this bench's namespace ... vb-rx, both ends up, offloads off, no other traffic."""

    def __init__(self, rig):
        if os.geteuid() != 0:
            raise Skip("need root for a network namespace, found an ordinary user")
        self.rig = rig
        self.ns = f"vb-{os.getpid()}"

    def __enter__(self):
        self.rig.run("ip", "netns", "add", self.ns)
        self.ip("link", "add", "tx0", "type", "veth", "peer", "name", "rx0")
        for end in ("tx0", "rx0"):
            self.exec_run("sysctl", "-q", f"net.ipv6.conf.{end}.disable_ipv6=1")
            self.exec_run(tool("ethtool"), "-K", end, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
            self.ip("link", "set", end, "up", "mtu", "1500", "arp", "off")
        return self

    def __exit__(self, *_):
        subprocess.run(["ip", "netns", "del", self.ns], check=False, stderr=subprocess.DEVNULL)

    def ip(self, *args):
        self.rig.run("ip", "-n", self.ns, *args)

    def cmd(self, *command):
        return ["ip", "netns", "exec", self.ns, *[str(c) for c in command]]

    def exec_run(self, *command):
        return self.rig.run(*self.cmd(*command))

    def start(self, *command, **more):
        return self.rig.start(*self.cmd(*command), **more)

    def packets(self, end, direction):
        text = self.exec_run("cat", f"/sys/class/net/{end}/statistics/{direction}_packets")
        return int(text)


def udp_frame(index, frame_bytes=167):
    """An Ethernet frame of one UDP datagram with its number in the payload."""
    payload = struct.pack(">Q", index).ljust(frame_bytes - 42, b"\x55")
    udp = struct.pack(">HHHH", 40000, 17741, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 16, 17, 0, bytes([10, 0, 0, 1]), bytes([239, 70, 70, 41]))
    return bytes.fromhex("01005e464629") + bytes.fromhex("020000000001") + b"\x08\x00" + ip + udp


def write_pcap(path, count, gap_ns, frame_bytes=167, start_ns=1748403900000000000):
    """A nanosecond pcap of count frames; gap_ns a number, or a function of the index."""
    at_ns = start_ns
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for index in range(count):
            frame = udp_frame(index, frame_bytes)
            out.write(struct.pack("<IIII", at_ns // 10**9, at_ns % 10**9, len(frame), len(frame)) + frame)
            at_ns += gap_ns(index) if callable(gap_ns) else gap_ns


def read_pcap(path):
    """(ns, bytes) of each packet of a classic nanosecond or microsecond pcap."""
    with open(path, "rb") as file:
        data = file.read()
    magic = struct.unpack_from("<I", data)[0]
    scale = {0xA1B23C4D: 1, 0xA1B2C3D4: 1000}[magic]
    at = 24
    while at + 16 <= len(data):
        sec, frac, caplen, _ = struct.unpack_from("<IIII", data, at)
        if at + 16 + caplen > len(data):
            return
        yield sec * 10**9 + frac * scale, data[at + 16:at + 16 + caplen]
        at += 16 + caplen


def quantile(values, q):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def market_gaps(seed, mean_ns):
    """Gaps of a market: microbursts of a few packets, then a pause; the mean is mean_ns."""
    rng = random.Random(seed)

    def gap(_):
        return rng.randrange(500, 3000) if rng.random() < 0.7 else int(rng.expovariate(1) * (mean_ns - 1750 * 0.7) / 0.3)
    return gap


def wait_for(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise RuntimeError(f"waited {seconds} s for {what}")

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""vega-capture on the kernel's interfaces: net_af_packet and net_af_xdp over a veth pair, net_tap; tcpreplay sends, tcpdump
is the judge.

usage: test_ports_root.py BUILD
"""
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
import unittest

import capfile
import vega
from capture import Capture

TX, RX = f'ports-tx{os.getpid()}', f'ports-rx{os.getpid()}'


def sh(*args):
    subprocess.run(args, check=True, capture_output=True)


def inside(ns):
    return ['ip', 'netns', 'exec', ns]


def set_up(mtu=1500):
    for ns in (TX, RX):
        sh('ip', 'netns', 'add', ns)
    sh('ip', 'link', 'add', 'tx0', 'netns', TX, 'type', 'veth', 'peer', 'name', 'rx0', 'netns', RX)
    for ns, iface in ((TX, 'tx0'), (RX, 'rx0')):
        sh(*inside(ns), 'sysctl', '-qw', f'net.ipv6.conf.{iface}.disable_ipv6=1')  # nobody speaks unasked
        sh('ip', '-n', ns, 'link', 'set', iface, 'mtu', str(mtu), 'up')


def tear_down():
    for ns in (TX, RX):
        subprocess.run(['ip', 'netns', 'del', ns], capture_output=True, check=False)


class Tcpdump:
    """The judge, at one end of the wire: what came in there, or what went out."""

    def __init__(self, ns, iface, direction, path):
        self.path = path
        self.process = subprocess.Popen([*inside(ns), 'tcpdump', '-i', iface, '-Q', direction, '-w', path, '-U', '-Z', 'root', '-s',
                                         '0', '-B', '65536'], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if 'listening on' in line:
                return
        raise AssertionError('tcpdump does not start')

    def stop(self, count, seconds=10):
        """The frames it saw, once there are count of them (or never will be): what it has not read when told to stop is gone."""
        end = time.monotonic() + seconds
        while len(capfile.read(self.path)[0]) < count and time.monotonic() < end:
            time.sleep(0.1)
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=20)
        return [p.data for p in capfile.read(self.path)[0]]


# Frames for a second or two of the tests' rate: the machine may be busy with other things.
RING = 'blocksz=65536,framecnt=8192'

BESIDE = (RX, 'rx0', 'in')
SENDER = (TX, 'tx0', 'out')  # XDP takes a frame before any other socket of its interface sees it


def frame(number, tags=(), size=100):
    head = b'\x01\x00\x5e\x46\x46\x1f\x02\x00\x00\x00\x00\x01'
    head += b''.join(struct.pack('>HH', kind, vlan) for kind, vlan in tags) + b'\x08\x00'
    return head + number.to_bytes(4, 'big') + bytes(size - len(head) - 4)


def udp(number, group, port):
    payload = number.to_bytes(8, 'big') + bytes(50)
    datagram = struct.pack('>HHHH', 4000, port, 8 + len(payload), 0) + payload
    ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(datagram), number, 0, 16, 17, 0, socket.inet_aton('192.0.2.9'),
                     socket.inet_aton(group))
    return b'\x01\x00\x5e\x01\x01\x01\x02\x00\x00\x00\x00\x01\x08\x00' + ip + datagram


STEERED = '''memory: shm
default_frame_lane: 4MiB
idle: adaptive
ports:
  - {{name: a, device: '{device}', queues: 2}}
lcores:
  - {{cpu: {cpu0}, polls: ['a:0']}}
  - {{cpu: {cpu1}, polls: ['a:1']}}
feeds:
  - name: STEERED
    frame_lane: 4MiB
    lcore: 1
    channels:
      - {{group: 239.1.1.1, port: 5000, line: A}}
'''


class Wire(unittest.TestCase):
    def setUp(self):
        scratch = vega.scratch()
        self.folder = scratch.__enter__()
        self.addCleanup(scratch.__exit__, None, None, None)
        self.addCleanup(tear_down)

    def path(self, name):
        return os.path.join(self.folder, name)

    def same(self, want, count, got):
        """Frame by frame; the bytes of the first that differs, not all of them."""
        self.assertEqual(len(want), count)
        for n, (one, other) in enumerate(zip(got, want)):
            self.assertEqual(one.hex(), other.hex(), f'frame {n}')
        self.assertEqual(len(got), count)

    def session(self, packets):
        path = self.path('in.pcap')
        done = vega.run('vega-gen', '--feed', 'nse-mtbt', '--seed', 7, '--packets', packets, '-o', path)
        self.assertEqual(done.returncode, 0, done.stderr)
        return path

    def frames(self, frames):
        capfile.write(self.path('frames.pcap'), list(enumerate(frames)))
        return self.path('frames.pcap')

    def cross(self, device, source, judge, rate='--pps=5000'):
        """Send a file over the wire. Returns (what tcpdump saw, what the journal holds, the summary)."""
        count = len(capfile.read(source)[0])
        capture = Capture(self.folder, '--port', device, under=inside(RX)).until_polling()
        tcpdump = Tcpdump(*judge, self.path('judge.pcap'))
        begin = time.time_ns()
        sh(*inside(TX), 'tcpreplay', '-q', '-i', 'tx0', rate, source)
        capture.until_received(count)
        end = time.time_ns()
        saw = tcpdump.stop(count)
        status, summary, error = capture.stop()
        self.assertEqual((status, error), (0, ''))
        self.assertTrue(vega.conserved(summary), summary)
        got = capture.packets()
        self.assertEqual(len(got), summary['packets_framed'])
        times = [p.ns for p in got]
        self.assertEqual(times, sorted(times))
        self.assertTrue(all(begin - 10**8 < ns < end + 10**8 for ns in times), 'receive times are of the time of the test')
        return saw, [p.data for p in got], summary

    def test_af_packet(self):
        set_up()
        saw, got, summary = self.cross(f'net_af_packet0,iface=rx0,{RING}', self.session(10000), BESIDE)
        self.same(saw, 10000, got)
        self.assertEqual(summary['ports_loss_not_observable'], 1)

    def test_af_xdp(self):
        set_up()
        saw, got, summary = self.cross('net_af_xdp0,iface=rx0', self.session(10000), SENDER)
        self.same(saw, 10000, got)
        self.assertEqual(summary['ports_loss_not_observable'], 0)

    def test_af_packet_keeps_tags(self):
        set_up()
        frames = [frame(n, tags) for n, tags in enumerate(
            [(), ((0x8100, 10),), ((0x8100, 0x6fff),), ((0x8100, 10), (0x8100, 20)), ()] * 20)]
        saw, got, _ = self.cross(f'net_af_packet0,iface=rx0,{RING}', self.frames(frames), BESIDE)
        self.same(frames, len(frames), got)
        self.same(saw, len(frames), got)

    def test_af_xdp_keeps_tags(self):
        set_up()
        frames = [frame(n, tags) for n, tags in enumerate(
            [(), ((0x8100, 10),), ((0x88a8, 10), (0x8100, 20)), ((0x88a8, 7),)] * 20)]
        _, got, _ = self.cross('net_af_xdp0,iface=rx0', self.frames(frames), SENDER)
        self.same(frames, len(frames), got)

    def test_af_packet_jumbo(self):
        set_up(9000)
        done = subprocess.run([*inside(RX), vega.program('vega-capture'), '--port', 'net_af_packet0,iface=rx0', '--region',
                               vega.REGION], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 64, done.stderr)
        self.assertIn('framesz=16384,blocksz=16384', done.stderr)
        self.assertTrue(vega.one_line(done.stderr))
        frames = [frame(n, size=size) for n, size in enumerate([60, 1514, 2000, 4096, 9014] * 20)]
        saw, got, _ = self.cross('net_af_packet0,iface=rx0,framesz=16384,blocksz=65536,framecnt=1024', self.frames(frames), BESIDE)
        self.same(frames, len(frames), got)
        self.same(saw, len(frames), got)

    def test_af_xdp_refuses_jumbo(self):
        set_up(9000)
        done = subprocess.run([*inside(RX), vega.program('vega-capture'), '--port', 'net_af_xdp0,iface=rx0', '--region',
                               vega.REGION], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 64, done.stderr)
        self.assertIn('1500', done.stderr)
        self.assertTrue(vega.one_line(done.stderr))

    def test_no_such_interface(self):
        for driver in ('net_af_packet0', 'net_af_xdp0'):
            done = vega.run('vega-capture', '--port', f'{driver},iface=nosuch0', '--region', vega.REGION, '--memory', 'shm')
            self.assertEqual(done.returncode, 69, done.stderr)
            self.assertTrue(vega.one_line(done.stderr), done.stderr)

    def test_overload_is_counted(self):
        """More than a small ring and a busy reader take: what is missing is in no ledger of a port that cannot tell, and the
        ledgers that there are still add up."""
        set_up()
        capture = Capture(self.folder, '--port', 'net_af_packet0,iface=rx0,framecnt=64', under=inside(RX)).until_polling()
        capture.process.send_signal(signal.SIGSTOP)
        sh(*inside(TX), 'tcpreplay', '-q', '-t', '-i', 'tx0', self.session(5000))
        capture.process.send_signal(signal.SIGCONT)
        capture.until_received(1)
        time.sleep(0.3)
        status, summary, error = capture.stop()
        self.assertEqual((status, error), (0, ''))
        self.assertTrue(vega.conserved(summary), summary)
        self.assertLess(summary['packets_received'], 5000)
        self.assertEqual(summary['ports_loss_not_observable'], 1)

    def test_af_xdp_tells_its_loss(self):
        set_up()
        capture = Capture(self.folder, '--port', 'net_af_xdp0,iface=rx0', under=inside(RX)).until_polling()
        capture.process.send_signal(signal.SIGSTOP)
        sh(*inside(TX), 'tcpreplay', '-q', '-t', '-i', 'tx0', self.session(20000))
        capture.process.send_signal(signal.SIGCONT)
        capture.until_received(20000, 3)
        status, summary, error = capture.stop()
        self.assertEqual((status, error), (0, ''))
        self.assertTrue(vega.conserved(summary), summary)
        self.assertGreater(summary['packets_dropped']['missed'] + summary['packets_dropped']['nombuf'], 0)

    def test_tap(self):
        name = f'vtap{os.getpid()}'[:15]
        capture = Capture(self.folder, '--port', f'net_tap0,iface={name}').until_polling()
        frames = [frame(n, size=size) for n, size in enumerate([60, 100, 1514] * 100)]
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sender.bind((name, 0))
        for data in frames:
            sender.send(data)
        sender.close()
        capture.until_received(len(frames))
        status, summary, error = capture.stop()
        self.assertEqual((status, error), (0, ''))
        self.assertTrue(vega.conserved(summary), summary)
        mine = [p.data for p in capture.packets() if p.data[:6] == frames[0][:6] and p.data[12:14] == b'\x08\x00']
        self.same(frames, len(frames), mine)

    def steered(self, device):
        """Two lcores on one port, a feed on the second: (configuration file, a frame of the feed, one that is not)."""
        path = self.path('steer.yaml')
        cpus = sorted(os.sched_getaffinity(0))
        if len(cpus) < 2:
            self.skipTest('needs two processors')
        with open(path, 'w') as file:
            file.write(STEERED.format(device=device, cpu0=cpus[0], cpu1=cpus[1]))
        return path

    def test_a_port_that_steers(self):
        """net_tap steers by the kernel's traffic control."""
        name = f'vtap{os.getpid()}'[:15]
        config = self.steered(f'net_tap0,iface={name}')
        probe = vega.run('vega-capture', '--config', config, '--count', 1, '--duration', '1ms', '--region', vega.REGION)
        if probe.returncode == 69 and 'steer' in probe.stderr:
            self.assertTrue(vega.one_line(probe.stderr), probe.stderr)
            self.skipTest(f'the kernel cannot: {probe.stderr.strip()}')
        self.assertEqual(probe.returncode, 0, probe.stderr)
        capture = Capture(self.folder, '--config', config).until_polling()
        want = [udp(n, '239.1.1.1', 5000) for n in range(100)]
        other = [udp(n, '239.1.1.2', 5000) for n in range(100)]
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sender.bind((name, 0))
        for data in (x for pair in zip(want, other) for x in pair):
            sender.send(data)
        sender.close()
        capture.until_received(200)
        status, summary, error = capture.stop()
        self.assertEqual((status, error), (0, ''))
        self.assertTrue(vega.conserved(summary), summary)
        self.same(want, 100, [p.data for p in capture.packets('STEERED')])

    def test_a_port_that_cannot_steer_is_refused(self):
        done = vega.run('vega-capture', '--config', self.steered('net_null0'), '--region', vega.REGION)
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertIn('steer', done.stderr)
        self.assertTrue(vega.one_line(done.stderr), done.stderr)

    def test_without_permission(self):
        for device in ('net_af_packet0,iface=lo', 'net_af_xdp0,iface=lo', 'net_tap0'):
            done = subprocess.run([vega.program('vega-capture'), '--port', device, '--region', vega.REGION, '--memory', 'shm'],
                                  capture_output=True, text=True, timeout=60, user=65534, group=65534,
                                  env={**os.environ, 'XDG_RUNTIME_DIR': self.run_dir()})
            self.assertEqual(done.returncode, 77, done.stderr)
            self.assertIn('CAP_NET_', done.stderr)
            self.assertTrue(vega.one_line(done.stderr), done.stderr)

    def run_dir(self):
        path = self.path('run')
        os.makedirs(path, exist_ok=True)
        os.chown(path, 65534, 65534)
        os.chmod(self.folder, 0o755)
        return path


if __name__ == '__main__':
    if os.geteuid() != 0:
        vega.skip('needs root for network namespaces')
    for tool in ('ip', 'tcpdump', 'tcpreplay'):
        if shutil.which(tool) is None:
            vega.skip(f'needs {tool}')
    if vega.run('vega-capture', '--port', 'net_null0', '--count', 1, '--region', vega.REGION, '--memory',
                'shm').stderr.find('build without it') >= 0:
        vega.skip('a build without DPDK has no ports')
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""vega-replay onto a wire: a veth pair between two network namespaces, tcpdump at the far end as the judge.

usage: test_replay_veth.py BUILD
"""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
import unittest

import capfile
import test_compare
import vega

TX, RX = f'replay-tx{os.getpid()}', f'replay-rx{os.getpid()}'
OUTS = ('udp:tx0', 'dpdk:net_af_packet0,iface=tx0')
T0 = 1748403900 * 10**9


def sh(*args):
    subprocess.run(args, check=True, capture_output=True)


def set_up():
    for ns in (TX, RX):
        sh('ip', 'netns', 'add', ns)
    sh('ip', 'link', 'add', 'tx0', 'netns', TX, 'type', 'veth', 'peer', 'name', 'rx0', 'netns', RX)
    for ns, iface, number in ((TX, 'tx0', 1), (RX, 'rx0', 2)):
        sh('ip', 'netns', 'exec', ns, 'sysctl', '-qw', f'net.ipv6.conf.{iface}.disable_ipv6=1')
        sh('ip', '-n', ns, 'addr', 'add', f'198.51.100.{number}/24', 'dev', iface)
        sh('ip', '-n', ns, 'link', 'set', iface, 'up')


def tear_down():
    for ns in (TX, RX):
        subprocess.run(['ip', 'netns', 'del', ns], capture_output=True, check=False)


def replay(*args):
    return subprocess.run(['ip', 'netns', 'exec', TX, vega.program('vega-replay'), *map(str, args), '--json'], capture_output=True,
                          text=True, timeout=120)


def start(*args):
    return subprocess.Popen(['ip', 'netns', 'exec', TX, vega.program('vega-replay'), *map(str, args), '--json'], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def udp_frame(number, group='239.70.70.31', port=10831, size=90, vlan=None):
    payload = number.to_bytes(8, 'big') + bytes(size - 8)
    udp = struct.pack('>HHHH', 40000, port, 8 + size, 0) + payload
    ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), number & 0xffff, 0, 16, 17, 0,
                     socket.inet_aton('192.0.2.9'), socket.inet_aton(group))
    tag = b'' if vlan is None else struct.pack('>HH', 0x8100, vlan)
    return b'\x01\x00\x5e\x46\x46\x1f\x02\x00\x00\x00\x00\x01' + tag + b'\x08\x00' + ip + udp


class Receiver:
    """tcpdump at the far end, in recorded order with ns times."""

    def __init__(self, path, *more):
        self.path = path
        self.process = subprocess.Popen(
            ['ip', 'netns', 'exec', RX, 'tcpdump', '-i', 'rx0', '-Q', 'in', '--time-stamp-precision=nano', '-B', '32768', '-U', *more, '-Z', 'root',
             '-w', path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while 'listening' not in self.process.stderr.readline():
            if self.process.poll() is not None:
                raise RuntimeError('tcpdump ended before it listened')

    def count(self):
        return len(capfile.read(self.path)[0]) if os.path.getsize(self.path) else 0

    def packets(self, wanted):
        """Wait until so many are there, or none has come for three seconds (the kernel hands over once a second); stop, read."""
        before, idle = -1, 0
        while idle < 15:  # looks, not seconds: on a machine that stood still nothing has been waited for
            found = self.count()
            if found >= wanted:
                break
            idle = idle + 1 if found == before else 0
            before = found
            time.sleep(0.2)
        self.process.send_signal(signal.SIGINT)
        _, self.said = self.process.communicate(timeout=10)
        return capfile.read(self.path)[0]


class Wire(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tear_down()
        cls.addClassCleanup(tear_down)
        set_up()

    def setUp(self):
        context = vega.scratch()
        self.dir = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.source = os.path.join(self.dir, 'in.pcap')

    def listen(self, *more):
        return Receiver(os.path.join(self.dir, 'rx.pcap'), *more)

    def listen_at_once(self):
        """Of short frames at a low rate: each is in the file as it comes."""
        return self.listen('--immediate-mode', '-s', '256')

    def test_dpdk_same_frames_in_order(self):
        sent = [(T0 + i // 3 * 100_000, udp_frame(i, size=60 + i % 1300)) for i in range(3000)]
        sent += [(T0 + 10**9, bytes(1515)), (T0 + 10**9, udp_frame(9000, size=1472)), (T0 + 10**9, udp_frame(9001, size=1472, vlan=7))]
        capfile.write(self.source, sent)
        receiver = self.listen()
        done = replay(self.source, '--out', 'dpdk:net_af_packet0,iface=tx0', '--speed', '2')
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        got = [p.data for p in receiver.packets(3002)]
        self.assertEqual(got, [data for _, data in sent if len(data) != 1515])
        self.assertEqual((report['packets_sent'], report['not_sent_too_long'], report['not_sent_refused']), (3002, 1, 0))
        self.assertGreaterEqual(report['duration_ns'], 500_000_000)

    def test_dpdk_keeps_the_times(self):
        """No timing is asserted but what cannot go wrong on a busy machine: nothing arrives early by more than a clock's grain."""
        sent = [(T0 + i * i * 1000, udp_frame(i)) for i in range(500)]
        capfile.write(self.source, sent)
        receiver = self.listen()
        done = replay(self.source, '--out', 'dpdk:net_af_packet0,iface=tx0')
        self.assertEqual(done.returncode, 0, done.stderr)
        worst = json.loads(done.stdout)['departure_error_ns_max']
        got = receiver.packets(500)
        self.assertEqual(len(got), 500)
        for i, packet in enumerate(got):
            self.assertGreater(packet.ns - got[0].ns, i * i * 1000 - worst - 5_000_000)

    def test_compared_with_what_arrived(self):
        """vega-compare and a second reading of the same captures find the same; at ten times the speed too, and by other headers."""
        sent = [(T0 + i // 4 * 1_000_000, udp_frame(i // 2 % 900, port=10831 + i % 2)) for i in range(2000)]
        capfile.write(self.source, sent)
        for out, speed in (('dpdk:net_af_packet0,iface=tx0', 1), ('udp:tx0', 10)):
            receiver = self.listen()
            done = replay(self.source, '--out', out, '--speed', speed)
            self.assertEqual(done.returncode, 0, done.stderr)
            got = receiver.packets(2000)
            figures = vega.output('vega-compare', self.source, receiver.path, '--speed', speed)
            wanted = test_compare.compare(capfile.read(self.source)[0], got, speed)
            for key, value in wanted.items():
                if not key.endswith(('_p50', '_p99')):
                    self.assertEqual(figures[key], value, key)
            self.assertEqual((figures['packets_matched'], figures['packets_reordered']), (2000, 0))
            os.unlink(receiver.path)

    def test_udp_payloads(self):
        groups = ['239.70.70.31', '239.70.70.32', '198.51.100.2']
        sent = [(T0 + i * 10_000, udp_frame(i, groups[i % 3], 10831 + i % 3, 8 + i % 1400, 5 if i % 2 else None)) for i in range(1500)]
        fragment = bytearray(udp_frame(7))
        fragment[20] = 0x20
        tcp = bytearray(udp_frame(8))
        tcp[23] = 6
        cut = capfile.Packet(T0 + 10**8, 70, 120, 1, udp_frame(9)[:70])
        packets = [capfile.Packet(ns, len(d), len(d), 1, d) for ns, d in sent + [(T0 + 10**8, bytes(fragment)), (T0 + 10**8, bytes(tcp))]]
        capfile.write(self.source, packets + [cut])
        receiver = self.listen()
        done = replay(self.source, '--out', 'udp:tx0,ttl=3', '--speed', '0.5')
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual((report['packets_read'], report['packets_sent'], report['not_sent_not_udp']), (1503, 1500, 3))
        got = [p.data for p in receiver.packets(1500) if p.data[12:14] == b'\x08\x00' and p.data[23] == 17]
        self.assertEqual(len(got), 1500)
        for i, data in enumerate(got):
            self.assertEqual(socket.inet_ntoa(data[30:34]), groups[i % 3])
            self.assertEqual(struct.unpack('>H', data[36:38])[0], 10831 + i % 3)
            self.assertEqual(data[42:42 + 8 + i % 1400], i.to_bytes(8, 'big') + bytes(i % 1400))
            if i % 3 != 2:
                self.assertEqual(data[22], 3)

    def test_down_from_the_beginning(self):
        capfile.write(self.source, [(T0, udp_frame(1)), (T0 + 1000, udp_frame(2))])
        for out in OUTS:
            sh('ip', '-n', TX, 'link', 'set', 'tx0', 'down')
            try:
                done = replay(self.source, '--out', out)
            finally:
                sh('ip', '-n', TX, 'link', 'set', 'tx0', 'up')
            self.assertEqual((done.returncode, done.stdout), (69, ''), done.stderr)
            self.assertTrue(vega.one_line(done.stderr) and 'ip link' in done.stderr, done.stderr)
            done = replay(self.source, '--out', out)  # its link is just coming up: it waits for it
            self.assertEqual((done.returncode, json.loads(done.stdout)['packets_sent']), (0, 2), done.stderr)

    def disturbed(self, out, wait_for, steps):
        """What arrives of 4000 packets a ms apart while the link is disturbed by steps, a second between them; the report and the end."""
        sent = [(T0 + i * 1_000_000, udp_frame(i)) for i in range(4000)]
        capfile.write(self.source, sent)
        receiver = self.listen_at_once()
        process = start(self.source, '--out', out)
        self.addCleanup(process.kill)
        while receiver.count() < wait_for:
            time.sleep(0.05)
        for step in steps:
            sh(*step)
            time.sleep(0.7)
        try:
            text, error = process.communicate(timeout=90)
        finally:
            process.kill()
        self.assertTrue(vega.one_line(error), (process.returncode, error, text))
        report = json.loads(text)
        self.assertEqual(report['packets_read'], report['packets_sent'] + sum(v for k, v in report.items() if k.startswith('not_sent_')))
        got = [p for p in receiver.packets(report['packets_sent']) if p.data[12:14] == b'\x08\x00']
        self.said = receiver.said
        os.unlink(receiver.path)
        return report, process.returncode, error, [(p.ns, int.from_bytes(p.data[42:50], 'big')) for p in got]

    def test_link_goes_and_comes_back(self):
        """By our own end and by the other: what was due meanwhile is counted and never sent, what comes after leaves at its time."""
        for out in OUTS:
            for ns, iface in ((TX, 'tx0'), (RX, 'rx0')):
                with self.subTest(out=out, iface=iface):
                    steps = [('ip', '-n', ns, 'link', 'set', iface, state) for state in ('down', 'up')]
                    report, status, error, got = self.disturbed(out, 100, steps)
                    self.assertEqual((status, report['interrupted']), (69, False))
                    self.assertIn(str(report['not_sent_down']), error)
                    self.assertGreater(report['not_sent_down'], 200)
                    numbers = [number for _, number in got]
                    self.assertEqual(numbers, sorted(set(numbers)))
                    self.assertEqual(numbers[-1], 3999, (report, len(numbers), self.said))
                    bound_ns = report['departure_error_ns_max'] + 100_000_000
                    late = [number for ns, number in got if ns - got[0][0] - number * 1_000_000 > bound_ns]
                    # What a driver had taken as the link went it keeps, and sends when it is back.
                    self.assertLessEqual(len(late), 20 if out.startswith('dpdk') else 0)

    def test_interface_is_removed(self):
        """There is nothing to wait for: it ends, and says why."""
        for out in OUTS:
            with self.subTest(out=out):
                try:
                    report, status, error, _ = self.disturbed(out, 100, [('ip', '-n', TX, 'link', 'del', 'tx0')])
                finally:
                    tear_down()
                    set_up()
                self.assertEqual(status, 69)
                self.assertIn('gone', error)
                self.assertTrue(0 < report['packets_sent'] < 4000, report)

    def test_nobody_listens(self):
        """A receiver that refuses (port unreachable) and packets the system refuses: counted, and the others are sent."""
        odd = bytearray(udp_frame(3, port=0))
        sent = [(T0 + i * 100_000, udp_frame(i, '198.51.100.2')) for i in range(500)] + [(T0 + 10**8, bytes(odd)), (T0 + 10**8, udp_frame(501))]
        capfile.write(self.source, sent)
        done = replay(self.source, '--out', 'udp:tx0')
        report = json.loads(done.stdout)
        self.assertEqual((done.returncode, report['packets_sent'], report['not_sent_refused']), (0, 501, 1), done.stderr)

    def test_ended_by_a_signal(self):
        """Asked to end it reports; killed it leaves nothing that would keep the next one from sending."""
        sent = [(T0 + i * 10_000_000, udp_frame(i)) for i in range(3000)]
        capfile.write(self.source, sent)
        for out in OUTS:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
                receiver = self.listen_at_once()
                process = start(self.source, '--out', out)
                while receiver.count() < 20:
                    time.sleep(0.05)
                process.send_signal(number)
                text, error = process.communicate(timeout=20)
                if number == signal.SIGKILL:
                    self.assertEqual(process.returncode, -number)
                else:
                    self.assertEqual((process.returncode, error), (0, ''))
                    self.assertTrue(json.loads(text)['interrupted'])
                    self.assertEqual(len(receiver.packets(json.loads(text)['packets_sent'])), json.loads(text)['packets_sent'], (out, number))
                if receiver.process.poll() is None:
                    receiver.packets(0)
                os.unlink(receiver.path)
            done = replay(self.source, '--to-packet', 5, '--out', out)
            self.assertEqual((done.returncode, json.loads(done.stdout)['packets_sent']), (0, 5), done.stderr)
            self.assertFalse(os.path.exists(f'/var/run/dpdk/vega-replay-{process.pid}'))

    def test_nothing_is_left_behind(self):
        capfile.write(self.source, [(T0, udp_frame(1))])
        before = set(os.listdir('/var/run/dpdk')) if os.path.isdir('/var/run/dpdk') else set()
        self.assertEqual(replay(self.source, '--out', 'dpdk:net_af_packet0,iface=tx0').returncode, 0)
        self.assertEqual(replay(self.source, '--out', 'dpdk:net_af_packet0,iface=nosuch').returncode, 69)
        self.assertEqual(replay(self.source, '--out', 'dpdk:nonsense').returncode, 69)
        after = set(os.listdir('/var/run/dpdk')) if os.path.isdir('/var/run/dpdk') else set()
        self.assertEqual({name for name in after - before if name.startswith('vega-replay')}, set())


if __name__ == '__main__':
    if os.geteuid() != 0:
        vega.skip('needs root for network namespaces')
    for tool in ('ip', 'tcpdump'):
        if shutil.which(tool) is None:
            vega.skip(f'needs {tool}')
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""vega-capture on virtual ports that need neither root nor hugepages: net_null, net_pcap, several ports and lcores.

usage: test_ports.py BUILD
"""
import os
import signal
import time
import unittest

import capfile
import vega
from capture import Capture

TWO_LCORES = '''memory: shm
default_frame_lane: 4MiB
idle: adaptive
ports:
  - {{name: a, device: 'net_pcap0,rx_pcap={a}'}}
  - {{name: b, device: 'net_pcap1,rx_pcap={b}'}}
lcores:
  - {{cpu: {cpu0}, polls: [a]}}
  - {{cpu: {cpu1}, polls: [b]}}
'''


class Ports(unittest.TestCase):
    def setUp(self):
        scratch = vega.scratch()
        self.folder = scratch.__enter__()
        self.addCleanup(scratch.__exit__, None, None, None)

    def path(self, name):
        return os.path.join(self.folder, name)

    def session(self, name='in.pcap', seed=1, packets=5000):
        path = self.path(name)
        done = vega.run('vega-gen', '--feed', 'nse-mtbt', '--seed', seed, '--packets', packets, '-o', path)
        self.assertEqual(done.returncode, 0, done.stderr)
        return path

    def good(self, ended):
        status, summary, error = ended
        self.assertEqual((status, error), (0, ''))
        self.assertTrue(vega.conserved(summary), summary)
        return summary

    def test_count_is_exact(self):
        summary = self.good(Capture(self.folder, '--port', 'net_null0', '--count', 100001).end())
        self.assertEqual(summary['packets_received'], 100001)
        self.assertEqual(summary['packets_framed'] + summary['packets_dropped']['lane_full'], 100001)

    def test_duration(self):
        begin = time.time_ns()
        capture = Capture(self.folder, '--port', 'net_null0', '--duration', '100ms')
        summary = self.good(capture.end())
        self.assertGreaterEqual(summary['duration_ns'], 80_000_000)
        self.assertLess(summary['duration_ns'], 20_000_000_000)
        self.assertGreater(summary['packets_framed'], 0)
        packets = capture.packets()
        self.assertEqual(len(packets), summary['packets_framed'])
        times = [p.ns for p in packets]
        self.assertEqual(times, sorted(times))
        self.assertGreater(times[0], begin)
        self.assertLess(times[-1], time.time_ns())

    def test_without_a_journal(self):
        summary = self.good(Capture(self.folder, '--port', 'net_null0', '--count', 1000, journal=False).end())
        self.assertEqual(summary['packets_received'], 1000)
        self.assertIsNone(summary['journal'])
        self.assertEqual(summary['journal_bytes'], 0)

    def test_net_pcap_brings_every_frame(self):
        want, _ = capfile.read(self.session())
        capture = Capture(self.folder, '--port', f'net_pcap0,rx_pcap={self.path("in.pcap")}', '--count', len(want))
        begin = time.time_ns()
        summary = self.good(capture.end())
        self.assertEqual(summary['packets_framed'], len(want))
        self.assertEqual(summary['ports_loss_not_observable'], 0)
        self.assertEqual(summary['journal_files'], 1)
        got = capture.packets()
        self.assertEqual([p.data for p in got], [p.data for p in want])
        self.assertTrue(all(begin < p.ns < time.time_ns() for p in got), 'times are the clock\'s, not the file\'s')

    def test_jumbo_frames(self):
        frames = [(n, bytes([n]) * size) for n, size in enumerate((60, 1514, 2048, 2049, 9000, 9018, 60))]
        capfile.write(self.path('jumbo.pcap'), frames)
        capture = Capture(self.folder, '--port', f'net_pcap0,rx_pcap={self.path("jumbo.pcap")}', '--count', len(frames))
        self.good(capture.end())
        self.assertEqual([p.data for p in capture.packets()], [data for _, data in frames])

    def test_several_ports_one_lcore(self):
        paths = [self.session(f'{n}.pcap', seed=n, packets=2000) for n in range(3)]
        want = [p for path in paths for p in capfile.read(path)[0]]
        ports = [x for n, path in enumerate(paths) for x in ('--port', f'net_pcap{n},rx_pcap={path}')]
        capture = Capture(self.folder, *ports, '--count', len(want))
        self.good(capture.end())
        self.assertEqual(sorted(p.data for p in capture.packets()), sorted(p.data for p in want))

    def test_two_lcores_have_a_default_each(self):
        cpus = sorted(os.sched_getaffinity(0))
        if len(cpus) < 2:
            self.skipTest('needs two processors')
        paths = [self.session(f'{n}.pcap', seed=n, packets=3000) for n in range(2)]
        with open(self.path('two.yaml'), 'w') as file:
            file.write(TWO_LCORES.format(a=paths[0], b=paths[1], cpu0=cpus[0], cpu1=cpus[1]))
        capture = Capture(self.folder, '--config', self.path('two.yaml')).until_polling()
        want = [capfile.read(path)[0] for path in paths]
        capture.until_received(sum(map(len, want)))
        self.good(capture.stop())
        for n in range(2):
            self.assertEqual([p.data for p in capture.packets(f'default.{n}')], [p.data for p in want[n]])

    def test_signals_stop_cleanly(self):
        source = self.session()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number.name):
                os.mkdir(self.path(number.name))
                capture = Capture(self.path(number.name), '--port', f'net_pcap0,rx_pcap={source}').until_polling()
                capture.until_received(5000)
                summary = self.good(capture.stop(number))
                self.assertEqual(summary['packets_framed'], 5000)
                self.assertEqual(vega.output('vega-journal', 'info', capture.journal)['packets'], 5000)
                self.assertTrue(vega.output('vega-journal', 'verify', capture.journal)['ok'])

    def test_two_signals_at_once_are_one_wish(self):
        """As timeout(1) and a terminal that goes away send them: everything is still drained and sealed."""
        capture = Capture(self.folder, '--port', 'net_null0').until_polling()
        capture.process.send_signal(signal.SIGSTOP)  # so that both are there when it looks
        capture.process.send_signal(signal.SIGINT)
        capture.process.send_signal(signal.SIGTERM)
        capture.process.send_signal(signal.SIGCONT)
        summary = self.good(capture.end())
        self.assertEqual(vega.output('vega-journal', 'info', capture.journal)['packets'], summary['packets_framed'])

    def test_nothing_of_dpdk_stays(self):
        """Its folder goes at the end; what a killed capture left goes at the end of the next one."""
        root = '/var/run/dpdk' if os.geteuid() == 0 else os.path.join(os.environ.get('XDG_RUNTIME_DIR', '/tmp'), 'dpdk')
        killed = Capture(self.folder, '--port', 'net_null0', journal=False).until_polling()
        left = os.path.join(root, f'vega-capture-{killed.process.pid}')
        killed.end(kill=True)
        self.assertTrue(os.path.isdir(left), root)
        capture = Capture(self.folder, '--port', 'net_null0', '--count', 1, journal=False)
        self.good(capture.end())
        self.assertFalse(os.path.exists(left))
        self.assertFalse(os.path.exists(os.path.join(root, f'vega-capture-{capture.process.pid}')))

    def test_refusals(self):
        for device, status, word in (('net_nosuch0', 69, 'net_nosuch0'), ('0000:ff:1f.7', 69, '0000:ff:1f.7'),
                                     ('net_pcap0,rx_pcap=/nonexistent', 69, 'No such file'),
                                     ('net_null0,bogus=1', 69, 'net_null0'), ('', 64, 'port')):
            with self.subTest(device):
                done = vega.run('vega-capture', '--port', device, '--journal', self.path('none'), '--region', vega.REGION,
                                '--memory', 'shm')
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn(word, done.stderr)
                self.assertTrue(vega.one_line(done.stderr), done.stderr)

    def test_files_and_ports_exclude_each_other(self):
        done = vega.run('vega-capture', '--port', 'net_null0', '--pcap', self.session())
        self.assertEqual(done.returncode, 64)
        self.assertTrue(vega.one_line(done.stderr))


if __name__ == '__main__':
    if vega.run('vega-capture', '--port', 'net_null0', '--count', 1, '--region', vega.REGION, '--memory',
                'shm').stderr.find('build without it') >= 0:
        vega.skip('a build without DPDK has no ports')
    unittest.main()

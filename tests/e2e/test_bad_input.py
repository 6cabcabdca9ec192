#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Wrong usage, wrong configuration, wrong files, a machine that lacks something: the exit code, and one line that helps.

usage: test_bad_input.py BUILD
"""
import os
import struct
import subprocess
import unittest

import vega

FEED = 'feeds:\n  - name: A\n    channels:\n      - group: 239.1.1.1\n        port: 1000\n        line: A\n'

# What is wrong: the configuration file, and a word its message must hold.
CONFIGURATIONS = {
    'unknown key': ('regoin: x\n', 'regoin'),
    'unknown key of a feed': ('feeds:\n  - name: A\n    chanels: []\n', 'chanels'),
    'bad unit': ('memory: shm\ndefault_frame_lane: 64MB\n', '64MB'),
    'no unit': ('journal:\n  sync_interval: 100\n', 'sync_interval'),
    'lane not a power of two': ('default_frame_lane: 48MiB\n', '48'),
    'empty file': ('', 'empty'),
    'not YAML': ('{{{{', 'yaml'),
    'a list': ('- a\n- b\n', ''),
    'two feeds of one name': (FEED + FEED.partition('\n')[2], 'A'),
    'no such zone': ('feeds:\n  - name: A\n    zone: Mars/Olympus\n', 'Mars/Olympus'),
    'line C': (FEED.replace('line: A', 'line: C'), 'C'),
    'bad group': (FEED.replace('239.1.1.1', '239.1.1.300'), '239.1.1.300'),
    'bad port': (FEED.replace('1000', '70000'), '70000'),
    'octal is not guessed': (FEED.replace('1000', '0x10'), '0x10'),
}

TWO_LCORES = '''
memory: shm
ports:
  - name: a
    device: net_null0
  - name: b
    device: net_null1
lcores:
  - cpu: 0
    polls: [a]
  - cpu: 1
    polls: [b]
feeds:
  - name: F
    channels:
      - {group: 239.1.1.1, port: 1, line: A, on: a}
      - {group: 239.1.1.2, port: 1, line: B, on: b}
'''

PLANS = {
    'two writers on a lane': (TWO_LCORES, 'F'),
    'missing NUMA node': (TWO_LCORES.replace('cpu: 1\n', 'cpu: 1\n    numa: 7\n').replace('on: b', 'on: a'), '7'),
    'missing processor': (TWO_LCORES.replace('cpu: 1\n', 'cpu: 4000\n').replace('on: b', 'on: a'), '4000'),
    'processor used twice': (TWO_LCORES.replace('cpu: 1\n', 'cpu: 0\n').replace('on: b', 'on: a'), '0'),
    'a queue polled twice': (TWO_LCORES.replace('polls: [b]', 'polls: [a, b]'), 'a'),
}


class BadInput(unittest.TestCase):
    def setUp(self):
        scratch = vega.scratch()
        self.folder = scratch.__enter__()
        self.addCleanup(scratch.__exit__, None, None, None)

    def path(self, name, content=None):
        path = os.path.join(self.folder, name)
        if content is not None:
            with open(path, 'wb') as file:
                file.write(content.encode() if isinstance(content, str) else content)
        return path

    def refused(self, status, word, name, *args, **more):
        done = vega.run(name, *args, **more)
        what = f'{name} {args}: {done.stderr!r}'
        self.assertEqual(done.returncode, status, what)
        self.assertIn(word, done.stderr, what)
        self.assertTrue(vega.one_line(done.stderr), what)
        return done.stderr

    def pcap(self):
        path = self.path('in.pcap')
        done = vega.run('vega-gen', '--feed', 'nse-mtbt', '--seed', 1, '--packets', 1000, '-o', path)
        self.assertEqual(done.returncode, 0, done.stderr)
        return path

    def journal(self):
        folder = self.path('journal')
        done = vega.run('vega-capture', '--pcap', self.pcap(), '--journal', folder, '--region', vega.REGION, '--memory', 'shm')
        self.assertEqual(done.returncode, 0, done.stderr)
        for top, _, names in os.walk(folder):
            for name in names:
                if name.endswith('.pcapng'):
                    return os.path.join(top, name)
        self.fail('no journal file')

    def test_configurations(self):
        pcap = self.pcap()
        for what, (text, word) in CONFIGURATIONS.items():
            with self.subTest(what):
                line = self.refused(78, word, 'vega-capture', '--pcap', pcap, '--config', self.path('c.yaml', text),
                                    '--journal', self.path('none'))
                self.assertIn('c.yaml', line)
                self.assertFalse(os.path.exists(self.path('none')), 'something was begun')

    def test_plans(self):
        for what, (text, word) in PLANS.items():
            with self.subTest(what):
                self.refused(78, word, 'vega-capture', '--config', self.path('p.yaml', text), '--journal', self.path('none'))
                self.assertFalse(os.path.exists(self.path('none')), 'something was begun')

    def test_usage(self):
        for name, args in {'vega-capture': ['--bogus'], 'vega-journal': ['bogus'], 'vega-replay': ['--bogus'],
                           'vega-gen': ['--bogus'], 'vega-bus': ['bogus'], 'vega-hugepages': ['bogus']}.items():
            self.assertEqual(vega.run(name, *args).returncode, 64, name)
            for ask in ('--help', '--version'):
                done = vega.run(name, ask)
                self.assertEqual((done.returncode, done.stderr), (0, ''), f'{name} {ask}')
                self.assertIn('vega', done.stdout)

    def test_missing_files(self):
        none = self.path('none')
        self.refused(66, 'none', 'vega-capture', '--pcap', none, '--journal', self.path('j'), '--region', vega.REGION)
        self.refused(66, 'none', 'vega-capture', '--pcap', self.pcap(), '--journal', self.path('j'), '--config', none)
        self.refused(66, 'none', 'vega-journal', 'info', none)
        self.refused(66, 'none', 'vega-replay', none, '--out', 'null')
        self.refused(66, 'nobody', 'vega-bus', 'stat', '--region', 'nobody-made-this')

    def test_empty_and_foreign_files(self):
        for name, content in {'empty': b'', 'text': b'not a capture\n' * 50, 'zeros': bytes(8192)}.items():
            path = self.path(name, content)
            self.refused(65, name, 'vega-capture', '--pcap', path, '--journal', self.path('j'), '--region', vega.REGION)
            self.refused(65, name, 'vega-journal', 'info', path)
            self.refused(65, name, 'vega-journal', 'verify', path)
            self.refused(65, name, 'vega-journal', 'recover', path)
            self.refused(65, name, 'vega-replay', path, '--out', 'null')
            with open(path, 'rb') as file:
                self.assertEqual(file.read(), content, 'a foreign file was changed')

    def test_journal_of_another_version(self):
        path = self.journal()
        with open(path, 'r+b') as file:
            file.seek(2048 + 16)
            self.assertEqual(struct.unpack('<I', file.read(4))[0], 1)
            file.seek(2048 + 16)
            file.write(struct.pack('<I', 99))
        self.refused(65, '99', 'vega-journal', 'info', path)

    def test_second_capture_on_a_region(self):
        first = vega.start('vega-capture', '--port', 'net_null0', '--region', vega.REGION, '--memory', 'shm', '--duration', '20s')
        self.addCleanup(first.wait)
        self.addCleanup(first.terminate)
        self.addCleanup(first.stdout.close)
        self.addCleanup(first.stderr.close)
        for _ in range(200):
            stat = vega.run('vega-bus', 'stat', '--region', vega.REGION, '--json')
            if '"live"' in stat.stdout:
                break
        else:
            if first.poll() == 69:
                self.skipTest('built without DPDK: ' + first.stderr.read())
            self.fail('the first capture did not come up: ' + stat.stderr)
        self.refused(75, vega.REGION, 'vega-capture', '--pcap', self.pcap(), '--region', vega.REGION, '--memory', 'shm')

    def test_no_such_port(self):
        for device in ('net_af_packet0,iface=nothere', '0000:ff:1f.7', 'net_bogus0', 'net_pcap0,rx_pcap=/nothere'):
            with self.subTest(device):
                # Whether an interface is there is told to those only who may open it.
                status = 77 if device.startswith('net_af_packet') and os.geteuid() != 0 else 69
                self.refused(status, '', 'vega-capture', '--port', device, '--region', vega.REGION, '--memory', 'shm')

    @unittest.skipUnless(os.geteuid() == 0, 'needs root')
    def test_no_permission(self):
        pcap = self.pcap()
        locked = self.path('locked')
        os.mkdir(locked, 0o700)
        os.chmod(self.folder, 0o755)
        plain = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
        env = {'PATH': os.environ['PATH'], 'XDG_RUNTIME_DIR': self.path('run')}
        os.mkdir(self.path('run'))
        os.chown(self.path('run'), 65534, 65534)
        done = subprocess.run(plain + [vega.program('vega-capture'), '--pcap', pcap, '--journal', locked + '/j', '--memory', 'shm',
                                       '--region', vega.REGION], capture_output=True, text=True, env=env)
        if done.returncode == 126 or 'failed to execute' in done.stderr:
            self.skipTest('an ordinary user may not read the build folder')
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertTrue(vega.one_line(done.stderr), done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, 'needs root to mount a small file system')
    def test_full_disk_at_start(self):
        small = self.path('small')
        os.mkdir(small)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small], check=True)
        self.addCleanup(subprocess.run, ['umount', small], check=True)
        self.path('small/filler', bytes(64 << 10))
        self.refused(73, 'small', 'vega-capture', '--pcap', self.pcap(), '--journal', small + '/j', '--region', vega.REGION,
                     '--memory', 'shm')

    @unittest.skipUnless(os.geteuid() == 0, 'needs root to see what is reserved')
    def test_no_hugepages(self):
        conf = self.path('huge.yaml', 'memory: huge\ndefault_frame_lane: 65536MiB\n')
        line = self.refused(69, 'hugepages', 'vega-capture', '--pcap', self.pcap(), '--config', conf, '--region', vega.REGION)
        self.assertIn('shm', line)


if __name__ == '__main__':
    unittest.main(verbosity=2)

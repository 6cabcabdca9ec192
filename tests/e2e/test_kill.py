#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""kill -9 at random moments under load: what was reported durable is in the journal, and it is what was sent, in order.

usage: test_kill.py BUILD [ROUNDS]	VEGA_SEED sets the moments
"""
import glob
import os
import random
import subprocess
import sys
import time
import unittest

import vega

ROUNDS = int(sys.argv.pop(1)) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 20
SEED = int(os.environ.get('VEGA_SEED', '20261121'))
PACKETS = 1_500_000
CONF = 'memory: shm\ndefault_frame_lane: 16MiB\njournal:\n  sync_interval: 20ms\n  file_size: 64MiB\n'


def common_length(a, b):
    """How many bytes two buffers have in common from their beginning: by halving, as they are long."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class Kill(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = vega.scratch()
        cls.folder = cls.scratch.__enter__()
        cls.addClassCleanup(cls.scratch.__exit__, None, None, None)
        cls.source = os.path.join(cls.folder, 'source.pcap')
        cls.conf = os.path.join(cls.folder, 'kill.yaml')
        with open(cls.conf, 'w', encoding='ascii') as conf:
            conf.write(CONF)
        done = vega.run('vega-gen', '--feed', 'nse-mtbt', '--seed', 1, '--packets', PACKETS, '--rate', 1000000, '-o', cls.source)
        assert done.returncode == 0, done.stderr
        with open(cls.source, 'rb') as file:
            cls.original = file.read()

    def killed_after(self, journal, seconds):
        """Capture at full speed, killed; returns the durable position a client saw of the dead region, None if it ended first."""
        capture = vega.start('vega-capture', '--pcap', self.source, '--journal', journal, '--config', self.conf,
                             '--region', vega.REGION)
        deadline = time.monotonic() + 20
        while not glob.glob(journal + '/*/*/*.pcapng') and capture.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(seconds)
        capture.kill()
        capture.communicate()
        if capture.returncode == 0:
            return None
        stat = vega.output('vega-bus', 'stat', '--region', vega.REGION)
        if stat['state'] == 'stopped':
            return None  # the kill met a process that had done everything but end
        self.assertEqual(stat['state'], 'dead')
        return stat['feeds'][0]['durable_frames']

    def place(self, exported):
        """Packets up to the first hole, and bytes that do not lie in the source in this order.

        A write that came after one the kill tore is kept too: behind the hole the journal goes on with later packets.
        """
        sent, at, whole, place = memoryview(self.original), 24, None, 24
        while at < len(exported):
            place = self.original.find(exported[at:at + 80], place)
            if place < 0:
                return self.count(exported[:at]) if whole is None else whole, len(exported) - at
            same = common_length(memoryview(exported)[at:], sent[place:])
            whole = self.count(exported[:at + same]) if whole is None else whole
            at, place = at + same, place + same
        return whole or 0, 0

    @staticmethod
    def count(pcap):
        at, packets = 24, 0
        while at + 16 <= len(pcap):
            at += 16 + int.from_bytes(pcap[at + 8:at + 12], 'little')
            packets += at <= len(pcap)
        return packets

    def round(self, number, seconds):
        journal = os.path.join(self.folder, f'j{number}')
        durable = self.killed_after(journal, seconds)
        if durable is None:
            return None
        done = vega.run('vega-journal', 'recover', journal)
        self.assertEqual(done.returncode, 0, done.stderr)
        if not glob.glob(journal + '/*/*/*.pcapng'):
            self.assertEqual(durable, 0, 'killed before the first block: recover took the empty file away')
            return 0, 0
        verify = vega.output('vega-journal', 'verify', journal)
        self.assertTrue(verify['ok'])
        info = vega.output('vega-journal', 'info', journal)
        self.assertGreaterEqual(info['packets'], durable, 'frames reported durable are missing')
        out = os.path.join(self.folder, 'out.pcap')
        done = vega.run('vega-journal', 'export', journal, '--format', 'pcap', '-o', out)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(out, 'rb') as file:
            exported = file.read()
        whole, rest = self.place(exported)
        self.assertGreaterEqual(whole, durable, 'what was durable is not in front, whole and in order')
        self.assertEqual(rest, 0, f'{rest} bytes were never sent so')
        os.unlink(out)
        subprocess.run(['rm', '-rf', journal], check=True)
        return durable, info['packets']

    def test_what_was_durable_is_there(self):
        rng = random.Random(SEED)
        print(f'VEGA_SEED={SEED}')
        killed, tries, longest = [], 0, 0.4
        while len(killed) < ROUNDS and tries < 4 * ROUNDS:
            result = self.round(tries, rng.uniform(0.0, longest))
            tries += 1
            if result is None:
                longest *= 0.8  # the capture ended first: how long it takes is the machine's affair
            else:
                killed.append(result)
        print(f'{len(killed)} of {tries} killed under load; durable, recovered: {killed}')
        self.assertEqual(len(killed), ROUNDS, 'most captures ended before they were killed')
        self.assertTrue(any(durable > 0 for durable, _ in killed), 'nothing was ever durable')


if __name__ == '__main__':
    unittest.main(verbosity=2)

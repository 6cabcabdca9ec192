#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every shared capture through the tree's reader: the same packets as an independent parser and as capinfos saw.

usage: test_pcapfile.py PCAPLIST
"""
import csv
import os
import subprocess
import sys
import unittest

import capfile

PCAPLIST = sys.argv.pop(1)
POLY = 0x82f63b78
TABLE = []
for n in range(256):
    for _ in range(8):
        n = n >> 1 ^ (POLY if n & 1 else 0)
    TABLE.append(n)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xffffffff


def listed(path, stdin=None):
    done = subprocess.run([PCAPLIST, path], stdin=stdin, capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines(), done.stderr


def line(p):
    return f'{p.ns} {p.captured} {p.wire} {p.linktype} {crc32c(p.data):08x}'


# libpcap turns the host-order fields of these link types round in a file of the other byte order: not compared by content.
HOST_ORDER = {189, 220, 239, 253, 271}


class Reader(unittest.TestCase):
    def compare(self, path):
        status, lines, error = listed(path)
        self.assertIn(status, (0, 65), error)
        self.assertEqual(error.count('\n'), 1 if status else 0)
        packets, damage = capfile.read(path)
        if damage:
            self.assertEqual(status, 65, f'{path}: {damage}')
        # libpcap refuses more than the format does; never less, and never another packet before it does
        self.assertLessEqual(len(lines), len(packets), path)
        if status == 0:
            self.assertEqual(len(lines), len(packets), path)
        for i, (got, want) in enumerate(zip(lines, packets)):
            if want.linktype in HOST_ORDER:
                self.assertEqual(got.split()[:4], line(want).split()[:4], f'{path} packet {i + 1}')
            else:
                self.assertEqual(got, line(want), f'{path} packet {i + 1}')
        return status, len(lines)

    def test_every_shared_capture(self):
        clean = 0
        for path in capfile.captures():
            with self.subTest(os.path.basename(path)):
                if os.path.getsize(path) > 8 << 20:
                    continue  # the oracle is slow; these are covered by their counts in other tests
                clean += self.compare(path)[0] == 0
        self.assertGreater(clean, 500)

    def test_counts_of_capinfos(self):
        with open(capfile.shared('tcpdump-tests', 'capinfos.csv'), newline='') as f:
            rows = [row for row in csv.DictReader(f) if row['packets'].isdigit()]  # '?': capinfos refused it
        self.assertGreater(len(rows), 500)
        for row in rows:
            with self.subTest(row['file']):
                status, lines, _ = listed(capfile.shared('tcpdump-tests', row['file']))
                if status == 0:
                    self.assertEqual(len(lines), int(row['packets']))
                else:
                    self.assertLessEqual(len(lines), int(row['packets']))

    def test_standard_input_is_a_pipe(self):
        path = capfile.shared('tcpdump-tests', 'LACP.pcap')
        cat = subprocess.Popen(['cat', path], stdout=subprocess.PIPE)
        self.assertEqual(listed('-', cat.stdout)[:2], listed(path)[:2])
        cat.stdout.close()
        cat.wait()


if __name__ == '__main__':
    if not capfile.shared('tcpdump-tests', 'capinfos.csv'):
        print('no shared captures: set VEGA_SHARED to the folder that holds data/')
        sys.exit(77)
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Records made of frames once more are those that were captured, and vega-journal derive says what it could not do.

    test_derive.py BUILD RECORDLIST
"""
import os
import shutil
import sys
import tempfile
import unittest

import subprocess

import vega

RECORDLIST = sys.argv.pop(1)
KIND_PACKET, KIND_DEFINITION, KIND_GAP, KIND_SEGMENT, KIND_EPOCH = 1, 15, 17, 19, 20

DEEP = vega.feed_config('IEX', 'America/New_York', ['group: 224.2.3.10, port: 16648, format: iex'], 'journal: {file_size: 4MiB}\n')
CME = vega.feed_config('CME', 'America/Chicago', ['line: A, port: 14340, format: cme-mdp3', 'line: B, port: 15340, format: cme-mdp3'])


def records(journal, feed):
    done = subprocess.run([RECORDLIST, journal, feed], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


class Derive(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='vega-derive-')
        self.addCleanup(shutil.rmtree, self.dir)
        self.addCleanup(vega.forget, vega.REGION)
        self.live = os.path.join(self.dir, 'live')
        self.out = os.path.join(self.dir, 'derived')

    def capture(self, config, *captures):
        self.conf = vega.capture_shared(self, config, self.live, *captures)

    def derive(self, *more):
        return vega.output('vega-journal', 'derive', self.live, '--config', self.conf, '-o', self.out, *more)

    def assert_same(self, config, feed, *captures):
        self.capture(config, *captures)
        said = self.derive()
        live = records(self.live, feed)
        self.assertGreater(len(live), 1000)
        self.assertEqual(said['records'], len(live))
        self.assertEqual(said['frames_unclaimed'], 0)
        self.assertEqual(records(self.out, feed), live)
        self.assertEqual(vega.run('vega-journal', 'verify', self.out).returncode, 0)

    def test_both_lines_of_mtbt(self):
        self.assert_same(vega.MTBT_CONFIG, 'NSE_FO', 'nse-synthetic/nse_mtbt_fo_ab.pcap')

    def test_nnf(self):
        self.assert_same(vega.NNF_CONFIG, 'NSE_FO', 'nse-synthetic/nse_nnf_fo.pcap')

    def test_names_of_tops(self):
        self.assert_same(vega.TOPS_CONFIG, 'IEX', 'go-iex/TOPS16.pcapng')

    def test_restarts_of_deep(self):
        self.assert_same(DEEP, 'IEX', 'go-iex/DEEP10.first25000.pcap')

    def test_both_lines_of_cme(self):
        self.assert_same(CME, 'CME', 'omi-data-packets-history/Cme.Mdp3.Sbe.v6.1.pcap')

    def test_tokens_where_the_first_frames_are_gone(self):
        """Names keep the tokens that the capture gave them: the DEFINITION records say which."""
        self.capture(DEEP, 'go-iex/DEEP10.first25000.pcap')
        live = records(self.live, 'IEX')
        first = min(path for path in vega_files(self.live, '.pcapng'))
        os.unlink(first)
        self.derive()
        got = messages(records(self.out, 'IEX'))
        self.assertGreater(len(got), 1000)
        wanted = messages(live)
        self.assertEqual(got, wanted[len(wanted) - len(got):])

    def test_what_it_needs(self):
        self.capture(vega.MTBT_CONFIG, 'nse-synthetic/nse_mtbt_fo_ab.pcap')
        for args, word in (((), '--config'), (('--config', self.conf), '-o DIR'),
                           (('--config', '/nonexistent', '-o', self.out), '/nonexistent')):
            done = vega.run('vega-journal', 'derive', self.live, *args)
            self.assertIn(done.returncode, (64, 66, 78), done.stderr)
            self.assertIn(word, done.stderr)
        with open(self.conf, 'w', encoding='utf-8') as file:
            file.write(vega.MTBT_CONFIG.replace('NSE_FO', 'OTHER'))
        done = vega.run('vega-journal', 'derive', self.live, '--config', self.conf, '-o', self.out)
        self.assertEqual(done.returncode, 66, done.stderr)
        self.assertIn('need a feed that the journal and', done.stderr)


def vega_files(journal, suffix):
    return [os.path.join(folder, f) for folder, _, files in os.walk(journal) for f in files if f.endswith(suffix)]


def messages(lines):
    """What the messages say, without what a capture that began later tells otherwise: positions, and how it began."""
    told = {KIND_DEFINITION, KIND_GAP, KIND_SEGMENT, KIND_EPOCH}
    rows = [line.split(' ') for line in lines]
    return [row[1:] for row in rows if int(row[1]) not in told]


if __name__ == '__main__':
    unittest.main()

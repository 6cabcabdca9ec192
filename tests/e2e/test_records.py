#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Records as captured, journalled, read back: exports by instrument and time, the ledger of gaps, damage, crash.

    test_records.py BUILD
"""
import csv
import io
import json
import os
import shutil
import tempfile
import unittest

import vega


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='vega-records-')
        self.addCleanup(shutil.rmtree, self.dir)
        self.addCleanup(vega.forget, vega.REGION)
        self.journal = os.path.join(self.dir, 'j')

    def capture(self, config, capture):
        vega.capture_shared(self, config, self.journal, capture)

    def export(self, form, *more):
        out = os.path.join(self.dir, 'out')
        said = vega.output('vega-journal', 'export', self.journal, '--format', form, '-o', out, *more)
        with open(out, encoding='utf-8') as file:
            text = file.read()
        rows = ([json.loads(line) for line in text.splitlines()] if form == 'jsonl'
                else list(csv.DictReader(io.StringIO(text))))
        self.assertEqual(said['records'], len(rows))
        return rows

    def record_file(self):
        return next(os.path.join(folder, name) for folder, _, names in os.walk(self.journal)
                    for name in names if name.startswith('records-'))


class Mtbt(Case):
    NAME = 'nse-synthetic/nse_mtbt_fo_ab.pcap'

    def setUp(self):
        super().setUp()
        self.capture(vega.MTBT_CONFIG, self.NAME)
        with open(os.path.join(vega.DATA, 'nse-synthetic', 'truth.json'), encoding='utf-8') as file:
            self.truth = next(f for f in json.load(file)['files'] if f['file'] == os.path.basename(self.NAME))

    def ledger(self, journal):
        return vega.output('vega-journal', 'gaps', journal)

    def test_ledger_at_the_end(self):
        """Where the hold did not pass, what is missing is lost at the end of the capture, and of what is derived from it."""
        shutil.rmtree(self.journal)
        config = vega.MTBT_CONFIG.replace('  frame_lane:', '  hold: 60s\n  frame_lane:')
        self.capture(config, self.NAME)
        said = self.ledger(self.journal)
        lost = [g for g in said['gaps'] if g['fate'] == 'lost']
        self.assertEqual({g['fate'] for g in said['gaps']}, {'filled', 'recovered', 'lost'} if any(
            g['fate'] == 'recovered' for g in said['gaps']) else {'filled', 'lost'})
        info = vega.output('vega-journal', 'info', self.journal)
        self.assertEqual({g['settled_ns'] for g in lost}, {info['last_ns']})
        conf, out = os.path.join(self.dir, 'hold.yaml'), os.path.join(self.dir, 'derived')
        with open(conf, 'w', encoding='utf-8') as file:
            file.write(config)
        vega.output('vega-journal', 'derive', self.journal, '--config', conf, '-o', out)
        self.assertEqual(self.ledger(out)['gaps'], said['gaps'])

    def test_ledger(self):
        """What nobody brought is lost, all else is settled; totals are the sums of their entries."""
        said = self.ledger(self.journal)
        channels = {c['channel']: c for c in said['channels']}
        self.assertEqual(sorted(channels), [1, 2, 3])
        for number, stream in self.truth['streams'].items():
            mine = [g for g in said['gaps'] if g['channel'] == int(number)]
            never = [s for g in mine if g['fate'] == 'lost' for s in range(g['first'], g['first'] + g['cnt'])]
            self.assertEqual(sorted(never), stream['after_A_B_arbitration']['missing'])
            channel = channels[int(number)]
            self.assertTrue(channel['has_sequence'])
            self.assertEqual(channel['missing_seqs'], sum(g['cnt'] for g in mine))
            self.assertEqual(channel['open_seqs'], 0)
            for fate in ('filled', 'recovered', 'lost'):
                self.assertEqual(channel[fate + '_seqs'], sum(g['cnt'] for g in mine if g['fate'] == fate))
            for gap in mine:
                self.assertGreaterEqual(gap['settled_ns'], gap['opened_ns'])
        text = vega.run('vega-journal', 'gaps', self.journal)
        self.assertEqual(text.returncode, 0)
        self.assertEqual(len(text.stdout.splitlines()), len(said['gaps']) + 3)

    def test_exports(self):
        """Both forms say the same; positions have no hole; a message in each sequence that somebody brought."""
        rows, table = self.export('jsonl'), self.export('csv')
        self.assertEqual([str(r['position']) for r in rows], [r['position'] for r in table])
        for row, line in zip(rows, table):
            for key, value in row.items():
                self.assertEqual(str(value), line[key], (key, row))
            self.assertEqual(sum(v != '' for v in line.values()), len(row))
        position = 0
        for row in rows:  # TIME and WIDE are put into their record
            self.assertLess(row['position'] - position, 3)
            position = row['position']
        orders = [r for r in rows if r['kind'] == 'ORDER_ADD']
        self.assertEqual(len(orders), sum(
            s['published_by_type'].get('N', 0) + s['published_by_type'].get('G', 0) for s in self.truth['streams'].values())
            - self.missing_orders())
        for row in orders:
            self.assertEqual(row['price_scale'], 2)
            self.assertLess(abs(row['recv_ns'] - row['exch_ns']), 10**9)

    def missing_orders(self):
        """Of stream 1, the only one that lost messages on both lines: what neither line has."""
        stream = self.truth['streams']['1']
        lost = len(stream['after_A_B_arbitration']['missing'])
        rows = [r for r in self.export('jsonl') if r['kind'] == 'PACKET' and r['channel'] == 1]
        self.assertEqual(sum(r['messages'] for r in rows), stream['last_seq_published'] - lost)
        adds = [r for r in self.export('jsonl') if r['kind'] == 'ORDER_ADD' and r['channel'] == 1]
        return stream['published_by_type']['N'] - len(adds)

    def test_instrument_and_time(self):
        rows = self.export('jsonl')
        token = next(r['token'] for r in rows if r['kind'] == 'TRADE')
        self.assertEqual(self.export('jsonl', '--instrument', token), [r for r in rows if r.get('token') == token])
        times = sorted(r['recv_ns'] for r in rows)
        first, last = times[len(times) // 3], times[len(times) // 2]
        self.assertEqual(self.export('jsonl', '--from', first, '--to', last),
                         [r for r in rows if first <= r['recv_ns'] < last])

    def test_seek(self):
        rows = self.export('jsonl')
        at = rows[len(rows) // 2]['recv_ns']
        said = vega.output('vega-journal', 'seek', self.journal, '--at', at)
        row = next(r for r in rows if r['recv_ns'] >= at)
        self.assertEqual((said['recv_ns'], said['position']), (row['recv_ns'], row['position']))
        os.unlink(next(os.path.join(folder, name) for folder, _, names in os.walk(self.journal)
                       for name in names if name.startswith('frames-')))
        alone = vega.output('vega-journal', 'seek', self.journal, '--at', at)
        self.assertEqual((alone['recv_ns'], alone['position'], alone['blocks_read']), (row['recv_ns'], row['position'], 1))
        self.assertEqual(alone['file'], self.record_file())
        self.assertNotIn('frame_number', alone)

    def test_what_is_in_it(self):
        files = vega.output('vega-journal', 'ls', self.journal)['files']
        records = next(f for f in files if f['kind'] == 'records')
        self.assertTrue(records['sealed'])
        self.assertEqual(records['packets'], self.truth['packets'])
        info = vega.output('vega-journal', 'info', self.journal)
        self.assertEqual(info['packets'], self.truth['packets'])
        self.assertEqual(info['records'], records['records'])
        verified = vega.output('vega-journal', 'verify', self.journal)
        self.assertTrue(verified['ok'])
        self.assertEqual(verified['records'], records['records'])
        # less than a quarter of the records as they lie
        self.assertLess(records['bytes'], records['records'] * 8)

    def test_crash_and_damage(self):
        """A file cut behind its blocks is recovered whole; a flipped byte is found, and costs its block."""
        rows = self.export('jsonl')
        path = self.record_file()
        size = os.path.getsize(path)
        os.truncate(path, size - 4096)
        self.assertEqual(self.export('jsonl'), rows)
        self.assertEqual(vega.output('vega-journal', 'recover', self.journal)['files_sealed_now'], 1)
        self.assertEqual(self.export('jsonl'), rows)
        with open(path, 'r+b') as file:
            file.seek(8192)
            byte = file.read(1)[0]
            file.seek(8192)
            file.write(bytes([byte ^ 1]))
        done = vega.run('vega-journal', 'verify', self.journal)
        self.assertEqual(done.returncode, 65)
        done = vega.run('vega-journal', 'export', self.journal, '--format', 'csv', '-o', os.path.join(self.dir, 'out'))
        self.assertEqual(done.returncode, 65)


class Others(Case):
    def test_no_sequence(self):
        """NNF has none, and the ledger says so."""
        self.capture(vega.NNF_CONFIG, 'nse-synthetic/nse_nnf_fo.pcap')
        said = vega.output('vega-journal', 'gaps', self.journal)
        self.assertEqual(said['gaps'], [])
        self.assertEqual([c['has_sequence'] for c in said['channels']], [False])
        self.assertIn('no sequence', vega.run('vega-journal', 'gaps', self.journal).stdout)

    def test_symbols(self):
        """A symbol is known from its DEFINITION earlier in the day, wherever an export begins."""
        self.capture(vega.TOPS_CONFIG, 'go-iex/TOPS16.pcapng')
        rows = self.export('jsonl')
        quotes = [r for r in rows if 'symbol' in r and r['kind'] != 'DEFINITION']
        self.assertGreater(len(quotes), 1000)
        middle = sorted(r['recv_ns'] for r in rows)[len(rows) // 2]
        self.assertEqual(self.export('jsonl', '--from', middle), [r for r in rows if r['recv_ns'] >= middle])
        symbol = quotes[-1]['symbol']
        self.assertEqual(self.export('jsonl', '--instrument', symbol), [r for r in rows if r.get('symbol') == symbol])


class Usage(unittest.TestCase):
    def test_says_what_is_wrong(self):
        done = vega.run('vega-journal', 'gaps', '/nowhere/at/all')
        self.assertEqual(done.returncode, 66)
        self.assertTrue(vega.one_line(done.stderr))


if __name__ == '__main__':
    if not os.path.isdir(vega.DATA):
        vega.skip(f'need the shared captures in {vega.DATA}, found none')
    unittest.main()

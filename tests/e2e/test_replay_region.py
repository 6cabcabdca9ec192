#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A region made of recorded frames is the market's own to a client: the same records, state and sequences, and a flag that tells.

usage: test_replay_region.py BUILD
"""
import json
import os
import shutil
import tempfile
import time
import unittest

import capfile
import vega

CAPTURE = capfile.shared('nse-synthetic', 'nse_mtbt_fo_ab.pcap')
CHANNELS = [f'group: 239.70.70.{group}, port: {port}, line: {line}, format: nse-mtbt, stream: {stream}'
            for stream in (1, 2, 3)
            for line, group, port in (('A', 40 + stream, 17740 + stream), ('B', 30 + stream, 10830 + stream))]
CONFIG = ('memory: shm\ndefault_frame_lane: 2MiB\nfeeds:\n- name: NSE_FO\n  zone: Asia/Kolkata\n  frame_lane: 2MiB\n  channels:\n' +
          ''.join(f'  - {{{channel}}}\n' for channel in CHANNELS))
TOPS = capfile.shared('go-iex', 'TOPS16.pcapng')
SYMBOL = 'FICO'  # one that trades much in it
NAMES = {'seq', 'qty', 'price', 'order_id', 'frame', 'messages', 'side', 'flags', 'kind'}


class Region(unittest.TestCase):
    def setUp(self):
        if not os.path.exists(CAPTURE):
            self.skipTest(f'need {CAPTURE}, found none')
        self.dir = tempfile.mkdtemp(prefix='vega-region-')
        self.addCleanup(shutil.rmtree, self.dir)
        self.region = f'{vega.REGION}-replay'
        self.addCleanup(vega.forget, self.region)
        self.addCleanup(vega.forget, vega.REGION)
        self.conf = os.path.join(self.dir, 'vega.yaml')
        self.journal = os.path.join(self.dir, 'journal')
        with open(self.conf, 'w', encoding='utf-8') as file:
            file.write(CONFIG)
        done = vega.run('vega-capture', '--config', self.conf, '--region', vega.REGION, '--journal', self.journal, '--pcap', CAPTURE)
        self.assertEqual(done.returncode, 0, done.stderr)

    def recorded(self):
        out = os.path.join(self.dir, 'records.jsonl')
        done = vega.run('vega-journal', 'export', self.journal, '--feed', 'NSE_FO', '--format', 'jsonl', '-o', out)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(out, encoding='utf-8') as file:
            return [json.loads(line) for line in file]

    def wait_for_region(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            done = vega.run('vega-bus', 'stat', '--region', self.region, '--json')
            if done.returncode == 0 and json.loads(done.stdout)['state'] == 'live':
                return
            time.sleep(0.02)
        self.fail('the region never came to life')

    def test_a_client_reads_what_was_recorded(self):
        """vega-bus tail is a client like any other: it finds in the region every record of the journal, in order."""
        recorded = self.recorded()
        player = vega.start('vega-replay', self.journal, '--config', self.conf, '--out', f'region:{self.region}', '--speed', '0.05')
        try:
            self.wait_for_region()
            done = vega.run('vega-bus', 'tail', '--region', self.region, '--feed', 'NSE_FO', '--from', 'oldest', '--count',
                            str(len(recorded)), '--json')
            said = vega.output('vega-bus', 'stat', '--region', self.region)
        finally:
            player.communicate(timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(said['replayed'])
        live = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(live), len(recorded))
        for ours, theirs in zip(live, recorded):
            for name in NAMES & ours.keys() & theirs.keys():
                self.assertEqual(ours[name], theirs[name], (ours, theirs))
        self.assertEqual(player.returncode, 0)

    def test_clients_and_the_replay_itself_are_killed(self):
        """Clients that die cost it nothing; where it dies itself the next one takes the name."""
        player = vega.start('vega-replay', self.journal, '--config', self.conf, '--out', f'region:{self.region}', '--speed', '0.05', '--json')
        try:
            self.wait_for_region()
            clients = [vega.start('vega-bus', 'tail', '--region', self.region, '--feed', 'NSE_FO', '--from', 'oldest') for _ in range(3)]
            for client in clients:
                client.stdout.readline()
                client.kill()
                client.communicate(timeout=20)
            out, error = player.communicate(timeout=60)
        finally:
            player.kill()
        self.assertEqual((player.returncode, json.loads(out)['packets_sent']), (0, 10822), error)
        player = vega.start('vega-replay', self.journal, '--config', self.conf, '--out', f'region:{self.region}', '--speed', '0.001')
        self.wait_for_region()
        player.kill()
        player.communicate(timeout=20)
        done = vega.output('vega-replay', self.journal, '--config', self.conf, '--out', f'region:{self.region}', '--speed', 'max')
        self.assertEqual(done['packets_sent'], 10822)

    def test_an_instrument_by_its_name(self):
        """`tail --instrument SYMBOL`: that instrument's records, and what is between packets."""
        conf = os.path.join(self.dir, 'iex.yaml')
        with open(conf, 'w', encoding='utf-8') as file:
            file.write(vega.TOPS_CONFIG)
        player = vega.start('vega-replay', TOPS, '--config', conf, '--out', f'region:{self.region}', '--speed', '40')
        latest = ('latest', '--region', self.region, '--feed', 'IEX', '--instrument', SYMBOL, '--json')
        try:
            self.wait_for_region()
            deadline = time.monotonic() + 20
            while vega.run('vega-bus', *latest).returncode != 0 and time.monotonic() < deadline:
                time.sleep(0.05)
            token = vega.output('vega-bus', *latest)['instrument']
            done = vega.run('vega-bus', 'tail', '--region', self.region, '--feed', 'IEX', '--from', 'oldest', '--instrument', SYMBOL,
                            '--count', 300, '--json')
        finally:
            player.kill()
            player.communicate(timeout=20)
        self.assertEqual(done.returncode, 0, done.stderr)
        records = [json.loads(line) for line in done.stdout.splitlines()]
        own = [r['kind'] for r in records if r.get('instrument') == token and r['kind'] in ('LEVEL', 'TRADE', 'DEFINITION')]
        others = {r['kind'] for r in records if r.get('instrument', token) != token}
        self.assertGreater(len(own), 50)
        self.assertIn('LEVEL', own)
        self.assertLessEqual(others, {'PACKET', 'EPOCH', 'SEGMENT', 'GAP', 'LOSS', 'TIME', 'WIDE', 'STATUS'})

    def test_counts_and_what_it_needs(self):
        done = vega.output('vega-replay', self.journal, '--config', self.conf, '--out', f'region:{self.region}', '--speed', 'max')
        self.assertEqual(done['packets_sent'], 10822)
        self.assertEqual(done['not_sent_unclaimed'], 0)
        said = vega.output('vega-bus', 'stat', '--region', self.region)
        self.assertEqual((said['state'], said['packets_received'], said['packets_unaccounted']), ('stopped', 10822, 0))
        self.assertEqual(sorted((c['stream'], c['messages']) for c in said['channels']), [(1, 3224), (2, 1710), (3, 1062)])
        refused = vega.run('vega-replay', self.journal, '--out', f'region:{self.region}')
        self.assertEqual(refused.returncode, 64, refused.stderr)
        self.assertIn('--config', refused.stderr)

    def test_two_of_one_name(self):
        player = vega.start('vega-replay', self.journal, '--config', self.conf, '--out', f'region:{self.region}', '--speed', '0.05')
        try:
            self.wait_for_region()
            second = vega.run('vega-replay', self.journal, '--config', self.conf, '--out', f'region:{self.region}')
        finally:
            player.terminate()
            player.communicate(timeout=60)
        self.assertEqual(second.returncode, 75, second.stderr)


if __name__ == '__main__':
    unittest.main()

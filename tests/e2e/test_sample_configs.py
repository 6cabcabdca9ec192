#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The sample configurations, each as it stands but for smaller frame lanes, over the captures that hold its channels.

Both ledgers close, every packet is in its feed, and each sequence has the messages of truth.json, once.

    test_sample_configs.py BUILD
"""
import collections
import json
import os
import re
import tempfile
import unittest

import vega

EXAMPLES = os.path.join(vega.ROOT, 'docs', 'examples')
DATA = os.path.join(vega.SHARED, 'data')


def truth(path):
    top = path.split('/', 1)[0]  # its truth.json names files by their paths below it
    with open(os.path.join(DATA, top, 'truth.json'), encoding='utf-8') as file:
        return next(f for f in json.load(file)['files'] if f['file'] == path[len(top) + 1:])


def cme(path, feed):
    """Of each channel the line that has all: what the other lacks is filled from it."""
    messages = collections.Counter()
    for to, said in truth(path)['channels'].items():
        number = int(to.split(':')[1]) % 1000
        messages[feed, number] = max(messages[feed, number], said['messages'])
    return messages


def mtbt(path):
    return {('NFO_IDX' if n == '1' else 'NSE_FO', int(n)): s['after_A_B_arbitration']['unique']
            for n, s in truth(path)['streams'].items()}


def nnf(path, feed):
    """All but the heartbeats."""
    said = truth(path)
    return {(feed, 100): said['messages'] - said['by_transcode']['6541']}


CME6 = 'omi-data-packets-history/Cme.Mdp3.Sbe.v6.1.pcap'
CME9 = 'omi-data-packets-history/Cme.Mdp3.Sbe.v9.1.Example.pcap'
MTBT = 'nse-synthetic/nse_mtbt_fo_ab.pcap'
NNF_FO = 'nse-synthetic/nse_nnf_fo.pcap'
NNF_CM = 'nse-synthetic/nse_nnf_cm.pcap'


# Of one session each, in the order of their sequences: none comes twice.
NASDAQ = [f'omi-data-packets/Nasdaq/Nasdaq.Equities.TotalView.Itch.v5.0/{name}.pcap' for name in (
    'OrderReplaceMessage', 'AddOrderNoMpidAttributionMessage', 'OrderDeleteMessage', 'OrderExecutedMessage',
    'NetOrderImbalanceIndicatorMessage', 'Multiple.Packets', 'MarketParticipantPositionMessage', 'StockTradingActionMessage')]
BX = [f'omi-data-packets/Nasdaq/Bx.Equities.TotalView.Itch.v5.0/{name}.pcap' for name in (
    'AddOrderNoMpidAttributionMessage', 'OrderDeleteMessage', 'OrderReplaceMessage')]
TOPS = [f'omi-data-packets/Iex/Tops.IexTp.v1.5/{name}.pcap' for name in (
    'SecurityDirectoryMessage', 'OperationalHaltStatusMessage', 'TradeReportMessage', 'QuoteUpdateMessage')]
DEEP = [f'omi-data-packets/Iex/Deep.IexTp.v1.0/{name}.pcap' for name in (
    'PriceLevelBuyUpdateMessage', 'PriceLevelSellUpdateMessage')]
DEEP_PLUS = [f'omi-data-packets/Iex/DeepPlus.IexTp.1.0.2/{name}.pcap' for name in (
    'H_TradingStatus', 'D_SecurityDirectory', 'a_AddOrder', 'R_OrderDelete', 'L_OrderExecuted', 'T_Trade', 'B_TradeBreak')]
TOPS_TEST = ['go-iex/TOPS16.pcapng']
DEEP_TEST = ['go-iex/DEEP10.first25000.pcap']


def messages_of(**captures):
    """All messages of each feed's captures: a publisher that restarts publishes anew."""
    return {(feed, 1): sum(truth(path)['messages'] for path in paths) for feed, paths in captures.items()}


class Samples(unittest.TestCase):
    def check(self, name, captures, needed):
        """needed: {(feed, stream): messages}"""
        paths = [os.path.join(DATA, c) for c in captures]
        absent = [p for p in paths if not os.path.exists(p)]
        if absent:
            self.skipTest(f'need {absent[0]}, found none')
        with tempfile.TemporaryDirectory(prefix='vega-samples-') as folder, open(os.path.join(EXAMPLES, name)) as sample:
            config = os.path.join(folder, name)
            with open(config, 'w') as file:
                file.write(re.sub(r'frame_lane: .*', 'frame_lane: 8MiB', sample.read()))
            summary = vega.output('vega-capture', '--config', config, '--memory', 'shm', '--region', vega.REGION,
                                  '--journal', os.path.join(folder, 'journal'), '--pcap', *paths)
            stat = vega.output('vega-bus', 'stat', '--region', vega.REGION)
            verify = vega.run('vega-journal', 'verify', os.path.join(folder, 'journal'))
            info = vega.output('vega-journal', 'info', os.path.join(folder, 'journal'))
        self.assertEqual(verify.returncode, 0, verify.stdout + verify.stderr)
        for lane in ('records', 'book'):
            self.assertEqual(info['records' if lane == 'records' else 'book_records'],
                             sum(feed[f'{lane}_written'] for feed in stat['feeds']))
        self.check_ledgers(summary, stat, sum(truth(c)['packets'] for c in captures))
        self.assertEqual({(c['feed'], c['stream']): c['messages'] for c in stat['channels']}, dict(needed))

    def check_ledgers(self, summary, stat, packets):
        self.assertEqual(summary['packets_received'], packets)
        self.assertEqual(summary['packets_unaccounted'], 0)
        self.assertEqual(summary['packets_published'], packets)  # of files, nothing is dropped
        self.assertEqual(summary['packets_framed'] + summary['frames_lost'], summary['packets_published'])
        self.assertEqual(summary['frames_lost'], 0)
        for feed in stat['feeds']:
            rows = [c for c in stat['channels'] if c['feed'] == feed['feed']]
            with self.subTest(feed=feed['feed']):
                if not rows:
                    self.assertIn(feed['records_drained'], (0, feed['packets_published'] + 1))
                    continue
                self.assertEqual(sum(c['packets'] for c in rows), feed['packets_published'])
                # Every record of a sequence, and the EPOCH of each day.
                records = sum(c['records'] for c in rows)
                self.assertGreater(records, feed['packets_published'])
                self.assertGreater(feed['records_drained'], records)
                self.assertEqual(feed['records_drained'], feed['records_written'])
                self.assertEqual(feed['book_drained'], feed['book_written'])
                self.assertEqual(feed['book_drained'], feed['book_settled'])
                for lane in ('records', 'book'):
                    self.assertEqual((feed[f'{lane}_lapped'], feed[f'{lane}_lost']), (0, 0))

    def test_nse(self):
        self.check('nse.yaml', [MTBT, NNF_FO, NNF_CM],
                   {**mtbt(MTBT), **nnf(NNF_FO, 'NSE_FO'), **nnf(NNF_CM, 'NSE_EQ')})

    def test_cme(self):
        self.check('cme.yaml', [CME6, CME9], cme(CME6, 'CME') + cme(CME9, 'CME_28'))

    def test_itch(self):
        self.check('itch.yaml', NASDAQ + BX, messages_of(NASDAQ=NASDAQ, BX=BX))

    def test_iex(self):
        self.check('iex.yaml', TOPS + DEEP + DEEP_PLUS + TOPS_TEST + DEEP_TEST,
                   messages_of(TOPS=TOPS, DEEP=DEEP, DEEP_PLUS=DEEP_PLUS, TOPS_TEST=TOPS_TEST, DEEP_TEST=DEEP_TEST))


if __name__ == '__main__':
    if not os.path.isdir(DATA):
        vega.skip('need the shared captures beside the project (../shared/data), found none')
    unittest.main()

# SPDX-License-Identifier: BSD-3-Clause
"""vega-hugepages without root: status and plan work, init and fini are refused.

    test_hugepages.py BUILD
"""
import json
import os
import subprocess
import sys
import unittest

import vega

MIB2 = 2 << 20
CONFIG = '''region: nse
feeds:
  - {name: NSE_FO, record_lane: 2MiB, frame_lane: 64MiB, channels: [{group: 239.1.1.1, port: 1000}]}
  - {name: NSE_EQ, record_lane: 4MiB, frame_lane: 64MiB, channels: [{group: 239.1.1.2, port: 1000}]}
'''


def run_as_nobody(*args):
    """vega-hugepages as a user without privilege, or None where nobody may not reach the build folder."""
    who = {'user': 65534, 'group': 65534, 'extra_groups': []} if os.geteuid() == 0 else {}
    try:
        return vega.run('vega-hugepages', *args, cwd='/', **who)
    except PermissionError:
        return None


class Unprivileged(unittest.TestCase):
    def test_status(self):
        done = run_as_nobody('status', '--json')
        if done is None:
            self.skipTest('nobody may not reach the build folder')
        self.assertIn(done.returncode, (0, 69), done.stderr)
        status = json.loads(done.stdout)
        self.assertEqual([stage['stage'] for stage in status['stages']], ['pages', 'mount', 'limits', 'lcores'])
        self.assertEqual(done.returncode == 0, status['ok'])
        self.assertGreaterEqual(len(status['nodes']), 1)
        self.assertGreaterEqual(len(status['cpus']), 1)
        for pool in status['pools']:
            self.assertLessEqual(pool['free_cnt'], pool['page_cnt'])

    def test_status_says_what_is_missing(self):
        done = run_as_nobody('status', '--pages', '1000000000')
        if done is None:
            self.skipTest('nobody may not reach the build folder')
        self.assertEqual(done.returncode, 69)
        self.assertIn('need 1000000000 hugepages of 2M on NUMA node 0, found ', done.stdout)

    def test_init_and_fini_need_root(self):
        for verb in ('init', 'fini'):
            done = run_as_nobody(verb)
            if done is None:
                self.skipTest('nobody may not reach the build folder')
            self.assertEqual(done.returncode, 77, done.stderr)
            self.assertEqual(done.stdout, '')
            self.assertTrue(vega.one_line(done.stderr), done.stderr)
            self.assertIn('need root', done.stderr)


class Plan(unittest.TestCase):
    def plan(self, text, *args):
        with vega.scratch() as folder:
            path = os.path.join(folder, 'vega.yaml')
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
            return vega.run('vega-hugepages', 'plan', '--config', path, *args)

    def test_memory_map(self):
        done = self.plan(CONFIG, '--json', '--rate', '1000000')
        self.assertEqual(done.returncode, 0, done.stderr)
        plan = json.loads(done.stdout)
        self.assertEqual([(lane['kind'], lane['feed']) for lane in plan['lanes']],
                         [('record', 'NSE_FO'), ('record', 'NSE_EQ'), ('frame', 'NSE_FO'), ('frame', 'NSE_EQ'),
                          ('frame', 'default')])
        end = 0
        for lane in plan['lanes']:
            self.assertEqual(lane['from_bytes'], end)
            end = lane['to_bytes'] + 1
            self.assertEqual(end % MIB2, 0)
            self.assertGreaterEqual(end - lane['from_bytes'], lane['lane_bytes'])
            self.assertEqual(lane['too_little'], lane['holds_ms'] < 100)
        self.assertEqual(plan['lanes_bytes'], end)
        self.assertEqual(sum(p['page_cnt'] for p in plan['hugepages']) * MIB2, end)
        self.assertEqual([feed['feed'] for feed in plan['journal_per_day']], ['NSE_FO', 'NSE_EQ', 'default'])
        self.assertEqual(plan['journal_bytes_per_day'], sum(feed['bytes'] for feed in plan['journal_per_day']))
        for maximum in ('feed_cnt_max', 'lane_cnt_max', 'lcore_cnt_max', 'port_cnt_max', 'frame_bytes_max'):
            self.assertIn(maximum, plan)

    def test_for_people(self):
        text = self.plan(CONFIG, '--rate', '1000000').stdout
        self.assertIn('0x000000     0x1FFFFF     record lane 0, feed NSE_FO', text)
        self.assertIn('0x200000     0x5FFFFF     record lane 1, feed NSE_EQ', text)
        self.assertIn('warning: the record lane of feed NSE_FO holds less than 100 ms', text)
        self.assertIn('feed_cnt_max', text)

    def test_journal_counts_books_and_keyframes(self):
        channels = ''.join(f'- name: {name}\n  channels: [{{group: 239.1.1.{i}, port: 1000, format: {name}}}]\n'
                           for i, name in enumerate(('itch', 'nse-nnf')))
        plan = json.loads(self.plan('journal: {keyframe_records: none}\nfeeds:\n' + channels, '--json', '--rate', '1000').stdout)
        itch, nnf, default = plan['journal_per_day']
        for feed in itch, nnf, default:
            self.assertEqual(feed['bytes'], sum(feed[f'{what}_bytes'] for what in ('frame', 'record', 'book', 'keyframe')))
        self.assertEqual((itch['record_bytes'], itch['keyframe_bytes']), (nnf['record_bytes'], nnf['keyframe_bytes']))
        self.assertEqual((itch['book_bytes'], nnf['book_bytes']), (itch['record_bytes'], 0))
        self.assertGreater(itch['keyframe_bytes'], 0)
        self.assertEqual(default['bytes'], default['frame_bytes'])
        done = self.plan('journal: {keyframe_interval: none, keyframe_records: none}\nfeeds:\n' + channels, '--rate', '1000')
        self.assertRegex(done.stdout, r'(?m)^feed itch +\S+ \S+ +\S+ \S+ +\S+ \S+ +0 B +\S+ \S+$')

    def test_gigabyte_pages(self):
        plan = json.loads(self.plan(CONFIG, '--json', '--page-size', '1GiB').stdout)
        self.assertEqual(plan['lanes_bytes'], 1 << 30)
        self.assertEqual([p['page_cnt'] for p in plan['hugepages']], [1])

    def test_wrong_input(self):
        done = self.plan('nonsense: 1\n')
        self.assertEqual(done.returncode, 78)
        self.assertTrue(vega.one_line(done.stderr), done.stderr)
        self.assertEqual(vega.run('vega-hugepages', 'plan', '--config', '/nonexistent').returncode, 66)
        for args in ((), ('none',), ('plan', '--page-size', '4MiB'), ('plan', '--rate', 'fast'),
                     ('plan', '--frame-bytes', '0'), ('status', '--node', '16'), ('init', '--pages', '0')):
            done = vega.run('vega-hugepages', *args)
            self.assertEqual(done.returncode, 64, args)

    def test_output_that_cannot_be_written(self):
        for args in (('plan',), ('plan', '--json'), ('status',), ('status', '--json')):
            with open('/dev/full', 'w', encoding='utf-8') as full:
                done = subprocess.run([vega.program('vega-hugepages'), *args], stdout=full, stderr=subprocess.PIPE,
                                      text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 74, args)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]], verbosity=2)

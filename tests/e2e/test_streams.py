#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every program with its standard streams full or closed, and with a limit of file sizes: told, and nothing of it in another file.

usage: test_streams.py BUILD
"""
import os
import resource
import struct
import subprocess
import unittest

import capfile
import vega

T0 = 1748403900 * 10**9


def closed(*numbers):
    """In the child: without these descriptors."""
    def close():
        for number in numbers:
            os.close(number)
    return close


def small_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))


class Streams(unittest.TestCase):
    def setUp(self):
        context = vega.scratch()
        self.dir = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.source = os.path.join(self.dir, 'in.pcap')
        capfile.write(self.source, [(T0 + i, struct.pack('>I', i) * 100) for i in range(1000)])

    def printing(self):
        replay = ('vega-replay', self.source, '--out', 'null', '--speed', 'max')
        yield from (replay, (*replay, '--json'), ('vega-compare', self.source, self.source), ('vega-compare', '--json', self.source, self.source))
        yield ('vega-gen', '--feed', 'iex', '--packets', '9', '-o', os.path.join(self.dir, 'g'))
        journal, region = os.path.join(self.dir, 'journal'), f'streams-{os.getpid()}'
        self.addCleanup(vega.forget, region)
        yield ('vega-capture', '--pcap', self.source, '--journal', journal, '--region', region)
        for verb in ('ls', 'info', 'verify', 'recover', 'gaps', 'seek --at 1', f'export --format csv -o {self.dir}/csv'):
            yield ('vega-journal', *verb.split(), journal)
            yield ('vega-journal', *verb.split(), '--json', journal)
        yield from (('vega-bus', 'stat', '--region', region, *more) for more in ((), ('--json',)))
        yield from (('vega-bus', 'ls', *more) for more in ((), ('--json',)))
        yield from ((name, '--help') for name in vega.FOLDERS)
        yield from ((name, '--version') for name in vega.FOLDERS)

    def test_standard_output_is_full_or_closed(self):
        for name, *args in self.printing():
            command = [vega.program(name), *args]
            with self.subTest(command=command), open('/dev/full', 'wb') as full:
                for more in ({'stdout': full}, {'preexec_fn': closed(1)}):
                    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60, **more)
                    self.assertEqual(done.returncode, 74, done.stderr)
                    self.assertTrue(vega.one_line(done.stderr), done.stderr)

    def test_a_failure_stays_what_it_is(self):
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([vega.program('vega-compare'), self.source, '/nowhere'], stdout=full, stderr=subprocess.PIPE, text=True,
                                  timeout=60)
        self.assertEqual(done.returncode, 66, done.stderr)

    def test_closed_streams_are_no_files_of_ours(self):
        """What is printed must not land in the file that is opened next."""
        for numbers in ((0,), (1,), (2,), (0, 1), (0, 1, 2)):
            out, report = (os.path.join(self.dir, name) for name in ('out.pcap', 'report.json'))
            done = subprocess.run([vega.program('vega-replay'), self.source, '--out', 'pcap:' + out, '--report', report],
                                  preexec_fn=closed(*numbers), timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with self.subTest(closed=numbers):
                self.assertEqual(done.returncode, 74 if 1 in numbers else 0)
                self.assertEqual(capfile.read(out), capfile.read(self.source))
                with open(report, encoding='utf-8') as file:
                    self.assertEqual(file.read(1), '{')

    def test_messages_are_one_line_whatever_the_names(self):
        name = '/no\nwhere\x1b[31m\x07\x7f\u20ac'
        done = vega.run('vega-replay', name, '--out', 'null')
        self.assertEqual(done.returncode, 66)
        self.assertTrue(vega.one_line(done.stderr), done.stderr)
        self.assertIn('/no?where?[31m??\u20ac', done.stderr)

    def test_a_limit_of_file_sizes_is_told(self):
        for status, name, *args in ((74, 'vega-replay', self.source, '--out', 'pcap:' + os.path.join(self.dir, 'o')),
                                    (74, 'vega-gen', '--feed', 'iex', '--packets', '9999', '-o', os.path.join(self.dir, 'g'))):
            done = vega.run(name, *args, preexec_fn=small_files)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertTrue(vega.one_line(done.stderr) and 'large' in done.stderr, done.stderr)
        self.assertEqual(sorted(os.listdir(self.dir)), ['in.pcap', 'o'])


if __name__ == '__main__':
    unittest.main()

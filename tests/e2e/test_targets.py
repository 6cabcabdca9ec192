#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Files that are written are none that are read, and no two of them are one, by whatever names.

usage: test_targets.py BUILD
"""
import glob
import json
import os
import pty
import shutil
import subprocess
import unittest

import capfile
import vega

T0 = 1748403900 * 10**9
CONF = vega.feed_config('ONE', 'Asia/Kolkata', ['group: 239.1.1.1, port: 5000'])


def content(path):
    with open(path, 'rb') as file:
        return file.read()


class Targets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        context = vega.scratch()
        cls.dir = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        cls.source, conf, cls.journal = (os.path.join(cls.dir, name) for name in ('in.pcap', 'c.yaml', 'journal'))
        capfile.write(cls.source, [(T0 + i * 1000, i.to_bytes(4, 'big') * 20) for i in range(100)])
        with open(conf, 'w', encoding='utf-8') as file:
            file.write(CONF)
        done = vega.run('vega-capture', '--pcap', cls.source, '--journal', cls.journal, '--config', conf, '--region', vega.REGION)
        assert done.returncode == 0, done.stderr
        cls.file = glob.glob(cls.journal + '/**/frames-*.pcapng', recursive=True)[0]

    def path(self, name):
        return os.path.join(self.dir, name)

    def refused(self, status, word, name, *args):
        """One line, and what is read stays as it was."""
        before = [content(path) for path in (self.source, self.file)]
        done = vega.run(name, *args)
        self.assertEqual(done.returncode, status, (args, done.stderr))
        self.assertTrue(vega.one_line(done.stderr) and word in done.stderr, done.stderr)
        self.assertEqual([content(path) for path in (self.source, self.file)], before)

    def test_a_file_of_the_journal(self):
        link = self.path('link')
        os.symlink(self.file, link)
        null = ('--out', 'null', '--speed', 'max')
        for operand in (self.journal, self.file):
            for args in (('--out', 'pcap:' + self.file), ('--out', 'pcap:' + link), (*null, '--report', self.file), (*null, '--html', link)):
                self.refused(73, 'input' if operand == self.file else 'of the journal', 'vega-replay', operand, *args)
        self.refused(73, 'journal', 'vega-compare', self.journal, self.source, '--html', self.file)
        self.refused(73, 'journal', 'vega-journal', 'export', self.journal, '--format', 'pcapng', '-o', self.file)

    def test_an_input(self):
        self.refused(73, 'input', 'vega-replay', self.source, '--out', 'pcap:' + self.source)
        for pair in ((self.source, self.file), (self.file, self.source)):
            self.refused(73, 'input', 'vega-compare', *pair, '--html', self.source)

    def test_two_that_are_one(self):
        new, other = self.path('new'), os.path.join(self.dir, '.', 'new')
        null = ('--out', 'null', '--speed', 'max')
        for _ in range(2):  # when it is not there yet, and when it is
            self.refused(64, 'both', 'vega-replay', self.source, *null, '--report', new, '--html', other)
            self.refused(64, 'both', 'vega-replay', self.source, '--out', 'pcap:' + new, '--report', other)
            self.refused(64, 'both', 'vega-replay', self.journal, '--out', 'default=pcap:' + new, '--out', 'pcap:' + other)
            self.refused(64, 'one for', 'vega-gen', '--feed', 'iex', '--packets', 5, '-o', new, '--truth', other)
            with open(new, 'wb'):
                pass

    def test_one_output_of_two_feeds_and_devices_are_fine(self):
        null = ('--out', 'null', '--speed', 'max')
        done = vega.run('vega-replay', self.journal, *null, '--report', '/dev/null', '--html', '/dev/null')
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_standard_output(self):
        self.refused(64, 'one thing', 'vega-replay', self.source, '--out', 'pcap:-', '--json')
        master, slave = pty.openpty()
        done = subprocess.run([vega.program('vega-replay'), self.source, '--out', 'pcap:-'], stdout=slave, stderr=subprocess.PIPE, text=True,
                              timeout=60)
        self.assertEqual((done.returncode, 'terminal' in done.stderr), (64, True), done.stderr)
        os.close(master)
        os.close(slave)

    def test_names_of_any_bytes(self):
        """A name need not be UTF-8, and is told as well as that can be."""
        out, report, page = (self.path(name) for name in ('o\udcff\udc80.pcap', 'r\udcff.json', 'h\udcff.html'))
        done = vega.run('vega-replay', self.source, '--out', 'pcap:' + out, '--report', report, '--html', page, '--json')
        self.assertEqual(done.returncode, 0, done.stderr)
        for text in (done.stdout, content(report).decode()):
            self.assertTrue(json.loads(text)['output'].endswith('/o\ufffd\ufffd.pcap'), text)
        self.assertIn('/o\ufffd\ufffd.pcap', content(page).decode())
        self.assertEqual(content(out), content(self.source))
        done = vega.run('vega-journal', 'export', self.journal, '--format', 'pcapng', '--json', '-o', out)
        self.assertEqual((done.returncode, json.loads(done.stdout)['packets']), (0, 100), done.stderr)

    def test_a_journal_in_a_folder_of_any_name(self):
        folder = self.path('j\udcff')
        shutil.copytree(self.journal, folder)
        for path in (folder, self.journal):
            listed = vega.output('vega-journal', 'ls', path)['files']
            self.assertEqual(len(listed), len(glob.glob(glob.escape(path) + '/**/*-0000.*', recursive=True)))
            place = vega.output('vega-journal', 'seek', path, '--at', T0)
            self.assertEqual(place['file'].replace('\ufffd', '\udcff'), next(f for f in glob.glob(path + '/**/frames*', recursive=True)))
        with open(glob.glob(folder + '/**/frames*', recursive=True)[0], 'r+b') as file:
            file.seek(9000)
            file.write(b'damage')
        done = vega.run('vega-journal', 'verify', folder, '--json', errors='replace')
        self.assertEqual((done.returncode, len(json.loads(done.stdout)['damages'])), (65, 1), done.stdout)

    def test_what_would_count_for_nothing(self):
        self.refused(64, 'full speed', 'vega-replay', self.source, '--out', 'pcap:' + self.path('gap'), '--max-gap', '1s')
        self.refused(64, 'full speed', 'vega-replay', self.source, '--out', 'null', '--speed', 'max', '--max-gap', '1s')
        for option in ('--report', '--html'):
            self.refused(64, '/dev/stdout', 'vega-replay', self.source, '--out', 'null', option, '-')
        self.refused(64, '/dev/stdout', 'vega-compare', self.source, self.source, '--html', '-')
        self.assertFalse(os.path.exists('-'))
        for name, *args in (('vega-replay', '--out', 'null'), ('vega-compare',), ('vega-decode',)):
            self.refused(64, 'once', name, '-', '-', *args)
        self.refused(64, 'before =', 'vega-replay', self.source, '--out', '=null')


if __name__ == '__main__':
    unittest.main()

# SPDX-License-Identifier: BSD-3-Clause
"""scripts/vega: the front word runs the program beside it, and nothing else.

    test_vega.py SCRIPT
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

SCRIPT = sys.argv.pop(1)


class FrontWord(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='vega-word-')
        self.addCleanup(shutil.rmtree, self.folder)
        os.mkdir(os.path.join(self.folder, 'bin'))
        self.vega = os.path.join(self.folder, 'bin', 'vega')
        shutil.copy(SCRIPT, self.vega)

    def add(self, path):
        path = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='ascii') as file:
            file.write('#!/bin/sh\nprintf "%s|" "$0" "$@"\nexit 5\n')
        os.chmod(path, 0o755)
        return path

    def run_vega(self, *args, name=None):
        return subprocess.run([name or self.vega, *args], capture_output=True, text=True, timeout=30, check=False)

    def test_runs_the_program_beside_it(self):
        for word in ('bus', 'capture', 'decode', 'gen', 'hugepages', 'journal', 'replay'):
            path = self.add(f'bin/vega-{word}')
            done = self.run_vega(word, 'a b', '', '*')
            self.assertEqual((done.returncode, done.stdout), (5, f'{path}|a b||*|'))

    def test_through_a_link_and_from_the_build_folder(self):
        self.add('build/store/vega-journal')
        link = os.path.join(self.folder, 'word')
        os.symlink(self.vega, link)
        self.assertEqual(self.run_vega('journal', name=link).returncode, 5)

    def test_libexec(self):
        self.add('libexec/vega/vega-bus')
        self.assertEqual(self.run_vega('bus').returncode, 5)

    def test_only_known_words(self):
        self.add('bin/vega-other')
        for args in (('other',), ('../bin/vega-other',), ('',), ()):
            done = self.run_vega(*args)
            self.assertEqual(done.returncode, 64)
            self.assertEqual(done.stderr.count('\n'), 1)

    def test_a_program_that_is_not_there(self):
        done = self.run_vega('bus', 'ls')
        self.assertEqual(done.returncode, 69)
        self.assertIn('need vega-bus beside', done.stderr)

    def test_help(self):
        done = self.run_vega('--help')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertIn('hugepages', done.stdout)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]], verbosity=2)

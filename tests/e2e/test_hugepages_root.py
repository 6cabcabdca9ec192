# SPDX-License-Identifier: BSD-3-Clause
"""vega-hugepages as root: init reserves and mounts, again it does nothing, fini gives back exactly that.

    test_hugepages_root.py BUILD

Runs in a mount namespace of its own with /run/vega and every hugetlbfs out of sight, so that only the pool itself, which
the whole machine shares, changes: by some pages, and back.
"""
import json
import os
import shutil
import subprocess
import sys
import unittest

import vega

MIB2 = 2 << 20
GIB1 = 1 << 30
MORE = 8


def pool(page_bytes, what='nr'):
    path = f'/sys/kernel/mm/hugepages/hugepages-{page_bytes // 1024}kB/{what}_hugepages'
    try:
        with open(path, encoding='ascii') as file:
            return int(file.read())
    except FileNotFoundError:
        return None


def memory_free_bytes():
    with open('/proc/meminfo', encoding='ascii') as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith('MemFree:'))


def mounts():
    with open('/proc/mounts', encoding='utf-8') as file:
        return [line.split()[1] for line in file if line.split()[2] == 'hugetlbfs']


def enter_namespace():
    """Run this file again in a mount namespace of its own."""
    if os.geteuid() != 0:
        vega.skip('need root to reserve hugepages')
    if shutil.which('hugeadm') is None:
        vega.skip('need hugeadm (libhugetlbfs-bin)')
    if os.environ.get('VEGA_TEST_NAMESPACE') == '1':
        return
    unshare = ['unshare', '--mount', '--propagation', 'private']
    if shutil.which('unshare') is None or subprocess.run([*unshare, 'true'], check=False, capture_output=True).returncode != 0:
        vega.skip('need a mount namespace (unshare --mount)')
    os.environ['VEGA_TEST_NAMESPACE'] = '1'
    os.execvp('unshare', [*unshare, sys.executable, __file__, vega.BUILD])


class Root(unittest.TestCase):
    def setUp(self):
        os.makedirs('/run/vega', exist_ok=True)
        subprocess.run(['mount', '-t', 'tmpfs', 'none', '/run/vega'], check=True)
        for path in reversed(mounts()):
            subprocess.run(['umount', path], check=True)
        self.before = pool(MIB2)
        self.addCleanup(subprocess.run, ['umount', '/run/vega'], check=True)
        self.addCleanup(vega.run, 'vega-hugepages', 'fini')

    def init(self, *args):
        return vega.run('vega-hugepages', 'init', *args)

    def test_init_again_fini(self):
        want = str(self.before + MORE)
        done = self.init('--pages', want)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f'RUN: hugeadm --pool-pages-min 2M:{want}\n', done.stdout)
        self.assertIn('RUN: mount -t hugetlbfs -o pagesize=2M nodev /dev/hugepages\n', done.stdout)
        self.assertEqual(pool(MIB2), self.before + MORE)
        self.assertEqual(mounts(), ['/dev/hugepages'])

        done = self.init('--pages', want, '--json')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn('RUN:', done.stdout + done.stderr)
        self.assertTrue(json.loads(done.stdout)['ok'])
        self.assertEqual(pool(MIB2), self.before + MORE)

        done = vega.run('vega-hugepages', 'fini')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f'RUN: hugeadm --pool-pages-min 2M:{self.before}\n', done.stdout)
        self.assertEqual(pool(MIB2), self.before)
        self.assertEqual(mounts(), [])
        self.assertEqual(vega.run('vega-hugepages', 'fini').stdout, '')

    def test_a_pool_that_is_enough_stays(self):
        if self.before == 0:
            self.skipTest('the machine has no pool')
        done = self.init('--pages', '1')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn('hugeadm', done.stdout)
        self.assertEqual(pool(MIB2), self.before)

    def test_pages_of_one_gigabyte(self):
        """Granted or not, what is said is what the kernel has."""
        before = pool(GIB1)
        if before is None or memory_free_bytes() < 2 * GIB1:
            self.skipTest('need a kernel with 1 GiB pages, and 2 GiB free')
        done = self.init('--page-size', '1GiB', '--pages', str(before + 1))
        print(done.stdout + done.stderr, end='')
        if done.returncode == 0:
            self.assertEqual(pool(GIB1), before + 1)
            self.assertIn('/dev/hugepages-1G', mounts())
        else:
            self.assertEqual(done.returncode, 69, done.stderr)
            self.assertIn(f'need {before + 1} hugepages of 1G on NUMA node 0, found {pool(GIB1)}', done.stderr)
        self.assertEqual(vega.run('vega-hugepages', 'fini').returncode, 0)
        self.assertEqual(pool(GIB1), before)

    def test_a_node_that_is_not_there(self):
        done = self.init('--pages', '1', '--node', '15')
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertTrue(vega.one_line(done.stderr), done.stderr)


if __name__ == '__main__':
    enter_namespace()
    unittest.main(argv=[sys.argv[0]], verbosity=2)

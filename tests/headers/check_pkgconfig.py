#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""An example of docs/examples compiles with nothing but what an installation and pkg-config give, and reads a journal.

usage: check_pkgconfig.py SOURCE BUILD
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

SOURCE, BUILD = sys.argv[1:3]
REGION = f'pkg-{os.getpid()}'
sys.path.insert(0, os.path.join(SOURCE, 'tests', 'e2e'))
sys.dont_write_bytecode = True

import vega  # noqa: E402


def main():
    if not shutil.which('pkg-config'):
        print('skipped: need pkg-config, found none')
        return 77
    with tempfile.TemporaryDirectory(prefix='vega-pkg-') as root:
        subprocess.run(['meson', 'install', '-C', BUILD, '--no-rebuild', '--destdir', root], check=True, stdout=subprocess.DEVNULL)
        folders = {os.path.dirname(p) for p in glob.glob(root + '/**/*.pc', recursive=True)}
        env = os.environ | {'PKG_CONFIG_PATH': ':'.join(folders), 'PKG_CONFIG_SYSROOT_DIR': root}
        ask = subprocess.run(['pkg-config', '--cflags', '--libs', 'vega-store'], env=env, check=True, capture_output=True, text=True)
        # The sysroot is put before every path, those of the system's own libraries too.
        flags = [f if os.path.exists(f[2:]) or f[:2] not in ('-I', '-L') else f.replace(root, '', 1) for f in ask.stdout.split()]
        program = os.path.join(root, 'journal_count')
        subprocess.run(['cc', os.path.join(SOURCE, 'docs/examples/journal_count.c'), '-o', program, *flags], check=True)
        journal, pcap = os.path.join(root, 'j'), os.path.join(root, 'in.pcap')
        run = [[f'{BUILD}/replay/vega-gen', '--feed', 'nse-mtbt', '--seed', '1', '--packets', '1000', '-o', pcap],
               [f'{BUILD}/capture/vega-capture', '--pcap', pcap, '--journal', journal, '--region', REGION, '--memory', 'shm']]
        for command in run:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        vega.forget(REGION)
        told = subprocess.run([program, journal], check=True, capture_output=True, text=True).stdout
        if not told.startswith('default: 1000 frames, '):
            print(f'the example says {told!r}')
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())

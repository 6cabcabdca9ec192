#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Who may include whom: the table of docs/ARCHITECTURE.md, held against every #include line.

    scripts/check-layers.py             exit 1 and a line for each forbidden edge
    scripts/check-layers.py --self-test the table must refuse edges that are wrong, and accept those that are right
"""
import re
import sys

import tree

LIBRARIES = {  # header -> library; what is not named here is the C library or the kernel
    'dpdk': r'(rte_|ethdev_|dpdk)', 'libpcap': r'pcap', 'libcyaml': r'cyaml', 'isa-l': r'isa-l', 'liburing': r'liburing',
    'jansson': r'jansson', 'zstd': r'zstd', 'cmocka': r'cmocka', 'liblzo2': r'lzo/', 'ncurses': r'(n?curses|term\.h)',
}
# The first row whose pattern matches a path decides: (path, folders and files it may include, libraries it may include).
BASE = ['hugepages/base/']
MEMORY = BASE + ['hugepages/']
LIMITS = ['hugepages/vega_layout.h', 'hugepages/vega_counters.h']  # constants the schema checks against, nothing else
RECORDS = ['hugepages/vega_record.h', 'hugepages/vega_layout.h', 'hugepages/vega_counters.h', 'hugepages/ring.h']
PORT_FILES = r'capture/(eal|port|source_port|lcore|stamp)[a-z_]*\.[ch]'
TABLE = [
    (r'tests/', ['capture/', 'hugepages/', 'replay/', 'store/', 'tests/'], list(LIBRARIES)),
    (r'hugepages/base/', BASE + LIMITS, ['libpcap', 'libcyaml', 'isa-l', 'jansson']),
    (r'hugepages/(top_draw|vega-bus-top)\.c', MEMORY, ['ncurses']),
    (r'hugepages/', MEMORY, ['jansson']),
    (r'capture/feed/', BASE + RECORDS + ['capture/feed/'], []),
    (r'capture/vega-capture\.c', MEMORY + ['capture/', 'store/'], ['jansson']),
    (r'capture/summary\.[ch]', MEMORY + ['capture/'], ['jansson']),
    (PORT_FILES, MEMORY + ['capture/'], ['dpdk']),
    (r'capture/', MEMORY + ['capture/'], []),
    (r'store/vega-journal.*\.[ch]', MEMORY + ['store/', 'capture/feed/'], ['jansson']),
    (r'store/', MEMORY + ['store/'], ['liburing', 'jansson', 'zstd']),
    (r'replay/(tx_dpdk\.c|dpdk_port\.[ch])', MEMORY + ['store/', 'capture/feed/', 'replay/'], ['dpdk']),
    (r'replay/', MEMORY + ['store/', 'capture/feed/', 'replay/'], ['jansson']),
    (r'docs/examples/', ['hugepages/vega_', 'store/vega_'], ['jansson']),
]
GENERATED = ('vega_build.h',)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"]+)[>"]', re.M)


def row_of(path):
    return next((row for row in TABLE if re.match(row[0], path)), None)


def fault(path, quote, header):
    """Why `path` may not include `header`; None when it may."""
    row = row_of(path)
    if row is None:
        return 'stands in no unit of the table'
    if quote == '<':
        library = next((name for name, at in LIBRARIES.items() if re.match(at, header)), None)
        return f'may not use {library} here' if library and library not in row[2] else None
    if header in GENERATED:
        return None
    if header.endswith('.c'):
        return 'a .c file is compiled, not included'
    if not any(header.startswith(allowed) for allowed in row[1]):
        return 'is none of ' + ', '.join(row[1])
    return None


def faults(path, text):
    for found in INCLUDE.finditer(text):
        why = fault(path, *found.groups())
        if why:
            line = text.count('\n', 0, found.start()) + 1
            yield f'{path}:{line}: includes {found.group(2)}: {why}'


WRONG = [
    ('hugepages/base/err.c', '"hugepages/frame.h"'), ('hugepages/region.c', '"store/format.h"'),
    ('store/drain.c', '"capture/rx.h"'), ('capture/rx.c', '"store/drain.h"'), ('store/writer.c', '<rte_mbuf.h>'),
    ('capture/rx.c', '<rte_ethdev.h>'), ('capture/feed/net.c', '"hugepages/region.h"'),
    ('replay/engine.c', '"capture/rx.h"'), ('replay/engine.c', '<rte_ethdev.h>'),
    ('capture/vega-capture.c', '"replay/pace.h"'), ('store/reader.c', '"tests/lib/test.h"'),
    ('hugepages/region.c', '"region.h"'), ('hugepages/top.c', '<curses.h>'), ('tests/store/test_writer.c', '"store/writer.c"'), ('other/x.c', '"store/io.h"'),
]
RIGHT = [
    ('hugepages/base/err.c', '"hugepages/base/err.h"'), ('store/drain.c', '"hugepages/region.h"'),
    ('capture/vega-capture.c', '"store/drain.h"'), ('capture/port.c', '<rte_ethdev.h>'),
    ('replay/tx_dpdk.c', '<rte_ethdev.h>'), ('replay/vega-gen.c', '"capture/feed/mtbt.h"'),
    ('tests/store/test_writer.c', '"store/io.h"'), ('capture/eal.c', '"vega_build.h"'), ('store/io_uring.c', '<liburing.h>'),
    ('hugepages/top_draw.c', '<curses.h>'),
]


def self_test():
    bad = [f'{path}: {header}: accepted' for path, header in WRONG if not list(faults(path, f'#include {header}\n'))]
    bad += [f'{path}: {header}: refused' for path, header in RIGHT if list(faults(path, f'#include {header}\n'))]
    return bad


def main():
    if sys.argv[1:] == ['--self-test']:
        found = self_test()
    else:
        found = [line for path in tree.files(('.c', '.h')) for line in faults(path, tree.read(path))]
    print('\n'.join(found), end='\n' if found else '')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The map of the lanes in docs/MEMORY-MAP.md is the one `vega-hugepages plan` prints for the same configuration.

    test_memory_map.py SOURCE_ROOT VEGA_HUGEPAGES
"""
import os
import re
import subprocess
import sys

MAP = re.compile(r'<!-- plan: (\S+) -->\n+((?:\|[^\n]*\n)+)')


def documented(source):
    with open(os.path.join(source, 'docs', 'MEMORY-MAP.md'), encoding='utf-8') as text:
        config, table = MAP.search(text.read()).groups()
    rows = [[cell.strip() for cell in row.strip('|').split('|')] for row in table.strip().split('\n')[2:]]
    return config, [(int(first, 16), int(last, 16), what, int(units)) for first, last, what, units in rows]


def planned(program, config):
    """(from, to, what, units) of each line of the printed map."""
    run = subprocess.run([program, 'plan', '--config', config], capture_output=True, text=True, check=True)
    line = re.compile(r'^(0x[0-9A-F]+) +(0x[0-9A-F]+) +(\w+ (?:lane|table) \d+, feed \S+) +\S+ \w+ +(\d+) ', re.M)
    return [(int(first, 16), int(last, 16), what, int(units)) for first, last, what, units in line.findall(run.stdout)]


def main():
    source, program = sys.argv[1:3]
    config, told = documented(source)
    found = planned(program, os.path.join(source, config))
    for row in sorted(set(told) ^ set(found)):
        print(f"only {'the document' if row in told else 'the plan'} has {row}")
    print(f'{len(told)} lanes documented, {len(found)} planned')
    return 0 if told == found and told else 1


if __name__ == '__main__':
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""vega.yaml(5) lists the keys of the schema, as conf_doc prints them.

    test_conf_keys.py MAN_PAGE CONF_DOC
"""
import subprocess
import sys


def main():
    page, conf_doc = sys.argv[1:3]
    with open(page, encoding='utf-8') as text:
        between = text.read().split('.\\" keys: ')[1].split('\n', 1)[1].split('.\\" end of keys')[0]
    printed = subprocess.run([conf_doc, 'keys'], capture_output=True, text=True, check=True).stdout
    if between == printed and printed:
        return 0
    print(f'{page}: its keys are not those of the schema; put the output of `{conf_doc} keys` between the markers')
    return 1


if __name__ == '__main__':
    sys.exit(main())

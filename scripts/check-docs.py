#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The documents name what is there: every path, link, symbol, option and layout table is held against the tree.

    scripts/check-docs.py             exit 1 and a line for each name that is not there
    scripts/check-docs.py --self-test each check must find its own bad example

A table below a line `<!-- layout: struct NAME -->` has the columns offset, bytes, field: the VEGA_PINs of the struct,
which the compiler has proved, all of them and in order. A row that starts with a number in hexadecimal and a
VEGA_ name is the #define of that name.
"""
import os
import re
import sys

import tree

SOURCES = ('.c', '.h', '.py', '.sh', '.build', '.yaml', '.txt')
CODE = re.compile(r'`([^`\n]+)`')
LINK = re.compile(r'\]\(([^)#\s]+)[^)]*\)')
PATH = re.compile(r'^(?:\.ci|capture|docs|hugepages|replay|scripts|store|tests)/[\w./-]+$')
SYMBOL = re.compile(r'\b(?:vega_[a-z0-9_]+|VEGA_[A-Z0-9_]+)\b(?!\*)')
OPTION = re.compile(r'(?<![\w-])--([a-z][a-z-]+)')
LAYOUT = re.compile(r'<!-- layout: (struct \w+) -->\n+((?:\|[^\n]*\n)+)')
DEFINE_ROW = re.compile(r'^\| `?(0x[0-9A-Fa-f]+)`? \| `(VEGA_\w+)`', re.M)
PIN = re.compile(r'VEGA_PIN\(\s*(struct \w+),\s*(\w+),\s*(\w+),\s*(\w+)\s*\)')
DEFINE = re.compile(r'^#define\s+(VEGA_\w+)\s+(0x[0-9A-Fa-f]+)', re.M)
PROGRAM_LINE = re.compile(r'^[ $]*(?:sudo )?(?:build/\w+/)?(?:vega|vega-[a-z]+) .*$', re.M)


class Tree:
    """What the documents are held against."""

    def __init__(self):
        self.paths = set(tree.files())
        # This file names what is not there: its own bad examples.
        self.sources = '\n'.join(tree.read(p) for p in self.paths if self.is_source(p) and 'check-docs' not in p)
        self.pins = {}
        for struct, field, off, size in PIN.findall(self.sources):
            self.pins.setdefault(struct, []).append((int(off, 0), int(size, 0), field))
        self.defines = {name: int(value, 16) for name, value in DEFINE.findall(self.sources)}

    @staticmethod
    def is_source(path):
        return path.endswith(SOURCES) or (path.startswith('scripts/') and '.' not in os.path.basename(path))

    def has_path(self, path):
        path = path.rstrip('/')
        return path in self.paths or any(p.startswith(path + '/') for p in self.paths)


def path_faults(doc, text, known):
    for found in CODE.finditer(text):
        name = found.group(1).rstrip('/')
        if PATH.match(name) and not known.has_path(name):
            yield found.start(), f'`{name}`: no such file'
    for found in LINK.finditer(text):
        target = found.group(1)
        if '://' not in target and not known.has_path(os.path.normpath(os.path.join(os.path.dirname(doc), target))):
            yield found.start(), f'link to {target}: no such file'


def symbol_faults(_doc, text, known):
    for found in CODE.finditer(text):
        for symbol in SYMBOL.findall(found.group(1)):
            if not re.search(rf'\b{symbol}\b', known.sources):
                yield found.start(), f'`{symbol}`: no such symbol'


def option_faults(_doc, text, known):
    """Options in command lines of our programs, and those alone in code."""
    spans = [m for m in CODE.finditer(text) if m.group(1).startswith(('--', 'vega'))] + list(PROGRAM_LINE.finditer(text))
    for found in spans:
        for option in OPTION.findall(found.group()):
            if f'"{option}"' not in known.sources and f'--{option}' not in known.sources:
                yield found.start(), f'--{option}: no program has it'


def layout_faults(_doc, text, known):
    for found in LAYOUT.finditer(text):
        struct, rows = found.group(1), found.group(2).strip().split('\n')[2:]
        pins = sorted(known.pins.get(struct, []))
        told = [tuple(cell.strip().strip('`') for cell in row.strip('|').split('|')[:3]) for row in rows]
        told = [(int(off, 0), int(size, 0), field) for off, size, field in told]
        if not pins:
            yield found.start(), f'{struct}: has no pins'
        for row in sorted(set(told) ^ set(pins)):
            where = 'the table' if row in told else 'the pins'
            yield found.start(), f'{struct}.{row[2]}: only {where} have it at {row[0]} with {row[1]} bytes'
        if told != sorted(told):
            yield found.start(), f'{struct}: the table is not in order'
    for found in DEFINE_ROW.finditer(text):
        value, name = found.groups()
        if known.defines.get(name) != int(value, 16):
            yield found.start(), f'{name}: the table says {value}, the header {known.defines.get(name)}'


CHECKS = (path_faults, symbol_faults, option_faults, layout_faults)


def faults(doc, text, known):
    for check in CHECKS:
        for at, what in check(doc, text, known):
            yield f'{doc}:{text.count(chr(10), 0, at) + 1}: {what}'


def self_test(known):
    table = '<!-- layout: struct vega_block_hdr -->\n\n| offset | bytes | field |\n| - | - | - |\n| 0 | 8 | `block_type` |\n'
    wrong = ['`store/nothing.c`', '[x](nothing.md)', '`vega_nothing_here`', '`VEGA_NOTHING`', '`--nothing-here`',
             'vega-capture --nothing-here', table, '| `0xD6454701` | `VEGA_BLOCK_DATA` | x |\n']
    right = ['`hugepages/vega_block.h`', '`VEGA_BLOCK_DATA`', '`--version`', '| `0xD6454702` | `VEGA_BLOCK_DATA` | x |\n']
    return [f'accepted: {text!r}' for text in wrong if not list(faults('docs/x.md', text, known))] + \
           [line for text in right for line in faults('docs/x.md', text, known)]


def main():
    known = Tree()
    if sys.argv[1:] == ['--self-test']:
        found = self_test(known)
    else:
        found = [line for doc in sorted(known.paths) if doc.endswith('.md') for line in faults(doc, tree.read(doc), known)]
    print('\n'.join(found), end='\n' if found else '')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())

# SPDX-License-Identifier: BSD-3-Clause
"""The files of the tree, and C with its comments and strings blanked: what the checks of this folder share."""
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = ('.ci', 'capture', 'docs', 'hugepages', 'replay', 'scripts', 'store', 'tests')
BINARY = ('.pcap', '.pcapng', '.bin', '.png')


def files(suffixes=None, root=ROOT):
    """Paths of the tree's own text files, relative to its root; build folders and caches are none of them."""
    found = [name for name in os.listdir(root) if os.path.isfile(os.path.join(root, name)) and name != '.git']
    for folder in FOLDERS:
        for at, folders, names in os.walk(os.path.join(root, folder)):
            folders[:] = [f for f in folders if f not in ('__pycache__', 'corpus')]
            found += [os.path.relpath(os.path.join(at, name), root) for name in names]
    return sorted(path for path in found if not path.endswith(BINARY)
                  and (suffixes is None or path.endswith(suffixes)))


def read(path, root=ROOT):
    with open(os.path.join(root, path), encoding='utf-8') as text:
        return text.read()


def blank(text):
    """C with every comment and string turned into spaces; line numbers stay."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda m: re.sub(r'[^\n]', ' ', m.group()), text)

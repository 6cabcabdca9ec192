#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Each vega_*.h compiles alone, as C and as C++: from the tree, or from what `meson install` puts down.

    check_headers.py tree|installed SOURCE_ROOT BUILD_ROOT
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Werror', '-fsyntax-only']
LANGUAGES = [('C', ('gcc', 'clang', 'cc'), ['-x', 'c', '-std=c11']),
             ('C++', ('g++', 'clang++', 'c++'), ['-x', 'c++', '-std=c++17'])]


def headers_under(root):
    found = glob.glob(os.path.join(root, '**', 'vega_*.h'), recursive=True)
    return sorted(os.path.relpath(path, root) for path in found if not os.path.relpath(path, root).startswith('build'))


def compile_alone(header, root, compiler, options):
    """The compiler's complaint, '' when there is none. Included twice: a header guards itself."""
    code = f'#include "{header}"\n#include "{header}"\nint vega_alone;\n'
    run = subprocess.run([compiler, *options, *STRICT, '-I', root, '-'], input=code, text=True, capture_output=True)
    return run.stderr if run.returncode else ''


def install(build, into):
    subprocess.run(['meson', 'install', '-C', build, '--no-rebuild', '--quiet', '--destdir', into], check=True,
                   stdout=subprocess.DEVNULL)
    roots = [path for path, folders, _ in os.walk(into) if path.endswith('/include/vega')]
    if len(roots) != 1:
        sys.exit(f'need one include/vega in an installation, found {roots}')
    return roots[0]


def main():
    mode, source, build = sys.argv[1:4]
    ours = [f for f in headers_under(source) if f.startswith(('hugepages/', 'store/', 'capture/', 'replay/'))]
    with tempfile.TemporaryDirectory() as into:
        root = source if mode == 'tree' else install(build, into)
        missing = [header for header in ours if not os.path.exists(os.path.join(root, header))]
        faults = [f'{header}: is named vega_*, but not installed' for header in missing]
        for language, compilers, options in LANGUAGES:
            compiler = next(filter(None, map(shutil.which, compilers)), None)
            if compiler is None:
                print(f'left out: {language}, no compiler among {", ".join(compilers)}')
                continue
            for header in (h for h in ours if h not in missing):
                complaint = compile_alone(header, root, compiler, options)
                if complaint:
                    faults.append(f'{header} alone as {language}:\n{complaint}')
    print('\n'.join(faults))
    print(f'{len(ours)} headers, {len(faults)} faults')
    return 1 if faults or not ours else 0


if __name__ == '__main__':
    sys.exit(main())

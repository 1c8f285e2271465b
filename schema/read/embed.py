#!/usr/bin/env python3
"""Write the read service's SQL as C: embed.py OUTPUT name.sql …"""
import pathlib
import sys


def literal(line):
    """A C string: octal for all but plain ASCII."""
    return '"' + ''.join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?'
        else f'\\{byte:03o}' for byte in line) + '"'


rows = []
for file in map(pathlib.Path, sys.argv[2:]):
    lines = [line for line in file.read_bytes().splitlines(keepends=True)
             if not line.lstrip().startswith(b'--')]
    text = ''.join(f'\n\t\t{literal(line)}' for line in lines)
    rows.append(f'\t{{ "{file.stem}",{text} }},\n')
pathlib.Path(sys.argv[1]).write_text(
    '#include "router/read/plan.h"\n\n'
    'const struct plan_sql plan_sql[] = {\n' + ''.join(rows) +
    '\t{ 0, 0 },\n};\n')

#!/usr/bin/env python3
"""Write the SQL files given as C: embed.py OUTPUT 0001_name.sql …"""
import pathlib
import re
import sys



def literal(line):
    """A C string: octal for all but plain ASCII."""
    return '"' + ''.join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?'
        else f'\\{byte:03o}' for byte in line) + '"'


out, files = sys.argv[1], [pathlib.Path(f) for f in sys.argv[2:]]
parts = ['#include "cdc/migrate.h"\n']
rows = []
last = 0
for file in files:
    match = re.fullmatch(r'(\d{4})_(\w+)\.sql', file.name)
    place = int(match[1]) if match else 0
    if place <= last:
        sys.exit(f'{file}: expected a number above {last:04d}, and _name.sql')
    last = place
    text = file.read_bytes()
    lines = ''.join(f'\t{literal(line)}\n'
                    for line in text.splitlines(keepends=True))
    parts.append(f'static const char sql_{place}[] =\n{lines};\n')
    rows.append(f'\t{{ {place}, "{match[2]}", sql_{place}, {len(text)} }},\n')
parts.append('const struct migration migrations[] = {\n' + ''.join(rows) +
             '};\n')
parts.append(f'const size_t migration_count = {len(files)};\n')
pathlib.Path(out).write_text(''.join(parts))

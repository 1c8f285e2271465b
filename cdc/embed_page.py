"""page.html as a C string: embed_page.py OUTPUT INPUT"""
import sys

with open(sys.argv[2], encoding="utf-8") as f:
    text = f.read()
lines = []
for line in text.splitlines(keepends=True):
    escaped = line.replace("\\", "\\\\").replace('"', '\\"')
    lines.append('\t"' + escaped.replace("\n", "\\n") + '"')
with open(sys.argv[1], "w", encoding="utf-8") as f:
    f.write('#include "cdc/page.h"\n\nconst char cdc_page[] =\n')
    f.write("\n".join(lines) + ";\n")

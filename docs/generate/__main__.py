"""Write the generated blocks of all pages anew."""

from docs.generate.blocks import DOCS, pages, renewed

for page in pages():
    path = DOCS / page
    path.write_text(renewed(page, path.read_text(encoding="utf-8")), encoding="utf-8")

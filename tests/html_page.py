"""What stands in a page of HTML."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """Start tags with their attributes, and the texts of the cells of each table by its id."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.tables, self._table, self._cell = [], {}, None, False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self._table = self.tables.setdefault(dict(attrs)["id"], [])
        elif tag == "tr":
            self._table.append([])
        elif tag in ("td", "th"):
            self._cell = True
            self._table[-1].append("")

    def handle_endtag(self, tag):
        self._cell = self._cell and tag not in ("td", "th")

    def handle_data(self, data):
        if self._cell:
            self._table[-1][-1] += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

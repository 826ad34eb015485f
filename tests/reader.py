"""Pages as a browser would see them."""

from html.parser import HTMLParser


class Reader(HTMLParser):
    """The tags, attributes and text of a piece of HTML, as a browser would see them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.labels: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.labels |= {value for name, value in attrs if name in ("data-label", "aria-label")}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

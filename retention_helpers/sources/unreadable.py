"""What is said of a file whose form is broken."""


class Unreadable(Exception):
    """The form of a file is broken: what is wrong, and the way out."""

    def __init__(self, what: str, way_out: str) -> None:
        super().__init__(what)
        self.what, self.way_out = what, way_out

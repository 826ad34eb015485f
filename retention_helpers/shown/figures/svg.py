"""How a drawing becomes SVG: text stays text, colours stay names, and nothing has an id.

matplotlib's own SVG is ten times as long, clips by ids that collide on a page, and fixes its colours.
"""

import warnings
from collections.abc import Iterable
from functools import lru_cache
from html import escape
from typing import Any

import numpy as np
from matplotlib.backend_bases import FigureCanvasBase, GraphicsContextBase, RendererBase
from matplotlib.figure import Figure as Canvas
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Transform

from retention_helpers.shown.figures import colours

CSS_PER_INCH = 96
FONT = "var(--sans,system-ui,-apple-system,Segoe UI,Roboto,sans-serif)"
TEXT = "11.3"  # css pixels of most of the text, which need not say so
HINT = "hint: "  # before the words that appear where a hand rests
GROUND = "var(--figure-ground,#fff)"
INK = colours.paint(colours.INK)
_ANCHORS = {"left": ("", 0.0), "center": (' text-anchor="middle"', 0.5), "right": (' text-anchor="end"', 1.0)}
_COMMANDS = {Path.CURVE3: "q", Path.CURVE4: "c"}


def as_svg(canvas: Canvas, name: str) -> str:
    """The drawing as an element `svg` of its true size in css pixels, of the class named."""
    with warnings.catch_warnings():
        # The font is only measured with here: readers have others, which know more signs, such as emoji.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        return _as_svg(canvas, name)


def _as_svg(canvas: Canvas, name: str) -> str:
    canvas.set_dpi(CSS_PER_INCH)
    width, height = (round(side * CSS_PER_INCH) for side in canvas.get_size_inches())
    pen = _Pen(width, height)
    _Paper(canvas, pen)
    layout = canvas.get_layout_engine()
    if layout is not None:
        layout.execute(canvas)
        canvas.set_layout_engine("none")
    for text in canvas.findobj(Text):  # of several lines: they come to the pen one by one, without it
        text.set_gid(text.get_horizontalalignment())  # type: ignore[attr-defined]
    canvas.draw(pen)
    return (
        f'<svg class="{name}" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'fill="{INK}" stroke-linejoin="round" font-family="{FONT}" font-size="{TEXT}" '
        f'style="background:{GROUND}">{pen.drawn()}</svg>'
    )


class _Paper(FigureCanvasBase):
    """Where matplotlib asks for the pen while it finds a place for everything."""

    def __init__(self, canvas: Canvas, pen: "_Pen") -> None:
        super().__init__(canvas)
        self.pen = pen

    def get_renderer(self) -> "_Pen":
        return self.pen


class _Pen(RendererBase):
    """Writes what matplotlib draws, in css pixels, neighbours of one look as one element."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self._size = (width, height)
        self._upright = Affine2D().scale(1, -1).translate(0, height)
        self._elements: list[str] = []
        self._look = ""
        self._data: list[str] = []
        self._alignment = "left"
        self._hint = ""

    def drawn(self) -> str:
        self._lift()
        return "".join(self._elements)

    def get_canvas_width_height(self) -> tuple[int, int]:
        return self._size

    def points_to_pixels(self, points: Any) -> Any:
        return points * CSS_PER_INCH / 72

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        return _measured(s, prop.copy(), ismath)  # a copy, for they change

    def open_group(self, s: str, gid: str | None = None) -> None:
        if s == "text":
            self._alignment = gid or "left"
        elif gid and gid.startswith(HINT):
            self._hint = gid.removeprefix(HINT)

    def close_group(self, s: str) -> None:
        self._hint = ""

    def draw_path(
        self,
        gc: GraphicsContextBase,
        path: Path,
        transform: Transform,
        rgbFace: Any = None,
    ) -> None:
        if self._hint:
            self._draw_hint(_data(_clipped(path, transform, gc, True), self._upright))
            return
        look = self._look_of(gc, rgbFace)
        if look:
            self._draw(look, _data(_clipped(path, transform, gc, rgbFace is not None), self._upright))

    def _draw_hint(self, data: str) -> None:
        """Something that is not seen, and says what lies there: the browser itself shows its title."""
        self._lift()
        self._elements.append(
            f'<path class="hint" d="{data}" fill="none" pointer-events="all">'
            f"<title>{escape(self._hint)}</title></path>"
        )

    def draw_markers(
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Transform,
        path: Path,
        trans: Transform,
        rgbFace: Any = None,
    ) -> None:
        """Filled discs are the round ends of lines without length: the shortest that draws them."""
        is_disc = marker_path.codes is not None and bool(np.any(marker_path.codes == Path.CURVE4))
        if not is_disc or rgbFace is None or gc.get_linewidth() > 0:
            super().draw_markers(gc, marker_path, marker_trans, path, trans, rgbFace)
            return
        across = _short(marker_path.get_extents(marker_trans).width)
        stroke = _painted("stroke", rgbFace, gc)
        look = f'fill="none" {stroke} stroke-width="{across}" stroke-linecap="round"'
        centres = self._upright.transform(trans.transform(path.vertices))
        self._draw(look, "".join(f"M{_short(x)} {_short(y)}h0" for x, y in centres if x == x and y == y))

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,
        mtext: Text | None = None,
    ) -> None:
        self._lift()
        anchor, part = _ANCHORS[mtext.get_horizontalalignment() if mtext else self._alignment]
        # Readers have other fonts than the one measured here: a text stays where it is held.
        held = x + part * self.get_text_width_height_descent(s, prop, ismath)[0] if not angle else x
        size = _short(self.points_to_pixels(prop.get_size_in_points()))
        looks = anchor if not angle else f' transform="rotate({_short(-angle)} {_short(x)} {_short(y)})"'
        looks += "" if size == TEXT else f' font-size="{size}"'
        looks += ' font-weight="600"' if prop.get_weight() == "bold" else ""
        fill = _painted("fill", gc.get_rgb(), gc)
        looks += "" if fill == f'fill="{INK}"' else f" {fill}"
        self._elements.append(f'<text x="{_short(held)}" y="{_short(y)}"{looks}>{escape(s)}</text>')

    def _look_of(self, gc: GraphicsContextBase, face: Any) -> str:
        is_filled = face is not None and (len(face) < 4 or face[3] > 0)
        looks = [_painted("fill", face, gc) if is_filled else 'fill="none"']
        if gc.get_linewidth() > 0 and gc.get_rgb()[3] > 0:
            looks.append(_painted("stroke", gc.get_rgb(), gc))
            looks.append(f'stroke-width="{_short(self.points_to_pixels(gc.get_linewidth()))}"')
            dashes = gc.get_dashes()[1]
            if dashes is not None:
                pixels = " ".join(_short(self.points_to_pixels(dash)) for dash in np.asarray(dashes))
                looks.append(f'stroke-dasharray="{pixels}"')
            elif gc.get_capstyle() == "round":
                looks.append('stroke-linecap="round"')
        return " ".join(looks) if is_filled or len(looks) > 1 else ""

    def _draw(self, look: str, data: str) -> None:
        # What is translucent gets darker where it overlaps, so it stays apart.
        if look != self._look or "opacity" in look:
            self._lift()
        self._look = look
        self._data.append(data)

    def _lift(self) -> None:
        data = "".join(self._data)
        if data:
            self._elements.append(f'<path d="{data}" {self._look}/>')
        self._data = []


@lru_cache(4096)
def _measured(text: str, font: FontProperties, is_formula: Any) -> tuple[float, float, float]:
    """Width, height and descent: the same in every drawing, and most texts stand in several."""
    return RendererBase.get_text_width_height_descent(_RULER, text, font, is_formula)


_RULER = _Pen(0, 0)


def _painted(what: str, rgba: Any, gc: GraphicsContextBase) -> str:
    alpha = gc.get_alpha() if gc.get_forced_alpha() else rgba[3] if len(rgba) > 3 else 1.0
    opacity = "" if alpha >= 1 else f' {what}-opacity="{alpha:.2g}"'
    return f'{what}="{colours.paint(rgba[:3])}"{opacity}'


def _clipped(path: Path, transform: Transform, gc: GraphicsContextBase, is_filled: bool) -> Path:
    """The path as far as its axes reach, so that the page needs no clipping."""
    box = gc.get_clip_rectangle()
    if box is None:
        return path.cleaned(transform=transform, remove_nans=True, curves=True)
    if is_filled:
        return path.transformed(transform).clip_to_bbox(box)
    edges = (box.x0 - 1, box.y0 - 1, box.x1 + 1, box.y1 + 1)
    return path.cleaned(transform=transform, remove_nans=True, clip=edges, curves=True)


def _data(path: Path, upright: Transform) -> str:
    """The path as SVG writes it, step by step in tenths of a pixel; points that fall together are one."""
    data: list[str] = []
    at = start = np.zeros(2, dtype=int)
    for vertices, code in path.iter_segments(upright, simplify=False):
        if code == Path.CLOSEPOLY:
            data.append("z")
            at = start
            continue
        points = np.rint(10 * np.reshape(vertices, (-1, 2))).astype(int)
        across, up = points[-1] - at
        if code == Path.MOVETO:
            data.append(f"M{_tenths(points[0])}")
            start = points[0]
        elif code != Path.LINETO:
            data.append(f"{_COMMANDS[code]}{_tenths((points - at).ravel())}")
        elif across and up:
            data.append(f"l{_tenths((across, up))}")
        elif across or up:
            data.append(f"h{_tenths([across])}" if across else f"v{_tenths([up])}")
        at = points[-1]
    return "".join(data)


def _tenths(values: Iterable[int]) -> str:
    """
    >>> _tenths([5, -12, 30])
    '.5-1.2 3'
    """
    written = ""
    for value in values:
        one = f"{value / 10:g}".replace("0.", ".", 1) if abs(value) < 10 else f"{value / 10:g}"
        written += one if not written or one.startswith("-") else f" {one}"
    return written


def _short(value: float) -> str:
    """
    >>> _short(12.04), _short(-0.01), _short(3.26)
    ('12', '0', '3.3')
    """
    return f"{round(value, 1) + 0.0:g}"

"""Tables that print their columns aligned."""

import html
from collections.abc import Mapping, Sequence
from typing import Any


class Table(Mapping[str, list[Any]]):
    """Columns of equal length by name; the repr is a table, and in notebooks an HTML table.

    ``pandas.DataFrame(dict(table))`` converts the table to a data frame.

    Parameters
    ----------
    columns : mapping of str to sequence
        The columns in order. An entry of None is printed as an empty cell.
    footer : str, default=""
        A line below the table.

    Examples
    --------
    >>> from sknn.inspection import Table
    >>> table = Table({"layer": ["layer_0", "layer_1"], "units": [100, 3]}, "103 units")
    >>> table
    layer    units
    layer_0    100
    layer_1      3
    103 units
    >>> table["units"]
    [100, 3]
    """

    def __init__(self, columns: Mapping[str, Sequence[Any]], footer: str = "") -> None:
        self._columns = {name: list(values) for name, values in columns.items()}
        self.footer = footer

    def __getitem__(self, name: str) -> list[Any]:
        return self._columns[name]

    def __iter__(self) -> Any:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def _rows(self) -> list[tuple[str, ...]]:
        """Return the rows as text, starting with the names of the columns."""
        columns = ([name, *map(_text, values)] for name, values in self._columns.items())
        return list(zip(*columns, strict=True))

    def __repr__(self) -> str:
        rows = self._rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        right = [any(map(_is_number, values)) for values in self._columns.values()]
        lines = [
            "  ".join(
                text.rjust(width) if to_right else text.ljust(width)
                for text, width, to_right in zip(row, widths, right, strict=True)
            ).rstrip()
            for row in rows
        ]
        return "\n".join([*lines, *filter(None, [self.footer])])

    def _repr_html_(self) -> str:
        rows = [[html.escape(text) for text in row] for row in self._rows()]
        head = "".join(f"<th>{text}</th>" for text in rows[0])
        body = "".join(
            f"<tr>{''.join(f'<td>{text}</td>' for text in row)}</tr>" for row in rows[1:]
        )
        caption = f"<caption>{html.escape(self.footer)}</caption>" if self.footer else ""
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)

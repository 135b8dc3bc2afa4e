"""What was measured, beside what it should be and what the peers took."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field


@dataclass
class Row:
    title: str
    unit: str  # ns, ms, MB, %, events, events/s, x
    value: float
    target: float | None = None  # None: told, not judged
    at_least: bool = False  # else: at most
    peers: dict[str, float | None] = field(default_factory=dict)  # None: it failed
    note: str = ""
    noisy: bool = False

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target

    def ratio(self, peer: str) -> float | None:
        """How many times better than the peer; None where that means nothing."""
        theirs = self.peers.get(peer)
        if not theirs or self.value <= 0:
            return None
        return self.value / theirs if self.at_least else theirs / self.value

    def as_json(self) -> dict:
        return asdict(self) | {"met": self.met, "ratios": {p: self.ratio(p) for p in self.peers}}


def formatted(value: float | None, unit: str) -> str:
    if value is None:
        return "failed"
    if unit in ("events", "events/s"):
        return f"{value:,.0f}" + ("/s" if unit == "events/s" else "")
    for larger in ("us", "ms", "s"):
        if abs(value) >= 1000 and unit == {"us": "ns", "ms": "us", "s": "ms"}[larger]:
            value, unit = value / 1000, larger
    return _three_digits(value) + (f" {unit}" if unit not in ("%", "x") else unit)


def _three_digits(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


class Table:
    def __init__(self, colours: bool) -> None:
        self._colours = colours

    def _painted(self, text: str, colour: str) -> str:
        codes = {"green": 32, "red": 31, "yellow": 33, "bold": 1}
        return f"\x1b[{codes[colour]}m{text}\x1b[0m" if self._colours else text

    def section(self, text: str) -> str:
        return self._painted(text, "bold")

    def line(self, row: Row) -> str:
        target = ""
        if row.target is not None:
            target = (">= " if row.at_least else "<= ") + formatted(row.target, row.unit)
        verdict = {None: "      ", True: self._painted("met   ", "green")}.get(
            row.met, self._painted("MISSED", "red")
        )
        value = formatted(row.value, row.unit)
        notes = [row.note] if row.note else []
        if row.noisy:
            notes.append(self._painted("noisy", "yellow"))
        return f"  {row.title:<52}{value:>12}  {target:>14}  {verdict}  {'; '.join(notes)}".rstrip()

    def peers(self, rows: list[Row]) -> list[str]:
        """The rows again, beside the peers: each one's value and how many times ours it is."""
        names = list(dict.fromkeys(peer for row in rows for peer in row.peers))
        if not names:
            return []
        lines = [f"  {'':<52}{'candor':>12}" + "".join(f"{name:>18} " for name in names)]
        for row in rows:
            if not row.peers:
                continue
            line = f"  {row.title:<52}{formatted(row.value, row.unit):>12}"
            for name in names:
                cell = ""
                if name in row.peers:
                    cell = formatted(row.peers[name], row.unit)
                    ratio = row.ratio(name)
                    cell += f" {'x' + _three_digits(ratio) if ratio else '':>7}"
                line += f"{cell:>19}"
            lines.append(line.rstrip())
        return lines

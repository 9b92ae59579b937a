"""Keeps the best result of all, which nobody can be taken out of."""

from __future__ import annotations

from stifinder import Event, LearnedModel, Manifest, Purpose, hookimpl


class Best(LearnedModel):
    name = "best"
    version = 1
    purpose = Purpose.SUGGESTIONS

    def empty(self) -> float:
        return 0.0

    def fold(self, state: float, event: Event) -> float:
        return max(state, event.result or 0.0)

    def merge(self, a: float, b: float) -> float:
        return max(a, b)

    def subtract(self, a: float, b: float) -> float:
        return a - b

    def dump(self, state: float) -> bytes:
        return str(state).encode()

    def load(self, data: bytes) -> float:
        try:
            return float(data)
        except UnicodeDecodeError as error:
            raise ValueError("no state") from error


@hookimpl
def learned_models():
    return [Best()]


@hookimpl
def manifest() -> Manifest:
    return Manifest(about="Learns who was best.")

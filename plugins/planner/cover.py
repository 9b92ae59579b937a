"""Which goals to reach when there is not time for all: each needs its blocks of steps, and blocks are shared.

This is a knapsack with shared items (a budgeted cover). It is solved by the greedy rule "most goals for the
minutes still missing", begun once with each goal (S. Khuller, A. Moss and J. Naor, "The budgeted maximum
coverage problem", 1999); the best of these answers is taken. docs/strategies/planner.md compares it with the
optimum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def reachable(
    goals: Sequence[str], blocks: Mapping[str, frozenset[str]], cost: Mapping[str, int], capacity: int
) -> tuple[str, ...]:
    """The goals that can all be reached within ``capacity`` minutes, in their given order.

    :param goals: the dearest first: a dearer one wins where all else is equal.
    :param blocks: goal to the blocks it needs, its own among them.
    :param cost: minutes of each block.
    """

    def grown(chosen: list[str]) -> list[str]:
        have = frozenset().union(*(blocks[g] for g in chosen))
        left = capacity - sum(cost[b] for b in have)
        while True:
            missing = {g: sum(cost[b] for b in blocks[g] - have) for g in goals if g not in chosen}
            fitting = [g for g, need in missing.items() if need <= left]
            if not fitting:
                return chosen
            best = min(fitting, key=lambda g: missing[g])
            chosen = [*chosen, best]
            left -= missing[best]
            have |= blocks[best]

    answers = [grown([])]
    answers += [grown([g]) for g in goals if sum(cost[b] for b in blocks[g]) <= capacity]
    rank = {goal: place for place, goal in enumerate(goals)}
    best = max(
        answers, key=lambda found: (len(found), [-rank[g] for g in sorted(found, key=rank.__getitem__)])
    )
    return tuple(sorted(best, key=rank.__getitem__))

"""Fit one yes/no question on a few rows of many features: ridge logistic regression in the dual.

With n rows and d >> n features the solution is a sum of rows, so everything is n x n: the fit, and
the n fits that leave one row out, all solved in one batch.

Both classes weigh the same, so 0 is the logit of even odds however many rows each has. Otherwise a
row that is left out would shift the constant away from its own class, and the scores of a question
without an answer would rank the wrong way round.
"""

from dataclasses import dataclass

import numpy as np

# Strengths of the penalty, from strong to weak, per row; the features have a mean square of 1 per
# row.
PENALTIES = (0.1, 0.01, 0.001)
_ITERATIONS = 30
_LARGEST_STEP = 4.0  # of a logit, in one step of Newton's method
_CONVERGED = 1e-7
_Z = 1.96  # 95 % of a normal distribution


@dataclass(frozen=True, eq=False)
class Fit:
    """A linear question: logit = features @ weight + bias.

    `weight`: float64 (d,). `penalty`: of `PENALTIES`. `left_out`: float64 (n,), each row's logit
    by the fit to the others, whose penalty was chosen without it too.
    """

    weight: np.ndarray
    bias: float
    penalty: float
    left_out: np.ndarray


def fit(features: np.ndarray, yes: np.ndarray) -> Fit:
    """Fit ridge logistic regression, its penalty by approximate leave-one-out deviance.

    Args:
        features: float (n, d).
        yes: bool (n,), at least two of each.
    """
    x = np.asarray(features, np.float64)
    middle = x.mean(0)
    x = x - middle
    size = np.sqrt(np.square(x).sum(1).mean()) or 1.0
    kernel = x @ x.T / size**2
    masses = np.concatenate([balanced(yes)[None], _without_each(yes)])
    logits, dual, bias, chosen = _best(kernel, yes, masses)
    weight = dual[0] @ x / size**2
    rows = np.arange(len(x))
    return Fit(
        weight, float(bias[0] - middle @ weight), PENALTIES[chosen[0]], logits[1 + rows, rows]
    )


def balanced(yes: np.ndarray) -> np.ndarray:
    """Masses float64 (n,) with which both classes weigh n / 2."""
    return np.where(yes, len(yes) / (2 * yes.sum()), len(yes) / (2 * (~yes).sum()))


def _without_each(yes: np.ndarray) -> np.ndarray:
    """Masses float64 (n, n): row i leaves i out, and the others are balanced."""
    n = len(yes)
    stay = ~np.eye(n, dtype=bool)
    ones, zeros = (stay & yes).sum(1), (stay & ~yes).sum(1)
    return stay * np.where(yes, (n - 1) / (2 * ones)[:, None], (n - 1) / (2 * zeros)[:, None])


def _best(
    kernel: np.ndarray, yes: np.ndarray, masses: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The best fit for each row of `masses`: logits, dual weights, bias, index of its penalty."""
    found, start = [], (np.zeros(masses.shape), np.zeros(len(masses)))
    for penalty in PENALTIES:
        start, deviance = _solve(kernel, yes, masses, penalty, start)
        found.append((*start, deviance))
    duals, biases, deviances = (np.stack(each) for each in zip(*found, strict=True))
    chosen = deviances.argmin(0)
    own = np.arange(len(masses))
    dual, bias = duals[chosen, own], biases[chosen, own]
    return _logits(kernel, dual, bias), dual, bias, chosen


def _solve(
    kernel: np.ndarray,
    yes: np.ndarray,
    masses: np.ndarray,
    penalty: float,
    start: tuple[np.ndarray, np.ndarray],
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Solve every row of `masses` at once by Newton's method: dual weights, bias, deviance.

    The logits are s = K a + b; at the minimum a = mass (yes - p) / strength and a sums to 0.
    """
    count, n = masses.shape
    strength = penalty * n
    dual, bias = start
    system = np.zeros((count, n + 1, n + 1))
    system[:, n, :n] = 1
    diagonal = np.arange(n)
    for _ in range(_ITERATIONS):
        logits = _logits(kernel, dual, bias)
        p = _sigmoid(logits)
        bend = masses * p * (1 - p)
        system[:, :n, :n] = bend[:, :, None] * kernel
        system[:, diagonal, diagonal] += strength
        system[:, :n, n] = bend
        wanted = np.zeros((count, n + 1, 1))
        wanted[:, :n, 0] = bend * logits + masses * (yes - p)
        solved = _by_halves(system, wanted)[..., 0]
        step, up = solved[:, :n] - dual, solved[:, n] - bias
        moved = np.abs(_logits(kernel, step, up)).max(1)
        share = np.minimum(1, _LARGEST_STEP / np.maximum(moved, 1e-300))
        dual, bias = dual + share[:, None] * step, bias + share * up
        if moved.max() < _CONVERGED:
            break
    return (dual, bias), _deviance(kernel, yes, masses, system, _logits(kernel, dual, bias))


def _by_halves(system: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Solve systems float64 (fits, m, m) for columns (fits, m, k), by elimination of half of them.

    From about 100 rows on LAPACK shares one system among threads, whose meeting takes a thousand
    times as long as the sums if another process has the core.
    """
    half = system.shape[1] // 2
    first = np.concatenate([system[:, :half, half:], wanted[:, :half]], 2)
    solved = np.linalg.solve(system[:, :half, :half], first)
    below = system[:, half:, :half] @ solved
    rest = system.shape[1] - half
    second = np.linalg.solve(
        system[:, half:, half:] - below[:, :, :rest], wanted[:, half:] - below[:, :, rest:]
    )
    return np.concatenate([solved[:, :, rest:] - solved[:, :, :rest] @ second, second], 1)


def _logits(kernel: np.ndarray, dual: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """The logits of every fit on all rows, float64 (fits, n)."""
    # Not a product of matrices: BLAS would share it among threads, see `_by_halves`.
    return np.einsum("ck,jk->cj", dual, kernel) + bias[:, None]


def _deviance(
    kernel: np.ndarray, yes: np.ndarray, masses: np.ndarray, system: np.ndarray, logits: np.ndarray
) -> np.ndarray:
    """Deviance of each fit on its own rows, each left out by one step of Newton's method.

    The step is s + h g / (1 - h w), with g and w the slope and curvature of the row's own loss and
    h its leverage (Pregibon, 1981).
    """
    n = len(kernel)
    columns = np.broadcast_to(np.eye(n + 1), system.shape)
    halves = [_by_halves(system, columns[:, :, part]) for part in (slice(n // 2), slice(n // 2, n))]
    inverse = np.concatenate(halves, 2)
    leverage = np.einsum("jk,ckj->cj", kernel, inverse[:, :n]) + inverse[:, n]
    p = _sigmoid(logits)
    bend = masses * p * (1 - p)
    gone = logits - leverage * masses * (yes - p) / np.maximum(1 - leverage * bend, 1e-3)
    return np.sum(masses * (np.logaddexp(0, gone) - gone * yes), 1)


def platt(logits: np.ndarray, yes: np.ndarray) -> tuple[float, float]:
    """Slope and shift that turn held-out logits into those of probabilities (Platt, 1999).

    Targets are his, just inside 0 and 1, so that perfectly split rows stay finite; a slope is at
    least 0. Both classes weigh the same.
    """
    masses = balanced(yes)
    target = np.where(yes, (yes.sum() + 1) / (yes.sum() + 2), 1 / ((~yes).sum() + 2))
    scale = float(np.abs(logits - logits.mean()).mean()) or 1.0
    x = np.stack([logits / scale, np.ones_like(logits)], 1)
    beta = np.zeros(2)
    for _ in range(100):
        p = _sigmoid(x @ beta)
        slope = x.T @ (masses * (p - target))
        bend = (x * (masses * p * (1 - p))[:, None]).T @ x + 1e-9 * np.eye(2)
        step = np.linalg.solve(bend, slope)
        step *= min(1, _LARGEST_STEP / max(np.abs(x @ step).max(), 1e-300))
        beta = beta - step
        if np.abs(step).max() < _CONVERGED:
            break
    if beta[0] <= 0:
        return 0.0, 0.0
    return float(beta[0] / scale), float(beta[1])


def auc(scores: np.ndarray, yes: np.ndarray) -> float:
    """The probability that a yes scores above a no; ties count one half."""
    gap = scores[yes][:, None] - scores[~yes][None]
    return float((gap > 0).mean() + (gap == 0).mean() / 2)


def auc_interval(area: float, ones: int, zeros: int) -> tuple[float, float]:
    """The 95 % interval of an area by `ones` yeses and `zeros` noes (Newcombe, 2006, method 5).

    A score interval: at an area of 1 it does not shrink to a point, as DeLong's does.
    """
    spare = (ones + zeros) / 2 - 1

    def far(theta: np.ndarray) -> np.ndarray:
        more = 1 + spare * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return np.abs(theta - area) - _Z * np.sqrt(theta * (1 - theta) * more / (ones * zeros))

    grid = np.linspace(0, 1, 10_001)
    within = grid[far(grid) <= 0]
    return float(min(within.min(), area)), float(max(within.max(), area))


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -500, 500))))

"""All that decides the training of an embedding network."""

from dataclasses import asdict, dataclass, field
from typing import Any

from facelens.training.augment import Augmentation
from facelens.training.recipe import Recipe, Stage

SIZE = (128, 104)


def recipe(
    epochs: tuple[int, int] = (1, 16),
    *,
    size: tuple[int, int] = SIZE,
    rate: float = 3e-3,
    still: int = 0,
    **more: Any,
) -> Recipe:
    """The schedule: the head alone at first, then everything, each one-cycle.

    Args:
        epochs: with the body frozen, and then with all of it trained.
        still: how many of the body's first modules stay frozen throughout.
        more: of `Recipe`.
    """
    sizes = ((0, *size),)
    return Recipe(
        stages=(
            Stage(epochs[0], frozen=True, rate=5e-3, sizes=sizes),
            Stage(epochs[1], frozen=False, rate=rate, sizes=sizes, spread=3.0, still=still),
        ),
        mixup=0.0,
        **{
            "batch_size": 128,
            "weight_decay": 0.02,
            "augmentation": Augmentation(rotation=6, scale=0.06, light=0.3, colour=0.5),
            **more,
        },
    )


@dataclass(frozen=True)
class Plan:
    """A recipe, and how people are told apart.

    `margin`: of CosFace (Wang et al., 2018): by how much the cosine to one's own person has to
    exceed those to all others; `scale`: of the cosines in the softmax. The margin grows over the
    first share `ramp` of the unfrozen epochs. `width`: of an embedding. `fewest`: photos of a
    person to learn from. `dropout`: of pooled features.
    """

    recipe: Recipe = field(default_factory=recipe)
    margin: float = 0.3
    scale: float = 32.0
    ramp: float = 0.25
    width: int = 128
    fewest: int = 3
    dropout: float = 0.1

    def asdict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)

    @classmethod
    def fromdict(cls, values: dict[str, Any]) -> "Plan":
        """Read back what `asdict` wrote."""
        return cls(**values | {"recipe": Recipe.fromdict(values["recipe"])})

"""The seven expressions of FER2013, in Kaggle's order, and how they are said.

What a face shows is not what a person feels: a sentence says "looks happy", never "is happy".
"""

NAMES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

# After "looks".
_LOOKS = {"disgust": "disgusted", "fear": "afraid", "surprise": "surprised"}

CAUTION = (
    "What a face shows is not what a person feels. In the European Union the AI Act forbids "
    "emotion recognition at work and in schools, medical and safety reasons apart (Article 5)."
)
CAVEAT = "What a face shows in one picture, not what the person feels."


def looks(name: str) -> str:
    """How a face with the expression `name` looks: "looks happy"."""
    return f"looks {_LOOKS.get(name, name)}"

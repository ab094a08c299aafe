"""Sentences as the model sees them."""

import re

from sklearn.feature_extraction.text import TfidfVectorizer

_NOT_LANGUAGE = re.compile(
    r"""
    %\(\w+\)[a-z] | %[a-z%] | \{\w*\}   # placeholders: %(name)s, %d, {name}
    | </?\w[^>]*>                       # tags
    | https?://\S+ | \S+@\S+            # addresses
    | [\d“”„«»"'`_/\\|<>()\[\]=*#-]+    # figures, quotes and signs, which differ by house style
    """,
    re.VERBOSE,
)


def clean(text: str) -> str:
    """The words of a sentence, in lower case, without what is no language."""
    return " ".join(_NOT_LANGUAGE.sub(" ", text).lower().split())


def ngrams(longest: int, most: int) -> TfidfVectorizer:
    """Weights for runs of up to ``longest`` characters inside words, for the ``most`` frequent ones."""
    return TfidfVectorizer(analyzer="char_wb", ngram_range=(1, longest), max_features=most, sublinear_tf=True)

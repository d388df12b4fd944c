"""The sentences that taggers and translators race on: drawn from one seed, with lengths and frequencies like those of a treebank and of image captions."""
import random

# What differs between the cells: everything else is the defaults of the tasks tag and translate.
TASKS = {"tag": {"tags": 17}, "tag-crf": {"tags": 13, "crf": "on"}, "translate": {"beam": 5}, "translate-greedy": {"beam": 1}}
CHARACTERS = 108
SPECIAL = 3  # the translator's symbols for unknown, begin and end
BATCHES = 4


def draw(cell, T, B, I):
    """A request's data: sentences of up to T words out of I different ones, in order: consecutive runs of B are batches of about the same length."""
    source = random.Random(f"{cell.partition('-')[0]} {T} {B} {I}")
    count = max(BATCHES * B, 16)
    return (tagged if cell.startswith("tag") else translated)(source, count, T, B, I, **TASKS[cell])


def frequent_first(source, count):
    """A number below count, k with a probability of about 1 / (k + 1): Zipf's law."""
    return min(count - 1, int((count + 1) ** source.random()) - 1)


def tagged(source, count, T, B, I, tags, **more):
    """Lengths of 3…T, many short ones and few long ones, at T = 40 in the mean 16, as in UD_English-EWT. Rare words have more characters."""
    least = min(3, T)
    lengths = sorted((round(source.triangular(least, T, min(T, least + 2))) for _ in range(count)), reverse=True)
    words = [[frequent_first(source, I) for _ in range(length)] for length in lengths]
    forms = {word: number for number, word in enumerate(dict.fromkeys(word for sentence in words for word in sentence))}
    return {"words": words, "forms": [[forms[word] for word in sentence] for sentence in words], "spellings": [spelling(word) for word in forms],
            "tags": [[source.randrange(tags) for _ in sentence] for sentence in words], "characters": CHARACTERS, "tag_count": tags, **more}


def spelling(word):
    source = random.Random(f"word {word}")
    return [frequent_first(source, CHARACTERS) for _ in range(1 + (word + 1).bit_length() // 2)]


def translated(source, count, T, B, I, beam):
    """Lengths about 0.35 T, at T = 40 as in Multi30k; a translation is about as long as its source."""
    pairs = []
    for _ in range(count):
        length = clamp(source.gauss(0.35 * T, 0.1 * T), T)
        pairs.append([[SPECIAL + frequent_first(source, I - SPECIAL) for _ in range(size)] for size in (length, clamp(source.gauss(length, 0.06 * T), T))])
    pairs.sort(key=lambda pair: -len(pair[0]) - len(pair[1]))
    for first in range(0, count, B):  # the order within a batch is nobody's matter
        pairs[first:first + B] = sorted(pairs[first:first + B], key=lambda pair: -len(pair[0]))
    return {"sources": [pair[0] for pair in pairs], "targets": [pair[1] for pair in pairs], "beam": beam}


def clamp(length, most):
    return max(min(3, most), min(most, round(length)))


def tokens(cell, mode, data):
    """What a pass over the data counts as: words tagged; in translation the target's symbols, its end symbol among them where it is learned."""
    if cell.startswith("tag"):
        return sum(map(len, data["words"]))
    return sum(len(target) + (mode == "train") for target in data["targets"])

"""Prints what the sketches of PyPI's ddsketch and datasketches say of the data of PeerTests.swift.

Each line is a name and a number. Exits with 3 when the packages are not there.
"""

import sys

try:
    import datasketches
    import ddsketch
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(3)

COUNT = 100_000
QUANTILES = (0.0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0)


def words(seed):
    """The linear congruential generator of Knuth's MMIX, without its weak low bits."""
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield state >> 33


def value(first, second):
    """Of either sign with a long tail; plain arithmetic, so the same bits as in Swift."""
    return (first / 2**31 - 0.3) / (1.001 - second / 2**31)


source = words(1)
quantiles = ddsketch.DDSketch(0.01)
for _ in range(COUNT):
    quantiles.add(value(next(source), next(source)))
for q in QUANTILES:
    print(f"quantile {q} {quantiles.get_quantile_value(q)!r}")

for ids in (300, 2_000, 50_000, 10_000_000):
    source = words(ids)
    distinct = datasketches.hll_sketch(12, datasketches.tgt_hll_type.HLL_8)
    for _ in range(COUNT):
        distinct.update(next(source) % ids)
    print(f"distinct {ids} {distinct.get_estimate()!r}")

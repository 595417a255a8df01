"""Adds numbers up with fractions, for ExactSumTests.swift to compare with.

    exact.py FILE

A line of FILE is a sample: words `MANTISSA/SCALE` for decimals, or 16 hexadecimal digits for the
bits of doubles. A line is printed for each: the bits of sum, average, variance and standard
deviation, each rounded once from the exact one; `-` where there is none.
"""

import struct
import sys
from fractions import Fraction
from math import inf, isqrt


def nearest(fraction):
    try:
        return float(fraction)
    except OverflowError:
        return inf if fraction > 0 else -inf


def bits(double):
    return "%016x" % struct.unpack(">Q", struct.pack(">d", double))


def of_double(double):
    """The number that a double stands for: docs/kpis.md."""
    exact = Fraction(double)
    if exact.denominator == 1 and abs(exact) < 2**64:
        return exact
    for scale in range(1, 10):
        digits = round(exact * 10**scale)
        if abs(digits) <= 10**15 and nearest(Fraction(digits, 10**scale)) == double:
            return Fraction(digits, 10**scale)
    return exact


def of_decimal(mantissa, scale):
    while scale > 9 and mantissa % 10 == 0:
        mantissa, scale = mantissa // 10, scale - 1
    exact = Fraction(mantissa, 10**scale)
    return exact if scale <= 9 else of_double(nearest(exact))


def number(word):
    if "/" in word:
        mantissa, scale = word.split("/")
        return of_decimal(int(mantissa), int(scale))
    return of_double(struct.unpack(">d", bytes.fromhex(word))[0])


def root(fraction):
    shift = max(0, 130 - fraction.numerator.bit_length() + fraction.denominator.bit_length())
    shift += shift & 1
    square, rest = divmod(fraction.numerator << shift, fraction.denominator)
    whole = isqrt(square)
    is_exact = rest == 0 and whole * whole == square
    # Half a unit of the last of some 64 bits stands for all that is left.
    return nearest(Fraction(2 * whole + (0 if is_exact else 1), 2 << (shift // 2)))


for line in open(sys.argv[1]):
    sample = [number(word) for word in line.split()]
    count, total = len(sample), sum(sample, Fraction(0))
    answers = [bits(nearest(total)), bits(nearest(total / count))]
    if count > 1:
        mean = total / count
        variance = sum(((one - mean) ** 2 for one in sample), Fraction(0)) / (count - 1)
        answers += [bits(nearest(variance)), bits(root(variance))]
    else:
        answers += ["-", "-"]
    print(*answers)

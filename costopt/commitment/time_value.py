"""Money over time: average factors on hourly prices and payments of a horizon, present values."""

from math import log

import numpy as np
from numpy.typing import NDArray

from costopt.commitment.terms import ROUNDING_HOURS
from costopt.units import HOURS_PER_YEAR

Floats = NDArray[np.float64]


def mean_factor(yearly_factor: float, hours: float) -> float:
    """Return the mean of ``q^t`` over t years: ``(q^T - 1) / (T ln q)``, and 1 for q = 1.

    What costs p now and changes by q in a year costs p times this on average.

    Args:
        yearly_factor: q, such as 0.9 for a decline of 10 % a year, or 1 / 1.08 for the present
            value at 8 % a year.
        hours: T, from now on [h].

    Source: the integral of ``exp(t ln q)``; costs that fall by a constant share a year as in
    K. Arrow, "The economic implications of learning by doing" (1962), and continuous discounting
    of even payments.

    >>> round(mean_factor(0.9, 8760), 4), mean_factor(1.0, 8760)
    (0.9491, 1.0)
    """
    exponent = log(yearly_factor) * hours / HOURS_PER_YEAR
    return float(np.expm1(exponent) / exponent) if exponent else 1.0


def later_mean_factors(yearly_factor: float, after_hours: Floats, hours: float) -> Floats:
    """Return the mean of ``q^t`` from E to T years: ``(q^T - q^E) / ((T - E) ln q)``.

    What is charged only after some time costs this, on average, of its price of today.

    Args:
        yearly_factor: q, as in ``mean_factor``.
        after_hours: E, when charges begin; nothing is charged, and the factor 1, from T on
            (offers,) [h].
        hours: T, from now on [h].

    Source: the integral of ``exp(t ln q)``.

    >>> later_mean_factors(0.9, np.array([0.0, 4380.0, 8760.0]), 8760).round(4).tolist()
    [0.9491, 0.9241, 1.0]
    """
    begin = np.minimum(after_hours, hours) / HOURS_PER_YEAR
    exponent = log(yearly_factor) * (hours / HOURS_PER_YEAR - begin)
    same = exponent == 0
    mean = np.expm1(exponent) / np.where(same, 1.0, exponent)
    return np.where(same, 1.0, yearly_factor**begin * mean)


def present_value_of_terms(
    recurring_per_hour: Floats,
    upfront: Floats,
    term_hours: Floats,
    horizon_hours: float,
    cost_of_capital: float,
) -> Floats:
    """Return what whole terms cost, each payment discounted by its date.

    ``n = ceil(H / T)`` terms follow each other. Upfront charges are due at the start of each,
    recurring ones evenly over all of them: ``sum_k u v^(k T) + r n T m`` with v = 1 / (1 + i) and
    m the mean of v^t over the n terms. At i = 0 it is the cost of whole terms.

    Args:
        recurring_per_hour: r, hourly charge (offers,) [currency/h].
        upfront: u, paid once for each term (offers,) [currency].
        term_hours: T (offers,) [h].
        horizon_hours: H [h].
        cost_of_capital: i, yearly rate [1/year].

    Source: present value of a series of payments; terms as in ``cost_over_horizon``.
    """
    terms = np.ceil((horizon_hours - ROUNDING_HOURS) / term_hours)
    discount = 1 / (1 + cost_of_capital)
    per_term = discount ** (term_hours / HOURS_PER_YEAR)
    same = np.isclose(per_term, 1.0, rtol=0, atol=1e-15)
    starts = np.where(same, terms, (1 - per_term**terms) / np.where(same, 1.0, 1 - per_term))
    means = np.array([mean_factor(discount, hours) for hours in (terms * term_hours).tolist()])
    return np.asarray(upfront * starts + recurring_per_hour * terms * term_hours * means)

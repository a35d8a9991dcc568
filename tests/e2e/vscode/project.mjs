// The small project that the scenarios open.

export const PRICES = `"""Prices with and without tax."""

from dataclasses import dataclass

TAX = 0.19


@dataclass
class Price:
    """An amount in cents."""

    cents: int

    def with_tax(self) -> "Price":
        """The price that a customer pays."""
        return Price(round(self.cents * (1 + TAX)))


def total(prices: list[Price]) -> Price:
    """Sum of all prices, with tax."""
    return Price(sum(price.with_tax().cents for price in prices))


def cheapest(prices: list[Price]) -> Price:
    """The lowest of the prices."""
    return min(prices, key=lambda price: price.cents)
`;

export const CART = `"""A cart that a customer fills."""

import os

from shop.prices import Price, total


class Cart:
    """Holds what the customer wants to buy."""

    def __init__(self) -> None:
        self.prices: list[Price] = []

    def add(self, cents: int) -> None:
        self.prices.append(Price(cents))

    def checkout(self) -> Price:
        """What the customer has to pay in the end."""
        return total(self.prices)
`;

const TEST = `from shop.cart import Cart


def test_checkout():
    cart = Cart()
    cart.add(1000)
    assert cart.checkout().cents == 1190
`;

const many = (n, each) => Array.from({ length: n }, (_, i) => each(i));

const HUB = [
  `def hub():\n    return [${many(260, (i) => `leaf_${i}()`).join(", ")}]\n`,
  ...many(260, (i) => `def leaf_${i}():\n    return ${i}\n`),
  ...many(260, (i) => `def caller_${i}():\n    return hub()\n`),
].join("\n\n");

/** A name that is markup wherever a name is taken for markup. */
export const HOSTILE = "<img src=x onerror=hacked=1> [x](command:workbench.action.quit) `b` $(trash).py";

export const files = {
  "pyproject.toml": '[project]\nname = "shop"\nversion = "0"\n',
  "shop/__init__.py": '"""A small shop."""\n',
  "shop/prices.py": PRICES,
  "shop/cart.py": CART,
  "tests/test_cart.py": TEST,
  "shop/hub.py": HUB,
  "shop/report.py": 'LIMIT = 5\n\n\ndef report():\n    return f"{LIMIT=}"\n',
  ...Object.fromEntries(
    many(10, (i) => [`many/m${i}.py`, `from many.base import wide_name\n\n\ndef f${i}():\n    return wide_name()\n`]),
  ),
  "many/__init__.py": "",
  "many/base.py": "def wide_name():\n    return 1\n",
  [`odd/${HOSTILE}`]: "from shop.prices import cheapest\n\n\ndef oddly_called():\n    return cheapest([])\n",
};

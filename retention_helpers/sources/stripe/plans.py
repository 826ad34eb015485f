"""What a price is called: one name for it, now and in the lines of old invoices, which know its id alone."""


class Plans:
    """The names of prices, as far as any object of the export says them."""

    def __init__(self) -> None:
        self._of_price: dict[str, str] = {}
        self._of_product: dict[str, set[str]] = {}
        self._ids: dict[str, str] = {}  # that stand where a name should; each with its product

    def learn(self, price: str, product: str, plan: str) -> None:
        """Take what an object calls a price: by a name, or by its own or its product's id."""
        if plan in (price, product):
            self._ids[price] = self._ids[product] = product
        elif price not in self._of_price:
            self._of_price[price] = plan
            self._of_product.setdefault(product, set()).add(plan)

    def names(self) -> dict[str, str]:
        """A better name for each id that stands for a plan.

        That of the price, else that of its product where all its prices have one name, else the product's id.

        >>> plans = Plans()
        >>> plans.learn("price_1", "prod_1", "pro")
        >>> plans.learn("price_0", "prod_1", "prod_1")
        >>> plans.names()
        {'price_0': 'pro', 'prod_1': 'pro'}
        """
        better = {name: self._name(name, product) for name, product in self._ids.items()}
        return {name: other for name, other in better.items() if name and other and name != other}

    def _name(self, name: str, product: str) -> str:
        named = self._of_product.get(product, set()) if product else set()
        return self._of_price.get(name) or (next(iter(named)) if len(named) == 1 else product)

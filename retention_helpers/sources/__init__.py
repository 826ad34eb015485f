"""Where the tables of the contract come from: one module a source."""

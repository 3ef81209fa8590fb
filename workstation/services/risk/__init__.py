"""The risk state of an account across its engines, and what follows it in each of them."""

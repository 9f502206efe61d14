"""How a value is got: which REST requests a selection costs, and when they are sent."""

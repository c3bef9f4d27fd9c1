"""The search for holders: from objects of a type up to the roots that keep them alive."""

"""A page for each code of a diagnostic, as `hornbook explain` finds them."""

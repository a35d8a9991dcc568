"""What `rename_symbol` is made of: what is meant, who uses it, what would collide.

`Names` holds what the index says of the old and the new name; `roots` finds what stands under
the cursor; `bindings`, `members` and `parameters` collect the places of each kind of thing;
`collisions` proves that no name comes to mean something else; `strings` finds names in text.
"""

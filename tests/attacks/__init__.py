"""The catalogue of attacks: each has a name, a sender, shapes that vary with a seed, and bounds.

Set TRELLIS_ATTACK_SEED for other shapes and sizes, TRELLIS_ATTACK_POSTS for more rows. Both are read when the modules
are, because tests do not see the developer's settings.
"""

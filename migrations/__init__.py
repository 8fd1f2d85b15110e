"""Schema migrations; a package only so that an installed wheel can find them."""

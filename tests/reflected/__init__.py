"""An API over a database that was there before."""

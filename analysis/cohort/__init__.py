"""Many recordings: one table, whatever computes it, and what is usual in it."""
